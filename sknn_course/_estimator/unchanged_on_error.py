"""A fit that fails leaves the estimator as it was."""

from contextlib import contextmanager


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator its attributes back if the block ends with an error.

    Whatever the error is, Ctrl-C too: attributes that were set anew are what they
    were, those that were added are gone. What an attribute holds must not be changed
    in place.

    Parameters
    ----------
    estimator : object

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from sknn_course._estimator.unchanged_on_error import unchanged_on_error
    >>> model = SimpleNamespace(coef_=1)
    >>> try:
    ...     with unchanged_on_error(model):
    ...         model.coef_, model.intercept_ = 2, 3
    ...         raise ValueError
    ... except ValueError:
    ...     print(model)
    namespace(coef_=1)
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
