"""One side of a timed search, in this process or in one of its own.

Torch is imported only by the sides that need it, also in their worker processes.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import warnings
from contextlib import nullcontext
from math import ceil, inf
from time import perf_counter, sleep

import joblib
from searches import get_search
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

OURS, SCIKIT_LEARN, SKORCH = "sknn_course", "scikit-learn", "skorch"
UNTRAINED = "nothing trained"
IMPORTS = {
    OURS: "sknn_course.mlp",
    SCIKIT_LEARN: "sklearn.neural_network",
    SKORCH: "skorch_perceptron",
    UNTRAINED: "untrained",
}


def fit_search(
    name,
    peer,
    quick=False,
    data="float64",
    n_epochs=None,
    every=1,
    n_jobs=1,
    device="cpu",
    scoring=None,
    random_state=0,
    cuda_graphs=False,
    **parameters,
):
    """Fit a stock GridSearchCV over the networks of a peer.

    Parameters
    ----------
    name, quick :
        As for `get_search`.
    peer : str
        ``sknn_course`` runs with joblib's backend ``"stacked"``.
    data : {'float64', 'float32'}
    n_epochs : int or None
    every : int
        Take every so manieth candidate.
    n_jobs : int
        Worker processes; for ours, 1 is this process, or 'auto'.
    device : str
        Not for scikit-learn.
    scoring : str, list or None
    random_state : int
    cuda_graphs : bool
        Option of the backend ``"stacked"``.
    **parameters :
        Of the network.

    Returns
    -------
    dict
        ``seconds`` of ``fit``, ``n_fits``, the mean test scores of the candidates
        by name, and the ``report`` on stacks.
    """
    search = get_search(name, quick)
    candidates = search.candidates(every)
    n_epochs = n_epochs or search.n_epochs
    if peer == SKORCH:
        skorch_perceptron = importlib.import_module(IMPORTS[SKORCH])
        network = skorch_perceptron.make_net(search, n_epochs, device, random_state)
        network.set_params(**parameters)
        candidates = [
            skorch_perceptron.translate(candidate, search.batch_size)
            for candidate in candidates
        ]
    else:
        if peer == OURS:
            parameters["device"] = device
        network = importlib.import_module(IMPORTS[peer]).MLPClassifier(
            hidden_layer_sizes=search.hidden_layer_sizes,
            batch_size=search.batch_size,
            max_iter=n_epochs,
            tol=0.0,
            n_iter_no_change=inf,
            random_state=random_state,
            **parameters,
        )
    scaler = StandardScaler() if search.scaled else "passthrough"
    grid_search = GridSearchCV(
        Pipeline([("scale", scaler), ("network", network)]),
        [
            {f"network__{name}": [value] for name, value in candidate.items()}
            for candidate in candidates
        ],
        cv=search.n_folds,
        scoring=scoring,
        refit=False,
        n_jobs=None if peer == OURS else n_jobs,
        error_score="raise",
    )
    X = search.X.astype(data)
    backend = nullcontext()
    if peer == OURS:
        backend = joblib.parallel_config(
            "stacked", n_processes=n_jobs, cuda_graphs=cuda_graphs
        )
    with backend:
        started = perf_counter()
        grid_search.fit(X, search.y)
        seconds = perf_counter() - started
    report = ""
    if peer == OURS:
        report = str(importlib.import_module("sknn_course.parallel").last_report())
    return {
        "seconds": seconds,
        "n_fits": len(candidates) * search.n_folds,
        "scores": {
            key.removeprefix("mean_test_"): values.tolist()
            for key, values in grid_search.cv_results_.items()
            if key.startswith("mean_test_")
        },
        "report": report,
    }


def warm_up(name, peer, quick=False, n_jobs=1, **keywords):
    """Start the workers, import, and fit two candidates for one epoch."""
    if peer != OURS:
        _ask_workers(_import, IMPORTS[peer], n_jobs=n_jobs)
    fit_search(
        name,
        peer,
        quick,
        n_epochs=1,
        every=ceil(len(get_search(name, quick).candidates()) / 2),
        n_jobs=n_jobs,
        **keywords,
    )


def peak_memory(n_jobs=1):
    """Largest resident memory of this process and its workers so far, summed.

    Pages that processes share, such as libraries and memory-mapped rows, count in
    each of them.

    Parameters
    ----------
    n_jobs : int

    Returns
    -------
    float
        MiB.
    """
    peaks = _ask_workers(_own_peak, n_jobs=n_jobs)
    peaks[os.getpid()] = _own_peak()
    return sum(peaks.values())


def _own_peak():
    # ru_maxrss begins with the memory of the process that started this one
    try:
        with open("/proc/self/status", encoding="utf-8") as file:
            status = dict(line.split(":", 1) for line in file)
        return int(status["VmHWM"].split()[0]) / 2**10
    except (OSError, KeyError):
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _import(module):
    importlib.import_module(module)


def _ask_workers(function, *arguments, n_jobs):
    """The answers of all worker processes, by their id."""
    answers = {}
    while len(answers) < n_jobs:
        tasks = [joblib.delayed(_answer)(function, *arguments)] * n_jobs
        answers |= dict(joblib.Parallel(n_jobs, batch_size=1)(tasks))
    return answers


def _answer(function, *arguments):
    sleep(0.1)  # so that the others take the other tasks
    return os.getpid(), function(*arguments)


class SideProcess:
    """A process that runs one side, on as many cores as it has jobs.

    It imports only what that side needs, and its peak memory is that side's.

    Parameters
    ----------
    n_cores : int
        Cores of the process and its workers, where the system can restrict them.
    """

    def __init__(self, n_cores):
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(n_cores)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def call(self, function, **keywords):
        """The result of one of this module's public functions there.

        Raises
        ------
        RuntimeError
            If the process ends instead; it prints why.
        """
        print(json.dumps([function, keywords]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"The process of {function}({keywords}) ended with exit code "
                f"{self._process.wait()}."
            )
        return json.loads(answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def _serve(n_cores):
    """Answer calls, one per line, until there are no more."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_cores])
    answers, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore", ConvergenceWarning)
    functions = {f.__name__: f for f in (fit_search, warm_up, peak_memory)}
    for line in sys.stdin:
        function, keywords = json.loads(line)
        print(json.dumps(functions[function](**keywords)), file=answers, flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
