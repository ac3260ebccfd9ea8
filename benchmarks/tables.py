"""The tabular ensemble beside trees, boosters and linear models on real tables.

    python benchmarks/tables.py --tables FOLDER [--names ...] [--models ...]
                                [--rows N] [--folds N] [--parts N] [--seeds ...]
                                [--output FILE] [--report]

FOLDER holds ``manifest.json``, a list of ``{"name", "file", "target", "task"}``, and
the CSV files that it names. All models see the same rows, which is asserted by a
checksum; errors are 1 - AUC for two classes, 1 - accuracy for more, 1 - R2 for numbers.
LightGBM, RealMLP and TabM are compared where their packages (lightgbm, pytabkit) are
installed. Each fit is timed by the wall and by the processor, which other work on the
machine changes little; all run on one core (``OMP_NUM_THREADS=1``). What FILE holds
already is not measured again, so that a run may be interrupted, and models added.
"""

import argparse
import json
import time
import warnings
import zlib
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path

import pandas as pd
from machine import describe_machine
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sknn_course import (
    MLPClassifier,
    MLPRegressor,
    TabularClassifier,
    TabularRegressor,
)
from sknn_course.tabular import TableEncoder

OUTPUT = Path(__file__).parent / "results" / "tables.json"
MOST_TEST_ROWS = 5000


class WithCategories(BaseEstimator):
    """A model that takes pandas' categories, and gaps filled where it needs that."""

    def __init__(self, model, fill=False):
        self.model, self.fill = model, fill

    def _prepared(self, X):
        X = X.copy()
        for name, levels in self.levels_.items():
            X[name] = pd.Categorical([*map(str, X[name])], categories=levels)
        numbers = X.columns.difference(list(self.levels_))
        X[numbers] = X[numbers].astype(float)
        return X.fillna(self.medians_) if self.fill else X

    def fit(self, X, y):
        text = X.select_dtypes(exclude=["number", "bool"])
        self.levels_ = {name: sorted(set(map(str, text[name]))) for name in text}
        self.medians_ = X.select_dtypes("number").median()
        self.model.fit(self._prepared(X), y)
        self.classes_ = getattr(self.model, "classes_", None)
        return self

    def predict(self, X):
        return self.model.predict(self._prepared(X))

    def predict_proba(self, X):
        return self.model.predict_proba(self._prepared(X))


def encoded(model, scaled=False):
    """A model behind medians and one-hot columns."""
    numbers = [SimpleImputer(strategy="median", add_indicator=True)]
    numbers += [StandardScaler()] if scaled else []
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False
    )
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(*numbers), make_column_selector(dtype_include="number")),
            (levels, make_column_selector(dtype_exclude="number")),
        ),
        model,
    )


def hist_gradient_boosting(classify, seed):
    make = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    return WithCategories(make(categorical_features="from_dtype", random_state=seed))


def random_forest(classify, seed):
    make = RandomForestClassifier if classify else RandomForestRegressor
    return encoded(make(random_state=seed))


def linear(classify, seed):
    model = LogisticRegression(max_iter=1000) if classify else RidgeCV()
    return encoded(model, scaled=True)


def mlp(classify, seed):
    if classify:
        network = MLPClassifier(early_stopping=True, random_state=seed)
    else:
        network = MLPRegressor(normalize_y=True, early_stopping=True, random_state=seed)
    return make_pipeline(TableEncoder(), network)


def tabular(classify, seed):
    make = TabularClassifier if classify else TabularRegressor
    return make(random_state=seed)


def lightgbm(classify, seed):
    from lightgbm import LGBMClassifier, LGBMRegressor

    make = LGBMClassifier if classify else LGBMRegressor
    return WithCategories(make(verbose=-1, random_state=seed))


def from_pytabkit(name):
    def make(classify, seed):
        import pytabkit

        suffix = "Classifier" if classify else "Regressor"
        make = getattr(pytabkit, f"{name}_{suffix}")
        model = make(random_state=seed, device="cpu", n_threads=1)
        return WithCategories(model, fill=True)

    return make


MODELS = {
    "tabular": tabular,
    "hist_gradient_boosting": hist_gradient_boosting,
    "random_forest": random_forest,
    "linear": linear,
    "mlp": mlp,
}
if find_spec("lightgbm"):
    MODELS["lightgbm"] = lightgbm
if find_spec("pytabkit"):
    MODELS |= {
        "realmlp_td_s": from_pytabkit("RealMLP_TD_S"),
        "realmlp_td": from_pytabkit("RealMLP_TD"),
        "tabm_d": from_pytabkit("TabM_D"),
    }


def splits(X, y, classify, options, seed):
    """Training and test rows of each fold that is tried."""
    folds = (StratifiedKFold if classify else KFold)(
        options.folds, shuffle=True, random_state=seed
    )
    for train, test in islice(folds.split(X, y), options.parts):
        if len(train) > options.rows:
            train, _ = train_test_split(
                train,
                train_size=options.rows,
                random_state=seed,
                stratify=y[train] if classify else None,
            )
        yield train, test[:MOST_TEST_ROWS]


def error(model, X, y):
    classes = getattr(model, "classes_", None)
    if classes is None:
        return 1 - r2_score(y, model.predict(X))
    if len(classes) == 2:
        return 1 - roc_auc_score(y == classes[1], model.predict_proba(X)[:, 1])
    return 1 - accuracy_score(y, model.predict(X))


def warm_up(model):
    """Import what a model imports when it is first fitted."""
    rows = pd.DataFrame({"x": [float(k) for k in range(60)]})
    model.fit(rows, (rows["x"] > 30).to_numpy().astype(int))


def measure(entry, seed, options, is_known):
    """Rows of results: one for each fold and model that is not known."""
    X = pd.read_csv(options.tables / entry["file"])
    y = X.pop(entry["target"]).to_numpy()
    classify = entry["task"] == "classification"
    for fold, (train, test) in enumerate(splits(X, y, classify, options, seed)):
        for name in options.models:
            key = {"table": entry["name"], "model": name, "seed": seed, "fold": fold}
            if is_known(key):
                continue
            rows = X.iloc[train].reset_index(drop=True)
            model = MODELS[name](classify, seed)
            wall, cpu = time.perf_counter(), time.process_time()
            model.fit(rows, y[train])
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            yield {
                **key,
                "rows": zlib.crc32(rows.to_csv().encode()),
                "error": float(error(model, X.iloc[test], y[test])),
                "seconds": wall,
                "cpu_seconds": cpu,
            }


def summarise(results, models):
    """Mean error by table and model, mean ranks and normalised errors."""
    frame = pd.DataFrame(results)
    trials = frame.groupby(["table", "seed", "fold"])
    assert (trials["rows"].nunique() == 1).all(), "the models saw different rows"
    complete = trials["model"].transform("nunique") == len(models)
    frame = frame[complete]  # of an interrupted run
    errors = frame.groupby(["table", "model"])["error"].mean().unstack()[models]
    spread = errors.max(axis=1) - errors.min(axis=1)
    normalised = errors.sub(errors.min(axis=1), axis=0).div(spread + 1e-12, axis=0)
    ranks = errors.apply(rankdata, axis=1, result_type="broadcast")
    seconds = frame.groupby("model")[["seconds", "cpu_seconds"]].sum().loc[models]
    n_tables = len(errors)
    return {
        "errors": errors.round(4).to_dict("index"),
        "mean_rank": ranks.mean().round(2).to_dict(),
        "standard_error_of_rank": (ranks.std() / n_tables**0.5).round(2).to_dict(),
        "mean_normalised_error": normalised.mean().round(3).to_dict(),
        "tables_on_which_tabular_is_better": {
            name: int((errors["tabular"] < errors[name]).sum())
            for name in models
            if "tabular" in models and name != "tabular"
        },
        "n_tables": n_tables,
        "n_fits_of_each": len(frame) // len(models),
        **seconds.round(1).to_dict(),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--names", nargs="+", help="of tables; all by default")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rows", type=int, default=2000, help="to train on, at most")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--parts", type=int, help="of the folds; all by default")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--report", action="store_true", help="measure nothing")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    manifest = json.loads((options.tables / "manifest.json").read_text())
    if options.names:
        manifest = [entry for entry in manifest if entry["name"] in options.names]
    kept = json.loads(options.output.read_text()) if options.output.exists() else {}
    results = kept.get("results", [])
    settings = {"rows": options.rows, "folds": options.folds}
    if kept and kept["settings"] != settings:
        parser.error(f"{options.output} holds results of {kept['settings']}.")

    def is_known(key):
        return any(key.items() <= row.items() for row in results)

    for name in [] if options.report else options.models:
        warm_up(MODELS[name](True, 0))
    for seed, entry in product([] if options.report else options.seeds, manifest):
        for row in measure(entry, seed, options, is_known):
            results.append(row)
            print(
                f"{row['table']:15} {row['model']:24} seed {seed} fold {row['fold']}: "
                f"{row['error']:.4f} in {row['cpu_seconds']:.1f} s",
                flush=True,
            )
        write(options.output, settings, results, {})
    models = [name for name in MODELS if any(row["model"] == name for row in results)]
    summary = summarise(results, models)
    print(json.dumps(summary, indent=1))
    write(options.output, settings, results, summary)


def write(path, settings, results, summary):
    """The report so far."""
    report = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/tables.py --tables FOLDER",
        "machine": describe_machine(),
        "settings": settings,
        **summary,
        "results": results,
    }
    path.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
