"""The joblib backend "stacked": workers end with the process that started them."""

import subprocess
import sys
import time
from pathlib import Path

from parallel_iris import no_hang  # noqa: F401  acts on every test here

PROGRAM = """
import time
import joblib
from sknn_course.parallel import workers

def work(_=None):
    print("at work", flush=True)
    time.sleep(1000)

workers._train = work
workers._pool.submit([None])
with joblib.parallel_config("stacked", n_processes=2):
    joblib.Parallel()([joblib.delayed(work)()] * 2)
"""


def test_workers_end_with_a_parent_that_is_killed():
    """Those that train, and those that run tasks; no shared memory is left."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,  # of the workers, too: it ends when all have ended
        text=True,
    )
    try:
        assert [parent.stdout.readline() for _ in range(3)] == 3 * ["at work\n"]
    finally:
        parent.kill()
    parent.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while left := list(Path("/dev/shm").glob(f"*[-_]{parent.pid}[-_]*")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
