"""Conversion of fitted estimators to ONNX by skl2onnx, which finds the methods here.

skl2onnx asks the estimators in a pipeline for `onnx_parser`, and is imported only in
what follows from that. Networks are computed in the narrower of their type and that of
the input, networks of images in float32, as ONNX Runtime has no other convolution;
closed forms in float64. The outputs are of the type of the input, with the names and
forms that skl2onnx gives those of scikit-learn's estimators.
"""

from abc import ABC, abstractmethod
from math import prod
from typing import Any, ClassVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from .fitted_network import FittedNetwork
from .onnx_nodes import Graph, add_kernel, add_network

ZIPMAPS = (True, False, "columns")


class OnnxEstimator(ABC):
    """Mixin: what skl2onnx asks for.

    Attributes
    ----------
    _onnx_scores : str
        Name of what a classifier gives beside labels.
    """

    _onnx_scores: ClassVar[str]

    @abstractmethod
    def _onnx_n_outputs(self) -> int:
        """Number of outputs."""

    @abstractmethod
    def _onnx_type(self, given: type) -> type:
        """Floating type of the rows in the graph, given the input's."""

    @abstractmethod
    def _onnx_outputs(self, graph: Graph, rows: str, dtype: type) -> str:
        """Add nodes for the outputs, of ``dtype``, that labels are taken from.

        Returns
        -------
        str
            Name of the outputs.
        """

    def onnx_parser(self):
        """Return the function by which skl2onnx begins a conversion.

        Returns
        -------
        callable
            Takes skl2onnx's scope and inputs, returns the output variables.
        """
        check_is_fitted(self)
        return self._onnx_variables

    def _onnx_variables(self, scope, inputs):
        self._check_onnx()
        operators = reversed(scope.operators.values())
        operator = next(one for one in operators if one.raw_operator is self)
        # In place of the estimator, whose class skl2onnx has no entry of
        operator.raw_operator = conversion = Conversion(self, scope)
        return conversion.variables(scope, inputs)

    def _check_onnx(self) -> None:
        """Refuse what has no form in ONNX."""
        return None


class OnnxNetwork(OnnxEstimator, FittedNetwork):
    """A fitted network that skl2onnx can convert."""

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
        outputs = add_network(graph, rows, self._layout, self._arrays())
        outputs = graph.cast(outputs, dtype)
        operator = self._output_activation.onnx
        if operator is not None:
            outputs = graph.add(operator, outputs)
        targets = self._targets
        if targets.mean is not None and targets.scale is not None:
            outputs = graph.add("Mul", outputs, targets.scale.astype(dtype))
            outputs = graph.add("Add", outputs, targets.mean.astype(dtype))
        return outputs


class _OnnxClosedForm(OnnxEstimator):
    """What linear and kernel models share."""

    _onnx_scores = "scores"
    intercept_: Any

    @abstractmethod
    def _onnx_coef(self) -> Any:
        """Coefficients of the features, one row for each output."""

    @abstractmethod
    def _onnx_features(self, graph: Graph, rows: str) -> str:
        """Add nodes for the features of the rows."""

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
    """A linear model that skl2onnx can convert."""

    coef_: Any

    def _onnx_coef(self):
        return self.coef_

    def _onnx_features(self, graph, rows):
        return rows


class OnnxKernel(_OnnxClosedForm):
    """A kernel model that skl2onnx can convert."""

    dual_coef_: Any
    X_fit_: Any
    _kernel: tuple[Any, ...]

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


class Conversion:
    """What skl2onnx converts: an estimator with its options.

    Parameters
    ----------
    model : OnnxEstimator
    scope : skl2onnx.common._topology.Scope
    """

    def __init__(self, model, scope):
        self.model, self.n_outputs = model, model._onnx_n_outputs()
        if not is_classifier(model):
            return
        given = scope.options or {}  # by classes and by ids of estimators
        options = given.get(type(model), {}) | given.get(id(model), {})
        self.zipmap = _checked_zipmap(options)
        self.gives_scores = model._onnx_scores == "scores"
        if self.gives_scores:  # which skl2onnx does not zip for LinearSVC either
            self.zipmap = False
        classes = np.asarray(model.classes_)
        self.classes = (
            np.arange(len(classes)) if options.get("nocl") else _labels(classes)
        )
        self.has_names = self.classes.dtype.kind == "O"
        binarizer = getattr(model, "_label_binarizer", None) or model._multilabel
        self.is_multilabel = binarizer is not None and binarizer.y_type_.startswith(
            "multilabel"
        )

    def variables(self, scope, inputs):
        """Declare the outputs, with their types and shapes."""
        from skl2onnx.common import data_types as types

        number = type(types.guess_tensor_type(inputs[0].type))
        n_rows = inputs[0].get_first_dimension()
        if not is_classifier(self.model):
            outputs = {"variable": number([n_rows, self.n_outputs])}
        else:
            label = types.StringTensorType if self.has_names else types.Int64TensorType
            several = [len(self.classes)] if self.is_multilabel else []
            labels = label([n_rows, *several])
            if self.zipmap is False:
                n_columns = self.n_outputs
                if n_columns == 1 and not self.gives_scores:
                    n_columns = 2
                scores = number([n_rows, n_columns])
                outputs = {"label": labels, self.model._onnx_scores: scores}
            elif self.zipmap == "columns":
                prefix = "s" if self.has_names else "i"
                columns = {f"{prefix}{name}": number([n_rows]) for name in self.classes}
                outputs = {"output_label": labels, **columns}
            else:
                pairs = types.DictionaryType(label([None]), number())
                zipped = types.SequenceType(pairs)
                outputs = {"output_label": labels, "output_probability": zipped}
        return [scope.declare_local_variable(*item) for item in outputs.items()]

    def onnx_shape_calculator(self):
        return self._check_sizes  # the outputs have their shapes from the start

    def _check_sizes(self, operator):
        shapes = [one.type.shape[1:] for one in operator.inputs]
        n_features = self.model.n_features_in_
        if all(shape and None not in shape for shape in shapes):
            given = sum(map(prod, shapes))
            if given != n_features:
                raise ValueError(
                    f"The input has {given} features, but this "
                    f"{type(self.model).__name__} is expecting {n_features} features."
                )

    def onnx_converter(self):
        return self._convert

    def _convert(self, scope, operator, container):
        from skl2onnx.common.data_types import DoubleTensorType

        model = self.model
        is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
        dtype = np.float64 if is_double else np.float32
        inner = model._onnx_type(dtype)
        graph = Graph(scope, container, inner)
        rows = [graph.cast(v.full_name, inner) for v in operator.inputs]
        rows = rows[0] if len(rows) == 1 else graph.add("Concat", *rows, axis=1)
        outputs = model._onnx_outputs(graph, rows, dtype)
        first, *others = (v.full_name for v in operator.outputs)
        if not is_classifier(model):
            graph.add("Identity", outputs, output=first)
            return
        self._add_labels(graph, outputs, dtype, first)
        if not self.gives_scores:
            outputs = self._probabilities(graph, outputs, dtype)
        self._add_scores(graph, outputs, others)

    def _add_labels(self, graph, outputs, dtype, name):
        if self.n_outputs > 1 and not self.is_multilabel:
            codes = graph.add("ArgMax", outputs, axis=1, keepdims=0)
            graph.add("Gather", self.classes, codes, output=name)
            return
        threshold = 0 if self.gives_scores else 0.5
        codes = graph.add("Greater", outputs, np.array(threshold, dtype))
        if self.is_multilabel:
            graph.cast(codes, np.int64, output=name)
            return
        codes = graph.add("Reshape", graph.cast(codes, np.int64), np.array([-1]))
        last = np.array(len(self.classes) - 1)  # 0 where there is one class alone
        graph.add("Gather", self.classes, graph.add("Mul", codes, last), output=name)

    def _probabilities(self, graph, outputs, dtype):
        if self.model._output_activation.is_clipped:
            eps = np.finfo(dtype).eps
            limits = np.array(eps, dtype), np.array(1 - eps, dtype)
            outputs = graph.add("Clip", outputs, *limits)
        if self.n_outputs > 1:
            return outputs
        rest = graph.add("Sub", np.array(1, dtype), outputs)
        return graph.add("Concat", rest, outputs, axis=1)

    def _add_scores(self, graph, scores, names):
        if self.zipmap is False:
            graph.add("Identity", scores, output=names[0])
        elif self.zipmap == "columns":
            for i, name in enumerate(names):
                graph.add("Gather", scores, np.array(i), axis=1, output=name)
        else:
            # the only class has a second column
            scores = graph.add("Gather", scores, np.arange(len(self.classes)), axis=1)
            kind = "classlabels_strings" if self.has_names else "classlabels_int64s"
            labels = {kind: self.classes.tolist()}
            graph.add("ZipMap", scores, output=names[0], domain="ai.onnx.ml", **labels)


def _checked_zipmap(options):
    unknown = set(options) - {"zipmap", "nocl"}
    if unknown:
        raise ValueError(f"options {sorted(unknown)} are unknown: give zipmap or nocl.")
    zipmap = options.get("zipmap", True)
    if zipmap not in ZIPMAPS:
        raise ValueError(f"zipmap={zipmap!r} is unknown: give one of {ZIPMAPS}.")
    return zipmap


def _labels(classes):
    """Classes as int64, or strings as objects."""
    if classes.dtype.kind in "biuf" and (classes == classes.astype(np.int64)).all():
        return classes.astype(np.int64)
    if all(isinstance(name, str) for name in classes.tolist()):
        return classes.astype(object)
    raise ValueError(
        f"classes_={classes!r}: labels in ONNX must be whole numbers or strings."
    )
