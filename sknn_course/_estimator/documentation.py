"""Descriptions of the parameters and attributes that the neural estimators share."""

TRAINING = """
    solver : {'adam', 'sgd', 'rmsprop', 'adagrad', 'adadelta', 'nadam', 'lbfgs'}, \
default='adam'
        How the loss is minimised. 'sgd', 'adam' and 'lbfgs' are scikit-learn's;
        the others are those of torch.optim. 'lbfgs' uses all rows at once and
        computes in float64.

    alpha : float, default=0.0001
        Strength of scikit-learn's L2 term, alpha / 2 times the sum of squared
        weights, divided by the sum of the batch's sample weights.

    batch_size : int or 'auto', default='auto'
        Rows of a minibatch; 'auto' is min(200, n_samples).

    learning_rate : {'constant', 'invscaling', 'adaptive', 'exponential', 'step', \
'inverse_time', 'cosine', 'one_cycle'}, default='constant'
        Schedule of the learning rate.

        - 'invscaling': learning_rate_init / (rows seen + 1) ** power_t;
        - 'adaptive': divided by 5 when training has not improved for
          `n_iter_no_change` epochs;
        - 'exponential': times `decay_rate` after each epoch;
        - 'step': times `decay_rate` after each `decay_epochs` epochs;
        - 'inverse_time': learning_rate_init / (1 + decay_rate * steps);
        - 'cosine': annealed to 0 over `max_iter` epochs;
        - 'one_cycle': up to `learning_rate_init`, then down, over `max_iter` epochs.

        As in scikit-learn, 'adam' ignores 'invscaling' and 'adaptive'.

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
        Momentum of 'sgd', in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool, default=False
        Whether to set aside `validation_fraction` of the training rows, stop when
        their score no longer improves, and restore the weights with the best one.

    validation_fraction : float, default=0.1
        Share of rows set aside by `early_stopping`.

    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of the means of gradients and squared gradients of 'adam' and
        'nadam'.

    epsilon : float, default=1e-8
        Guards the denominators of 'adam', 'nadam', 'rmsprop', 'adagrad' and
        'adadelta'; for 'adadelta' 1e-6 is usual.

    n_iter_no_change : int, default=10
        Epochs without improvement after which training stops.

    max_fun : int, default=15000
        Largest number of evaluations of the loss by 'lbfgs'.

    rho : float, default=0.9
        Decay rate of the mean of squared gradients of 'rmsprop' and 'adadelta'.

    decay_rate : float, default=None
        Of the schedules; None is 0.95 for 'exponential', 0.1 for 'step', 1e-6 for
        'inverse_time'.

    decay_epochs : int, default=10
        Epochs between two drops of the schedule 'step'.

    l1, l2 : float, default=0.0
        Plain penalties l1 * sum(abs(w)) + l2 * sum(w ** 2), added to the mean loss.

    penalize_bias : bool, default=False
        Whether `l1`, `l2` and `weight_decay` act on biases too.

    weight_decay : float, default=0.0
        Decoupled weight decay, scaled by the learning rate; with 'adam' this is
        AdamW.
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
        (fan_out,); read from `net_`, and written to it when set.

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


def documented(cls):
    """Put the shared descriptions into a class's docstring, at ``%(name)s``."""
    shared = {
        "training": TRAINING,
        "regularization": REGULARIZATION,
        "batch_norm": BATCH_NORM,
        "initialisation": INITIALISATION,
        "class_weight": CLASS_WEIGHT,
        "computing": COMPUTING,
        "attributes": ATTRIBUTES,
    }
    cls.__doc__ %= {name: text.strip("\n") for name, text in shared.items()}
    return cls
