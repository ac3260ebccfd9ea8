"""Loss and score, epoch by epoch."""

from collections.abc import Mapping

import numpy as np
from sklearn.base import is_regressor

from .canvas import (
    BLUE,
    ORANGE,
    legend_above,
    log_scale_pays,
    panel_axes,
    root_figure,
    tidy,
)
from .fitted_network import last_step

# What each curve is called: here, in skorch's history, in Keras's, by its author.
_NAMES = {
    "train_loss": ("train_loss", "loss"),
    "validation_loss": ("validation_loss", "valid_loss", "val_loss"),
    "train_score": (
        "train_accuracy",
        "train_acc",
        "train_r2",
        "accuracy",
        "acc",
        "r2",
    ),
    "validation_score": (
        "validation_accuracy",
        "valid_acc",
        "valid_r2",
        "val_accuracy",
        "val_acc",
        "validation_r2",
        "val_r2",
    ),
}
_ATTRIBUTES = {
    "train_loss": "loss_curve_",
    "validation_loss": "validation_loss_curve_",
    "train_score": "training_score_curve_",
    "validation_score": "validation_scores_",
}


class LossCurveDisplay:
    """Loss and score of training, epoch by epoch.

    Several runs are thin lines, their mean a thick one, as far as all of them went.
    Make it with `from_estimator` or `from_history`; parameters are attributes.

    Parameters
    ----------
    train_loss, validation_loss, train_score, validation_score : array-like of float \
or list of array-like, default=None
        One curve, or one for each run, with a value per epoch.
    score_name : str, default='accuracy'
        Label of the score's axis.
    penalized : bool, default=False
        Whether the training loss holds an L1 or L2 penalty, which the validation
        loss never does; the loss's axis then says so.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Of the loss and, where scores are known, of the score.
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Score by number of training rows.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course import MLPClassifier
    >>> from sknn_course.plotting import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = MLPClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(mlp)
    >>> len(display.train_loss[0]) == mlp.n_iter_
    True
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        train_loss=None,
        validation_loss=None,
        train_score=None,
        validation_score=None,
        score_name="accuracy",
        penalized=False,
    ):
        self.train_loss = _runs(train_loss, "train_loss")
        self.validation_loss = _runs(validation_loss, "validation_loss")
        self.train_score = _runs(train_score, "train_score")
        self.validation_score = _runs(validation_score, "validation_score")
        self.score_name = score_name
        self.penalized = penalized

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **plot_params):
        """Draw the curves that fitted networks recorded.

        Parameters
        ----------
        estimator : estimator or list of estimators
            Fitted, with ``loss_curve_``; pipelines and searches are looked into.
            Validation curves need early stopping or validation rows in ``fit``.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **plot_params : dict
            Of `plot`.

        Returns
        -------
        LossCurveDisplay
            Drawn.

        Raises
        ------
        TypeError
            If an estimator has no loss curve.
        """
        several = isinstance(estimator, list | tuple)
        networks = [
            last_step(one)[0] for one in (estimator if several else [estimator])
        ]
        for network in networks:
            if not hasattr(network, "loss_curve_"):
                raise TypeError(
                    f"estimator={network!r} has no attribute loss_curve_: pass a "
                    "network fitted by epochs (solver='lbfgs' records none)."
                )
        curves = {
            name: [
                curve
                for network in networks
                if (curve := getattr(network, attribute, None)) is not None
            ]
            for name, attribute in _ATTRIBUTES.items()
        }
        score_name = "$R^2$" if is_regressor(networks[0]) else "accuracy"
        penalized = any(
            getattr(network, name, 0) for network in networks for name in ("l1", "l2")
        )
        display = cls(**curves, score_name=score_name, penalized=penalized)
        return display.plot(ax, **plot_params)

    @classmethod
    def from_history(cls, history, *, penalized=False, ax=None, **plot_params):
        """Draw recorded curves.

        Parameters
        ----------
        history : dict, list of dict or skorch.history.History
            A dict of curves by name, each with a value per epoch or a list of such
            curves; a list of such dicts, one for each run; or a list with a dict of
            numbers for each epoch, as skorch writes it. Names are 'train_loss',
            'validation_loss', 'train_accuracy', 'validation_accuracy', or those of
            skorch and Keras; other entries are left out.
        penalized : bool, default=False
            Whether the training loss holds an L1 or L2 penalty.
        ax : matplotlib Axes or array-like of Axes, default=None
            See `plot`.
        **plot_params : dict
            Of `plot`.

        Returns
        -------
        LossCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no curve is found.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from sknn_course.plotting import LossCurveDisplay
        >>> display = LossCurveDisplay.from_history(
        ...     {"loss": [2.3, 1.1, 0.7], "val_loss": [2.2, 1.2, 0.9]}
        ... )
        >>> display.validation_loss
        [array([2.2, 1.2, 0.9])]
        >>> plt.close(display.figure_)
        """
        runs = _as_dicts(history)
        curves: dict[str, list] = {}
        score_name = "accuracy"
        for name, known in _NAMES.items():
            curves[name] = []
            for run in runs:
                key = next((key for key in known if key in run), None)
                if key is not None:
                    curves[name] += _runs(run[key], key)
                    score_name = "$R^2$" if key.endswith("r2") else score_name
        if not any(curves.values()):
            found = sorted({key for run in runs for key in run})
            raise ValueError(
                f"history={found} holds no curve: name them "
                "'train_loss', 'validation_loss', 'train_accuracy' or "
                "'validation_accuracy'."
            )
        display = cls(**curves, score_name=score_name, penalized=penalized)
        return display.plot(ax, **plot_params)

    def plot(self, ax=None, *, loss_scale="auto", title=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One is divided where there are scores; two are those of loss and score.
        loss_scale : {'auto', 'linear', 'log'}, default='auto'
            Axis of the loss; 'auto' takes the logarithm where losses span more
            than a factor of 30.
        title : str, default=None
            Above the loss.

        Returns
        -------
        self
        """
        if loss_scale not in ("auto", "linear", "log"):
            raise ValueError(
                f"loss_scale={loss_scale!r} is unknown: use 'auto', 'linear' or 'log'."
            )
        losses = [*self.train_loss, *self.validation_loss]
        scores = [*self.train_score, *self.validation_score]
        loss_name = "loss (training: with penalty)" if self.penalized else "loss"
        panels = [
            (label, train, validation)
            for label, train, validation in (
                (loss_name, self.train_loss, self.validation_loss),
                (self.score_name, self.train_score, self.validation_score),
            )
            if train or validation
        ]
        if not panels:
            raise ValueError("There is no curve to draw: all of them are None.")
        self.axes_ = panel_axes(
            ax,
            "LossCurveDisplay.plot",
            len(panels),
            n_columns=2,
            width=3.6 if len(panels) > 1 else 4.8,
            height=3.2,
        )
        self.figure_ = root_figure(self.axes_[0])
        for one, (label, train, validation) in zip(self.axes_, panels, strict=True):
            _draw(one, train, BLUE, "training")
            _draw(one, validation, ORANGE, "validation")
            one.set(xlabel="epoch", ylabel=label)
            tidy(one, integer_x=True)
        if losses:
            finite = np.concatenate(losses)
            if loss_scale == "log" or (loss_scale == "auto" and log_scale_pays(finite)):
                self.axes_[0].set_yscale("log")
        if any(map(len, (self.validation_loss, self.validation_score))) or len(
            [*losses, *scores]
        ) > len(panels):
            legend_above(self.axes_, alone=len(panels) > 1 and not np.ndim(ax))
        if title is not None:
            self.axes_[0].set_title(title)
        return self


def _draw(ax, runs, color, label):
    if not runs:
        return
    for run in runs:
        epochs = np.arange(1, len(run) + 1)
        alone = len(runs) == 1
        ax.plot(
            epochs,
            run,
            color=color,
            linewidth=1.6 if alone else 0.8,
            alpha=1 if alone else 0.4,
            label=label if alone else None,
            marker="o" if len(run) == 1 else None,
        )
    if len(runs) > 1:
        shortest = min(map(len, runs))
        mean = np.mean([run[:shortest] for run in runs], axis=0)
        ax.plot(
            np.arange(1, shortest + 1),
            mean,
            color=color,
            linewidth=2.2,
            label=f"{label}, mean of {len(runs)}",
        )


def _runs(curves, name):
    """A list of curves from one curve, several or None."""
    if curves is None or len(curves) == 0:
        return []
    listed = [curves] if np.ndim(curves[0]) == 0 else list(curves)
    listed = [np.asarray(curve, dtype=float) for curve in listed]
    for curve in listed:
        if curve.ndim != 1 or len(curve) == 0:
            raise ValueError(
                f"{name} holds an array of shape {curve.shape}: a curve is a sequence "
                "of numbers, one per epoch."
            )
    return listed


def _as_dicts(history):
    """A dict of curves for each run."""
    if isinstance(history, Mapping):
        return [history]
    rows = list(history)
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(
            f"history={history!r} is neither a dict of curves nor a list of dicts."
        )
    known = [key for names in _NAMES.values() for key in names]
    if any(np.ndim(row[key]) for row in rows for key in known if key in row):
        return rows
    # a row per epoch; curves that began later are as long as they are
    return [
        {
            key: [row[key] for row in rows if key in row]
            for key in known
            if key in rows[-1]
        }
    ]
