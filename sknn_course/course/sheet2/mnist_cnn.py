"""The 2018 script's networks on MNIST."""

from ...cnn import CNNClassifier
from ...mlp import MLPClassifier
from ..experiment import Experiment, Training
from ..networks import NETWORKS
from .published_logs import LOGS, published_log
from .setup import ADADELTA, GROUP, QUICK, SETUP, TEST_IS_VALIDATION


def _training(id, network, test_loss, test_accuracy, **more):
    log = published_log(id) if id in LOGS else {}
    last = log.get(12, {})
    return Training(
        CNNClassifier,
        {"architecture": NETWORKS[network].layers, **SETUP},
        "mnist_60000",
        published={
            # Keras' training figures are means over the last epoch, see the log
            "validation_loss": last.get("validation_loss", test_loss),
            "validation_accuracy": last.get("validation_accuracy", test_accuracy),
            "test_loss": test_loss,
            "test_accuracy": test_accuracy,
        },
        milestones=log,
        quick=QUICK,
        repeats=1,
        pictures=("learning_curves", "filters", "misclassified"),
        **more,
    )


EXPERIMENTS = (
    Experiment(
        "S2.20",
        "2018 base CNN",
        GROUP,
        "conv 32, conv 64, pooling, dropout 0.25, dense 128, dropout 0.5; 1,199,882 "
        "parameters, 98.32 % of them in the dense layer.",
        _training("S2.20", "kiel_2018_cnn", 0.0273425589641, 0.9912),
        errata=TEST_IS_VALIDATION,
    ),
    Experiment(
        "S2.21",
        "Variation 1: three poolings",
        GROUP,
        "conv 32, conv 64, pooling, conv 64, pooling, conv 64, pooling (one pixel), "
        "dense 64, dropout 0.5; 97,482 parameters.",
        _training("S2.21", "kiel_2018_variation_1", 0.0388837206187, 0.9906),
        errata=(
            *TEST_IS_VALIDATION,
            "The small number of parameters is put down to fewer dense units: it is "
            "due to the two further poolings, which leave 64 of 9,216 values. With "
            "128 units there are 102,282; the base with 64 units has 609,354. The "
            "dropout of 0.25 is gone too.",
        ),
    ),
    Experiment(
        "S2.22",
        "Variation 2: no hidden dense layer",
        GROUP,
        "conv 32, conv 64, pooling, conv 64, conv 10, pooling, softmax of the 160 "
        "values; no dropout; 63,124 parameters.",
        _training("S2.22", "kiel_2018_variation_2", 0.0342879460627, 0.9885),
        errata=(
            *TEST_IS_VALIDATION,
            "It is said to have fewer convolutions: it has four, as variation 1, but "
            "one pooling less and no hidden dense layer.",
        ),
    ),
    Experiment(
        "S2.23",
        "Variation 3: global average pooling",
        GROUP,
        "conv 32, conv 64, pooling, conv 64, conv 64, pooling, conv 128 (2 x 2 "
        "pixels), global average pooling, softmax; 167,818 parameters. Best "
        "validation accuracy 0.9929 in epoch 9.",
        _training("S2.23", "kiel_2018_variation_3", 0.0263, 0.9926),
        errata=(
            *TEST_IS_VALIDATION,
            "'More filter maps, i.e. larger dense layer': the dense layer is smaller, "
            "128·10 + 10 = 1,290 parameters; variation 2 has 1,610, variation 1 "
            "4,160 + 650, and the base network 1,179,776 + 1,290.",
        ),
    ),
    Experiment(
        "S2.26",
        "Winner of the grid search",
        GROUP,
        "Filters [[32, 64], [128, 256]], kernel 3, pooling 2, dense 64; 650,698 "
        "parameters. Dropout is not named: none here. The best of the sheet.",
        _training("S2.26", "kiel_2018_grid_winner", 0.0188569785806, 0.9941),
        errata=TEST_IS_VALIDATION,
    ),
    Experiment(
        "S2.27",
        "MLP 784-400-10",
        GROUP,
        "318,010 parameters, 30 epochs. Optimizer and batch are not given: AdaDelta "
        "as for the CNNs with batch 100 meets the published log (training loss "
        "0.3897, 0.1902, 0.1429 in the first epochs), batch 128 does not.",
        Training(
            MLPClassifier,
            {
                "hidden_layer_sizes": (400,),
                "activation": "relu",
                **ADADELTA,
                "batch_size": 100,
                "max_iter": 30,
            },
            "mnist_60000",
            published={"test_accuracy": 0.9818},
            milestones={e: published_log("S2.27")[e] for e in (1, 2, 10, 20, 30)},
            quick={"rows": 5000, "epochs": 10},
        ),
        errata=(
            "The shares of the parameters are printed as 0.027 % and 0.027 %: they "
            "are 98.7390 % (314,000) and 1.2610 % (4,010).",
        ),
    ),
)
