"""Multi-layer perceptrons: scikit-learn's, on torch, with more options."""

from sklearn.utils.validation import validate_data

from ._estimator.documentation import documented
from ._estimator.parameters import AT_LEAST_ONE
from ._estimator.plain_rows import FLOATS, are_plain
from ._estimator.sparse_indices import check_indices
from ._estimator.tasks import NeuralClassifier, NeuralRegressor
from .architectures import multilayer_perceptron, sizes_of
from .layers import BatchNorm


class _MultilayerPerceptron:
    """What the classifier and the regressor share: rows of numbers, dense layers."""

    def _check_X_y(self, X, y, first_pass):
        check_indices(X)
        return validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=self._y_numeric,
            dtype=self._rows_dtype(X),
            reset=first_pass,
        )

    def _check_X(self, X, dtype=FLOATS):
        if dtype is FLOATS and are_plain(X, self):
            return X
        check_indices(X)
        return validate_data(
            self, X, accept_sparse=["csr", "csc"], dtype=dtype, reset=False
        )

    def _rows(self, X):
        return X.tocsr() if hasattr(X, "tocsr") else X

    def _layers(self, input_shape, n_outputs):
        return multilayer_perceptron(
            sizes_of(self.hidden_layer_sizes, "hidden_layer_sizes"),
            n_outputs,
            activation=self.activation,
            dropout=self.dropout,
            input_dropout=self.input_dropout,
            batch_norm=self.batch_norm,
            norm=BatchNorm(self.batch_norm_momentum, self.batch_norm_epsilon),
            noise=self.noise,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


_CONSTRAINTS = {"hidden_layer_sizes": ["array-like", AT_LEAST_ONE]}


@documented
class MLPClassifier(_MultilayerPerceptron, NeuralClassifier):
    """Multi-layer perceptron classifier.

    All parameters, attributes and results of scikit-learn's `MLPClassifier`, on torch,
    with dropout, batch normalisation, more solvers, schedules and penalties.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of the hidden layers.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation before the activation of the hidden layers, or after
        activation and dropout (True, 'after').

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each hidden layer, in training.

    %(initialisation)s

    %(class_weight)s

    %(computing)s

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.

    %(attributes)s

    See Also
    --------
    MLPRegressor : For numbers.
    sknn_course.CNNClassifier : With convolutions.
    sklearn.neural_network.MLPClassifier : What this one extends.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton, R. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] N. Srivastava et al., "Dropout", JMLR 15, 2014.
    .. [3] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sknn_course import MLPClassifier
    >>> X, y = make_moons(200, noise=0.1, random_state=0)
    >>> mlp = MLPClassifier((50,), dropout=0.1, learning_rate_init=0.01, random_state=0)
    >>> mlp.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **NeuralClassifier._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = False

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        batch_norm_momentum=0.1,
        batch_norm_epsilon=1e-5,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        class_weight=None,
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())


@documented
class MLPRegressor(_MultilayerPerceptron, NeuralRegressor):
    """Multi-layer perceptron regressor.

    All parameters, attributes and results of scikit-learn's `MLPRegressor`, on torch,
    with dropout, batch normalisation, more solvers, schedules and penalties.

    Parameters
    ----------
    %(loss)s

    hidden_layer_sizes : array-like of int, default=(100,)
        Units of each hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of the hidden layers.

    %(training)s

    %(regularization)s

    batch_norm : bool or {'before', 'after'}, default=False
        Batch normalisation before the activation of the hidden layers, or after
        activation and dropout (True, 'after').

    %(batch_norm)s

    noise : float, default=0.0
        Standard deviation of normal noise after each hidden layer, in training.

    %(initialisation)s

    %(computing)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    MLPClassifier : For classes.
    sknn_course.CNNRegressor : With convolutions.
    sklearn.neural_network.MLPRegressor : What this one extends.

    References
    ----------
    .. [1] D. Rumelhart, G. Hinton, R. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] N. Srivastava et al., "Dropout", JMLR 15, 2014.
    .. [3] S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015.

    Examples
    --------
    >>> from sknn_course import MLPRegressor
    >>> from sknn_course.datasets import load_eckerle4
    >>> X, y = load_eckerle4(return_X_y=True)
    >>> X = (X - X.mean()) / X.std()
    >>> mlp = MLPRegressor(hidden_layer_sizes=(20,), activation="tanh",
    ...                    solver="lbfgs", alpha=0.0, tol=1e-6, max_iter=2000,
    ...                    random_state=0)
    >>> mlp.fit(X, y).score(X, y) > 0.99
    True
    """

    _parameter_constraints: dict = {
        **NeuralRegressor._parameter_constraints,
        **_CONSTRAINTS,
    }
    _y_numeric = True

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        rho=0.9,
        decay_rate=None,
        decay_epochs=10,
        l1=0.0,
        l2=0.0,
        penalize_bias=False,
        weight_decay=0.0,
        dropout=0.0,
        input_dropout=0.0,
        batch_norm=False,
        batch_norm_momentum=0.1,
        batch_norm_epsilon=1e-5,
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())
