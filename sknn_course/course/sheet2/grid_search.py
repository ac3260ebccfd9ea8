"""The grid search of the 2018 sheet."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from ...cnn import CNNClassifier
from ..experiment import Experiment, Findings
from .setup import GROUP, SETUP

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


EXPERIMENTS = (
    Experiment(
        "S2.25",
        "Grid search",
        GROUP,
        "Cross-validated search over filters, dense sizes, kernel and pooling sizes "
        "with scikit-learn's GridSearchCV, candidates trained together.",
        grid_search,
        needs=("mnist",),
    ),
)
