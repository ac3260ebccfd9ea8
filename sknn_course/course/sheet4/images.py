"""The same network on MNIST, and CutMix."""

import numpy as np
import torch

from ...augmentation import augmentation_pipeline
from ...cnn import CNNClassifier
from ..experiment import Check, Experiment, Findings
from ..training import run_settings
from .settings import GROUP_MLP, circles_network


def mnist(context):
    """The network of the circles, unchanged, on digits."""
    n_rows, n_test = context.choose(2000, 50_000), context.choose(1000, 10_000)
    data = context.data("mnist", rows=n_rows)
    X, y = (part[:n_test] for part in data.test)
    small = circles_network(context, n_epochs=context.choose(10, 20))
    (model,) = context.fit(
        [small.set_params(learning_rate_init=0.1, hidden_layer_sizes=(100,))],
        *data.train,
    )
    y_pred = model.predict(X)
    chances = np.bincount(y).max() / len(y)
    wrong = np.flatnonzero(y_pred != y)
    return Findings(
        checks=[
            Check(
                "inputs and outputs", (X.shape[1], model.n_outputs_), right=(784, 10)
            ),
            Check(
                "more than twice the share of the largest class",
                bool(np.mean(y_pred == y) > 2 * chances),
                right=True,
            ),
        ],
        tables={
            "First wrong test images": [
                {"image": int(i), "true": int(y[i]), "predicted": int(y_pred[i])}
                for i in wrong[:8]
            ]
        },
        pictures={"batch": lambda: _draw_batch(X, y, y_pred)},
        notes=[
            f"Test accuracy {np.mean(y_pred == y):.3f} on {n_test} images, after "
            f"{len(data.train[0])} rows. The sheet gives no accuracy; it shows a batch "
            "in which a 6 is read as 8."
        ],
    )


def _draw_batch(X, y, y_pred):
    from ...plotting import ExampleImagesDisplay

    titles = [f"{true}" if true == said else f"{true} as {said}" for true, said in
              zip(y[:25], y_pred[:25], strict=True)]  # fmt: skip
    images = X[:25].reshape(-1, 1, 28, 28)
    display = ExampleImagesDisplay(images=images, titles=titles).plot()
    return display.figure_


def cutmix(context):
    """Boxes of another image; labels in proportion to area."""
    # Row i is the constant i: the pixels tell what came from where.
    n, side = 64, 8
    rows = torch.arange(n, dtype=torch.float64)
    images = rows[:, None, None, None].expand(n, 1, side, side)
    keys = torch.arange(n, dtype=torch.int32)
    change = augmentation_pipeline("cutmix").change_batch
    mixed, targets = change(images, torch.eye(n, dtype=torch.float64), keys)
    own = (mixed == images).double().mean((1, 2, 3))
    kept = targets.diagonal()
    alone = kept == 1  # a row that met itself
    X, y = context.data("digits").train
    digits = torch.tensor(X[:n].reshape(n, 1, 8, 8))
    shown, labels = change(digits, torch.eye(10)[y[:n]], keys)
    data = context.data("digits", rows=300)
    models = context.fit(
        [
            CNNClassifier(
                filters=((16,), (32,)),
                dense_layer_sizes=(),
                **run_settings(context),
                batch_size=50,
                max_iter=context.choose(30, 100),
                augmentation=augmentation,
            )
            for augmentation in (None, "cutmix", "mixup")
        ],
        *data.train,
    )
    return Findings(
        checks=[
            Check(
                "weight of the own label is the area of the own image",
                kept[~alone].numpy(),
                right=own[~alone].numpy(),
                tolerance=1e-12,
            ),
            Check(
                "weights of two labels sum to 1",
                targets.sum(1).numpy(),
                right=np.ones(n),
                tolerance=1e-12,
            ),
        ],
        tables={
            "300 digits": [
                {
                    "augmentation": str(model.augmentation),
                    "training accuracy": model.score(*data.train),
                    "test accuracy": model.score(*data.test),
                }
                for model in models
            ]
        },
        pictures={"mixed_images": lambda: _draw_mixed(shown, labels)},
        notes=[
            "The sheet mentions CutMix alone: a box of the image becomes that of "
            "another one of the batch. MixUp, the mean of two images, is beside it."
        ],
    )


def _draw_mixed(images, labels):
    from ...plotting import ExampleImagesDisplay

    titles = []
    for row in labels[:15]:
        named = sorted(
            ((float(w), k) for k, w in enumerate(row) if w > 0), reverse=True
        )
        titles.append("\n".join(f"{k}: {w:.0%}" for w, k in named))
    titles = [title if "\n" in title else f"{title}\n" for title in titles]
    display = ExampleImagesDisplay(
        images=images[:15].numpy(), titles=titles, n_columns=5
    )
    return display.plot().figure_


EXPERIMENTS = (
    Experiment(
        "S4.12",
        "The same code on MNIST",
        GROUP_MLP,
        "The network of the circles with 784 inputs and ten outputs, a batch shown "
        "with its predictions. 100 hidden units and rate 0.1 are ours.",
        mnist,
        needs=("mnist",),
    ),
    Experiment(
        "S4.13",
        "CutMix",
        GROUP_MLP,
        "Mixed images with labels in proportion to area, shown on digits.",
        cutmix,
    ),
)
