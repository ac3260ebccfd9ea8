"""Plain torch modules from layer specifications, and parameters in and out."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from ...layers import is_active
from .parameters import ParameterLayout
from .stacked import LAYERS

Values = Mapping[tuple[int, str], Tensor]  # by layer index and role

# torch's names, and what each parameter is called there
_NAMES = {
    "weight": "weight",
    "bias": "bias",
    "scale": "weight",
    "shift": "bias",
    "mean": "running_mean",
    "variance": "running_var",
    "frequency": "frequency",
    "phase": "phase",
    "column_weight": "weight",
    "column_bias": "bias",
}


def build_module(
    layout: ParameterLayout, flat: Tensor, buffers: Tensor
) -> nn.Sequential:
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


def module_around(layout: ParameterLayout, values: Values) -> nn.Sequential:
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
            LAYERS[type(layer)].module(layer, shape)
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


def share_memory(
    module: nn.Sequential, layout: ParameterLayout, values: Values
) -> None:
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


def bind_module(
    module: nn.Sequential,
    layout: ParameterLayout,
    flat: Tensor,
    buffers: Tensor,
    grad: Tensor,
) -> list[tuple[Tensor, Tensor, Tensor | None]]:
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


def read_module(
    module: nn.Sequential, layout: ParameterLayout, flat: Tensor, buffers: Tensor
) -> None:
    """Copy the parameters of a built module into flat tensors."""
    with torch.no_grad():
        views = layout.views(flat, buffers)
        for part, name, value in _parts(module, layout, views):
            value.copy_(getattr(part, name))


def _parts(
    module: nn.Sequential, layout: ParameterLayout, values: Values
) -> Iterator[tuple[nn.Module, str, Tensor]]:
    """Yield torch's layer, its name of a tensor, and the value in torch's shape."""
    active = (index for index, layer in enumerate(layout.layers) if is_active(layer))
    parts = dict(zip(active, module, strict=True))
    for (index, role), value in values.items():
        is_dense = role == "weight" and value.dim() == 2
        yield parts[index], _NAMES[role], value.t() if is_dense else value
