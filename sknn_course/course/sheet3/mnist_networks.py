"""S3.48-S3.69: the networks A to U on MNIST, by size, optimizer and regularisation."""

from ...cnn import CNNClassifier
from ...layers import Activation, Dense, Dropout, Flatten
from ..experiment import Experiment
from .settings import (
    KERAS_BATCH_NORM,
    KERAS_EPSILON,
    MNIST_GROUP,
    QUICK_LARGE,
    figures,
    mnist_training,
)

#: Parameters as the sheet gives them.
PARAMETERS = {
    "A": 39_760,
    "B": 79_510,
    "C": 159_010,
    "D": 89_610,
    "E": 99_710,
    "F": 109_810,
    **dict.fromkeys("GHIJ", 79_510),
    "K": 238_510,
    "L": 397_510,
    "M": 596_260,
    "N": 795_010,
    "O": 1_192_510,
    **dict.fromkeys("PQRSTU", 795_010),
}
SMALL = {"hidden_layer_sizes": (100,), "epsilon": KERAS_EPSILON}
WIDE = {"hidden_layer_sizes": (1000,), "batch_size": 8}
#: 0.96 in 100,000 steps of the sheet's 125,000, per epoch of 6,250.
SLOW_DECAY = 0.96 ** (1 / 16)
#: P and R have dropout on their ten outputs, before the softmax.
OUTPUT_DROPOUT = (Flatten(), Dense(1000), Activation("relu"), Dense(10), Dropout(0.2))
DROPPED_OUTPUTS = (
    "The dropout lies on the ten outputs, before the softmax: while training, the "
    "output of the true digit is missing in 20 % of the rows. The best training "
    "figures are then an accuracy of 0.8 + 0.2 (1 - 0.8^10) / 2 = 0.889 and a loss of "
    "0.185, which is where the sheet's stand. Dropout on the hidden units has no such "
    "floor."
)
ONE_RATE = (
    "G to J all have the learning rate 0.01 (the default of Adam is 0.001, of AdaDelta "
    "1.0): the figures rank settings, not optimizers."
)
BOUNDED_LOSS = (
    "Keras's loss from logits has no upper bound; here a row costs at most 36, or 16 "
    "in the training curves, since probabilities are clipped."
)
MORE_LAYERS = (
    "The sheet says that more layers slightly worsen the results. Two layers (D) beat "
    "one (B): validation 0.9796 to 0.9793, test 0.9810 to 0.9797; three and four are "
    "worse."
)
TEST_OF_P = "The text gives P a test accuracy of 0.9860, the table 0.985300."
DECAY = (
    "The sheet does not give the rate. A training loss next to that of Q asks for a "
    "slow decay: here 0.96 in 100,000 steps, the example of Keras's documentation."
)
NORMALISED = (
    "The sheet says that batch normalisation improves test but not validation "
    "accuracy. It improves both: from Q to U validation 0.9786 to 0.9808, test 0.9784 "
    "to 0.9829.",
    "The sheet gives 795,010 parameters for all of Q to U. With batch normalisation "
    "they are 799,010, of which 797,010 are trained.",
)


def _network(row, letter, what, params, values, **fields):
    """One network: 20 epochs, losses and accuracies of all three sets."""
    n_parameters = 799_010 if letter == "U" else PARAMETERS[letter]
    about = f"{what}, {n_parameters:,} parameters, 20 epochs."
    large = n_parameters > 200_000
    size = {"quick": QUICK_LARGE, "repeats": 2} if large else {"repeats": 4}
    return Experiment(
        id=f"S3.{row}",
        title=f"MLP {letter}: {what}",
        group=MNIST_GROUP,
        about=f"{about} {fields.pop('more', '')}".strip(),
        errata=fields.pop("errata", ()),
        procedure=mnist_training(params, published=figures(*values), **size, **fields),
    )


EXPERIMENTS = (
    _network(
        49,
        "A",
        "[50], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (50,)},
        (0.012859, 0.995900, 0.136605, 0.971900, 0.147408, 0.972600),
        together="MLP A-D",
    ),
    _network(
        50,
        "B",
        "[100], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (100,)},
        (0.000902, 1.000000, 0.093322, 0.979300, 0.086790, 0.979700),
        together="MLP A-D",
    ),
    _network(
        51,
        "C",
        "[200], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (200,)},
        (0.000721, 1.000000, 0.076720, 0.983800, 0.070349, 0.983000),
        together="MLP A-D",
    ),
    _network(
        52,
        "D",
        "[100, 100], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (100, 100)},
        (0.009871, 0.996900, 0.138232, 0.979600, 0.121062, 0.981000),
        together="MLP A-D",
        errata=(MORE_LAYERS,),
    ),
    _network(
        53,
        "E",
        "[100, 100, 100], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (100, 100, 100)},
        (0.020172, 0.993760, 0.147756, 0.972800, 0.144868, 0.973300),
    ),
    _network(
        54,
        "F",
        "[100, 100, 100, 100], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (100, 100, 100, 100)},
        (0.016737, 0.995020, 0.119888, 0.977900, 0.128177, 0.976000),
    ),
    _network(
        55,
        "G",
        "[100], Adam 0.01, batch 1",
        {**SMALL, "solver": "adam"},
        (0.727100, 0.861640, 1.257219, 0.864800, 1.682080, 0.857300),
        errata=(ONE_RATE,),
        remark=BOUNDED_LOSS,
    ),
    _network(
        56,
        "H",
        "[100], AdaGrad 0.01, batch 1",
        {**SMALL, "solver": "adagrad"},
        (0.068415, 0.982160, 0.095219, 0.972600, 0.093076, 0.972400),
        errata=(ONE_RATE,),
        remark="Keras's AdaGrad starts its sums of squares from 0.1, ours from 0.",
    ),
    _network(
        57,
        "I",
        "[100], AdaDelta 0.01, batch 1",
        {**SMALL, "solver": "adadelta", "rho": 0.95},
        (0.267616, 0.925260, 0.243221, 0.930900, 0.254327, 0.930100),
        errata=(ONE_RATE,),
    ),
    _network(
        58,
        "J",
        "[100], RMSProp 0.01, batch 1",
        {**SMALL, "solver": "rmsprop"},
        (0.847191, 0.973760, 1.757821, 0.963500, 1.660859, 0.965500),
        errata=(ONE_RATE,),
        remark=BOUNDED_LOSS,
    ),
    _network(
        59,
        "K",
        "[300], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (300,)},
        (0.000695, 1.000000, 0.071323, 0.983800, 0.066822, 0.982900),
    ),
    _network(
        60,
        "L",
        "[500], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (500,)},
        (0.000666, 1.000000, 0.069209, 0.984700, 0.064297, 0.983900),
    ),
    _network(
        61,
        "M",
        "[750], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (750,)},
        (0.000657, 1.000000, 0.068998, 0.983600, 0.061477, 0.983900),
    ),
    _network(
        62,
        "N",
        "[1000], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (1000,)},
        (0.000635, 1.000000, 0.066217, 0.984900, 0.059083, 0.984200),
        more="The best validation accuracy without dropout.",
        pictures=("learning_curves", "first_layer", "misclassified"),
    ),
    _network(
        63,
        "O",
        "[1500], SGD 0.01, batch 1",
        {"hidden_layer_sizes": (1500,)},
        (0.000627, 1.000000, 0.067720, 0.983800, 0.057673, 0.984500),
    ),
    _network(
        64,
        "P",
        "[1000], SGD 0.01, batch 1, dropout 0.2 on the outputs",
        {"architecture": OUTPUT_DROPOUT},
        (0.187101, 0.891420, 0.077229, 0.985100, 0.061507, 0.985300),
        estimator=CNNClassifier,
        more=DROPPED_OUTPUTS,
        errata=(TEST_OF_P,),
    ),
    _network(
        65,
        "Q",
        "[1000], SGD 0.01, batch 8",
        WIDE,
        (0.023458, 0.995620, 0.071826, 0.978600, 0.068080, 0.978400),
        together="MLP Q-U",
    ),
    _network(
        66,
        "R",
        "[1000], SGD 0.01, batch 8, dropout 0.2 on the outputs",
        {"architecture": OUTPUT_DROPOUT, "batch_size": 8},
        (0.220987, 0.886130, 0.064576, 0.982300, 0.058527, 0.980700),
        estimator=CNNClassifier,
        more=DROPPED_OUTPUTS,
        together="MLP Q-U",
    ),
    _network(
        67,
        "S",
        "[1000], SGD from 0.01 with exponential decay, batch 8",
        {**WIDE, "learning_rate": "exponential", "decay_rate": SLOW_DECAY},
        (0.023576, 0.995840, 0.066890, 0.979500, 0.065112, 0.980200),
        more=DECAY,
        together="MLP Q-U",
    ),
    _network(
        68,
        "T",
        "[1000] logistic, SGD 0.01, batch 8",
        {**WIDE, "activation": "logistic"},
        (0.230429, 0.934460, 0.223759, 0.936400, 0.230059, 0.932700),
        errata=("The table calls T a network of ReLU; its hidden units are logistic.",),
        together="MLP Q-U",
    ),
    _network(
        69,
        "U",
        "[1000] with batch normalisation, SGD 0.01, batch 8",
        {**WIDE, **KERAS_BATCH_NORM},
        (0.025358, 0.992040, 0.081662, 0.980800, 0.068359, 0.982900),
        errata=NORMALISED,
        together="MLP Q-U",
    ),
)
