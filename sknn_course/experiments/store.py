"""The output folder: what is done is kept, to be taken up again."""

import json
import os
from contextlib import suppress
from pathlib import Path

import joblib

from .outcome import Outcome

LARGEST_FITTED = 4 * 2**20  # bytes of the networks of one experiment
DONE = ("passed", "outside", "shown")


class Store:
    """Outcomes and fitted networks in a folder.

    Parameters
    ----------
    folder : path-like or None
        Made where it is absent; None keeps nothing.

    Examples
    --------
    >>> import tempfile
    >>> from sknn_course.experiments.outcome import Outcome
    >>> from sknn_course.experiments.store import Store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store(folder)
    ...     store.write(Outcome("S3.51", "MLP C", "", "", "quick", "study"))
    ...     store.read("S3.51", "quick").title
    'MLP C'
    """

    def __init__(self, folder):
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            for part in ("outcomes", "pictures", "fitted"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)

    def _outcome(self, id, scale):
        return self.folder / "outcomes" / f"{id}_{scale}.json"

    def _fitted(self, id, scale):
        return self.folder / "fitted" / f"{id}_{scale}.joblib"

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
        with suppress(OSError, ValueError, TypeError):
            content = self._outcome(id, scale).read_text("utf-8")
            return Outcome.from_json(json.loads(content))
        return None

    def done(self, id, scale):
        """The outcome of an experiment that need not be run at this scale, or None.

        That of the full scale serves for the quick one too.
        """
        for one in dict.fromkeys(("full", scale)):
            outcome = self.read(id, one)
            if outcome is not None and outcome.status in DONE:
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
        part = self.folder / f"{path}.part"
        figure.savefig(part, format="png", dpi=140, bbox_inches="tight")
        os.replace(part, self.folder / path)
        return path

    def write_fitted(self, id, scale, estimators):
        """Keep fitted estimators that are not large."""
        if self.folder is None:
            return
        arrays = [array for one in estimators for array in getattr(one, "coefs_", [])]
        if sum(array.nbytes for array in arrays) <= LARGEST_FITTED:
            part = self._fitted(id, scale).with_suffix(".part")
            joblib.dump(estimators, part)
            os.replace(part, self._fitted(id, scale))

    def read_fitted(self, id, scale):
        """The fitted estimators, or None.

        They are pickles, which can run code: a folder from somebody else is not to
        be resumed.
        """
        if self.folder is None or not self._fitted(id, scale).exists():
            return None
        return joblib.load(self._fitted(id, scale))


def write_text(path, text):
    """Write a file in one step.

    Parameters
    ----------
    path : Path
    text : str
    """
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
