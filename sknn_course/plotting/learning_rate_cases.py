"""Learning rates that are too low, good and too high."""

import warnings

import numpy as np
from sklearn.base import clone

from .._engine import DivergedError
from .canvas import BLUE, GREY, ORANGE, log_scale_pays, root_figure, single_axes, tidy

GOOD = 0.05  # of the way from the first loss to the lowest final one may be missing


class LearningRateCasesDisplay:
    """Loss curves of one network with several learning rates.

    A rate is called 'good' where its final loss has made at least 95 % of the way
    from the first loss of the lowest rate to the lowest final loss of all; else 'too
    low' or 'too high', by whether it is smaller or larger than the best. Make it
    with `from_estimator` or `from_curves`; parameters are attributes.

    Parameters
    ----------
    curves : dict of float to array-like of shape (n_epochs,)
        Loss of each epoch, by learning rate.

    Attributes
    ----------
    cases_ : dict of float to {'too low', 'good', 'too high'}
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    References
    ----------
    Lund FMAN45 assignment 3, 2019.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sknn_course.plotting import LearningRateCasesDisplay
    >>> display = LearningRateCasesDisplay.from_curves(
    ...     {0.001: [2.3, 2.2, 2.1], 0.1: [1.9, 0.9, 0.4], 10: [2.5, 7.0, 90.0]}
    ... )
    >>> display.cases_
    {0.001: 'too low', 0.1: 'good', 10: 'too high'}
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, curves):
        self.curves = curves

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, learning_rates, ax=None, fit_params=None, **params
    ):
        """Fit a network with each learning rate and draw the loss curves.

        Parameters
        ----------
        estimator : estimator
            With a parameter ``learning_rate_init``; it is cloned. Set ``tol=0`` and
            ``n_iter_no_change=numpy.inf`` to see all epochs.
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
        learning_rates : list of float
        ax : matplotlib Axes, default=None
            See `plot`.
        fit_params : dict, default=None
            Of ``fit``.
        **params : dict
            Of `plot`.

        Returns
        -------
        LearningRateCasesDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator has no such parameter.
        """
        if "learning_rate_init" not in estimator.get_params():
            raise TypeError(
                f"estimator={estimator!r} has no parameter learning_rate_init."
            )
        curves = {}
        for rate in learning_rates:
            network = clone(estimator).set_params(learning_rate_init=rate)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it shows whether it has converged
                try:
                    curve = network.fit(X, y, **(fit_params or {})).loss_curve_
                except DivergedError as error:
                    curve = error.loss_curve
            curves[rate] = np.asarray(curve, dtype=float)
        return cls(curves=curves).plot(ax, **params)

    @classmethod
    def from_curves(cls, curves, *, ax=None, **params):
        """Draw recorded loss curves.

        Parameters
        ----------
        curves : dict of float to array-like of shape (n_epochs,)
            By learning rate.
        ax : matplotlib Axes, default=None
            See `plot`.
        **params : dict
            Of `plot`.

        Returns
        -------
        LearningRateCasesDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no curve, or a curve is no sequence of numbers.
        """
        curves = {rate: np.asarray(c, dtype=float) for rate, c in dict(curves).items()}
        if not curves or any(c.ndim != 1 or len(c) == 0 for c in curves.values()):
            raise ValueError(
                f"curves={curves!r} has to hold a sequence of losses for each rate."
            )
        return cls(curves=curves).plot(ax, **params)

    def plot(self, ax=None, *, loss_scale="auto"):
        """Draw the loss curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        loss_scale : {'auto', 'linear', 'log'}, default='auto'
            'auto' takes the logarithm where losses span more than a factor of 30.

        Returns
        -------
        self
        """
        if loss_scale not in ("auto", "linear", "log"):
            raise ValueError(
                f"loss_scale={loss_scale!r} is unknown: use 'auto', 'linear' or 'log'."
            )
        self.cases_ = _cases(self.curves)
        ax = single_axes(ax, "LearningRateCasesDisplay.plot", width=5.6, height=3.4)
        styles = {
            case: iter(("-", "--", ":", "-."))
            for case in ("too low", "good", "too high")
        }
        for rate in sorted(self.curves):
            case, losses = self.cases_[rate], self.curves[rate]
            ax.plot(
                np.arange(1, len(losses) + 1),
                np.where(np.isfinite(losses), losses, np.nan),
                color={"too low": GREY, "good": BLUE, "too high": ORANGE}[case],
                linestyle=next(styles[case], "-"),
                linewidth=1.8,
                label=f"{rate:g}, {case}",
            )
        if loss_scale == "log" or (
            loss_scale == "auto"
            and log_scale_pays(np.concatenate([*self.curves.values()]))
        ):
            ax.set_yscale("log")
        ax.set(xlabel="epoch", ylabel="loss")
        ax.legend(
            title="learning rate",
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(1, 1),
        )
        tidy(ax, integer_x=True)
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self


def _cases(curves):
    final = {rate: losses[-1] for rate, losses in curves.items()}
    final = {rate: one if np.isfinite(one) else np.inf for rate, one in final.items()}
    best = min(final, key=final.__getitem__)
    start = curves[min(curves)][0]  # nearest to that of the untrained network
    enough = final[best] + GOOD * max(start - final[best], 0)
    return {
        rate: "good"
        if final[rate] <= enough
        else ("too low" if rate < best else "too high")
        for rate in curves
    }
