"""What is called: each estimator with its settings, and the scikit-learn one for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn import decomposition, linear_model, neural_network, svm
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn_course
from sknn_course import preprocessing

#: Values that ours take beyond scikit-learn's.
EXTENSIONS = {
    "activation": ("elu", "selu", "gelu", "silu", "leaky_relu", "softplus"),
    "solver": ("rmsprop", "adagrad", "adadelta", "nadam"),
    "learning_rate": (*("exponential", "step", "inverse_time", "cosine", "one_cycle"),),
}


@dataclass(frozen=True)
class Subject:
    """An estimator or transformer of ours.

    Parameters
    ----------
    make : callable
        Makes one, from parameters.
    twin : callable
        Makes scikit-learn's.
    settings : dict of str
        Expressions of parameters that keep a fit small.
    shared : frozenset of str
        Parameters that both have.
    """

    make: Callable
    twin: Callable
    kind: str  # 'classifier', 'regressor' or 'transformer'
    settings: dict = field(default_factory=dict)
    shared: frozenset = frozenset()
    methods: tuple = ("predict", "score")
    neural: bool = False
    images: bool = False  # whether X may be images
    multioutput: bool = True
    same_values: bool = False  # predictions are the twin's

    @property
    def parameters(self):
        """Names of the parameters."""
        return sorted(self.make().get_params(deep=False))


def _ridge(cls):
    return lambda **parameters: cls(**{"alpha": 0.0, **parameters})


def _both(make, twin):
    return frozenset(signature(make).parameters) & frozenset(signature(twin).parameters)


def _neural(name, **more):
    images = name.startswith("CNN")
    classifier = name.endswith("Classifier")
    twin = neural_network.MLPClassifier if classifier else neural_network.MLPRegressor
    make = getattr(sknn_course, name)
    sizes = {"filters": "((2,),)", "dense_layer_sizes": "(3,)"}
    methods = ("predict_proba", "predict_log_proba") if classifier else ()
    return Subject(
        make,
        twin,
        "classifier" if classifier else "regressor",
        {
            **(sizes if images else {"hidden_layer_sizes": "(3,)"}),
            "max_iter": "3",
            "random_state": "0",
        },
        _both(make, twin),
        ("predict", *methods, "score"),
        neural=True,
        images=images,
        same_values=not images,
    )


SUBJECTS = {
    name: _neural(name)
    for name in ("MLPClassifier", "MLPRegressor", "CNNClassifier", "CNNRegressor")
}
SUBJECTS |= {
    "LeastSquaresRegressor": Subject(
        sknn_course.LeastSquaresRegressor,
        _ridge(linear_model.Ridge),
        "regressor",
        shared=frozenset({"alpha", "fit_intercept"}),
        same_values=True,
    ),
    "LeastSquaresClassifier": Subject(
        sknn_course.LeastSquaresClassifier,
        _ridge(linear_model.RidgeClassifier),
        "classifier",
        shared=frozenset({"alpha", "fit_intercept", "class_weight"}),
        methods=("predict", "decision_function", "score"),
    ),
    "LeastSquaresSVR": Subject(
        sknn_course.LeastSquaresSVR,
        svm.SVR,
        "regressor",
        shared=_both(sknn_course.LeastSquaresSVR, svm.SVR),
    ),
    "LeastSquaresSVC": Subject(
        sknn_course.LeastSquaresSVC,
        svm.SVC,
        "classifier",
        shared=_both(sknn_course.LeastSquaresSVC, svm.SVC),
        methods=("predict", "decision_function", "score"),
    ),
}
SUBJECTS |= {
    cls.__name__: Subject(
        cls,
        lambda **_: decomposition.PCA(),
        "transformer",
        methods=("transform", "inverse_transform"),
        images=True,
    )
    for cls in (
        preprocessing.ZCAWhitening,
        preprocessing.MeanImageSubtraction,
        preprocessing.ChannelStandardScaler,
    )
}


def _behind_scaler(cls, **settings):
    return lambda **parameters: make_pipeline(
        StandardScaler(), cls(**{**settings, **parameters})
    )


SUBJECTS |= {
    "linear_svm": Subject(
        sknn_course.linear_svm,
        _behind_scaler(svm.LinearSVC, max_iter=10_000),
        "classifier",
        shared=frozenset(svm.LinearSVC().get_params()),
        methods=("predict", "decision_function", "score"),
        multioutput=False,
        same_values=True,
    ),
    "rbf_svm": Subject(
        sknn_course.rbf_svm,
        _behind_scaler(svm.SVC),
        "classifier",
        shared=frozenset(svm.SVC().get_params()) - {"kernel"},
        methods=("predict", "decision_function", "score"),
        multioutput=False,
        same_values=True,
    ),
}


def _number(lowest=-np.inf, below=np.inf, open_left=False, kind=Real):
    def allowed(value):
        return (
            isinstance(value, kind)
            and (value > lowest if open_left else value >= lowest)
            and (value < below or below == np.inf)
        )

    return allowed


def _one_of(*values):
    return lambda value: any(isinstance(value, type(v)) and value == v for v in values)


def _boolean(value):
    return isinstance(value, bool | np.bool_)


def _nothing_or(allowed):
    return lambda value: value is None or allowed(value)


def _each(allowed, nested=False):
    """A sequence of allowed values; nested: or of such sequences."""

    def all_allowed(value):
        array = isinstance(value, np.ndarray) and value.ndim > 0
        if not array and not isinstance(value, list | tuple | range):
            return False
        return all(allowed(v) or (nested and len(v) and all_allowed(v)) for v in value)

    return all_allowed


def _either(*rules):
    return lambda value: any(rule(value) for rule in rules)


_count = _number(1, kind=Integral)
_units = _either(_count, _each(_count))
_rate = _number(0, 1)
_side = _number(1, kind=Integral)

#: Parameter that scikit-learn's has not -> whether the documentation allows a value.
#: Where it says more than this, a value that passes may still be refused.
DOCUMENTED = {
    "rho": _rate,
    "decay_rate": _nothing_or(_number(0, open_left=True)),
    "decay_epochs": _count,
    "l1": _number(0),
    "l2": _number(0),
    "penalize_bias": _boolean,
    "weight_decay": _number(0),
    "dropout": _either(_rate, _each(_rate)),
    "input_dropout": _rate,
    "conv_dropout": _either(_rate, _each(_rate)),
    "batch_norm": _either(_boolean, _one_of("before", "after")),
    "batch_norm_momentum": lambda v: _number(0, open_left=True)(v) and v <= 1,
    "batch_norm_epsilon": _number(0, open_left=True),
    "noise": _number(0),
    "weight_init": lambda v: isinstance(v, str) and "nan" not in v and "-" not in v,
    "bias_init": lambda v: isinstance(v, str) and "nan" not in v and "-" not in v,
    "filters": _each(_count, nested=True),
    "dense_layer_sizes": _units,
    "kernel_size": _count,
    "pool_size": _count,
    "padding": _either(_one_of("same", "valid"), _number(0, kind=Integral)),
    "global_pool": _boolean,
    "input_shape": _nothing_or(_each(_side)),
    "epsilon": _number(0),
    "mean": _one_of("image", "value"),
    "with_mean": _boolean,
    "with_std": _boolean,
    "callbacks": _nothing_or(_each(lambda v: hasattr(v, "on_epoch_end"))),
}
