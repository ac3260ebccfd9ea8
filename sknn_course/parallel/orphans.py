"""Worker processes that end when the process that started them has ended."""

import multiprocessing
import os
import threading
import time
from functools import cache
from multiprocessing.connection import wait
from typing import Any

POLL_SECONDS = 1.0


@cache
def end_with_parent() -> None:
    """End this worker process soon after the one that started it, however that ended.

    A parent that was killed tells nobody, and a worker notices only when it is done
    with its work and finds no reader for the results.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(
            target=_watch, args=(parent,), name="stacked-watch", daemon=True
        )
        watch.start()


def _watch(parent: Any) -> None:
    if os.name == "nt":
        wait([parent.sentinel])
    else:  # loky's workers have no sentinel there; orphans get another parent
        while os.getppid() == parent.pid:
            time.sleep(POLL_SECONDS)
    os._exit(1)
