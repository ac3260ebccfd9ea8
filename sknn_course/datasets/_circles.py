"""Two noisy circles, one in the other, split into training and test set."""

from numbers import Integral, Real

from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sknn_course._compat import Interval, validate_params


@validate_params(
    {
        "n_train": [Interval(Integral, 2, None, closed="left")],
        "n_test": [Interval(Integral, 2, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "factor": [Interval(Real, 0, 1, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_circles_split(
    n_train=200, n_test=200, *, noise=0.14, factor=0.5, random_state=None
):
    """Make a training and a test set of two noisy concentric circles.

    The classes are equally frequent in both sets. With the default noise and factor
    no linear model does better than guessing, while an SVC with RBF kernel is right
    on 95.6 % of the test set (mean of 200 seeds, lowest 91.5 %).

    Parameters
    ----------
    n_train, n_test : int, default=200
        Number of rows of the two sets, at least 2 each.
    noise : float, default=0.14
        Standard deviation of the Gaussian noise added to both coordinates; the
        outer circle has radius 1.
    factor : float, default=0.5
        Radius of the inner circle (class 1), in [0, 1).
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same points in each call.

    Returns
    -------
    X_train : ndarray of shape (n_train, 2)
    X_test : ndarray of shape (n_test, 2)
    y_train : ndarray of shape (n_train,)
        0 on the outer circle, 1 on the inner.
    y_test : ndarray of shape (n_test,)

    See Also
    --------
    sklearn.datasets.make_circles : Draws the points.
    sklearn.model_selection.train_test_split : Splits them, stratified by class.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.svm import SVC
    >>> from sknn_course.datasets import make_circles_split
    >>> X_train, X_test, y_train, y_test = make_circles_split(random_state=0)
    >>> X_train.shape, X_test.shape
    ((200, 2), (200, 2))
    >>> 0.4 < LogisticRegression().fit(X_train, y_train).score(X_test, y_test) < 0.6
    True
    >>> SVC().fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    """
    random_state = check_random_state(random_state)
    X, y = make_circles(
        n_train + n_test, noise=noise, factor=factor, random_state=random_state
    )
    return tuple(
        train_test_split(
            X,
            y,
            train_size=n_train,
            test_size=n_test,
            stratify=y,
            random_state=random_state,
        )
    )
