"""The device on which an estimator computes, and what it can compute with."""

import torch


def resolve_device(device):
    """Return the torch device that a ``device`` parameter names.

    Parameters
    ----------
    device : {'auto', 'cpu', 'cuda', 'mps'} or str or torch.device
        'auto' takes a CUDA GPU where there is one, else the CPU: Apple's 'mps'
        has no float64 and is taken where it is named. Any string that torch
        understands is accepted ('cuda:1').

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If the device is unknown to torch or absent from this machine.

    Examples
    --------
    >>> from sknn_course._devices import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    resolved = _parse(device)
    if not _is_here(resolved):
        raise ValueError(
            f"device={device!r} is not available on this machine: "
            f"use 'auto' or one of {_available()}."
        )
    return resolved


def prediction_device(device):
    """The device of a ``device`` parameter, or the CPU where this machine lacks it.

    A network that was trained on a GPU predicts on a machine without one.

    Parameters
    ----------
    device : str or torch.device

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If the device is unknown to torch.

    Examples
    --------
    >>> from sknn_course._devices import prediction_device
    >>> prediction_device("cuda:63")
    device(type='cpu')
    """
    resolved = _parse(device)
    return resolved if _is_here(resolved) else torch.device("cpu")


def _parse(device):
    if isinstance(device, str) and device in ("auto", "cpu"):
        has_gpu = device == "auto" and torch.cuda.is_available()
        return torch.device("cuda" if has_gpu else "cpu")
    try:
        return torch.device(device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"device={device!r} is not a device: use 'auto' or one of {_available()}."
        ) from error


def _is_here(device):
    if device.type == "cuda" and device.index is not None:
        return 0 <= device.index < torch.cuda.device_count()  # torch wraps large ones
    return device.type in _available()


def _available():
    backends = {"cuda": torch.cuda, "mps": torch.backends.mps}
    return [*(name for name, b in backends.items() if b.is_available()), "cpu"]


def widest_float(device):
    """The most precise floating type of a device.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    torch.dtype
        float64, on Apple's 'mps' float32.

    Examples
    --------
    >>> import torch
    >>> from sknn_course._devices import widest_float
    >>> widest_float(torch.device("cpu"))
    torch.float64
    """
    return torch.float32 if device.type == "mps" else torch.float64
