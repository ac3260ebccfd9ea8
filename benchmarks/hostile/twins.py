"""The same calls of scikit-learn's estimator."""

from .calls import run
from .cases import Step
from .expressions import evaluate, is_broken
from .subjects import EXTENSIONS


def run_twin(case, subject):
    """scikit-learn's results; a step's result is None where it has no answer."""
    nothing = [None] * len(case.steps)
    given = [argument for step in case.steps for argument in step.arguments]
    if any(is_broken(text) for _, text in given):
        return nothing
    if subject.images and any(_is_images(text) for name, text in given if "X" in name):
        return nothing
    try:
        parameters = _shared(dict(case.parameters), subject)
        model = subject.twin(**{k: evaluate(text) for k, text in parameters.items()})
    except Exception:
        return nothing
    steps, owners = [], []
    for i, step in enumerate(case.steps):
        arguments = dict(step.arguments)
        X_val, y_val = (arguments.pop(name, "None") for name in ("X_val", "y_val"))
        if step.method == "set_params":
            arguments = _shared(arguments, subject)
        steps.append(Step(step.method, tuple(arguments.items())))
        owners.append(i)
        if X_val != "None":  # what can be scored can be given
            steps.append(Step("score", (("X", X_val), ("y", y_val))))
            owners.append(i)
    results = list(nothing)
    for i, result in zip(owners, run(model, steps, watch=False), strict=True):
        results[i] = results[i] if results[i] and results[i].error else result
    return results


def _is_images(text):
    return "images()" in text or len(getattr(evaluate(text), "shape", ())) in (3, 4)


def _shared(texts, subject):
    """The parameters that scikit-learn's estimator has."""
    chosen = {
        name: text
        for name, text in texts.items()
        if name in subject.shared and not _is_extension(name, text)
    }
    if "dense_layer_sizes" in texts:
        chosen["hidden_layer_sizes"] = texts["dense_layer_sizes"]
    return chosen


def _is_extension(name, text):
    return name in EXTENSIONS and text.strip("'") in EXTENSIONS[name]
