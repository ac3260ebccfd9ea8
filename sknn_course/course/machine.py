"""What results depend on besides the seed: hardware and versions."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from .._devices import resolve_device

PACKAGES = ("numpy", "scipy", "scikit-learn", "skorch", "torch")


def describe_machine(device="auto"):
    """Hardware and versions, without the machine's name.

    Parameters
    ----------
    device : str, default='auto'
        As the estimators take it.

    Returns
    -------
    dict of str to str or int
        Ready for JSON.

    Examples
    --------
    >>> from sknn_course.course.machine import describe_machine
    >>> sorted(describe_machine("cpu"))[:4]
    ['cores', 'cpu', 'device', 'numpy']
    """
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "device": device_name(device),
        "torch_threads": torch.get_num_threads(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }


def device_name(device):
    """What a device is: the GPU's model, else the processor's.

    Examples
    --------
    >>> from sknn_course.course.machine import device_name
    >>> device_name("cpu")
    'cpu'
    """
    device = resolve_device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type


def _cpu():
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        return platform.processor()
    models = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return models[0].strip() if models else platform.processor()
