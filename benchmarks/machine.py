"""Description of the machine for the results, without its name."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "scipy", "scikit-learn", "skorch", "torch")


def describe_machine():
    """Hardware, versions and numbers of threads that a timing depends on.

    Call it after the work, when all thread pools are loaded.

    Returns
    -------
    dict
        Of strings and numbers, ready for JSON; memory in GiB.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _cpu_model(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "torch_threads": torch.get_num_threads(),
        "numpy_blas_threads": _numpy_blas_threads(),
    }


def _cpu_model():
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    return models[0].strip() if models else platform.processor()


def _numpy_blas_threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return max(
        (
            pool["num_threads"]
            for pool in threadpool_info()
            if "numpy" in pool["filepath"]
        ),
        default=None,
    )
