"""Multi-layer perceptrons: scikit-learn's, on torch, with more options."""

from sklearn.utils.validation import validate_data

from .architectures import multilayer_perceptron, sizes_of
from .base import AT_LEAST_ONE
from .tasks import NeuralClassifier, NeuralRegressor


class _MultilayerPerceptron:
    """What the classifier and the regressor share: rows of numbers, dense layers."""

    def _check_X_y(self, X, y, first_pass):
        return validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=self._y_numeric,
            dtype=self._training_dtype(),
            reset=first_pass,
        )

    def _check_X(self, X):
        return validate_data(
            self,
            X,
            accept_sparse=["csr", "csc"],
            dtype=self._training_dtype(),
            reset=False,
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
            noise=self.noise,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


_CONSTRAINTS = {"hidden_layer_sizes": ["array-like", AT_LEAST_ONE]}


class MLPClassifier(_MultilayerPerceptron, NeuralClassifier):
    """Multi-layer perceptron classifier."""

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
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        class_weight=None,
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())


class MLPRegressor(_MultilayerPerceptron, NeuralRegressor):
    """Multi-layer perceptron regressor."""

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
        noise=0.0,
        weight_init="glorot",
        bias_init="auto",
        device="auto",
        dtype="float32",
        callbacks=None,
    ):
        self._assign(locals())
