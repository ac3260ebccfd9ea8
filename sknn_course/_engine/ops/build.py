"""Plain torch modules from layer specifications, and parameters in and out."""

import torch
from torch import nn

from ... import layers as spec
from ...layers import is_active
from .activations import ACTIVATIONS


class GaussianNoise(nn.Module):
    """Adds normal noise while training.

    Parameters
    ----------
    std : float
        Standard deviation.
    """

    def __init__(self, std):
        super().__init__()
        self.std = std

    def forward(self, x):
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self):
        return f"std={self.std}"


class SparseConv2d(nn.Conv2d):
    """Convolution in which each map sees its own input maps, flipped or not.

    Parameters
    ----------
    *sizes, device
        Of `torch.nn.Conv2d`.
    is_linked : tensor of shape (filters, channels), bool
        Whether output maps see input maps; other weights count as zero.
    flipped : bool
        Whether the kernel is flipped, which makes it the true convolution.
    """

    def __init__(self, *sizes, is_linked, flipped, device=None):
        super().__init__(*sizes, device=device)
        self.flipped = flipped
        self.register_buffer("is_linked", is_linked[..., None, None], persistent=False)

    def forward(self, x):
        weight = self.weight * self.is_linked
        if self.flipped:
            weight = weight.flip(-2, -1)
        return self._conv_forward(x, weight, self.bias)

    def extra_repr(self):
        share = f"{int(self.is_linked.sum())} of {self.is_linked.numel()}"
        return f"{super().extra_repr()}, links={share}, flipped={self.flipped}"


def _undrawn(cls, *args, **kwargs):
    """A module of torch that draws no initial values, which takes most of its time."""
    module = cls.__new__(cls)
    module.__dict__["reset_parameters"] = lambda: None
    module.__init__(*args, **kwargs, device="meta")
    del module.__dict__["reset_parameters"]
    return module


def _linear(layer, shape):
    return _undrawn(nn.Linear, shape[0], layer.units)


def _convolution(layer, shape):
    sizes = shape[0], layer.filters, layer.window, layer.step, layer.pad
    if layer.links is None and not layer.flipped:
        return _undrawn(nn.Conv2d, *sizes)
    return _undrawn(
        SparseConv2d,
        *sizes,
        is_linked=torch.tensor(layer.is_linked(shape)),
        flipped=layer.flipped,
    )


MODULES = {
    spec.Dense: _linear,
    spec.Conv2d: _convolution,
    spec.Pool2d: lambda layer, shape: {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[
        layer.kind
    ](layer.window, layer.step),
    spec.GlobalAveragePool: lambda layer, shape: nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.Flatten()
    ),
    spec.LocalResponseNorm: lambda layer, shape: nn.LocalResponseNorm(
        layer.size,
        layer.alpha * layer.size,  # torch has the mean of the squares
        layer.beta,
        layer.k,
    ),
    spec.Flatten: lambda layer, shape: nn.Flatten(),
    spec.Activation: lambda layer, shape: ACTIVATIONS[layer.function].module(),
    spec.Softmax: lambda layer, shape: nn.Softmax(1),
    spec.BatchNorm: lambda layer, shape: (
        nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
    )(shape[0], layer.epsilon, layer.momentum),
    spec.Dropout: lambda layer, shape: nn.Dropout(layer.rate),
    spec.GaussianNoise: lambda layer, shape: GaussianNoise(layer.std),
}
# torch's names, and what each parameter is called there
_NAMES = {
    "weight": "weight",
    "bias": "bias",
    "scale": "weight",
    "shift": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}


def build_module(layout, flat, buffers):
    """A plain torch network with the given parameters.

    Parameters
    ----------
    layout : ParameterLayout
    flat : tensor of shape (n_parameters,)
    buffers : tensor of shape (n_buffers,)

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode; its parameters are copies, on the device of ``flat``.
    """
    views = layout.views(flat, buffers)
    return module_around(layout, {place: view.clone() for place, view in views.items()})


def module_around(layout, values):
    """A plain torch network whose parameters share the memory of tensors.

    Parameters
    ----------
    layout : ParameterLayout
    values : dict of (layer index, role) -> tensor
        As `ParameterLayout.views` gives them.

    Returns
    -------
    torch.nn.Sequential
        In evaluation mode, on the device of the tensors.
    """
    module = nn.Sequential(
        *[
            MODULES[type(layer)](layer, shape)
            for layer, shape in zip(layout.layers, layout.shapes, strict=False)
            if is_active(layer)
        ]
    )
    device = torch.device("cpu")
    for part, name, value in _parts(module, layout, values):
        device = value.device
        if name in part._parameters:
            value = nn.Parameter(value)
        setattr(part, name, value)
    if device.type != "cpu":
        module.to(device)  # what else there is: the links of convolutions
    return module.eval()


def share_memory(module, layout, values):
    """Make the parameters of a built module share the memory of tensors.

    Parameters
    ----------
    module : torch.nn.Sequential
    layout : ParameterLayout
    values : dict of (layer index, role) -> tensor
    """
    with torch.no_grad():
        for part, name, value in _parts(module, layout, values):
            getattr(part, name).data = value


def bind_module(module, layout, flat, buffers, grad):
    """Make a built module share the memory of flat parameters and gradients.

    Returns
    -------
    list of tuple of (tensor, value, gradient)
        The module's parameters and buffers, in the order of the flat tensors, with
        the views that they share; the gradient is None for a buffer.
    """
    bound = []
    gradients = _parts(module, layout, layout.views(grad, buffers))
    for part, name, value in _parts(module, layout, layout.views(flat, buffers)):
        tensor, (_, _, gradient) = getattr(part, name), next(gradients)
        tensor.data = value
        is_trained = name in part._parameters
        if is_trained:
            tensor.grad = gradient
        bound.append((tensor, value, gradient if is_trained else None))
    return bound


def read_module(module, layout, flat, buffers):
    """Copy the parameters of a built module into flat tensors."""
    with torch.no_grad():
        views = layout.views(flat, buffers)
        for part, name, value in _parts(module, layout, views):
            value.copy_(getattr(part, name))


def _parts(module, layout, values):
    """Yield torch's layer, its name of a tensor, and the value in torch's shape."""
    active = (index for index, layer in enumerate(layout.layers) if is_active(layer))
    parts = dict(zip(active, module, strict=True))
    for (index, role), value in values.items():
        is_dense = role == "weight" and value.dim() == 2
        yield parts[index], _NAMES[role], value.t() if is_dense else value
