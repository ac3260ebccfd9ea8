"""The output folder: what is done is kept, to be taken up again."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from .outcome import Outcome

LARGEST_FITTED = 4 * 2**20  # bytes of the networks of one experiment
LARGEST_HEADERS = 2**20  # what a file of such networks has beside
LARGEST_OUTCOME = 2**26  # bytes; a curve of 10,000 epochs has 200,000
DONE = ("passed", "better than published", "smaller run", "outside", "shown")


class Store:
    """Outcomes and fitted networks in a folder, as JSON and plain arrays.

    The folder may be a stranger's: what is read is verified, and nothing in it can
    run code. What is damaged counts as absent.

    Parameters
    ----------
    folder : path-like or None
        Made where it is absent; None keeps nothing.
    tell : callable, default=None
        Is given a line of text, once for each file that cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> from sknn_course.course.outcome import Outcome
    >>> from sknn_course.course.store import Store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.write(Outcome("S3.51", "MLP C", "", "", "quick", "study"))
    ...     store.read("S3.51", "quick").title
    'MLP C'
    """

    def __init__(self, folder, tell=None):
        self.folder = None if folder is None else Path(folder)
        self._tell = tell or (lambda text: None)
        self._refused = set()
        if self.folder is not None:
            for part in ("outcomes", "pictures", "fitted"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)

    def _outcome(self, id, scale):
        return self.folder / "outcomes" / f"{id}_{scale}.json"

    def fitted_path(self, id, scale):
        """The file of an experiment's fitted networks."""
        return self.folder / "fitted" / f"{id}_{scale}.npz"

    def refuse(self, path, error):
        """Tell once that a file cannot be used."""
        if path not in self._refused:
            self._refused.add(path)
            self._tell(f"{path.relative_to(self.folder)} cannot be used: {error}")

    def write(self, outcome):
        """Keep an outcome; a file is there whole or not at all."""
        if self.folder is None:
            return
        write_text(
            self._outcome(outcome.id, outcome.scale),
            json.dumps(
                outcome.to_json(), indent=1, ensure_ascii=False, allow_nan=False
            ),
        )

    def read(self, id, scale):
        """The outcome kept, or None; a damaged file counts as none."""
        if self.folder is None:
            return None
        path = self._outcome(id, scale)
        try:
            return read_outcome(path, id, scale)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.refuse(path, error)
            return None

    def done(self, id, definitions):
        """The outcome of an experiment that need not be run again, or None.

        Parameters
        ----------
        id : str
        definitions : dict of str to str
            Scale to the definition that its outcome has to have.
        """
        for scale, definition in definitions.items():
            outcome = self.read(id, scale)
            if (
                outcome is not None
                and outcome.status in DONE
                and outcome.definition == definition
            ):
                return outcome
        return None

    def best(self, ids):
        """The kept outcome of each experiment: the full one, unless it was not run.

        Returns
        -------
        list of Outcome
            In the order of ``ids``, without those never tried.
        """
        found = []
        for id in ids:
            kept = [self.read(id, scale) for scale in ("full", "quick")]
            kept = [one for one in kept if one is not None]
            done = [one for one in kept if one.status in DONE]
            found += [*done, *kept][:1]
        return found

    def write_picture(self, name, figure):
        """Save a figure and return its path relative to the folder."""
        path = f"pictures/{name}.png"
        write_whole(
            self.folder / path,
            lambda file: figure.savefig(
                file, format="png", dpi=140, bbox_inches="tight"
            ),
        )
        return path

    def write_fitted(self, id, scale, arrays):
        """Keep the arrays of fitted networks that are not large; None keeps nothing."""
        if self.folder is None or arrays is None:
            return
        if sum(array.nbytes for array in arrays.values()) <= LARGEST_FITTED:
            write_whole(
                self.fitted_path(id, scale),
                lambda file: np.savez(file, allow_pickle=False, **arrays),
            )

    def read_fitted(self, id, scale):
        """The arrays of the fitted networks, or None."""
        if self.folder is None:
            return None
        path = self.fitted_path(id, scale)
        try:
            return read_arrays(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.refuse(path, error)
            return None


def read_outcome(path, id, scale):
    """The outcome that a file holds.

    Parameters
    ----------
    path : Path
    id, scale : str
        Of the outcome that the file should hold.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If it is damaged, or not of this outcome.
    OSError
    """
    if path.stat().st_size > LARGEST_OUTCOME:
        raise ValueError("it is too large for an outcome")
    try:
        outcome = Outcome.from_json(json.loads(path.read_text("utf-8")))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if (outcome.id, outcome.scale) != (id, scale):
        raise ValueError(f"it is of {outcome.id} at scale {outcome.scale}")
    return outcome


def read_arrays(path):
    """The arrays of a ``.npz`` file, none of which is a pickle.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    ValueError
        If it is damaged, or larger than what is kept.
    OSError
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as parts:
                n_bytes = sum(part.file_size for part in parts.infolist())
            if n_bytes > LARGEST_FITTED + LARGEST_HEADERS:
                raise ValueError(f"it unpacks to {n_bytes} bytes")
            with np.load(path, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except OSError:
            raise
        except Exception as error:  # zipfile, zlib and numpy: each has its own
            reason = " ".join(str(error).split())
            raise ValueError(f"it is damaged ({reason})") from error


def write_text(path, text):
    """Write a file in one step.

    Parameters
    ----------
    path : Path
    text : str
    """
    write_whole(path, lambda file: file.write(f"{text}\n".encode()))


def write_whole(path, write):
    """Write a file that is there whole or not at all.

    Parameters
    ----------
    path : Path
    write : callable
        Is given a binary file.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            write(file)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
