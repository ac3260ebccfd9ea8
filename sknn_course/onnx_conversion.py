"""Conversion of fitted estimators to ONNX by skl2onnx, which finds the methods here.

skl2onnx asks the estimators in a pipeline for `onnx_parser`, `onnx_shape_calculator`
and `onnx_converter`; it is imported in these alone. Neural networks are computed in
the narrower of their type and that of the input, networks of images in float32, as
ONNX Runtime has no other convolution; closed forms in float64. Outputs are of the
type of the input. They are those of skl2onnx for scikit-learn's own estimators.
"""

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .onnx_nodes import Graph, add_kernel, add_network

ZIPMAPS = (True, False, "columns")
OUTPUT_ACTIVATIONS = {
    "log_loss": "Softmax",
    "binary_log_loss": "Sigmoid",
    "poisson": "Exp",
}


class OnnxEstimator:
    """Mixin: a subclass has two hooks.

    ``_onnx_outputs(graph, rows, dtype)`` adds nodes that compute its outputs of
    ``dtype``, before labels are taken from them, and returns their name. ``_onnx_type``
    is the type that the rows are computed with, given the input's.
    """

    def onnx_parser(self):
        """Return skl2onnx's parser, which names and types the outputs."""
        from skl2onnx import update_registered_converter

        check_is_fitted(self)
        self._check_onnx()
        cls = type(self)
        # Searches over an estimator, and options, are looked up by its class.
        update_registered_converter(
            cls,
            f"{cls.__module__}.{cls.__qualname__}",
            _set_shapes,
            _convert,
            options="passthrough",
        )
        return self._onnx_variables

    def onnx_shape_calculator(self):
        """Return skl2onnx's shape calculator."""
        return _set_shapes

    def onnx_converter(self):
        """Return skl2onnx's converter, which adds the nodes."""
        return _convert

    def _onnx_variables(self, scope, inputs):
        from skl2onnx.common import data_types as types

        number = types.guess_tensor_type(inputs[0].type)
        if not is_classifier(self):
            return [scope.declare_local_variable("variable", number)]
        zipmap, classes = _classes(scope, self)
        strings = classes.dtype.kind == "O" and not _is_multilabel(self)
        label = types.StringTensorType() if strings else types.Int64TensorType()
        if zipmap is False:
            outputs = {"label": label, self._onnx_scores: number}
        elif zipmap == "columns":
            prefix = "s" if strings else "i"
            outputs = {"output_label": label}
            outputs |= {f"{prefix}{name}": type(number)() for name in classes}
        else:
            pairs = types.DictionaryType(type(label)([None]), number)
            outputs = {
                "output_label": label,
                "output_probability": types.SequenceType(pairs),
            }
        return [scope.declare_local_variable(*item) for item in outputs.items()]

    def _check_onnx(self):
        """Refuse what has no form in ONNX."""


class OnnxNetwork(OnnxEstimator):
    """The hooks of neural networks."""

    _onnx_scores = "probabilities"

    def _onnx_n_outputs(self):
        return self.n_outputs_

    def _onnx_type(self, given):
        if len(self._structure[1]) > 1:  # images
            return np.float32
        return min(
            given,
            np.dtype(self._settings["dtype"]).type,
            key=lambda dtype: np.finfo(dtype).bits,
        )

    def _onnx_outputs(self, graph, rows, dtype):
        layout, inner = self._layout, self._onnx_type(dtype)
        outputs = add_network(graph, rows, layout, self._arrays(), inner)
        outputs = graph.cast(outputs, dtype)
        loss = self._settings["loss"]
        if loss in OUTPUT_ACTIVATIONS:
            outputs = graph.add(OUTPUT_ACTIVATIONS[loss], outputs)
        return outputs


class _OnnxClosedForm(OnnxEstimator):
    """What linear and kernel models share."""

    _onnx_scores = "scores"

    def _onnx_n_outputs(self):
        return len(np.atleast_2d(self._onnx_coef()))

    def _onnx_type(self, given):
        return np.float64

    def _onnx_outputs(self, graph, rows, dtype):
        coef = np.atleast_2d(self._onnx_coef()).T.astype(np.float64)
        products = graph.add("MatMul", self._onnx_features(graph, rows), coef)
        intercept = np.asarray(self.intercept_, np.float64)
        return graph.cast(graph.add("Add", products, intercept), dtype)


class OnnxLinear(_OnnxClosedForm):
    """The hooks of linear models."""

    def _onnx_coef(self):
        return self.coef_

    def _onnx_features(self, graph, rows):
        return rows


class OnnxKernel(_OnnxClosedForm):
    """The hooks of kernel models."""

    def _onnx_coef(self):
        return self.dual_coef_

    def _check_onnx(self):
        kernel = self._kernel[0]
        if callable(kernel):
            raise NotImplementedError(
                f"kernel={kernel!r} is a Python function, which ONNX cannot hold: use "
                "kernel='linear', 'poly' or 'rbf'."
            )

    def _onnx_features(self, graph, rows):
        return add_kernel(graph, rows, self.X_fit_.astype(np.float64), *self._kernel)


def _is_multilabel(model):
    binarizer = getattr(model, "_label_binarizer", None) or model._multilabel
    return binarizer is not None and binarizer.y_type_.startswith("multilabel")


def _classes(scope, model):
    """Option 'zipmap', and the classes: int64, or strings as objects."""
    options = scope.get_options(model, {})
    unknown = set(options) - {"zipmap", "nocl"}
    if unknown:
        raise ValueError(f"options {sorted(unknown)} are unknown: give zipmap or nocl.")
    zipmap = options.get("zipmap", True)
    if zipmap not in ZIPMAPS:
        raise ValueError(f"zipmap={zipmap!r} is unknown: give one of {ZIPMAPS}.")
    if model._onnx_scores == "scores":  # skl2onnx zips no scores of LinearSVC
        zipmap = False
    if options.get("nocl"):
        return zipmap, np.arange(len(model.classes_))
    classes = np.asarray(model.classes_)
    if classes.dtype.kind in "biuf" and (classes == classes.astype(np.int64)).all():
        return zipmap, classes.astype(np.int64)
    if all(isinstance(name, str) for name in classes.tolist()):
        return zipmap, classes.astype(object)
    raise ValueError(
        f"classes_={classes!r}: labels in ONNX must be whole numbers or strings."
    )


def _set_shapes(operator):
    """Shapes of the outputs, for skl2onnx."""
    from skl2onnx.common.data_types import SequenceType

    model, n_rows = operator.raw_operator, operator.inputs[0].get_first_dimension()
    first, *others = operator.outputs
    if not is_classifier(model):
        first.type.shape = [n_rows, model._onnx_n_outputs()]
        return
    first.type.shape = [n_rows]
    if _is_multilabel(model):
        first.type.shape = [n_rows, len(model.classes_)]
    if len(others) != 1:
        for column in others:
            column.type.shape = [n_rows]
    elif not isinstance(others[0].type, SequenceType):
        n_columns = model._onnx_n_outputs()
        if n_columns == 1 and model._onnx_scores == "probabilities":
            n_columns = 2
        others[0].type.shape = [n_rows, n_columns]


def _convert(scope, operator, container):
    """Add the nodes of an estimator, for skl2onnx."""
    from skl2onnx.common.data_types import DoubleTensorType

    model, graph = operator.raw_operator, Graph(scope, container)
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    given = np.float64 if is_double else np.float32
    rows = [graph.cast(v.full_name, model._onnx_type(given)) for v in operator.inputs]
    rows = rows[0] if len(rows) == 1 else graph.add("Concat", *rows, axis=1)
    outputs = model._onnx_outputs(graph, rows, given)
    names = operator.output_full_names
    if not is_classifier(model):
        graph.add("Identity", outputs, output=names[0])
        return
    _add_labels(graph, model, outputs, given, names[0])
    _add_scores(graph, model, outputs, given, names[1:])


def _add_labels(graph, model, outputs, dtype, name):
    _, classes = _classes(graph.scope, model)
    if model._onnx_n_outputs() > 1 and not _is_multilabel(model):
        codes = graph.add("ArgMax", outputs, axis=1, keepdims=0)
        graph.add("Gather", classes, codes, output=name)
        return
    threshold = 0.5 if model._onnx_scores == "probabilities" else 0
    codes = graph.add("Greater", outputs, np.array(threshold, dtype))
    if _is_multilabel(model):
        graph.cast(codes, np.int64, output=name)
        return
    codes = graph.add("Reshape", graph.cast(codes, np.int64), np.array([-1]))
    codes = graph.add("Mul", codes, np.array(len(classes) - 1))  # 0 of one class
    graph.add("Gather", classes, codes, output=name)


def _add_scores(graph, model, outputs, dtype, names):
    zipmap, classes = _classes(graph.scope, model)
    if model._onnx_scores == "probabilities":
        if model._settings["loss"] == "binary_log_loss":
            eps = np.finfo(dtype).eps
            limits = np.array(eps, dtype), np.array(1 - eps, dtype)
            outputs = graph.add("Clip", outputs, *limits)
        if model._onnx_n_outputs() == 1:
            rest = graph.add("Sub", np.array(1, dtype), outputs)
            outputs = graph.add("Concat", rest, outputs, axis=1)
    if zipmap is False:
        graph.add("Identity", outputs, output=names[0])
        return
    columns = [
        graph.add("Gather", outputs, np.array(i), axis=1, output=name)
        for i, name in enumerate(names)
        if zipmap == "columns"
    ]
    if columns:
        return
    first = np.arange(len(classes))  # the only class has a second column
    outputs = graph.add("Gather", outputs, first, axis=1)
    kind = "strings" if classes.dtype.kind == "O" else "int64s"
    labels = {f"classlabels_{kind}": classes.tolist()}
    graph.add("ZipMap", outputs, output=names[0], domain="ai.onnx.ml", **labels)
