"""What a comparison found: one result per estimator, ranked."""

import csv
import io
import json
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from sknn_course._compare.errors import InputError
from sknn_course._compare.output import write_whole
from sknn_course._compare.scores import Score

FIELDS = (
    "rank",
    "model",
    "estimator",
    "cv_mean",
    "cv_std",
    "test_score",
    "test_scores",
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
        The best setting, by the estimator's own names.
    setting : dict
        The same by the names of the whole pipeline.
    cv_scores : list of float
        The best setting's score on each fold, errors as they are.
    test_score : float
    test_scores : dict of str to float
        Further scores on the test rows, by name.
    n_parameters : int or None
        Numbers that the fitted estimator keeps for predicting.
    fitted : Pipeline or None
    """

    model: str
    estimator: str
    seconds: float = 0.0
    n_settings: int = 0
    n_planned: int = 0
    failed_fits: int = 0
    failure: str = ""
    best_params: dict[str, Any] = field(default_factory=dict)
    setting: dict[str, Any] = field(default_factory=dict)
    cv_scores: list[float] = field(default_factory=list)
    test_score: float = float("nan")
    test_scores: dict[str, float] = field(default_factory=dict)
    n_parameters: int | None = None
    fitted: Any = None

    @property
    def ok(self) -> bool:
        """bool : whether there is a score."""
        return isfinite(self.cv_mean)

    @property
    def cv_mean(self) -> float:
        """float : mean of the scores on the folds."""
        return float(np.mean(self.cv_scores)) if self.cv_scores else float("nan")

    @property
    def cv_std(self) -> float:
        """float : standard deviation of the scores over the folds."""
        return float(np.std(self.cv_scores)) if self.cv_scores else float("nan")


@dataclass(repr=False)
class Leaderboard:
    """Results of a comparison, best cross-validation score first.

    It prints as a table of text, and shows as one in a notebook.

    Parameters
    ----------
    table : Table
        The rows, and what is to be predicted.
    score : Score
        By which it is ranked.
    cv : int
        Number of folds.
    results : list of Result
    left_out : list of str
        What was not done, and why.
    notes : list of str
        What was chosen for the user.
    """

    table: Any
    score: Score
    cv: int
    results: list[Result] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ranked(self) -> list[Result]:
        """list of Result : best first, failed ones last."""
        return sorted(
            self.results,
            key=lambda one: -self.score.sign * one.cv_mean if one.ok else float("inf"),
        )

    @property
    def best(self) -> Result:
        """Result : the first of the ranking.

        Raises
        ------
        InputError
            If no estimator was scored.
        """
        ranked = self.ranked
        if not ranked or not ranked[0].ok:
            raise InputError("no estimator was scored, so there is no best one.")
        return ranked[0]

    @property
    def near_best(self) -> list[Result]:
        """list of Result : others within the best one's spread over the folds."""
        best, *others = [one for one in self.ranked if one.ok]
        worst = best.cv_mean - self.score.sign * best.cv_std
        return [one for one in others if self.score.sign * (one.cv_mean - worst) > 0]

    @property
    def winner(self) -> Any:
        """Pipeline : the best estimator, fitted to the training rows."""
        return self.best.fitted

    @property
    def scores(self) -> Any:
        """pandas.DataFrame : one row per estimator, in the order of the ranking."""
        import pandas as pd

        rows = []
        for one in self.ranked:
            row = {f"cv {self.score.name}": one.cv_mean, "cv std": one.cv_std}
            row[f"test {self.score.name}"] = one.test_score
            row |= {f"test {name}": one for name, one in one.test_scores.items()}
            rows.append(row | {"seconds": one.seconds, "best_params": one.best_params})
        names = pd.Index([one.model for one in self.ranked], name="model")
        return pd.DataFrame(rows, index=names)

    @property
    def next_steps(self) -> list[str]:
        """list of str : what could be done now, in sentences."""
        from sknn_course._compare.next_steps import next_steps

        return next_steps(self)

    def save(self, folder: str | Path) -> Path:
        """Write the leaderboard, pictures, report and winner into a folder.

        Parameters
        ----------
        folder : str or Path
            Made where it is not there.

        Returns
        -------
        Path
            The page ``report.html``. Beside it are ``winner.joblib``, the fitted
            winner, and ``winner.py``, a script that rebuilds it from the data.
        """
        from sknn_course._compare.report import write_report

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_report(self, folder, {}, "sknn_course.compare(...)")
        return folder / "report.html"

    def __str__(self) -> str:
        from sknn_course._compare.text import describe, format_leaderboard, remarks

        notes = [f"note: {one}" for one in remarks(self)]
        return "\n".join([describe(self.table), format_leaderboard(self), *notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from sknn_course._compare.html import render_fragment

        return render_fragment(self)

    def records(self) -> list[dict[str, Any]]:
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

    def write(self, folder: Path, settings: dict[str, Any]) -> None:
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
            "scoring": self.score.name,
            "rows": {
                "training": len(self.table.y_train),
                "test": len(self.table.y_test),
            },
            "settings": _plain(settings),
            "notes": [*self.table.notes, *self.notes],
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
            for key in ("best_params", "cv_scores", "test_scores"):
                record[key] = json.dumps(record[key])
            writer.writerow(record)
        data = file.getvalue().encode(errors="backslashreplace")
        write_whole(folder / "leaderboard.csv", data)


def _plain(value: Any) -> Any:
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
