"""What a comparison found: one result per estimator, ranked."""

import csv
import io
import json
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from sknn_course._compare.output import write_whole

FIELDS = (
    "rank",
    "model",
    "estimator",
    "cv_mean",
    "cv_std",
    "test_score",
    "n_parameters",
    "seconds",
    "n_settings",
    "failed_fits",
    "best_params",
    "cv_scores",
    "failure",
)


@dataclass
class Result:
    """What the search for one estimator found.

    Parameters
    ----------
    model, estimator : str
        Its name in the comparison and its class.
    seconds : float
        Time of the search, the last fit and the test.
    n_settings : int
        Parameter settings tried.
    n_planned : int
        Parameter settings that were to be tried.
    failed_fits : int
        Fits that ended in an error, of those in cross-validation.
    failure : str
        Why there is no score, or why some fits failed; empty if none did.
    best_params : dict
    cv_scores : list of float
        The best setting's score on each fold.
    test_score : float
    n_parameters : int or None
        Numbers that the fitted estimator keeps for predicting.
    fitted : Pipeline or None
    """

    model: str
    estimator: str
    seconds: float
    n_settings: int = 0
    n_planned: int = 0
    failed_fits: int = 0
    failure: str = ""
    best_params: dict = field(default_factory=dict)
    cv_scores: list[float] = field(default_factory=list)
    test_score: float = float("nan")
    n_parameters: int | None = None
    fitted: Any = None

    @property
    def ok(self):
        """bool : whether there is a score."""
        return isfinite(self.cv_mean)

    @property
    def cv_mean(self):
        """float : mean of the scores on the folds."""
        return float(np.mean(self.cv_scores)) if self.cv_scores else float("nan")

    @property
    def cv_std(self):
        """float : standard deviation of the scores over the folds."""
        return float(np.std(self.cv_scores)) if self.cv_scores else float("nan")


@dataclass
class Leaderboard:
    """Results of a comparison, best cross-validation score first.

    Parameters
    ----------
    table : Table
    scoring : str
        Name of the score.
    cv : int
        Number of folds.
    results : list of Result
    left_out : list of str
        What was not done, and why.
    """

    table: Any
    scoring: str
    cv: int
    results: list[Result] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def ranked(self):
        """list of Result : best first, failed ones last."""
        return sorted(
            self.results, key=lambda one: -one.cv_mean if one.ok else float("inf")
        )

    def records(self):
        """Return one plain dict per estimator, ready for JSON.

        Returns
        -------
        list of dict
            With the keys ``FIELDS``; None where there is no value.
        """
        return [
            _plain(
                {
                    "rank": rank if one.ok else None,
                    **{key: getattr(one, key) for key in FIELDS[1:]},
                }
            )
            for rank, one in enumerate(self.ranked, start=1)
        ]

    def write(self, folder, settings):
        """Write leaderboard.csv and leaderboard.json.

        Parameters
        ----------
        folder : Path
        settings : dict
            What was asked for, kept beside the results in the JSON file.
        """
        records = self.records()
        document = {
            "data": self.table.name,
            "task": self.table.task,
            "target": self.table.target_name,
            "scoring": self.scoring,
            "rows": {
                "training": len(self.table.y_train),
                "test": len(self.table.y_test),
            },
            "settings": _plain(settings),
            "notes": self.table.notes,
            "left_out": self.left_out,
            "leaderboard": records,
        }
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        # names of files that are no Unicode: JSON has the same escapes as Python
        data = f"{text}\n".encode(errors="backslashreplace")
        write_whole(folder / "leaderboard.json", data)
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        for record in records:
            for key in ("best_params", "cv_scores"):
                record[key] = json.dumps(record[key])
            writer.writerow(record)
        data = file.getvalue().encode(errors="backslashreplace")
        write_whole(folder / "leaderboard.csv", data)


def _plain(value):
    """Turn numpy scalars, tuples and NaN into what JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
