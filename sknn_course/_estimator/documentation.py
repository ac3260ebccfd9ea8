"""Descriptions of the parameters and attributes that the neural estimators share."""

from collections.abc import Callable, Iterable, Mapping
from textwrap import fill
from typing import TypeVar

from .._choices import listed
from .._engine.losses import LOSSES, NUMBER_LOSSES
from .._engine.ops.activations import ACTIVATIONS
from .._engine.optimizers import COEFFICIENTS, SOLVERS
from .._engine.schedules import SCHEDULES
from ..layers.embeddings import EMBEDDINGS

Estimator = TypeVar("Estimator", bound=type)

LOSS = """
    loss : {%(losses)s}, default='squared_error'
        What is minimised, as a mean over the rows:

        %(meanings_of_losses)s
"""

CONVOLUTIONS = """
    filters : sequence of int or of sequences of int, default=((32, 32),)
        Filters of the convolutions of each block; each block ends in max-pooling.
        ``((32, 32), (64, 64))`` are two blocks of two convolutions.

    dense_layer_sizes : array-like of int, default=(64,)
        Units of each dense hidden layer.

    activation : {%(activations)s}, default='relu'
        Activation function of convolutions and hidden layers.

    architecture : str, sequence of Layer or None, default=None
        A network of `sknn_course.architectures.ARCHITECTURES` by its name, or the
        layers of one, in place of the blocks. Its last dense layer (or convolution,
        where none follows) gets as many units as y needs outputs. What describes
        the blocks is then ignored: `filters`, `dense_layer_sizes`, `kernel_size`,
        `pool_size`, `padding`, `conv_dropout`, `dropout`, `input_dropout`,
        `batch_norm`, `batch_norm_momentum`, `batch_norm_epsilon`, `noise`,
        `global_pool`; and `activation`, but for the range of
        ``weight_init='glorot'``.

    kernel_size : int, default=3
        Side of the kernels, in pixels.

    pool_size : int, default=2
        Side of the pooling windows, in pixels, and their step.

    padding : {'same', 'valid'} or int, default='same'
        Zeros around images before each convolution.

    conv_dropout : float or list of float, default=0.0
        Dropout rate after the pooling of the blocks: one, or one for each.

    global_pool : bool, default=False
        Whether the dense layers see the mean of each map in place of its pixels.

    input_shape : tuple of int, default=None
        (channels, height, width) or (height, width) of an image. X may be of shape
        (n, channels, height, width), (n, height, width), or flat rows. None takes
        the shape of X; flat rows are images of the named `architecture` where their
        length is that of its images, else square images where it is a square, else
        rows of 1 x length pixels with windows along the row.
        Once fitted, images of another shape are refused. Series of shape
        (n, channels, 1, length) get windows along the series.

    augmentation : str, callable or list of these, default=None
        Changes of the images in training, each drawn anew for each image and
        epoch: see `sknn_course.augmentation`. For example
        ``['horizontal_flip', 'shift(4)']``. 'mixup' and 'cutmix' mix pairs of
        images and their targets.
"""

TRAINING = """
    solver : {%(solvers)s}, default='adam'
        How the loss is minimised. 'sgd', 'adam' and 'lbfgs' are scikit-learn's;
        the others are those of torch.optim. 'lbfgs' uses all rows at once and
        computes in float64.

    alpha : float, default=0.0001
        Strength of scikit-learn's L2 term, alpha / 2 times the sum of squared
        weights, divided by the sum of the batch's sample weights.

    batch_size : int or 'auto', default='auto'
        Rows of a minibatch; 'auto' is min(200, n_samples).

    learning_rate : {%(schedules)s}, default='constant'
        Schedule of the learning rate.

        %(meanings_of_schedules)s

        %(ignored)s

    learning_rate_init : float, default=0.001
        Initial learning rate; the highest one for 'one_cycle'.

    power_t : float, default=0.5
        Exponent of 'invscaling'.

    max_iter : int, default=200
        Largest number of epochs, or of iterations with 'lbfgs'.

    shuffle : bool, default=True
        Whether rows are shuffled before each epoch.

    random_state : int, RandomState instance or None, default=None
        Source of the initial weights, the validation split and the order of rows,
        drawn as scikit-learn's MLP draws them, and of dropout, noise and
        augmentation.

    tol : float, default=1e-4
        An epoch improves on earlier ones if the loss falls, or the validation
        score rises, by at least this much.

    verbose : bool or int, default=False
        Whether to print the loss of each epoch.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the last fit.

    momentum : float, default=0.9
        Momentum of %(with_momentum)s, in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether Nesterov's momentum is used, by %(with_nesterovs_momentum)s.

    early_stopping : bool, default=False
        Whether to set aside `validation_fraction` of the training rows, stop when
        their score no longer improves, and restore the weights with the best one.

    validation_fraction : float, default=0.1
        Share of rows set aside by `early_stopping`.

    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of the means of gradients and of their squares (or sizes) of
        %(with_beta_1)s.

    epsilon : float, default=1e-8
        %(epsilon)s

    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.

    max_fun : int, default=15000
        Largest number of evaluations of the loss by 'lbfgs'.

    rho : float, default=0.9
        Decay rate of the mean of squared gradients of %(with_rho)s.

    initial_accumulator : float, default=0.0
        What the sum of squared gradients of 'adagrad' starts from; 0.1 in Keras.

    decay_rate : float, default=None
        %(decay_rates)s

    decay_epochs : int, default=10
        Epochs between two drops of the schedule 'step'.

    l1, l2 : float, default=0.0
        Plain penalties l1 * sum(abs(w)) + l2 * sum(w ** 2), added to the mean loss.

    penalize_bias : bool, default=False
        Whether `l1`, `l2` and `weight_decay` act on biases too.

    weight_decay : float, default=0.0
        Decoupled weight decay, scaled by the learning rate; with 'adam' this is
        AdamW.

    grad_clip : float or None, default=None
        Largest norm of the gradient of all parameters, penalties included, in each
        step: a longer one is scaled to it, as by `torch.nn.utils.clip_grad_norm_`.
        Callbacks see it before. Not with 'lbfgs'.
"""

REGULARIZATION = """
    dropout : float or list of float, default=0.0
        Dropout rate after the activation of the hidden dense layers: one, or one
        for each. Kept values are divided by the share that is kept.

    input_dropout : float, default=0.0
        Dropout rate of the input.
"""

BATCH_NORM = """
    batch_norm_momentum : float, default=0.1
        Share of each batch's mean and variance in the running ones, by which
        predictions normalise. Small batches need a smaller one, such as 0.01.

    batch_norm_epsilon : float, default=1e-5
        Added to each batch's variance. Small batches need a larger one, such as
        0.001, lest units that are active in single rows get very large values.
"""

NUMERIC_EMBEDDING = """
    numeric_embedding : {%(embeddings)s}, PeriodicEmbedding or None, default=None
        Periodic functions of each column, trained with the network, in place of the
        column: for numbers of unit variance along which the target changes quickly.
        By name with usual sizes, or a `sknn_course.layers.PeriodicEmbedding` with
        sizes of your own, whose ``n_columns`` embeds the first columns alone.
"""

INITIALISATION = """
    weight_init : str, default='glorot'
        'glorot' is scikit-learn's rule, for biases too; 'glorot_uniform',
        'glorot_normal', 'he_uniform', 'he_normal', 'lecun_uniform', 'lecun_normal',
        'uniform(a)' within (-a, a), 'normal(std)', or 'zeros'.

    bias_init : str, default='auto'
        'auto' is scikit-learn's rule for ``weight_init='glorot'`` and zeros else;
        'zeros', 'uniform(a)' or 'normal(std)'.
"""

CLASS_WEIGHT = """
    class_weight : dict, 'balanced' or None, default=None
        Weights of the classes, as in `sklearn.svm.SVC`; they multiply
        `sample_weight`.
"""

LABEL_SMOOTHING = """
    label_smoothing : float, default=0.0
        Share of each row's target that is spread evenly over all classes, as in
        `torch.nn.CrossEntropyLoss`; of two classes, for each label. The losses of
        validation rows are those of such targets too.
"""

QUANTILE = """
    quantile : float, default=0.5
        The quantile that 'quantile' predicts, between 0 and 1; 0.5 is the median.
"""

NORMALIZE_Y = """
    normalize_y : bool, default=False
        Whether each output is standardised in training, by the mean and the standard
        deviation, weighted by `sample_weight`, of the first fit: `warm_start` and
        `partial_fit` keep them. Predictions are in the unit of y, and so are
        `loss_`, `loss_curve_`, `best_loss_` and `validation_loss_curve_` of one
        output; the losses of several, which differ in their units, are those of
        the standardised ones, as is what `tol` is compared with, what `verbose`
        prints, and `net_` with its history. Not with 'poisson'. A warning
        proposes it where y is of another scale and the network learned little of it.
"""

COMPUTING = """
    device : {'auto', 'cpu', 'cuda', 'mps'}, default='auto'
        Where to compute; 'auto' takes a CUDA GPU where there is one, else the CPU.
        'mps' is Apple's GPU, in single precision alone.

    dtype : {'float32', 'float64', 'bfloat16'} or None, default='float32'
        Type of the parameters and computations. None follows X as scikit-learn
        does, and then gives scikit-learn's own results for the same `random_state`.
        'bfloat16' is mixed precision: in training, matrix products and convolutions
        are of bfloat16 values, all else is float32; faster on GPUs with such units.

    callbacks : list of skorch callbacks, default=None
        Told of the training, epoch by epoch and batch by batch. What they change in
        the net's module and optimizer (parameters, gradients, `requires_grad`,
        learning rates, momentum) counts from the next step on. Instances, classes or
        pairs (name, callback); `callbacks__<name>__<parameter>` can be searched over.
        Not with 'lbfgs'.
"""

ATTRIBUTES = """
    coefs_, intercepts_ : list of ndarray
        Weights, of shape (fan_in, fan_out) for dense layers, and biases of shape
        (fan_out,); what is written to them is the network.

    net_ : skorch.NeuralNet
        ``net_.module_`` is the network as plain ``torch.nn.Sequential`` that gives
        the outputs before the output activation, ``net_.history`` has a row for
        each epoch.

    loss_ : float
        Training loss of the last epoch, penalties included.

    loss_curve_ : list of float
        Training loss of each epoch; not with 'lbfgs'.

    best_loss_ : float or None
        Lowest training loss; None with `early_stopping`.

    validation_scores_, validation_loss_curve_, training_score_curve_ : list or None
        With `early_stopping`, or with ``X_val`` given to `fit`: score and loss
        (without penalties) of the validation rows, and the score of the training
        rows as they were trained on, of each epoch. Scores are the accuracy, or R2.

    best_validation_score_ : float or None
        Highest validation score.

    n_iter_ : int
        Epochs of the last fit, or iterations of 'lbfgs'.

    t_ : int
        Rows trained on, over all epochs.

    n_layers_, n_outputs_ : int
        Numbers of layers, the input included, and of outputs.

    out_activation_ : str
        Output activation.

    n_features_in_ : int
        Number of values in a row.

    feature_names_in_ : ndarray of str
        Names of the columns, where X has them.
"""


def _together(names: Iterable[str]) -> str:
    *some, last = map(repr, names)
    return f"{', '.join(some)} and {last}" if some else last


def _meanings(meanings: Mapping[str, str]) -> str:
    """A list of names and what they mean."""
    items = [_wrapped(f"- {name!r}: {one};", 10) for name, one in meanings.items()]
    return f"\n{' ' * 8}".join(items)[:-1] + "."


def _wrapped(text: str, indent: int = 8) -> str:
    """Text for lines of a docstring, the first of which has its indent already."""
    lines = fill(text, 88, initial_indent=" " * 8, subsequent_indent=" " * indent)
    return lines.lstrip()


def _choices() -> dict[str, str]:
    """What the descriptions take from the registries."""
    ignored = [
        f"{name!r} ignores {_together(row.ignores)}"
        for name, row in SOLVERS.items()
        if row.ignores
    ]
    rates = [
        f"{row.decay_rate:g} for {name!r}".replace("e-0", "e-")
        for name, row in SCHEDULES.items()
        if row.decay_rate is not None
    ]
    with_coefficient = {
        f"with_{coefficient}": _together(
            [name for name, row in SOLVERS.items() if coefficient in row.coefficients]
        )
        for coefficient in COEFFICIENTS
    }
    return with_coefficient | {
        "activations": listed(ACTIVATIONS),
        "solvers": listed(SOLVERS),
        "schedules": listed(SCHEDULES),
        "losses": listed(NUMBER_LOSSES),
        "embeddings": listed(EMBEDDINGS),
        "meanings_of_losses": _meanings(
            {name: LOSSES[name].meaning for name in NUMBER_LOSSES}
        ),
        "meanings_of_schedules": _meanings(
            {name: row.meaning for name, row in SCHEDULES.items()}
        ),
        "ignored": f"As in scikit-learn, {', '.join(ignored)}.",
        "decay_rates": _wrapped(f"Of the schedules; None is {', '.join(rates)}."),
        "epsilon": _wrapped(
            f"Guards the denominators of {with_coefficient['with_epsilon']}; for "
            "'adadelta' 1e-6 is usual."
        ),
    }


def with_sections(**sections: str) -> Callable[[Estimator], Estimator]:
    """Decorator: put texts into a class's docstring, at ``%(name)s``.

    Parameters
    ----------
    **sections : str
    """
    stripped = {name: text.strip() for name, text in sections.items()}

    def decorate(cls: Estimator) -> Estimator:
        cls.__doc__ = str(cls.__doc__) % stripped
        return cls

    return decorate


def documented(cls: Estimator) -> Estimator:
    """Put the shared descriptions into a class's docstring, at ``%(name)s``."""
    choices = _choices()
    shared = choices | {
        "loss": LOSS % choices,
        "convolutions": CONVOLUTIONS % choices,
        "training": TRAINING % choices,
        "regularization": REGULARIZATION,
        "batch_norm": BATCH_NORM,
        "numeric_embedding": NUMERIC_EMBEDDING % choices,
        "initialisation": INITIALISATION,
        "class_weight": CLASS_WEIGHT,
        "label_smoothing": LABEL_SMOOTHING,
        "quantile": QUANTILE,
        "normalize_y": NORMALIZE_Y,
        "computing": COMPUTING,
        "attributes": ATTRIBUTES,
    }
    return with_sections(**shared)(cls)
