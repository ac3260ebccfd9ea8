"""S3.16-S3.17: the rows of Eckerle4, and what four runs can tell apart."""

import numpy as np
from scipy.stats import ttest_ind_from_stats

from ...datasets import load_eckerle4
from ..experiment import Check, Experiment, Findings
from ..theory import welch_t_test
from .settings import ECKERLE4_GROUP
from .trainings import ROWS as SHEET

ROWS = SHEET.between("S3.19", "S3.34")
CERTIFIED = (1.5543827178, 4.0888321754, 4.5154121844e2)
NOT_EXPONENTIAL = (
    "The sheet says that Eckerle4 was 'generated using an exponential function'. It is "
    "a NIST reference set of 35 measured transmittances; the model fitted to them is "
    "b1 / b2 exp(-((x - b3) / b2)^2 / 2)."
)
#: Errors of the four runs that the sheet prints, training and test.
RUNS = {
    "S3.19": (
        (0.00093958, 0.00833894, 0.00165187, 0.00326627),
        (0.00161392, 0.00906388, 0.00456719, 0.00360921),
    ),
    "S3.20": (
        (0.00646319, 0.02903142, 0.07766966, 0.0176913),
        (0.02101597, 0.01363953, 0.15481262, 0.02773787),
    ),
    "S3.22": (
        (0.00183113, 0.00872862, 0.00381526, 0.0084471),
        (0.00576381, 0.0047414, 0.00776304, 0.00772263),
    ),
    "S3.25": (
        (0.04243932, 0.04302144, 0.04062312, 0.04262973),
        (0.07727005, 0.07931674, 0.07554453, 0.07854231),
    ),
    "S3.26": (
        (0.02474733, 0.04057043, 0.03173536, 0.00456203),
        (0.08768415, 0.01324433, 0.02053881, 0.00976548),
    ),
    "S3.29": (
        (0.00987816, 0.00259155, 0.00428888, 0.01030929),
        (0.01623591, 0.00896986, 0.00674867, 0.00522683),
    ),
    "S3.30": (
        (0.02207843, 0.03519015, 0.02986959, 0.03315998),
        (0.03971228, 0.07290985, 0.05201817, 0.06567006),
    ),
    "S3.32": (
        (0.00789899, 0.02421053, 0.00957814, 0.00806093),
        (0.01010753, 0.04547878, 0.00425082, 0.00948531),
    ),
    "S3.33": (
        (0.00150278, 0.00259968, 0.00518235, 0.01440458),
        (0.00233353, 0.00236104, 0.00407558, 0.0039278),
    ),
    "S3.34": (
        (0.00064292, 0.0042784, 0.01114108, 0.0008195),
        (0.00328204, 0.00336861, 0.00425401, 0.0017935),
    ),
}
#: p-values of Welch's test of the test errors of two rows.
P_VALUES = {
    ("S3.31", "S3.33"): 0.89,
    ("S3.34", "S3.33"): 1.00,
    ("S3.31", "S3.27"): 0.35,
}


def check_data(context):
    """S3.16: the rows, their split, the leak of scaling, and NIST's own model."""
    X, y = load_eckerle4(return_X_y=True)
    b1, b2, b3 = CERTIFIED
    model = b1 / b2 * np.exp(-(((X[:, 0] - b3) / b2) ** 2) / 2)
    data, clean = context.data("eckerle4"), context.data("eckerle4_clean")
    both = np.concatenate([np.column_stack(data[part]) for part in ("train", "test")])
    findings = Findings(
        checks=[
            Check("observations", len(X), 35),
            Check(
                "training and test rows",
                [len(data[p][1]) for p in ("train", "test")],
                [21, 14],
            ),
            Check("least of input and target, all rows", both.min(0), [0, 0]),
            Check("largest of input and target, all rows", both.max(0), [1, 1]),
            Check(
                "residual sum of squares of NIST's certified fit",
                float(np.square(y - model).sum()),
                right=1.4635887487e-3,
                tolerance=1e-12,
            ),
            Check(
                "clean variant: training rows from 0 to 1",
                [clean.train[0].min(), clean.train[0].max()],
                right=[0, 1],
                tolerance=1e-6,
            ),
        ],
        notes=[
            "Scaling on all 35 rows lets the test rows tell of their range, as the "
            "sheet admits; the data set 'eckerle4_clean' scales on the training rows "
            "alone.",
            "The sheet's own split is not known: ours has 21 and 14 random rows too.",
        ],
    )
    for name, one in (("all rows (sheet)", data), ("training rows (clean)", clean)):
        findings.tables.setdefault("Range after scaling", []).append(
            {
                "scaled on": name,
                **{
                    f"{part} {what}": f"{values.min():.3f} to {values.max():.3f}"
                    for part in ("train", "test")
                    for what, values in zip(("input", "target"), one[part], strict=True)
                },
            }
        )
    return findings


def repeat_runs(context):
    """S3.17: mean and deviation of four runs, and what they can tell apart."""
    findings = Findings()
    for id, runs in RUNS.items():
        training = ROWS[id].procedure
        for metric, values in zip(("train_mse", "test_mse"), runs, strict=True):
            findings.checks.append(
                Check(
                    f"{id} {metric}: mean and std (ddof=1) of the printed runs",
                    [np.mean(values), np.std(values, ddof=1)],
                    [training.published[metric], training.published_std[metric]],
                    tolerance=1e-6,
                )
            )
    for pair, right in P_VALUES.items():
        both = [ROWS[id].procedure for id in pair]
        given = [
            number
            for one in both
            for number in (one.published["test_mse"], one.published_std["test_mse"], 4)
        ]
        p_value = float(ttest_ind_from_stats(*given, equal_var=False).pvalue)
        findings.checks.append(
            Check(
                f"p of the published {' and '.join(pair)}",
                p_value,
                right=right,
                tolerance=0.005,
            )
        )
        ours = [context.result(id).metrics["test_mse"] for id in pair]
        findings.tables.setdefault("Welch's test of the test errors", []).append(
            {
                "rows": " and ".join(pair),
                "p, sheet": p_value,
                "p, ours": welch_t_test(*ours).p_value if len(ours[0]) > 1 else None,
            }
        )
    for id, experiment in ROWS.items():
        metrics, training = context.result(id).metrics, experiment.procedure
        row = {"row": f"{id[1:]}: {experiment.title.removeprefix('Eckerle4 ')}"}
        for metric, words in (("train_mse", "training"), ("test_mse", "test")):
            row[words] = _mean_and_std(metrics[metric])
            row[f"{words}, sheet"] = "did not work"
            if training.published:
                mean, std = training.published[metric], training.published_std[metric]
                row[f"{words}, sheet"] = f"{mean:.6f} ± {std:.6f}"
        findings.tables.setdefault("Squared errors, mean ± std", []).append(row)
    return findings


def _mean_and_std(values):
    values = np.array(values, float)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return "diverged"
    std = f" ± {np.std(values, ddof=1):.6f}" if len(values) > 1 else ""
    return f"{np.mean(values):.6f}{std}"


EXPERIMENTS = (
    Experiment(
        id="S3.16",
        title="Eckerle4: rows, split, scaling",
        group=ECKERLE4_GROUP,
        about=(
            "35 points, one input; 21 for training, 14 for test; input and target "
            "scaled to [0, 1] on the whole set, and a clean variant."
        ),
        procedure=check_data,
        errata=(NOT_EXPONENTIAL,),
    ),
    Experiment(
        id="S3.17",
        title="Four runs each, mean and standard deviation",
        group=ECKERLE4_GROUP,
        about=(
            "New weights for each run, final training and test error, ddof = 1: the "
            "sheet's statistics from its printed runs, and ours beside them."
        ),
        procedure=repeat_runs,
        depends=tuple(ROWS),
        errata=(SHEET.texts["no_ranking"],),
    ),
)
