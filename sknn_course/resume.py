"""Searches that survive: finished fits are kept on disk and found again."""

import os
import shutil
import signal
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import fields
from numbers import Real
from pathlib import Path
from typing import Any, Self

import numpy as np

from . import _compat
from ._engine import FitJob
from ._engine.snapshot import Keeper, Snapshot
from ._resume.digest import digest, digest_of_job, version
from ._resume.files import PARTIAL, DamagedFile, read, write

VARIABLE = "SKNN_COURSE_RESUMABLE"  # tells worker processes
KINDS = ("end", "fit", "mid")  # of snapshots: see `Keeper`
NAMES = {field.name for field in fields(Snapshot)}
GRACE_SECONDS = 10.0  # after SIGTERM, for the epoch in training
LEFT_SECONDS = 3600  # after which a file that is not complete has lost its writer

active: "resumable | None" = None  # the innermost block


class resumable:
    """Context in which finished fits are kept in a folder, and found there again.

    Around any fit, search or cross-validation: when the same code runs again, fits that
    were finished are read from the folder and only the others are trained, with the
    results of a run that was never interrupted. A fit is found by its estimator's
    parameters, its data and its start, to the bit, and by the versions of what trains.

    A training that is equal but for a smaller ``max_iter`` is gone on with, unless the
    schedule of the learning rate depends on ``max_iter``.

    Parameters
    ----------
    folder : str or path-like
        Made where there is none. Several runs may share it, at the same time too.
    max_bytes : int, default=10 * 2**30
        Of the files; the oldest are removed.
    checkpoint_every : float or None, default=60.0
        Seconds after which networks in training are kept, too, to go on from; more
        where that would take over three percent of the time. None: only finished ones.

    Attributes
    ----------
    n_found, n_trained : int
        Fits of this process that were found, and that were trained.

    Warns
    -----
    RuntimeWarning
        Where a file is damaged, whose fit is trained again; where the folder cannot be
        written to, as the disk is full: training goes on without it; and where a fit
        cannot be found again, as it has ``random_state=None``.

    Notes
    -----
    Fits with callbacks, those of ``partial_fit`` and those of other packages are not
    kept. ``fit_time`` is that of the run at hand.

    Worker processes that joblib starts inside the block know of it: those that are
    idle are ended when it begins and when it ends. Others, as those of Dask, keep
    their fits where the environment variable ``SKNN_COURSE_RESUMABLE`` names the folder
    as they start.

    SIGTERM, where the program does not handle it, ends the process with the epoch (or
    after ten seconds), its networks kept as by ``checkpoint_every``.

    The files hold numbers and texts alone: none can run code. Files that are damaged
    are noticed; who writes to the folder, however, can change results.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknn_course import MLPClassifier, resumable
    >>> mlp = MLPClassifier((5,), tol=0.1, n_iter_no_change=5, random_state=0)
    >>> search = GridSearchCV(mlp, {"alpha": [0.01, 0.1]}, cv=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         with resumable(folder) as kept:
    ...             search = search.fit(*load_iris(return_X_y=True))
    ...         print(kept.n_found, kept.n_trained)
    0 7
    7 0
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        max_bytes: int = 10 * 2**30,
        checkpoint_every: float | None = 60.0,
    ) -> None:
        for name, value in (
            ("max_bytes", max_bytes),
            ("checkpoint_every", checkpoint_every),
        ):
            if name == "checkpoint_every" and value is None:
                continue
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not (is_number and float(value) > 0):  # type: ignore[arg-type]
                raise ValueError(f"{name} must be a number above 0, got {value!r}.")
        self.folder = Path(folder).absolute()
        self.max_bytes, self.checkpoint_every = max_bytes, checkpoint_every
        self.n_found = self.n_trained = 0
        self._start()

    def _start(self) -> None:
        self._n_bytes: int | None = None
        self._writes = True
        # at each entry: the block around, its folder, whether SIGTERM was ours to hear
        self._before: list[tuple[resumable | None, str | None, bool]] = []
        self._late: threading.Timer | None = None
        self.is_ending = False  # training ends with the epoch, once it is kept

    def __getstate__(self) -> dict[str, Any]:
        names = ("folder", "max_bytes", "checkpoint_every")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, n_found=0, n_trained=0)
        self._start()

    def __enter__(self) -> Self:
        global active
        self.folder.mkdir(parents=True, exist_ok=True)
        hears = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        )
        self._before.append((active, os.environ.get(VARIABLE), hears))
        self._writes, self._n_bytes, active = True, None, self
        os.environ[VARIABLE] = str(self.folder)
        _compat.end_loky_workers()
        if hears:
            signal.signal(signal.SIGTERM, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        global active
        active, variable, hears = self._before.pop()
        if variable is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = variable
        _compat.end_loky_workers()
        if not hears:
            return
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self._late is not None:
            self._late.cancel()
        if self.is_ending:  # also where nothing was in training
            self.is_ending = False
            raise SystemExit(128 + signal.SIGTERM)

    def _end(self, *_: object) -> None:
        """The process is asked to end: networks in training are kept first."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.is_ending = True
        ends = os.kill, (os.getpid(), signal.SIGTERM)
        self._late = threading.Timer(GRACE_SECONDS, *ends)
        self._late.daemon = True
        self._late.start()

    def clear(self) -> None:
        """Remove all that is kept in the folder."""
        for folder in self._folders():
            shutil.rmtree(folder, ignore_errors=True)
        self._n_bytes = None

    def find(self, job: FitJob) -> bool:
        """Whether a job's result is known, and given to it.

        Otherwise it goes on from what is known of it, and is kept as it is trained.

        Parameters
        ----------
        job : FitJob

        Returns
        -------
        bool
        """
        key = digest_of_job(job)
        if key is None:
            self._tell_why_not(job)
            return False
        n_max = job.settings.max_iter
        for n_iter, kind, path in sorted(self._known(key), reverse=True):
            if n_iter > n_max or (n_iter == n_max and kind == "mid"):
                continue
            snapshot = self._read(path)
            if snapshot is None:
                continue
            if kind == "end" or n_iter == n_max:
                snapshot.finish(job)
                self.n_found += 1
                return True
            snapshot.restore(job)
            break
        job.keeper = Keeper(key, self)
        self.n_trained += 1
        return False

    def put(self, key: str, snapshot: Snapshot, kind: str) -> None:
        """Keep a snapshot; of those of a training on its way the last one alone.

        Parameters
        ----------
        key : str
            Of the training.
        snapshot : Snapshot
        kind : str
        """
        path = self._path(key, f"{snapshot.n_iter:09d}.{kind}")
        earlier = [known for _, k, known in self._known(key) if k == "mid"]
        self._write(path, vars(snapshot))
        for known in earlier:
            if known != path:
                known.unlink(missing_ok=True)

    def result_of(self, function: Callable, *arguments: Any) -> dict[str, Any]:
        """The dict that an estimator's method gives, from the folder if it is there.

        Parameters
        ----------
        function : callable
        *arguments : object
            Of the function.

        Returns
        -------
        dict
        """
        of = function.__self__  # type: ignore[attr-defined]
        key = digest(type(of).__name__, of.get_params(), version(), *arguments)
        path = self._path(key, "result")
        values = self._read_values(path)
        if values is not None:
            self.n_found += 1
            return {name: _unpacked(value) for name, value in values.items()}
        values = function(*arguments)
        self.n_trained += 1
        self._write(path, {name: _packed(value) for name, value in values.items()})
        return values

    def _path(self, key: str, end: str) -> Path:
        return self.folder / key[:2] / f"{key}-{end}"

    def _folders(self) -> list[Path]:
        return [p for p in self.folder.glob("[0-9a-f][0-9a-f]") if p.is_dir()]

    def _known(self, key: str) -> list[tuple[int, str, Path]]:
        """Epochs, kind and path of what is known of a training."""
        try:
            names = os.listdir(self.folder / key[:2])
        except OSError:
            return []
        ends = [n[len(key) + 1 :] for n in names if n.startswith(key)]
        parts = [end.partition(".") for end in ends]
        return [
            (int(n_iter), kind, self._path(key, f"{n_iter}.{kind}"))
            for n_iter, _, kind in parts
            if n_iter.isdecimal() and kind in KINDS
        ]

    def _read(self, path: Path) -> Snapshot | None:
        values = self._read_values(path)
        return Snapshot(**values) if values and set(values) == NAMES else None

    def _read_values(self, path: Path) -> dict[str, Any] | None:
        """What a file holds; None where it is gone or damaged."""
        try:
            values = read(path)
        except FileNotFoundError:
            return None
        except (DamagedFile, OSError) as error:
            warnings.warn(
                f"resumable: {error} Its fit is trained again.",
                RuntimeWarning,
                stacklevel=2,
            )
            path.unlink(missing_ok=True)
            return None
        os.utime(path)  # the oldest go first
        return values

    def _write(self, path: Path, values: dict[str, Any]) -> None:
        if not self._writes:
            return
        try:
            n_bytes = write(path, values)
            if self._n_bytes is None:
                self._n_bytes = self._measure()
            else:
                self._n_bytes += n_bytes
            if self._n_bytes > self.max_bytes:
                self._n_bytes = self._measure(remove_to=0.9 * self.max_bytes)
        except OSError as error:
            self._writes = False
            warnings.warn(
                f"resumable: nothing more is kept in {self.folder}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )

    def _measure(self, remove_to: float = float("inf")) -> int:
        """Size of all files, of which the oldest are removed down to some size."""
        found = []
        for folder in self._folders():
            for entry in os.scandir(folder):
                try:
                    status = entry.stat()
                except FileNotFoundError:  # another run has removed it
                    continue
                age = time.time() - status.st_mtime
                is_left = entry.name.endswith(PARTIAL) and age > LEFT_SECONDS
                found.append((not is_left, status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, _, size, _ in found)
        for is_whole, _, size, path in sorted(found):
            if is_whole and total <= remove_to:
                break
            Path(path).unlink(missing_ok=True)
            total -= size
        return total

    def _tell_why_not(self, job: FitJob) -> None:
        if job.observer is None and job.task is None and not job.single_epoch:
            warnings.warn(
                "resumable: a fit with random_state=None draws other numbers each "
                "time and cannot be found again: give random_state.",
                RuntimeWarning,
                stacklevel=2,
            )


def _packed(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, np.generic) else value


def _unpacked(value: Any) -> Any:
    """JSON knows no tuples, and files no numbers of numpy."""
    if isinstance(value, np.ndarray):
        return value if value.ndim else value[()]
    return tuple(value) if isinstance(value, list) else value


if VARIABLE in os.environ:  # a worker process of a block
    active = resumable(os.environ[VARIABLE])
