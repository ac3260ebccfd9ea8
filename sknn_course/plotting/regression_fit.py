"""A fitted curve against the data."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from .canvas import BLUE, GREY, ORANGE, root_figure, single_axes, tidy


class RegressionFitDisplay:
    """Curves of regressors with one feature, with the rows of training and test.

    Make it with `from_estimator`; parameters are attributes.

    Parameters
    ----------
    x : ndarray of shape (n_points,)
        Where the curves were computed.
    curves : list of ndarray of shape (n_points,)
        Predictions of each regressor.
    train, test : tuple of (ndarray, ndarray) or None
        Feature and target of the rows.
    feature_name, target_name : str
        Labels of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    See Also
    --------
    sklearn.metrics.PredictionErrorDisplay : For any number of features.

    References
    ----------
    Kiel NNDL 2020 sheet 4, Eckerle4.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.svm import SVR
    >>> from sknn_course.datasets import load_eckerle4
    >>> from sknn_course.plotting import RegressionFitDisplay
    >>> X, y = load_eckerle4(return_X_y=True)
    >>> svr = SVR(gamma=0.01, epsilon=0.01).fit(X, y)
    >>> display = RegressionFitDisplay.from_estimator(svr, X, y)
    >>> display.x.min(), display.x.max()
    (np.float64(400.0), np.float64(500.0))
    >>> plt.close(display.figure_)
    """

    def __init__(
        self, *, x, curves, train, test=None, feature_name="x", target_name="y"
    ):
        self.x = x
        self.curves = curves
        self.train = train
        self.test = test
        self.feature_name = feature_name
        self.target_name = target_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X_train,
        y_train,
        X_test=None,
        y_test=None,
        *,
        n_points=400,
        feature_name=None,
        target_name="y",
        ax=None,
    ):
        """Compute and draw the curves of regressors.

        Parameters
        ----------
        estimator : regressor or list of regressors
            Fitted to one feature. Several, such as repetitions, are thin lines.
        X_train, X_test : array-like of shape (n, 1)
        y_train, y_test : array-like of shape (n,)
        n_points : int, default=400
            Of the curve, between the lowest and highest feature of all rows.
        feature_name : str, default=None
            None takes the column's name, else 'x'.
        target_name : str, default='y'
        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        RegressionFitDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there are several features.
        """
        train = _feature_and_target(X_train, y_train, "X_train")
        test = None
        if X_test is not None:
            test = _feature_and_target(X_test, y_test, "X_test")
        both = np.concatenate([train[0], [] if test is None else test[0]])
        x = np.linspace(both.min(), both.max(), n_points)
        X = x[:, None]  # (n_points, 1)
        if hasattr(X_train, "columns"):
            X = type(X_train)(X, columns=X_train.columns)
            feature_name = X_train.columns[0] if feature_name is None else feature_name
        several = isinstance(estimator, list | tuple)
        curves = [
            np.asarray(one.predict(X)).ravel()
            for one in (estimator if several else [estimator])
        ]
        display = cls(
            x=x,
            curves=curves,
            train=train,
            test=test,
            feature_name="x" if feature_name is None else feature_name,
            target_name=target_name,
        )
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw curves and rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None

        Returns
        -------
        self
        """
        ax = single_axes(ax, "RegressionFitDisplay.plot", width=4.8, height=3.4)
        ax.plot(
            *self.train, "o", color=GREY, markersize=4, zorder=3, label="training rows"
        )
        if self.test is not None:
            ax.plot(
                *self.test,
                "D",
                color=ORANGE,
                markersize=4.5,
                markerfacecolor="none",
                markeredgewidth=1.3,
                zorder=3,
                label="test rows",
            )
        n_curves = len(self.curves)
        for index, curve in enumerate(self.curves):
            ax.plot(
                self.x,
                curve,
                color=BLUE,
                linewidth=1.8 if n_curves == 1 else 0.9,
                alpha=1 if n_curves == 1 else 0.6,
                label=("fit" if n_curves == 1 else f"{n_curves} fits")
                if index == 0
                else None,
            )
        ax.set(xlabel=self.feature_name, ylabel=self.target_name)
        ax.legend(frameon=False)
        tidy(ax)
        self.ax_ = ax
        self.figure_ = root_figure(ax)
        return self


def _feature_and_target(X, y, name):
    check_consistent_length(X, y)
    X, y = np.asarray(X), np.asarray(y).ravel()
    if X.ndim != 2 or X.shape[1] != 1:
        raise ValueError(
            f"{name} is of shape {X.shape}: a curve needs one feature, shape (n, 1)."
        )
    return X[:, 0], y
