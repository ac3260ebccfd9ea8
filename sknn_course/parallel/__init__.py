"""Networks of a search trained together: the joblib backend ``"stacked"``.

Whatever runs its fits through joblib (searches, cross-validation, bagging,
one-vs-rest, ...) trains its networks together inside
``joblib.parallel_config("stacked")``, with the results of an ordinary run.

Examples
--------
>>> import joblib
>>> from sklearn.datasets import load_iris
>>> from sklearn.model_selection import GridSearchCV
>>> from sknn_course.mlp import MLPClassifier
>>> from sknn_course.parallel import last_report
>>> mlp = MLPClassifier((10,), batch_size=50, tol=0.1, n_iter_no_change=5)
>>> search = GridSearchCV(mlp, {"alpha": [0.001, 0.1], "random_state": [0, 1]})
>>> with joblib.parallel_config("stacked"):
...     search = search.fit(*load_iris(return_X_y=True))
>>> last_report().stacks[0].n_models  # 4 candidates, 5 folds
20
"""

from joblib import register_parallel_backend

from .backend import StackedBackend, train_job
from .report import Report, last_report
from .result_cache import memoize
from .task import CallAborted

__all__ = [
    "CallAborted",
    "Report",
    "StackedBackend",
    "last_report",
    "memoize",
    "train_job",
]

register_parallel_backend("stacked", StackedBackend)
