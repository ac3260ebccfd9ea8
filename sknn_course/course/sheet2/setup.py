"""The set-up that the networks of the 2018 script share."""

import numpy as np

from ...cnn import CNNClassifier
from ..experiment import Check, Experiment, Findings

GROUP = "CNN on MNIST, 2018 script and variations"


# AdaDelta as in Keras 2.0: its epsilon was 1e-8. With 1e-7, Keras' later one, the
# first epochs are faster than the published logs.
ADADELTA = {
    "solver": "adadelta",
    "learning_rate_init": 1.0,
    "rho": 0.95,
    "epsilon": 1e-8,
    "weight_init": "glorot_uniform",
}


SETUP = {**ADADELTA, "batch_size": 128, "max_iter": 12}


QUICK = {"rows": 2000, "epochs": 3}


TEST_IS_VALIDATION = (
    "The 'validation' figures are those of the test images, by which the variations "
    "were chosen too.",
)


def common_setup(context):
    """Settings of the script, and what its initialiser draws."""
    X, y = context.data("digits", rows=100).train
    network = CNNClassifier(
        filters=((16,),),
        dense_layer_sizes=(32,),
        padding="valid",
        max_iter=1,
        random_state=context.seed,
        **{**ADADELTA, "learning_rate_init": 1e-12},  # leaves the weights as drawn
    )
    (network,) = context.fit([network], X, y)
    checks = []
    for name, weights in zip(
        ("convolution", "dense", "output"), network.coefs_, strict=True
    ):
        if weights.ndim == 4:
            fan_out, fan_in = (n * 9 for n in weights.shape[:2])
        else:
            fan_in, fan_out = weights.shape
        # scale 1, mean of the fans: U(-a, a) with a = sqrt(3 / mean)
        bound = np.sqrt(3 * 1.0 / ((fan_in + fan_out) / 2))
        checks.append(
            Check(
                f"{name}: largest weight over sqrt(6 / (fan_in + fan_out))",
                np.abs(weights).max() / bound,
                right=1.0,
                tolerance=0.1,
            )
        )
    zero = all(np.allclose(bias, 0, atol=1e-9) for bias in network.intercepts_)
    checks.append(Check("initial biases are 0", zero, right=True))
    return Findings(
        checks=checks,
        tables={
            "Settings": [
                {"setting": setting, "sheet": sheet, "here": here}
                for setting, sheet, here in (
                    ("optimizer", "AdaDelta, rate 1.0", "the same, rho 0.95"),
                    ("epsilon", "not given", "1e-8, Keras 2.0's"),
                    ("batch", "128", "128"),
                    ("epochs", "12", "12"),
                    ("convolutions", "valid, stride 1", "the same"),
                    ("weights", "variance scaling, uniform, scale 1.0", "the same"),
                    ("biases", "0", "0"),
                    ("penalties", "none", "none"),
                    ("data", "60,000; validation = 10,000 test images", "the same"),
                    ("images", "channels last", "channels first; the same numbers"),
                )
            ]
        },
        notes=[
            "Variance scaling with the mean of the fans, uniform, scale 1.0 is "
            "Glorot's uniform initialisation."
        ],
    )


EXPERIMENTS = (
    Experiment(
        "S2.19",
        "Set-up of the 2018 CNNs",
        GROUP,
        "AdaDelta with rate 1.0, batch 128, 12 epochs, valid padding, variance-"
        "scaling uniform weights (Glorot), biases 0, ReLU, softmax, no penalties; "
        "60,000 training images, the 10,000 test images for validation.",
        common_setup,
        errata=TEST_IS_VALIDATION,
    ),
)
