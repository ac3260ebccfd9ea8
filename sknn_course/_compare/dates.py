"""Dates as features: told from text, and taken apart into numbers."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

# Dates that are written in one way throughout a column; of two ways that fit, the
# first: days before months, but with slashes as in America.
FORMATS = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%y",
    "%m/%d/%y",
]
TIMES = ["", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S"]
LONGEST = 40  # characters in a date
NANOSECONDS_PER_DAY = 86_400 * 10**9


def read_dates(column: Any) -> Any:
    """Return a column as dates and times, or None where it holds something else.

    Parameters
    ----------
    column : pandas.Series
        Dates, or text that is dates in one and the same form.

    Returns
    -------
    pandas.Series or None
        Of ``datetime64[ns]`` without time zones, which become UTC.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.dates import read_dates
    >>> read_dates(pd.Series(["31.12.2024", None, "1.1.2025"])).dt.month.tolist()
    [12.0, nan, 1.0]
    >>> read_dates(pd.Series(["31.12.2024", "a"])) is None
    True
    """
    import pandas as pd
    from pandas.api.types import infer_dtype, is_datetime64_any_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(column):
        return _plain(column)
    present = column.dropna()
    if is_numeric_dtype(column) or not len(present):
        return None
    if infer_dtype(present, skipna=True) in ("date", "datetime"):
        return _plain(pd.to_datetime(column, utc=True, errors="coerce"))
    values = present.unique()
    if not all(isinstance(one, str) for one in values[:100]):
        return None
    few = pd.Series(values[:100], dtype=object).str.strip()
    if not few.str.match(r"\d{1,4}[-/.]?\d{1,2}[-/.]?\d{1,4}").all():
        return None
    text = present.astype(str).str.strip()
    if text.str.len().max() > LONGEST:
        return None
    iso = text.str.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-].*)?")
    forms = ["ISO8601"] if iso.all() else [f + time for f in FORMATS for time in TIMES]
    for form in forms:
        if pd.to_datetime(few, format=form, errors="coerce", utc=True).isna().any():
            continue
        read = pd.to_datetime(text, format=form, errors="coerce", utc=True)
        if read.notna().all():
            return _plain(read.reindex(column.index))
    return None


def _plain(column: Any) -> Any:
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.astype("datetime64[ns]")


class DateParts(TransformerMixin, BaseEstimator):
    """Take dates apart into numbers that estimators can learn from.

    Each column becomes its days since 1970 (with fractions), its month, day of the
    month, weekday (0 is Monday) and hour, as far as they differ among the training
    rows. Missing dates become the median.

    Attributes
    ----------
    feature_names_in_ : ndarray of str
    parts_ : list of tuple (str, str, float)
        Column, part and what stands for a missing date, for each feature.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn_course._compare.dates import DateParts
    >>> frame = pd.DataFrame({"day": ["2024-01-01", "2024-01-02"]})
    >>> parts = DateParts().fit(frame)
    >>> parts.get_feature_names_out().tolist(), parts.transform(frame).tolist()
    (['day_days', 'day_day', 'day_weekday'], [[19723.0, 1.0, 0.0], [19724.0, 2.0, 1.0]])
    """

    def fit(self, X: Any, y: Any = None) -> "DateParts":
        """Learn which parts differ.

        Parameters
        ----------
        X : pandas.DataFrame
            Columns of dates, as such or as text.
        y : None

        Returns
        -------
        DateParts
        """
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        self.parts_ = []
        for name in X.columns:
            for part, values in _parts(X[name]).items():
                known = values[np.isfinite(values)]
                if len(known) and (known != known[0]).any():
                    self.parts_.append((name, part, float(np.median(known))))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the parts.

        Parameters
        ----------
        X : pandas.DataFrame
            With the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_parts)
        """
        found = {name: _parts(X[name]) for name in self.feature_names_in_}
        out = np.empty((len(X), len(self.parts_)))
        for column, (name, part, missing) in enumerate(self.parts_):
            values = found[name][part]
            out[:, column] = np.where(np.isfinite(values), values, missing)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the parts.

        Parameters
        ----------
        input_features : None

        Returns
        -------
        ndarray of str
        """
        return np.array([f"{name}_{part}" for name, part, _ in self.parts_], object)


def _parts(column: Any) -> dict[str, np.ndarray]:
    import pandas as pd

    dates = read_dates(column)
    if dates is None:  # rows to predict may have none, or other text
        dates = pd.to_datetime(column, errors="coerce", format="mixed")
    missing = dates.isna().to_numpy()
    nanoseconds = dates.astype("datetime64[ns]").astype(np.int64).to_numpy()
    parts = {
        "days": nanoseconds / NANOSECONDS_PER_DAY,
        "month": dates.dt.month,
        "day": dates.dt.day,
        "weekday": dates.dt.day_of_week,
        "hour": dates.dt.hour,
    }
    return {
        part: np.where(missing, np.nan, np.asarray(values, dtype=float))
        for part, values in parts.items()
    }
