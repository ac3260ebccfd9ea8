"""Support vector machines of scikit-learn, ready behind a scaler."""

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC


def linear_svm(**params):
    """Return a linear SVM behind a scaler.

    Parameters
    ----------
    **params
        Parameters of `sklearn.svm.LinearSVC`. Its defaults hold, but for
        ``max_iter=10_000``, since 1000 often stops short of convergence.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps ``scaler`` (`~sklearn.preprocessing.StandardScaler`) and ``svm``;
        the names for a search are ``svm__C`` and so on.

    Raises
    ------
    ValueError
        If LinearSVC has no such parameter.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn_course.svm import linear_svm
    >>> X, y = load_iris(return_X_y=True)
    >>> round(linear_svm(C=10).fit(X, y).score(X, y), 2)
    0.97
    """
    svm = LinearSVC(max_iter=10_000).set_params(**params)
    return Pipeline([("scaler", StandardScaler()), ("svm", svm)])


def rbf_svm(**params):
    """Return an SVM with Gaussian kernel behind a scaler.

    Parameters
    ----------
    **params
        Parameters of `sklearn.svm.SVC` other than ``kernel``. Its defaults
        hold, but for a kernel cache of 500 MB.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps ``scaler`` (`~sklearn.preprocessing.StandardScaler`) and ``svm``;
        the names for a search are ``svm__C``, ``svm__gamma`` and so on.

    Raises
    ------
    ValueError
        If SVC has no such parameter, or if ``kernel`` is not 'rbf'.

    Examples
    --------
    >>> from sklearn.datasets import make_circles
    >>> from sknn_course.svm import rbf_svm
    >>> X, y = make_circles(200, noise=0.1, factor=0.5, random_state=0)
    >>> rbf_svm(C=10).fit(X, y).score(X, y) > 0.95
    True
    """
    svm = SVC(cache_size=500).set_params(**params)
    if svm.kernel != "rbf":
        raise ValueError(
            f"kernel={svm.kernel!r}: rbf_svm has the kernel 'rbf'; for another "
            "build a pipeline with sklearn.svm.SVC, or use linear_svm."
        )
    return Pipeline([("scaler", StandardScaler()), ("svm", svm)])
