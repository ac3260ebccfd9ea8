"""Scores of a search, by the parameters that it tried."""

from numbers import Real

import numpy as np
from sklearn.base import is_regressor

from sknn_course._compat import BaseSearchCV

from .canvas import SERIES, root_figure, shades, single_axes, tidy


class SweepResultsDisplay:
    """Mean scores of a search by one or two parameters.

    One parameter gives a line with the spread over the folds, two a heat map or a
    line for each value of the second. Where other parameters were tried too, the
    best of their scores is shown. Make it with `from_estimator` or
    `from_cv_results`; parameters are attributes.

    Parameters
    ----------
    x_name : str
        First parameter.
    x_values : list
        Its values in order.
    mean, std : ndarray of shape (n_y, n_x)
        Scores; NaN where a combination was not tried, n_y is 1 without a second
        parameter.
    y_name : str, default=None
        Second parameter.
    y_values : list, default=None
    score_name : str, default='score'

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.model_selection.ValidationCurveDisplay : Fits by itself, one parameter.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.svm import SVC
    >>> from sknn_course.plotting import SweepResultsDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(SVC(), {"C": [0.1, 1, 10], "gamma": [0.01, 0.1]})
    >>> display = SweepResultsDisplay.from_estimator(search.fit(X, y))
    >>> display.x_name, display.y_name, display.mean.shape
    ('C', 'gamma', (2, 3))
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        x_name,
        x_values,
        mean,
        std,
        y_name=None,
        y_values=None,
        score_name="score",
    ):
        self.x_name = x_name
        self.x_values = x_values
        self.mean = mean
        self.std = std
        self.y_name = y_name
        self.y_values = y_values
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, **params):
        """Draw the scores of a fitted search.

        Parameters
        ----------
        estimator : GridSearchCV, RandomizedSearchCV or another search
            Fitted.
        **params : dict
            Of `from_cv_results`.

        Returns
        -------
        SweepResultsDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator is no fitted search.
        """
        if not isinstance(estimator, BaseSearchCV) or not hasattr(
            estimator, "cv_results_"
        ):
            raise TypeError(
                f"estimator={estimator!r} has no attribute cv_results_: pass a fitted "
                "search."
            )
        scoring = estimator.scoring
        if scoring is None:
            scoring = "$R^2$" if is_regressor(estimator) else "accuracy"
        if isinstance(scoring, str):
            params.setdefault("score_name", scoring.replace("_", " "))
        return cls.from_cv_results(estimator.cv_results_, **params)

    @classmethod
    def from_cv_results(
        cls,
        cv_results,
        *,
        x=None,
        y=None,
        score="test_score",
        score_name="score",
        ax=None,
        **plot_params,
    ):
        """Draw the scores of a search's results.

        Parameters
        ----------
        cv_results : dict of str to array-like
            A search's ``cv_results_``; ``param_*`` and ``mean_*`` are needed, ``std_*``
            is taken where it is there.
        x, y : str, default=None
            First and second parameter, with or without the steps before their names.
            None takes the first that vary.
        score : str, default='test_score'
            Which score, without ``mean_``.
        score_name : str, default='score'
            Label.
        ax : matplotlib Axes, default=None
            See `plot`.
        **plot_params : dict
            Of `plot`.

        Returns
        -------
        SweepResultsDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a parameter or score is not in the results, or none varies.
        """
        tried = {
            name.removeprefix("param_"): list(values)
            for name, values in cv_results.items()
            if name.startswith("param_")
        }
        if f"mean_{score}" not in cv_results:
            known = [
                n.removeprefix("mean_") for n in cv_results if n.startswith("mean_")
            ]
            raise ValueError(
                f"score={score!r} is not in cv_results, which has {known}."
            )
        varying = [name for name, values in tried.items() if len(_distinct(values)) > 1]
        if not varying:
            raise ValueError("cv_results has no parameter with more than one value.")
        names = [
            _find(x, "x", tried),
            _find(y, "y", tried),
        ]
        if names[0] is None:
            names[0] = next(name for name in varying if name != names[1])
        if names[1] is None:
            names[1] = next((name for name in varying if name != names[0]), None)
        return cls(
            **_table(cv_results, tried, names, score), score_name=score_name
        ).plot(ax, **plot_params)

    def plot(self, ax=None, *, kind="auto"):
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        kind : {'auto', 'heatmap', 'lines'}, default='auto'
            'auto' is a heat map of two parameters, a line of one.

        Returns
        -------
        self
        """
        if kind not in ("auto", "heatmap", "lines"):
            raise ValueError(
                f"kind={kind!r} is unknown: use 'auto', 'heatmap' or 'lines'."
            )
        if kind == "heatmap" and self.y_name is None:
            raise ValueError("kind='heatmap' needs two parameters: use 'lines'.")
        if kind == "lines" or self.y_name is None:
            ax = single_axes(ax, "SweepResultsDisplay.plot", width=4.8, height=3.4)
            self._plot_lines(ax)
        else:
            n_y, n_x = self.mean.shape
            ax = single_axes(
                ax,
                "SweepResultsDisplay.plot",
                width=np.clip(0.7 * n_x + 2.2, 4, 10),
                height=np.clip(0.5 * n_y + 1.2, 2.6, 8),
            )
            self._plot_heatmap(ax)
        ax.set_xlabel(_bare(self.x_name))
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self

    def _plot_lines(self, ax):
        numeric = all(map(_is_number, self.x_values))
        x = np.array(self.x_values) if numeric else np.arange(len(self.x_values))
        n_lines = len(self.mean)
        colors = SERIES if n_lines <= len(SERIES) else shades(n_lines)
        if self.y_name is None:
            labels = [None]
        else:
            labels = [*map(_text, self.y_values)]
        for color, label, mean, std in zip(
            colors, labels, self.mean, self.std, strict=False
        ):
            ax.plot(x, mean, "o-", markersize=4, color=color, label=label)
            ax.fill_between(
                x, mean - std, mean + std, color=color, alpha=0.15, linewidth=0
            )
        if not numeric:
            ax.set_xticks(x, map(_text, self.x_values))
        elif x.min() > 0 and x.max() / x.min() >= 20:
            ax.set_xscale("log")
        if self.y_name is not None:
            ax.legend(title=_bare(self.y_name), frameon=False)
        ax.set_ylabel(self.score_name)
        tidy(ax)

    def _plot_heatmap(self, ax):
        from matplotlib.patches import Rectangle

        drawn = ax.imshow(self.mean, aspect="auto", cmap="viridis")
        ax.set_xticks(range(len(self.x_values)), map(_text, self.x_values))
        ax.set_yticks(range(len(self.y_values)), map(_text, self.y_values))
        if max(len(_text(value)) for value in self.x_values) > 8:
            ax.tick_params(axis="x", rotation=40)
        ax.set_ylabel(_bare(self.y_name))
        if self.mean.size <= 120:
            middle = (np.nanmin(self.mean) + np.nanmax(self.mean)) / 2
            for (row, column), value in np.ndenumerate(self.mean):
                if np.isfinite(value):
                    ax.text(
                        column,
                        row,
                        f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}",
                        ha="center",
                        va="center",
                        fontsize=9,
                        color="black" if value > middle else "white",
                    )
        ax.figure.colorbar(drawn, ax=ax, label=self.score_name)
        row, column = np.unravel_index(np.nanargmax(self.mean), self.mean.shape)
        corner = (column - 0.5, row - 0.5)
        ax.add_patch(Rectangle(corner, 1, 1, fill=False, linewidth=2.5, clip_on=False))


def _table(cv_results, tried, names, score):
    """Scores by the values of two parameters, the best of what else varied."""
    mean = np.asarray(cv_results[f"mean_{score}"], dtype=float)
    std = np.asarray(cv_results.get(f"std_{score}", np.zeros(len(mean))), dtype=float)
    x_values = _distinct(tried[names[0]])
    y_values = [None] if names[1] is None else _distinct(tried[names[1]])
    shape = (len(y_values), len(x_values))
    best, spread = np.full(shape, np.nan), np.full(shape, np.nan)
    for index in np.argsort(mean):  # so that the best is written last, NaN first
        place = (
            0 if names[1] is None else _place(y_values, tried[names[1]][index]),
            _place(x_values, tried[names[0]][index]),
        )
        if np.isfinite(mean[index]):
            best[place], spread[place] = mean[index], std[index]
    return {
        "x_name": names[0],
        "x_values": x_values,
        "y_name": names[1],
        "y_values": None if names[1] is None else y_values,
        "mean": best,
        "std": spread,
    }


def _distinct(values):
    """Each value once: numbers by size, others as they come. Masked ones are not."""
    found: list = []
    for value in values:
        if value is not np.ma.masked and not any(_same(value, one) for one in found):
            found.append(value)
    return sorted(found) if all(map(_is_number, found)) else found


def _same(one, other):
    same_kind = isinstance(one, bool) == isinstance(other, bool)  # True == 1
    return same_kind and bool(np.all(one == other))


def _place(values, value):
    return next(index for index, one in enumerate(values) if _same(one, value))


def _is_number(value):
    return isinstance(value, Real) and not isinstance(value, bool)


def _find(name, parameter, tried):
    """The full name of a parameter that may be given without its steps."""
    if name is None or name in tried:
        return name
    found = [one for one in tried if _bare(one) == name]
    if len(found) != 1:
        raise ValueError(
            f"{parameter}={name!r} is none of the parameters tried: {sorted(tried)}."
        )
    return found[0]


def _bare(name):
    return name.rpartition("__")[2]


def _text(value):
    return f"{value:g}" if _is_number(value) else str(value)
