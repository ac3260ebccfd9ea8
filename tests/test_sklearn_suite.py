"""scikit-learn's own tests of its MLP, run on our two classes in place of theirs.

The installed test module is imported once more while `sklearn.neural_network`
offers our classes, and pytest collects its tests from here.
"""

import functools
import importlib
import sys

import pytest
import sklearn.neural_network

from sknn_course import mlp

SUITE = "sklearn.neural_network.tests.test_mlp"
LEFT_OUT = {
    "test_gradient": "calls the private method _loss_grad_lbfgs",
    "test_fit": "sets weights and private attributes of an estimator never fitted",
}

# As in scikit-learn's own run, a fit that ends early is no failure.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class MLPClassifier(mlp.MLPClassifier):
    """Follows the dtype of X, as scikit-learn's does."""

    __init__ = functools.partialmethod(mlp.MLPClassifier.__init__, dtype=None)


class MLPRegressor(mlp.MLPRegressor):
    """Follows the dtype of X, as scikit-learn's does."""

    __init__ = functools.partialmethod(mlp.MLPRegressor.__init__, dtype=None)


def _import_suite():
    pytest.register_assert_rewrite(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sklearn.neural_network, "MLPClassifier", MLPClassifier)
        patch.setattr(sklearn.neural_network, "MLPRegressor", MLPRegressor)
        # imported anew, and forgotten: others get the module with its own classes
        patch.delitem(sys.modules, SUITE, raising=False)
        importlib.import_module(SUITE)
        return sys.modules.pop(SUITE)


suite = _import_suite()
TESTS = {name: value for name, value in vars(suite).items() if name.startswith("test_")}
globals().update({name: TESTS[name] for name in TESTS if name not in LEFT_OUT})


@pytest.fixture
def global_random_seed():
    """scikit-learn's conftest provides it there, 42 unless told otherwise."""
    return 42


def test_suite_is_scikit_learns_on_our_classes():
    assert suite.MLPClassifier is MLPClassifier
    assert suite.MLPRegressor is MLPRegressor
    assert sklearn.neural_network.MLPClassifier.__module__.startswith("sklearn.")
    assert suite.__file__.startswith(sklearn.__path__[0])


def test_left_out_tests_exist_and_all_others_are_here():
    assert LEFT_OUT.keys() <= TESTS.keys()
    assert len(LEFT_OUT) <= 3
    here = {name for name, value in globals().items() if value in TESTS.values()}
    assert here == TESTS.keys() - LEFT_OUT.keys()
    assert len(here) >= 40
