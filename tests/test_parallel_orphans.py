"""The joblib backend "stacked": workers end with the process that started them."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from parallel_iris import no_hang  # noqa: F401  acts on every test here

WORK = """
import os, time
import joblib
from sknn_course.parallel import workers

def work():
    print("at work", flush=True)
    time.sleep(1000)

"""
TRAINING = """
workers._train = lambda _: work()
workers._pool.submit([None])
time.sleep(1000)
"""
TASKS = """
with joblib.parallel_config("stacked", n_processes=2):
    joblib.Parallel()([joblib.delayed(work)()] * 2)
"""


@pytest.mark.parametrize(
    "program, n_workers, kill",
    [(TRAINING, 1, signal.SIGTERM), (TASKS, 2, getattr(signal, "SIGKILL", None))],
    ids=["training", "tasks"],
)
def test_workers_end_with_a_parent_that_is_killed(program, n_workers, kill):
    parent = subprocess.Popen(
        [sys.executable, "-c", WORK + program],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,  # of the workers, too: it ends when all have ended
        text=True,
    )
    try:
        for _ in range(n_workers):
            assert parent.stdout.readline() == "at work\n"
    finally:
        parent.kill() if kill is None else parent.send_signal(kill)
    parent.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while left := list(Path("/dev/shm").glob(f"*[-_]{parent.pid}[-_]*")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
