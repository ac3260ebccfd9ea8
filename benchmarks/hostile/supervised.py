"""Judge cases in a child process, so that a crash or a hang ends the child alone."""

import multiprocessing
import os
import resource
import sys
import tempfile

from .outcomes import COPIED, CRASH, HANG, STOCK, Verdict, judge

SPARE_BYTES = 6 << 30  # what a case may take beyond what the child holds at first


def _serve(pipe):
    import torch

    torch.set_num_threads(1)
    folder = tempfile.TemporaryDirectory()  # for what parameters name as a folder
    os.chdir(folder.name)
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, for as long as the child lives
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (case := pipe.recv()) is not None:
        try:
            pipe.send(judge(case))
        except Exception as error:  # of the judge, not of what it judges
            error.add_note(str(case))
            pipe.send(error)


class Supervised:
    """Function of a case: its verdict, from a child that is renewed when it dies."""

    def __init__(self, seconds=20):
        self.seconds = seconds
        self._child = None

    def __call__(self, case):
        if self._child is None:
            self._start()
        self._pipe.send(case)
        if not self._pipe.poll(self.seconds):
            self._end()
            outcome = COPIED if case.subject in STOCK else HANG
            return Verdict(outcome, place=case.subject, message="hang")
        try:
            answer = self._pipe.recv()
        except (EOFError, ConnectionResetError):
            self._child.join()
            code, self._child = self._child.exitcode, None
            return Verdict(CRASH, place=case.subject, message=f"exit code {code}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self):
        # Forked, to start at once: the parent imports torch but never computes.
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._child = context.Process(target=_serve, args=(other,), daemon=True)
        self._child.start()
        other.close()

    def _end(self):
        self._child.kill()
        self._child.join()
        self._child = None

    def close(self):
        """End the child."""
        if self._child is not None:
            self._end()
