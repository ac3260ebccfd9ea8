"""Nodes of ONNX graphs: those of networks and of kernels."""

import numpy as np

from .._engine.ops.activations import ACTIVATIONS
from ..layers import (
    Activation,
    BatchNorm,
    Conv2d,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    GlobalAveragePool,
    LocalResponseNorm,
    PeriodicEmbedding,
    Pool2d,
    Softmax,
)

OLDEST_OPSET = 13  # Softmax is over one axis since then
FARTHEST = 1e6  # squared distance times gamma up to which products give enough digits


class Graph:
    """Nodes of an ONNX graph, added one at a time.

    Parameters
    ----------
    scope, container
        Of skl2onnx's converters.
    dtype : type
        Type of the numbers that are given as floats: float32 or float64.
    """

    def __init__(self, scope, container, dtype):
        self.scope, self.container, self.dtype = scope, container, dtype
        if container.target_opset < OLDEST_OPSET:
            raise ValueError(
                f"target_opset={container.target_opset} is too old: give "
                f"{OLDEST_OPSET} or later."
            )

    def add(self, kind, *inputs, output=None, domain="", **attributes):
        """Add a node of names, arrays and floats, return the name of its output."""
        scope = self.scope
        output = output or scope.get_unique_variable_name(kind.lower())
        self.container.add_node(
            kind,
            [v if isinstance(v, str) else self.constant(v) for v in inputs],
            output,
            op_domain=domain,
            name=scope.get_unique_operator_name(kind),
            **attributes,
        )
        return output

    def constant(self, array):
        """Add an array, return its name."""
        from onnx.numpy_helper import from_array

        if isinstance(array, float):
            array = np.array(array, self.dtype)
        name = self.scope.get_unique_variable_name("constant")
        # the bytes of a tensor are left out of skl2onnx's copy where it holds strings
        if array.dtype.kind == "O":
            kind = from_array(array).data_type
            self.container.add_initializer(name, kind, array.shape, array)
        else:
            tensor = from_array(np.ascontiguousarray(array).reshape(array.shape))
            self.container.add_initializer(name, None, None, tensor)
        return name

    def cast(self, x, dtype, output=None):
        from onnx.helper import np_dtype_to_tensor_dtype

        kind = np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", x, to=kind, output=output)

    def in_float32(self, operator, x):
        """Add a node that ONNX Runtime has in float32 alone."""
        return self.cast(self.add(operator, self.cast(x, np.float32)), self.dtype)


def add_network(graph, rows, layout, arrays):
    """Add the layers of a network.

    Parameters
    ----------
    graph : Graph
    rows : str
        Name of the rows, of the graph's type.
    layout : ParameterLayout
    arrays : list of ndarray
        In the order of its places.

    Returns
    -------
    str
        Name of the outputs, before the output activation.
    """
    values = {
        (place.layer, place.role): np.asarray(array, graph.dtype)
        for place, array in zip(layout.places, arrays, strict=True)
    }
    if len(layout.shapes[0]) > 1:
        rows = graph.add("Reshape", rows, np.array([-1, *layout.shapes[0]]))
    for i, layer in enumerate(layout.layers):
        if type(layer) not in LAYERS:
            raise NotImplementedError(f"{layer} has no conversion to ONNX.")
        own = {role: value for (index, role), value in values.items() if index == i}
        rows = LAYERS[type(layer)](graph, rows, layer, layout.shapes[i], own)
    return rows


def _dense(graph, x, layer, shape, own):
    return graph.add("Gemm", x, own["weight"], own["bias"])


def _convolution(graph, x, layer, shape, own):
    weight = own["weight"]
    weight = weight * np.array(layer.is_linked(shape), weight.dtype)[..., None, None]
    if layer.flipped:
        weight = weight[..., ::-1, ::-1]
    return graph.add(
        "Conv",
        x,
        weight,
        own["bias"],
        kernel_shape=layer.window,
        strides=layer.step,
        pads=layer.pad * 2,
    )


def _pool(graph, x, layer, shape, own):
    kind = {"max": "MaxPool", "average": "AveragePool"}[layer.kind]
    return graph.add(kind, x, kernel_shape=layer.window, strides=layer.step)


def _global_pool(graph, x, layer, shape, own):
    return graph.add("Flatten", graph.add("GlobalAveragePool", x))


def _response_norm(graph, x, layer, shape, own):
    alpha = layer.alpha * layer.size  # ONNX has the mean of the squares
    return graph.add(
        "LRN", x, size=layer.size, alpha=alpha, beta=layer.beta, bias=layer.k
    )


def _batch_norm(graph, x, layer, shape, own):
    scale = own["scale"] / np.sqrt(own["variance"] + graph.dtype(layer.epsilon))
    mean, scale, shift = (
        v.reshape(-1, *[1] * (len(shape) - 1))
        for v in (own["mean"], scale, own["shift"])
    )
    return graph.add("Add", graph.add("Mul", graph.add("Sub", x, mean), scale), shift)


def _periodic(graph, x, layer, shape, own):
    n = layer.n_embedded(shape)
    columns, rest = (
        graph.add("Gather", x, places, axis=1)
        for places in (np.arange(n), np.arange(n, *shape))
    )
    columns = graph.add("Unsqueeze", columns, np.array([2]))  # (n_rows, n, 1)
    angle = graph.add("Mul", columns, graph.dtype(2 * np.pi) * own["frequency"])
    if "phase" in own:
        angle = graph.add("Add", angle, own["phase"])
    waves = graph.add("Cos", angle)
    if layer.n_waves > layer.n_frequencies:
        waves = graph.add("Concat", waves, graph.add("Sin", angle), axis=2)
    waves = graph.add("Transpose", waves, perm=[1, 0, 2])  # (n, n_rows, n_waves)
    products = graph.add("MatMul", waves, own["column_weight"])
    outputs = graph.add("Transpose", products, perm=[1, 0, 2])
    outputs = graph.add("Add", outputs, own["column_bias"])
    if layer.keeps_columns:
        outputs = graph.add("Concat", columns, outputs, axis=2)
    else:
        outputs = graph.add("Relu", outputs)
    outputs = graph.add("Reshape", outputs, np.array([-1, n * layer.size]))
    return graph.add("Concat", outputs, rest, axis=1)


def _activation(graph, x, layer, shape, own):
    add = ACTIVATIONS[layer.function].onnx
    if add is None:
        raise NotImplementedError(f"{layer} has no conversion to ONNX.")
    return add(graph, x)


def _nothing(graph, x, layer, shape, own):
    return x


LAYERS = {
    Dense: _dense,
    Conv2d: _convolution,
    Pool2d: _pool,
    GlobalAveragePool: _global_pool,
    LocalResponseNorm: _response_norm,
    Flatten: lambda graph, x, *_: graph.add("Flatten", x),
    Activation: _activation,
    Softmax: lambda graph, x, *_: graph.add("Softmax", x, axis=1),
    BatchNorm: _batch_norm,
    PeriodicEmbedding: _periodic,
    Dropout: _nothing,
    GaussianNoise: _nothing,
}


def add_kernel(graph, rows, fitted, kernel, gamma, degree, coef0):
    """Add the kernel values of rows and fitted ones, all float64.

    Parameters
    ----------
    graph : Graph
    rows : str
    fitted : ndarray of shape (n_fitted, n_features)
    kernel : {'linear', 'poly', 'rbf'}
    gamma, degree, coef0
        Of the kernel.

    Returns
    -------
    str
        Name of the values, of shape (n_rows, n_fitted).
    """
    if kernel == "rbf":
        return _add_rbf(graph, rows, fitted, gamma)
    products = graph.add("MatMul", rows, fitted.T)
    if kernel == "linear":
        return products
    if kernel != "poly":
        raise NotImplementedError(f"kernel={kernel!r} has no conversion to ONNX.")
    scaled = graph.add("Mul", products, float(gamma))
    shifted = graph.add("Add", scaled, float(coef0))
    return graph.add("Pow", shifted, float(degree))


def _add_rbf(graph, rows, fitted, gamma):
    centre = fitted.mean(0)  # far from the origin differences would lose all digits
    rows, fitted = graph.add("Sub", rows, centre), fitted - centre
    ones = np.ones((fitted.shape[1], 1))
    of_fitted = (fitted**2).sum(1)
    if gamma * of_fitted.max() > FARTHEST:  # the terms below would be rounding alone
        rows = graph.add("Unsqueeze", rows, np.array([1]))
        far = graph.add("Sub", rows, fitted)  # (n_rows, n_fitted, n_features)
        squared = graph.add("MatMul", graph.add("Mul", far, far), ones[:, 0])
    else:
        of_rows = graph.add("MatMul", graph.add("Mul", rows, rows), ones)
        squared = graph.add("MatMul", rows, -2 * fitted.T)
        squared = graph.add("Add", graph.add("Add", squared, of_rows), of_fitted)
        squared = graph.add("Relu", squared)
    return graph.add("Exp", graph.add("Mul", squared, -float(gamma)))
