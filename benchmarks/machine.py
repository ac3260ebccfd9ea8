"""Description of the machine for the results, without its name."""

import os

import numpy as np
import torch
from threadpoolctl import threadpool_info

from sknn_course.course.machine import describe_machine as describe


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
        **describe(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "memory_gib": round(memory / 2**30, 1),
        "numpy_blas_threads": _numpy_blas_threads(),
    }


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
