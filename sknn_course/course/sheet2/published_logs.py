"""The log lines that the sheet prints for its networks, beside ours."""

from ..experiment import Check, Experiment, Findings
from .setup import GROUP, TEST_IS_VALIDATION

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
    >>> from sknn_course.course.sheet2.published_logs import published_log
    >>> published_log("S2.27")[30]
    {'train_loss': 0.0082, 'train_accuracy': 0.9989}
    """
    return {
        epoch: dict(zip(CURVES, map(float, line.split()), strict=False))
        for epoch, line in enumerate(LOGS[id].strip().splitlines(), start=1)
    }


TOLERANCE = {"loss": 0.1, "accuracy": 0.005}  # of the losses a share


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
        if context.is_full(id):
            checks += _mean_checks(id, tables[id])
    return Findings(
        checks=checks,
        tables=tables,
        pictures={
            f"log_{id}": _log_picture(context.result(id).curves, id) for id in LOGS
        },
        notes=["The first run of each; training figures are means over the epoch."],
    )


def _mean_checks(id, rows):
    """Means over the epochs of each published quantity."""
    checks = []
    for name in CURVES:
        pairs = [
            (row[name], row[f"published {name}"])
            for row in rows
            if f"published {name}" in row
        ]
        if pairs:
            ours, published = (
                sum(one) / len(pairs) for one in zip(*pairs, strict=True)
            )
            what = name.split("_")[1]
            tolerance = TOLERANCE[what] * (published if what == "loss" else 1)
            checks.append(
                Check(
                    f"{id}: mean {name} of the epochs", ours, published, None, tolerance
                )
            )
    return checks


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


EXPERIMENTS = (
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
)
