"""A table as rows of numbers that a network learns from well."""

from numbers import Integral
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    OneHotEncoder,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.utils import Tags
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

from .._choices import Choices
from .._compat import Interval
from .columns import Array, categories, dates, kind_of, numbers, table_columns
from .piecewise_linear import PiecewiseLinearEncoder
from .scaling import SmoothRobustScaler

DATE_PARTS = ("day", "month", "day_of_month", "day_of_week", "hour")
MOST_QUANTILES = 1000
TargetType = Literal["auto", "continuous", "binary", "multiclass"]


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode a table with columns of all kinds for a network.

    Numbers are scaled; missing ones are the median, with a column that says so.
    Categories (text, pandas' and polars' categories) become one column for each of
    their most frequent levels, a missing one being a level too; columns of more levels
    also become the mean target of their level. Dates become numbers: days since 1970,
    month, day of month, day of week, hour. Constant columns take no part.

    Parameters
    ----------
    scaling : {'robust', 'standard', 'quantile'}, default='robust'
        By quartiles, with outliers bent to within (-3, 3); by mean and standard
        deviation; or to a normal distribution.

    n_bins : int, default=0
        Pieces of the `PiecewiseLinearEncoder` that stands beside the scaled numbers;
        0 is none.

    max_levels : int, default=30
        Largest number of columns of a category; levels that are less frequent share
        the last, also with those that are first seen in `transform`.

    target_type : {'auto', 'continuous', 'binary', 'multiclass'}, default='auto'
        Of y, for the mean targets of categories: as of scikit-learn's
        `TargetEncoder`.

    Attributes
    ----------
    kinds_ : dict of column to {'number', 'category', 'date'}

    n_numbers_ : int
        How many of the first encoded columns are scaled numbers.

    n_features_in_ : int

    feature_names_in_ : ndarray of str
        Where all columns have names that are strings.

    Examples
    --------
    >>> from sknn_course.tabular import TableEncoder
    >>> X = [[1.0, "red"], [None, "blue"], [3.0, "red"]]
    >>> TableEncoder("standard").fit_transform(X).round(2)
    array([[-1.22,  0.  ,  0.  ,  1.  ],
           [ 0.  ,  1.  ,  1.  ,  0.  ],
           [ 1.22,  0.  ,  0.  ,  1.  ]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "scaling": [Choices({"robust", "standard", "quantile"})],
        "n_bins": [Interval(Integral, 0, None, closed="left")],
        "max_levels": [Interval(Integral, 2, None, closed="left")],
        "target_type": [Choices(set(get_args(TargetType)))],
    }

    def __init__(
        self,
        scaling: Literal["robust", "standard", "quantile"] = "robust",
        *,
        n_bins: int = 0,
        max_levels: int = 30,
        target_type: TargetType = "auto",
    ) -> None:
        self.scaling = scaling
        self.n_bins = n_bins
        self.max_levels = max_levels
        self.target_type = target_type

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # float32, whatever comes
        tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Learn the columns.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            For categories of many levels.

        Returns
        -------
        self : object
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: ArrayLike | None = None) -> Any:
        """Learn the columns and encode them.

        The mean targets of a row's level are those of other rows.

        Parameters
        ----------
        X, y : as of `fit`

        Returns
        -------
        ndarray or csr_array of float32, shape (n_samples, n_columns)
        """
        self._validate_params()
        self._parts: list[tuple[Any, Any]]
        if sparse.issparse(X):
            X = self._sparse_rows(X, reset=True)
            self.kinds_, self._parts = {}, [(slice(None), MaxAbsScaler().fit(X))]
            self.n_numbers_ = X.shape[1]
            return self._parts[0][1].transform(X)
        columns = self._columns(X, reset=True)
        self._parts = []  # which columns vary, and their encoder
        self.kinds_ = {name: kind_of(column) for name, column in columns.items()}
        blocks = []
        for table, encoder in (
            (self._numbers(columns), self._number_encoder),
            (self._categories(columns), self._category_encoder),
        ):
            varies = np.array([_varies(column) for column in table.T], dtype=bool)
            part = encoder(table[:, varies], y) if varies.any() else None
            self._parts.append((varies, part))
            if part is not None:
                blocks.append(part.fit_transform(table[:, varies], y))
        if not blocks:
            raise ValueError(
                f"X has no column that varies (n_samples={_n_rows(columns)}): there "
                "is nothing to learn from."
            )
        self.n_numbers_ = int(self._parts[0][0].sum())
        return np.hstack(blocks).astype(np.float32)

    def transform(self, X: Any) -> Any:
        """Encode a table.

        Parameters
        ----------
        X : DataFrame, array-like or sparse matrix of shape (n_samples, n_features)
            With the columns of the fit, in their order.

        Returns
        -------
        ndarray or csr_array of float32, shape (n_samples, n_columns)

        Raises
        ------
        ValueError
            If columns are missing, or hold what is of another kind.
        """
        check_is_fitted(self)
        if not self.kinds_:
            return self._parts[0][1].transform(self._sparse_rows(X, reset=False))
        columns = self._columns(X, reset=False)
        tables = self._numbers(columns), self._categories(columns)
        return np.hstack(
            [
                part.transform(table[:, varies])
                for table, (varies, part) in zip(tables, self._parts, strict=True)
                if part is not None
            ]
        ).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the encoded columns, those of the table in them.

        Parameters
        ----------
        input_features : array-like of str, default=None

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        if not self.kinds_:
            return self._parts[0][1].get_feature_names_out(names)
        of_kind: dict[bool, list[str]] = {True: [], False: []}
        for name, kind in zip(names, self.kinds_.values(), strict=True):
            parts = [f"{name}_{part}" for part in DATE_PARTS]
            of_kind[kind != "category"] += parts if kind == "date" else [name]
        tables = [np.array(of_kind[key], dtype=object) for key in (True, False)]
        return np.concatenate(
            [
                part.get_feature_names_out(table[varies])
                for table, (varies, part) in zip(tables, self._parts, strict=True)
                if part is not None
            ]
        )

    def _columns(self, X: Any, reset: bool) -> dict[Any, Any]:
        if sparse.issparse(X):
            raise TypeError("X is sparse, but it was not in fit: give X.toarray().")
        columns = table_columns(X)
        validate_data(self, X, reset=reset, skip_check_array=True)  # number and names
        if not _n_rows(columns):
            raise ValueError(
                f"X has 0 sample(s) or 0 feature(s) (shape={np.shape(X)}) while a "
                "minimum of 1 is required by TableEncoder."
            )
        if not reset:  # an array was fitted, and now a frame is given, or vice versa
            columns = dict(zip(self.kinds_, columns.values(), strict=True))
        return columns

    def _sparse_rows(self, X: Any, reset: bool) -> Any:
        return validate_data(
            self, X, accept_sparse="csr", dtype=np.float32, reset=reset
        )

    def _numbers(self, columns: dict[Any, Any]) -> Array:
        """Numbers and parts of dates, shape (n_samples, n_numbers)."""
        found = []
        for name, kind in self.kinds_.items():
            if kind == "number":
                found.append(numbers(name, columns[name]))
            elif kind == "date":
                found += date_parts(dates(name, columns[name]))
        return _table(found, columns)

    def _categories(self, columns: dict[Any, Any]) -> Array:
        """Text of the categories, shape (n_samples, n_categories)."""
        kinds = self.kinds_.items()
        found = [
            categories(columns[name]) for name, kind in kinds if kind == "category"
        ]
        return _table(found, columns)

    def _number_encoder(self, Z: Array, y: Any) -> FeatureUnion:
        quantiles = min(MOST_QUANTILES, len(Z))
        scaler = {
            "robust": SmoothRobustScaler(),
            "standard": StandardScaler(),
            "quantile": QuantileTransformer(
                n_quantiles=quantiles, output_distribution="normal", random_state=0
            ),
        }[self.scaling]
        parts = [
            ("scaled", make_pipeline(SimpleImputer(strategy="median"), scaler)),
            ("missing", MissingIndicator(error_on_new=False)),
        ]
        if self.n_bins:
            pieces = PiecewiseLinearEncoder(self.n_bins)
            filled = make_pipeline(SimpleImputer(strategy="median"), pieces)
            parts.append(("pieces", filled))
        return FeatureUnion(parts)

    def _category_encoder(self, T: Array, y: Any) -> ColumnTransformer:
        levels = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=self.max_levels,
            sparse_output=False,
        )
        n_levels = [len(np.unique(column)) for column in T.T]
        parts = [("levels", levels, list(range(len(n_levels))))]
        many = [place for place, n in enumerate(n_levels) if n > self.max_levels]
        if many and y is not None:
            # by other rows' targets; of a fixed seed: the data alone decide
            others = KFold(5, shuffle=True, random_state=0)
            means = TargetEncoder(target_type=self.target_type, cv=others)
            parts.append(("means", make_pipeline(means, StandardScaler()), many))
        return ColumnTransformer(parts)


def date_parts(moments: Array) -> list[Array]:
    """Numbers of dates: days since 1970, month, day of month, day of week, hour.

    Parameters
    ----------
    moments : ndarray of datetime64 of shape (n_samples,)

    Returns
    -------
    list of ndarray of shape (n_samples,)
        NaN where the date is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_course._tabular.encoder import date_parts
    >>> moment = np.array(["2026-11-28T18:00"], dtype="datetime64[s]")
    >>> [float(part[0]) for part in date_parts(moment)]
    [20785.75, 10.0, 27.0, 5.0, 18.0]
    """
    missing = np.isnat(moments)
    moments = np.where(missing, np.datetime64(0, "s"), moments)
    days = moments.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    parts = (
        moments.astype(np.float64) / 86400,
        months.astype(int) % 12,
        (days - months).astype(int),
        (days.astype(int) + 3) % 7,  # Monday is 0
        (moments - days).astype(int) / 3600,
    )
    return [np.where(missing, np.nan, part) for part in parts]


def _varies(column: Array) -> bool:
    """Whether known values differ, or some are known and others not."""
    return len(np.unique(column)) > 1


def _table(found: list[Array], columns: dict[Any, Any]) -> Array:
    if found:
        return np.column_stack(found)
    return np.empty((_n_rows(columns), 0))


def _n_rows(columns: dict[Any, Any]) -> int:
    return len(next(iter(columns.values()), ()))
