"""The joblib backend "stacked": workers end with the process that started them."""

import subprocess
import sys
import time
from pathlib import Path

from parallel_iris import no_hang  # noqa: F401  acts on every test here

PROGRAM = """
import time
import numpy as np
from sknn_course._engine.interrupts import wait_for
from sknn_course.parallel.pool import WORKERS

def work(_):
    print("at work", flush=True)
    time.sleep(1000)

with WORKERS.running(work, [(np.ones(1 << 18),)], 1) as futures:
    wait_for(futures)
"""


def test_workers_end_with_a_parent_that_is_killed():
    """No shared memory is left, nor the file of the array."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,  # of the workers, too: it ends when all have ended
        text=True,
    )
    try:
        assert parent.stdout.readline() == "at work\n"
    finally:
        parent.kill()
    parent.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while left := list(Path("/dev/shm").glob(f"*[-_]{parent.pid}[-_]*")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
