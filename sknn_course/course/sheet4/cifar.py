"""The CIFAR-10 network step by step, each on top of the one before."""

import numpy as np

from ...cnn import CNNClassifier
from ...preprocessing import ChannelStandardScaler
from ..experiment import Experiment, Findings, Training
from .pictures import draw_curves
from .settings import GROUP_CNN

CIFAR = (3, 32, 32)
N_EPOCHS = 20

NETWORK = {
    "filters": ((32,), (64,), (64,)),
    "dense_layer_sizes": (1000,),
    "activation": "relu",
    "kernel_size": 5,
    "input_shape": CIFAR,
    "weight_init": "he_uniform",
    "bias_init": "zeros",
}
BASELINE = {
    **NETWORK,
    "solver": "sgd",
    "momentum": 0.0,
    "nesterovs_momentum": False,
    "learning_rate_init": 0.02,
    "batch_size": 32,
    "max_iter": N_EPOCHS,
}
FLIPPED = {**BASELINE, "augmentation": "horizontal_flip"}
SCHEDULED = {**FLIPPED, "learning_rate": "exponential", "decay_rate": 0.95}
DROPPED = {**SCHEDULED, "dropout": 0.5}
NORMALISED = {**DROPPED, "batch_norm": True, "max_iter": N_EPOCHS + 10}


def _training(params, transform=None):
    return Training(
        CNNClassifier,
        params,
        "cifar10_10000",
        quick={"rows": 2000, "epochs": 4},
        transform=transform,
        repeats=1,
        together="RDFIA CNN",
    )


STANDARDISED = ChannelStandardScaler(CIFAR)
STEPS = {
    "S4.25": "baseline",
    "S4.27": "standardised",
    "S4.29": "flipped",
    "S4.31": "scheduled",
    "S4.33": "dropout",
    "S4.34": "batch norm",
}


def all_curves(context):
    """Curves of loss and accuracy of all steps, one beside the other."""
    rows, panels = [], [{}, {}, {}]
    best_before = None
    for id, name in STEPS.items():
        result = context.result(id)
        curves = {key: runs[0] for key, runs in result.curves.items()}
        accuracies = curves["validation_accuracy"]
        rows.append(
            {
                "step": name,
                "epochs": len(accuracies),
                "training accuracy": curves["train_accuracy"][-1],
                "test accuracy": accuracies[-1],
                "best test accuracy": max(accuracies),
                "in epoch": int(np.argmax(accuracies)) + 1,
                "gain of the best, points": None
                if best_before is None
                else 100 * (max(accuracies) - best_before),
                "lowest test loss in epoch": int(np.argmin(curves["validation_loss"]))
                + 1,
            }
        )
        best_before = max(accuracies)
        for panel, key in zip(
            panels,
            ("train_loss", "validation_loss", "validation_accuracy"),
            strict=True,
        ):
            panel[name] = curves[key]
    return Findings(
        tables={"Steps": rows},
        pictures={
            "curves_of_all_steps": lambda: draw_curves(
                panels, ["training loss", "test loss", "test accuracy"], xlabel="epoch"
            )
        },
        notes=[
            "First repetition of each. The sheet has curves alone, and reads: the "
            "baseline's test accuracy is flat after epoch 8 or 9 and its test loss "
            "rises; dropout gains 2 to 3 points; batch normalisation with 10 more "
            "epochs is the best."
        ],
    )


EXPERIMENTS = (
    Experiment(
        "S4.25",
        "CIFAR-10 network, baseline",
        GROUP_CNN,
        "Overfits: test accuracy flat after epoch 8 or 9, test loss rising (curves "
        "alone). Optimizer, rate, batch and epochs are not given: SGD without "
        "momentum, 0.02, 32, 20 epochs, He uniform weights, the first batch of 10,000 "
        "images.",
        _training(BASELINE),
    ),
    Experiment(
        "S4.27",
        "Standardised images",
        GROUP_CNN,
        "Each channel less its mean, over its deviation, both of the training images. "
        "The sheet reads: slightly better, a more jittery test curve.",
        _training(BASELINE, STANDARDISED),
    ),
    Experiment(
        "S4.29",
        "Images flipped at random",
        GROUP_CNN,
        "Left and right swapped with probability 1/2, on top of S4.27; further "
        "transforms of this step are not given. The sheet reads: longer training "
        "without overfitting, a higher peak.",
        _training(FLIPPED, STANDARDISED),
    ),
    Experiment(
        "S4.31",
        "Learning-rate schedule",
        GROUP_CNN,
        "Decreasing, form not given: times 0.95 each epoch, on top of S4.29. The sheet "
        "reads: the same accuracy, a smoother curve.",
        _training(SCHEDULED, STANDARDISED),
    ),
    Experiment(
        "S4.33",
        "Dropout",
        GROUP_CNN,
        "On the layer of 1,000, rate not given: 0.5, on top of S4.31. The sheet reads: "
        "2 to 3 points more, a smaller gap between training and test.",
        _training(DROPPED, STANDARDISED),
        errata=(
            "Dropout is said to be transparent during training: it is during testing.",
        ),
    ),
    Experiment(
        "S4.34",
        "Batch normalisation",
        GROUP_CNN,
        "On top of all the above, with 10 more epochs: the best of the series (no "
        "figure).",
        _training(NORMALISED, STANDARDISED),
    ),
    Experiment(
        "S4.35",
        "Curves of all steps",
        GROUP_CNN,
        "Loss and accuracy of baseline, standardised, flipped, scheduled, dropout and "
        "batch normalisation.",
        all_curves,
        needs=("cifar10",),
        depends=tuple(STEPS),
    ),
)
