"""Eckerle4: 35 observations for nonlinear regression, shipped with the package."""

from importlib.resources import as_file, files

import numpy as np

from sknn_course._compat import validate_params
from sknn_course.datasets._bunch import to_bunch

DESCRIPTION = """\
Eckerle4 data set
-----------------

Number of observations: 35
Feature: wavelength in nm, 400 to 500
Target: transmittance, no unit

Reference data set for nonlinear least squares, of higher difficulty, from a NIST
study of circular interference transmittance. Certified fit of

    y = b1 / b2 * exp(-((x - b3) / b2)**2 / 2)

    b1 = 1.5543827178, b2 = 4.0888321754, b3 = 451.54121844
    residual sum of squares = 1.4635887487E-03

Source: NIST Statistical Reference Datasets, Eckerle4 (public domain);
Eckerle, K., NIST (197?), Circular Interference Transmittance Study.
https://www.itl.nist.gov/div898/strd/nls/data/eckerle4.shtml
"""


@validate_params(
    {"return_X_y": ["boolean"], "as_frame": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_eckerle4(*, return_X_y=False, as_frame=False):
    """Load NIST's Eckerle4 data set (regression, 35 rows, one feature).

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return data and target as pandas DataFrame and Series.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the entries

        data : {ndarray, DataFrame} of shape (35, 1)
            Wavelength in nm, in ascending order.
        target : {ndarray, Series} of shape (35,)
            Transmittance.
        feature_names : list of str
            'wavelength'.
        target_names : list of str
            'transmittance'.
        frame : DataFrame of shape (35, 2)
            Only if ``as_frame=True``, else None.
        DESCR : str
            Description with NIST's certified fit.

    (data, target) : tuple if ``return_X_y=True``

    References
    ----------
    NIST Statistical Reference Datasets, `Eckerle4
    <https://www.itl.nist.gov/div898/strd/nls/data/eckerle4.shtml>`_.

    Examples
    --------
    The rows are ordered, so split them at random (60/40: 21 and 14 rows), and scale
    on the training rows alone:

    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from sknn_course.datasets import load_eckerle4
    >>> X, y = load_eckerle4(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X, y, test_size=0.4, random_state=0
    ... )
    >>> scaler = MinMaxScaler().fit(X_train)
    >>> scaler.transform(X_train).shape, scaler.transform(X_test).shape
    ((21, 1), (14, 1))
    """
    resource = files("sknn_course.datasets") / "data" / "eckerle4.csv"
    with as_file(resource) as path:
        table = np.loadtxt(path, delimiter=",", skiprows=1)  # (35, 2)
    return to_bunch(
        table[:, :1].copy(),
        table[:, 1].copy(),
        feature_names=["wavelength"],
        target_names=["transmittance"],
        target_column="transmittance",
        as_frame=as_frame,
        return_X_y=return_X_y,
        DESCR=DESCRIPTION,
    )
