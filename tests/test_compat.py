"""Private names of other packages: all in one module, and those that may go can go."""

import ast
import gc
import importlib.util
import re
import sys
import warnings

import joblib.parallel
import numpy as np
import pytest
import sklearn
import sklearn.base
import sklearn.model_selection._search
import sklearn.utils._param_validation
import sklearn.utils.multiclass
import sklearn.utils.optimize
import sklearn.utils.validation
from parallel_iris import X, largest_stack, mlp, no_hang, y  # noqa: F401
from sklearn.model_selection import GridSearchCV
from test_import_layers import SOURCES

from sknn_course import _compat
from sknn_course._engine.cost_model import CostModel
from sknn_course.parallel import last_report, workers
from sknn_course.parallel.gc_freeze import INTERPRETERS_OWN
from sknn_course.parallel.runners import load_greenlet

OTHERS = {"gc", "greenlet", "joblib", "sklearn", "skorch", "threading", "warnings"}

REQUIRED = [
    (sklearn.base, "_fit_context"),
    (sklearn.model_selection._search, "BaseSearchCV"),
    *((sklearn.utils._param_validation, name) for name in (
        "HasMethods", "Interval", "InvalidParameterError", "Options", "StrOptions",
        "validate_params",
    )),
    (sklearn.utils, "_safe_indexing"),
    (sklearn.utils.multiclass, "_check_partial_fit_first_call"),
    (sklearn.utils.optimize, "_check_optimize_result"),
    (sklearn.utils.validation, "_check_sample_weight"),
]  # fmt: skip
OPTIONAL = [
    (gc, "freeze"),
    (joblib.parallel, "_backend"),
    (joblib.Parallel, "_raise_error_fast"),
    (joblib._memmapping_reducer, "get_memmapping_reducers"),
    (sys.modules, "joblib.externals.loky"),
    (sys.modules, "sklearn.callback"),
    (warnings, "_showwarnmsg_impl"),
]


def compat_without(owner, name):
    """The module `_compat`, read anew while something does not have a name."""
    spec = importlib.util.spec_from_file_location("compat", _compat.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        if owner is sys.modules:
            patch.setitem(sys.modules, name, None)  # imports of it fail
        else:
            patch.delattr(owner, name)
        spec.loader.exec_module(module)
    return module


def names_used(tree):
    """Dotted names that a module imports or reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def is_private(name):
    """Whether a name of one of OTHERS has a part with one underscore before it."""
    package, *parts = name.split(".")
    return package in OTHERS and any(re.match("_(?!_)", part) for part in parts)


def test_only_one_module_knows_private_names():
    found = {
        module: sorted(set(filter(is_private, names_used(ast.parse(path.read_text())))))
        for module, path in SOURCES.items()
        if module != _compat.__name__
    }
    assert not {module: names for module, names in found.items() if names}


@pytest.mark.parametrize("owner, name", REQUIRED)
def test_a_required_name_is_missed_at_import(owner, name):
    with pytest.raises(ImportError, match=rf"scikit-learn .*{name}.*: install"):
        compat_without(owner, name)


@pytest.fixture(scope="module")
def plain_scores():
    return search().cv_results_["mean_test_score"]


def search():
    return GridSearchCV(mlp, {"learning_rate_init": [0.001, 0.02]}, cv=3).fit(X, y)


@pytest.mark.parametrize("owner, name", OPTIONAL)
def test_an_optional_name_may_go(owner, name, plain_scores, monkeypatch):
    without = compat_without(owner, name)
    for own, value in vars(without).items():
        if not own.startswith("__"):
            monkeypatch.setattr(_compat, own, value)
    start = 0.0 if name.endswith("loky") else 9e9
    monkeypatch.setattr(workers, "COSTS", CostModel(process_start_seconds=start))
    load_greenlet.cache_clear()
    try:
        with joblib.parallel_config("stacked"):
            scores = search().cv_results_["mean_test_score"]
            with pytest.raises(ValueError, match="'x'"):
                joblib.Parallel()(joblib.delayed(int)(text) for text in "1x")
        if name == "_backend":
            assert last_report().turns == "threads"
    finally:
        load_greenlet.cache_clear()
    np.testing.assert_array_equal(scores, plain_scores)
    assert largest_stack() == 6
    assert not any(stack.in_worker for stack in last_report().stacks)
    assert gc.get_freeze_count() < INTERPRETERS_OWN
