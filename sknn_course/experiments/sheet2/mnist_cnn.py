"""The 2018 script's convolutional network on MNIST, its variations, a grid search."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from ...architectures import ARCHITECTURES
from ...cnn import CNNClassifier
from ...inspection import layer_table
from ...layers import GlobalAveragePool
from ...mlp import MLPClassifier
from ...theory import numerical_gradient
from ..record import Check, Experiment, Findings, Training

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

# one line per epoch of the published logs: loss, acc, val_loss, val_acc
LOGS = {
    "S2.20": """
        0.3476 0.8944 0.0877 0.9728
        0.1171 0.9655 0.0500 0.9849
        0.0882 0.9743 0.0461 0.9845
        0.0726 0.9788 0.0390 0.9867
        0.0626 0.9815 0.0350 0.9890
        0.0564 0.9830 0.0329 0.9880
        0.0526 0.9844 0.0316 0.9892
        0.0485 0.9855 0.0305 0.9894
        0.0442 0.9867 0.0303 0.9894
        0.0427 0.9872 0.0302 0.9892
        0.0408 0.9878 0.0289 0.9904
        0.0387 0.9889 0.0273 0.9912""",
    "S2.21": """
        0.5963 0.8076 0.1049 0.9693
        0.1754 0.9508 0.0678 0.9798
        0.1304 0.9640 0.0577 0.9836
        0.1077 0.9709 0.0483 0.9872
        0.0930 0.9750 0.0462 0.9877
        0.0814 0.9779 0.0489 0.9867
        0.0718 0.9802 0.0447 0.9870
        0.0653 0.9824 0.0514 0.9855
        0.0607 0.9836 0.0407 0.9880
        0.0567 0.9843 0.0380 0.9896
        0.0503 0.9858 0.0374 0.9892
        0.0478 0.9870 0.0389 0.9906""",
    "S2.22": """
        0.3367 0.8931 0.1240 0.9619
        0.0999 0.9692 0.0744 0.9748
        0.0755 0.9776 0.0627 0.9799
        0.0623 0.9812 0.0557 0.9809
        0.0543 0.9836 0.0527 0.9825
        0.0477 0.9854 0.0407 0.9864
        0.0428 0.9866 0.0424 0.9859
        0.0388 0.9880 0.0456 0.9846
        0.0352 0.9893 0.0374 0.9879
        0.0328 0.9900 0.0333 0.9889
        0.0298 0.9910 0.0376 0.9875
        0.0278 0.9913 0.0343 0.9885""",
    "S2.23": """
        0.3411 0.8927 0.0794 0.9744
        0.0672 0.9792 0.0445 0.9872
        0.0468 0.9856 0.0367 0.9873
        0.0375 0.9885 0.0339 0.9903
        0.0298 0.9908 0.0308 0.9906
        0.0247 0.9925 0.0291 0.9892
        0.0210 0.9937 0.0233 0.9928
        0.0180 0.9945 0.0254 0.9924
        0.0146 0.9953 0.0237 0.9929
        0.0128 0.9959 0.0261 0.9925
        0.0108 0.9965 0.0446 0.9876
        0.0093 0.9972 0.0263 0.9926""",
}
# of the MLP loss and acc alone
LOGS["S2.27"] = """
    0.3897 0.8977
    0.1902 0.9459
    0.1429 0.9599
    0.1156 0.9679
    0.0966 0.9738
    0.0832 0.9773
    0.0723 0.9806
    0.0643 0.9826
    0.0566 0.9849
    0.0510 0.9867
    0.0457 0.9880
    0.0410 0.9898
    0.0375 0.9905
    0.0340 0.9915
    0.0308 0.9924
    0.0282 0.9934
    0.0259 0.9942
    0.0237 0.9947
    0.0217 0.9953
    0.0199 0.9957
    0.0179 0.9965
    0.0165 0.9971
    0.0152 0.9973
    0.0139 0.9977
    0.0127 0.9980
    0.0116 0.9983
    0.0107 0.9984
    0.0098 0.9986
    0.0090 0.9989
    0.0082 0.9989"""

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


def published_log(id):
    """Epoch to metrics, as `Training.milestones` has them.

    Examples
    --------
    >>> from sknn_course.experiments.sheet2.mnist_cnn import published_log
    >>> published_log("S2.27")[30]
    {'train_loss': 0.0082, 'train_accuracy': 0.9989}
    """
    return {
        epoch: dict(zip(CURVES, map(float, line.split()), strict=False))
        for epoch, line in enumerate(LOGS[id].strip().splitlines(), start=1)
    }


def _training(id, architecture, test_loss, test_accuracy, **more):
    log = published_log(id) if id in LOGS else {}
    last = log.get(12, {})
    return Training(
        CNNClassifier,
        {"architecture": architecture, **SETUP},
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


def global_average_pooling(context):
    """Mean of each map forward, equal shares backward, no parameters."""
    import torch

    from ...modules.build import MODULES

    layer, shape = GlobalAveragePool(), (2, 3, 4)
    module = MODULES[GlobalAveragePool](layer, shape)
    maps = np.random.RandomState(0).randn(1, *shape)
    x = torch.tensor(maps, requires_grad=True)
    dy = np.array([[2.0, -1.0]])
    y = module(x)
    y.backward(torch.tensor(dy))
    return Findings(
        checks=[
            Check("output shape", layer.output_shape(shape), right=(2,)),
            Check(
                "mean of each map",
                y.detach().numpy(),
                right=maps.mean(axis=(2, 3)),
                tolerance=1e-12,
            ),
            Check(
                "gradient: dy / (height * width) in each pixel",
                x.grad.numpy(),
                right=np.broadcast_to(dy[:, :, None, None] / 12, maps.shape),
                tolerance=1e-12,
            ),
            Check(
                "gradient against central differences",
                x.grad.numpy(),
                right=numerical_gradient(
                    lambda m: (dy * m.mean(axis=(2, 3))).sum(), maps
                ),
                tolerance=1e-8,
            ),
            Check("parameters", layer.n_parameters(shape), right=0),
        ]
    )


GRID = {
    "filters": [((32,),), ((32, 64),), ((32, 64), (128, 256))],
    "dense_layer_sizes": [(64,), (128,)],
    "kernel_size": [3, 5],
    "pool_size": [2],
}
QUICK_GRID = {
    "filters": [((8,),), ((8, 16),)],
    "dense_layer_sizes": [(32,), (64,)],
    "kernel_size": [3],
    "pool_size": [2, 3],
}


def grid_search(context):
    """A stock GridSearchCV over filters, dense units, kernels and pooling."""
    from joblib import parallel_config

    data = context.data("mnist_60000", rows=context.choose(600, 3000))
    grid = context.choose(QUICK_GRID, GRID)
    network = CNNClassifier(
        padding="valid",
        alpha=0.0,
        n_iter_no_change=np.inf,
        random_state=context.seed,
        device=context.device,
        **{**SETUP, "max_iter": context.choose(4, 6)},
    )
    search = GridSearchCV(network, grid, cv=2)
    with warnings.catch_warnings(), parallel_config("stacked"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping is off
        search.fit(*data.train)
    results = search.cv_results_
    ranked = np.argsort(results["rank_test_score"])
    X_test, y_test = data.test
    return Findings(
        tables={
            "Candidates": [
                {name.removeprefix("param_"): str(results[name][i]) for name in names}
                | {
                    "validation accuracy": results["mean_test_score"][i],
                    "std of folds": results["std_test_score"][i],
                }
                for names in ([f"param_{name}" for name in grid],)
                for i in ranked
            ]
        },
        pictures={"search": lambda: _draw_search(search)},
        notes=[
            f"Best: {search.best_params_}, test accuracy "
            f"{search.score(X_test[:2000], y_test[:2000]):.4f} on 2,000 images.",
            "The sheet names its winner alone, filters [[32, 64], [128, 256]], kernel "
            "3, pooling 2, dense 64 (S2.26); the other values of the grid are ours.",
        ],
    )


def _draw_search(search):
    from ...plotting import SweepResultsDisplay

    return SweepResultsDisplay.from_estimator(search).figure_


NETWORKS = {
    "S2.20": "kiel_2018_cnn",
    "S2.21": "kiel_2018_variation_1",
    "S2.22": "kiel_2018_variation_2",
    "S2.23": "kiel_2018_variation_3",
    "S2.26": "kiel_2018_grid_winner",
}


def log_lines(context):
    """The log lines of our runs as the script prints them, beside the published."""
    tables, checks = {}, []
    for id in LOGS:
        published = published_log(id)
        curves = {name: runs[0] for name, runs in context.result(id).curves.items()}
        tables[id] = [
            {"epoch": epoch}
            | {name: curves[name][epoch - 1] for name in CURVES if name in curves}
            | {
                f"published {name}": value
                for name, value in published.get(epoch, {}).items()
            }
            for epoch in range(1, len(curves["train_loss"]) + 1)
        ]
        checks.append(
            Check(f"{id}: epochs in the published log", len(published), _EPOCHS[id])
        )
    for id, (loss, accuracy) in TEST_FIGURES.items():
        last = published_log(id)[12]
        checks.append(
            Check(
                f"{id}: last published validation figures are the test figures",
                [last["validation_loss"], last["validation_accuracy"]],
                right=[loss, accuracy],
                tolerance=5e-5,
            )
        )
    return Findings(
        checks=checks,
        tables=tables,
        pictures={
            f"log_{id}": _log_picture(context.result(id).curves, id) for id in LOGS
        },
        notes=["The first run of each; training figures are means over the epoch."],
    )


_EPOCHS = {**dict.fromkeys(LOGS, 12), "S2.27": 30}
TEST_FIGURES = {
    "S2.20": (0.0273425589641, 0.9912),
    "S2.21": (0.0388837206187, 0.9906),
    "S2.22": (0.0342879460627, 0.9885),
}


def _log_picture(curves, id):
    def draw():
        import matplotlib.pyplot as plt

        published = published_log(id).values()
        figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
        for ax, quantity in zip(axes, ("loss", "accuracy"), strict=True):
            for part, color in (("train", "#0b5394"), ("validation", "#c55a11")):
                name = f"{part}_{quantity}"
                if name in curves:
                    ours = curves[name][0]
                    ax.plot(range(1, len(ours) + 1), ours, color=color, label=part)
                log = [epoch[name] for epoch in published if name in epoch]
                if log:
                    ax.plot(
                        range(1, len(log) + 1),
                        log,
                        "o",
                        color=color,
                        markersize=3,
                        label=f"{part}, published",
                    )
            ax.set(xlabel="epoch", ylabel=quantity)
            ax.spines[["top", "right"]].set_visible(False)
        axes[0].legend(frameon=False)
        figure.suptitle(id)
        return figure

    return draw


def introspection(context):
    """Configuration, parameters and drawing of each network."""
    pictures = {}
    for name in NETWORKS.values():
        pictures[f"graph_{name}"] = _graph_picture(name)
    configuration = CNNClassifier(architecture="kiel_2018_cnn", **SETUP).get_params()
    return Findings(
        checks=[
            Check(
                f"{name}: parameters", layer_table(name).n_parameters, PARAMETERS[name]
            )
            for name in NETWORKS.values()
        ],
        tables={
            "Configuration of S2.20": [
                {"parameter": key, "value": str(value)}
                for key, value in configuration.items()
            ],
            **{
                f"Layers of {name}": [
                    {
                        "layer": row.name,
                        "type": row.type,
                        "output": "×".join(map(str, row.output_shape)),
                        "parameters": row.parameters,
                    }
                    for row in layer_table(name)
                ]
                for name in NETWORKS.values()
            },
        },
        pictures=pictures,
        notes=["The learning curves of each network are with its own row."],
    )


PARAMETERS = {
    "kiel_2018_cnn": 1_199_882,
    "kiel_2018_variation_1": 97_482,
    "kiel_2018_variation_2": 63_124,
    "kiel_2018_variation_3": 167_818,
    "kiel_2018_grid_winner": 650_698,
}


def _graph_picture(name):
    def draw():
        from ...inspection import draw_network

        return draw_network(ARCHITECTURES[name])

    return draw


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
        errata=TEST_IS_VALIDATION,
    ),
    Experiment(
        "S2.24",
        "Global average pooling",
        GROUP,
        "Mean of each map: forward, backward, no parameters.",
        global_average_pooling,
    ),
    Experiment(
        "S2.25",
        "Grid search",
        GROUP,
        "Cross-validated search over filters, dense sizes, kernel and pooling sizes "
        "with scikit-learn's GridSearchCV, candidates trained together.",
        grid_search,
        needs=("mnist",),
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
            milestones=published_log("S2.27"),
            quick={"rows": 5000, "epochs": 10},
        ),
        errata=(
            "The shares of the parameters are printed as 0.027 % and 0.027 %: they "
            "are 98.7390 % (314,000) and 1.2610 % (4,010).",
        ),
    ),
    Experiment(
        "S2.28",
        "Log lines of all networks",
        GROUP,
        "Loss and accuracy in training and validation after each epoch, beside the "
        "published logs.",
        log_lines,
        depends=tuple(LOGS),
        errata=TEST_IS_VALIDATION,
    ),
    Experiment(
        "S2.29",
        "Introspection",
        GROUP,
        "Configuration, parameter counts and drawings of the networks.",
        introspection,
    ),
)
