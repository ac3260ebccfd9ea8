"""What a case came to, judged by scikit-learn's answer to the same calls."""

import linecache
import re
import traceback
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import NotFittedError

from . import expressions
from .calls import COPIES, run
from .cases import Step
from .expressions import evaluate
from .subjects import DOCUMENTED, EXTENSIONS, SUBJECTS

HANDLED = "handled"
REFUSED = "refused clearly"
STRICTER = "refused clearly, where scikit-learn accepts"
COPIED = "unclear, but word for word scikit-learn's"
TRACEBACK = "unrelated traceback"
NON_FINITE = "silent non-finite"
NONSENSE = "accepted nonsense"
DIFFERENT = "another result than scikit-learn's"
CHANGED = "state changed"
HANG, CRASH = "hang", "crash"
RIGHT = (HANDLED, REFUSED, STRICTER, COPIED)
OUTCOMES = (*RIGHT, TRACEBACK, NON_FINITE, NONSENSE, DIFFERENT, CHANGED, HANG, CRASH)

CLEAR = (ValueError, TypeError, AttributeError, NotFittedError)
#: Words by which a message of ours names what is wrong, beside parameters.
WORDS = re.compile(
    r"\b(X|y|X_val|y_val|sample_weight|class(es)?|labels?|arrays?|sparse|input|data|"
    r"samples?|features?|targets?|fitted|weights?|attribute|images?|rows|architecture)\b"
)
#: What scikit-learn's estimators refuse and ours are documented to take.
MORE = {
    "LeastSquaresSVR": "y should be a 1d array",
    "LeastSquaresSVC": "y should be a 1d array|multilabel|multi_class",
}


@dataclass(frozen=True)
class Verdict:
    """An outcome and, for a fault, what tells it from other faults."""

    outcome: str
    step: int = -1
    error: str = ""  # type of the error
    place: str = ""  # last frame
    message: str = ""

    @property
    def signature(self):
        """Equal for cases with the same fault, as far as can be told."""
        message = re.sub(r"[-+]?\d[\d.e+-]*|'[^']*'|\[.*?\]|\(.*?\)", "#", self.message)
        return self.outcome, self.error, self.place, message[:60]


def judge(case):
    """The `Verdict` on a case."""
    subject = SUBJECTS[case.subject]
    parameters = {name: evaluate(text) for name, text in case.parameters}
    try:
        model = subject.make(**parameters)
    except Exception as error:
        clear, place = _clear(error, subject)
        name = type(error).__name__
        return Verdict(REFUSED if clear else TRACEBACK, 0, name, place, str(error))
    ours = run(model, case.steps)
    theirs = _run_twin(case, subject)
    return (
        _tracebacks(ours, theirs, subject)
        or _state(case, ours)
        or _non_finite(case, ours)
        or _nonsense(case, ours, theirs, subject)
        or _different(case, ours, theirs, subject)
        or _accepted(ours, theirs)
    )


def _run_twin(case, subject):
    """scikit-learn's results; a step's result is None where it has no answer."""
    nothing = [None] * len(case.steps)
    if any("images()" in text for step in case.steps for _, text in step.arguments):
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


def _clear(error, subject):
    """Whether an error tells what was wrong with the call, and from where it comes."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    place = "/".join(last.filename.split("/")[-2:])
    ours = "/sknn_course/" in last.filename
    own = [f for f in frames if "/sknn_course/" in f.filename]
    if own and not ours:
        place = f"{own[-1].filename.split('/sknn_course/')[-1]} > {place}"
    place = f"{place}:{last.name}"
    if last.filename == expressions.__file__:
        return True, place  # an error of the caller's own function or object
    if not isinstance(error, CLEAR):
        return False, place
    if any("/sklearn/utils/" in frame.filename for frame in frames):
        return True, place
    if not linecache.getline(last.filename, last.lineno).lstrip().startswith("raise"):
        return False, place
    if "/sklearn/" in last.filename:
        return True, place
    words = set(re.findall(r"\w+", str(error)))
    named = WORDS.search(str(error)) or words & set(subject.parameters)
    return bool(ours and named), place


def _tracebacks(ours, theirs, subject):
    """The first unclear error, unless scikit-learn gives the same one."""
    verdict = None
    for i, (result, twin) in enumerate(zip(ours, theirs, strict=True)):
        if result.error is None:
            continue
        clear, place = _clear(result.error, subject)
        if clear:
            continue
        name, message = type(result.error).__name__, " ".join(str(result.error).split())
        if twin and type(twin.error).__name__ == name and str(twin.error) == message:
            verdict = verdict or Verdict(COPIED, i, name, place, message)
        else:
            return Verdict(TRACEBACK, i, name, place, message)
    return verdict


def _state(case, ours):
    for i, (step, result) in enumerate(zip(case.steps, ours, strict=True)):
        if result.changed:
            error = result.error and f"{type(result.error).__name__}: {result.error}"
            told = f"{error} | {', '.join(result.changed)}"
            return Verdict(CHANGED, i, case.subject, step.method, told)
    return None


def _non_finite(case, ours):
    for i, (step, result) in enumerate(zip(case.steps, ours, strict=True)):
        value = result.value
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc":
            continue
        bad = np.isnan(value) if "log" in step.method else ~np.isfinite(value)
        labels = step.method == "predict" and SUBJECTS[case.subject].kind == "classifier"
        if bad.any() and not labels:
            return Verdict(NON_FINITE, i, case.subject, step.method)
    return None


def _nonsense(case, ours, theirs, subject):
    parameters = dict(case.parameters)
    for i, (step, result, twin) in enumerate(zip(case.steps, ours, theirs, strict=True)):
        if step.method == "set_params":
            parameters |= dict(step.arguments)
        if result.error is not None:
            if twin is None or twin.error is None:
                return None  # from here on they are in different states
            continue
        if step.method in ("fit", "partial_fit"):
            for name, text in parameters.items():
                rule = DOCUMENTED.get(name)
                if rule and name not in subject.shared and not _allowed(rule, text):
                    return Verdict(NONSENSE, i, case.subject, name, text)
        if twin is None:
            reason = _bad_images(case, step, subject)
            if reason:
                return Verdict(NONSENSE, i, case.subject, step.method, reason)
        elif _refuses(twin, subject, case.subject):
            error = f"{type(twin.error).__name__}: {twin.error}"
            return Verdict(NONSENSE, i, case.subject, step.method, error)
    return None


def _refuses(twin, subject, name):
    """Whether scikit-learn's estimator refuses what ours should not take either."""
    if twin.error is None or not _clear(twin.error, subject)[0]:
        return False
    return not (name in MORE and re.search(MORE[name], str(twin.error)))


def _allowed(rule, text):
    try:
        return bool(rule(evaluate(text)))
    except Exception:
        return False


def _bad_images(case, step, subject):
    """Why images must be refused, or ''."""
    texts = dict(step.arguments)
    if step.method in COPIES or "X" not in texts:
        return ""
    try:
        X = np.asarray(evaluate(texts["X"]))
        X = X.astype(float) if X.dtype.kind != "c" else X
    except Exception:
        return "X holds no numbers"
    if X.dtype.kind == "c" or not np.isfinite(X).all():
        return "X is complex or not finite"
    if 0 in X.shape or X.ndim not in (2, 3, 4):
        return "X is empty or of a wrong dimension"
    first = next((s for s in case.steps if "fit" in s.method), None)
    if first is step or first is None:
        return ""
    fitted = np.shape(evaluate(dict(first.arguments)["X"]))
    if step.method != "fit" and X.ndim > 2 and len(fitted) > 2:
        given, wanted = X.shape[1:], fitted[1:]
        if (1, *given)[-3:] != (1, *wanted)[-3:]:
            return f"images of {given}, fitted to {wanted}"
    return ""


def _different(case, ours, theirs, subject):
    own = {n for n, _ in case.parameters} - subject.shared - set(subject.settings)
    texts = dict(case.parameters)
    comparable = subject.same_values and own <= {"dtype"} and (
        not subject.neural or texts.get("dtype") == "'float64'"
    )
    for i, (step, result, twin) in enumerate(zip(case.steps, ours, theirs, strict=True)):
        if twin is None or result.error is not None or twin.error is not None:
            return None
        a, b = result.value, twin.value
        if step.method not in subject.methods or subject.kind == "transformer":
            continue
        if step.method == "score":
            continue
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype.kind != b.dtype.kind or a.shape != b.shape:
            told = f"{a.dtype.kind}{a.shape} != {b.dtype.kind}{b.shape}"
            return Verdict(DIFFERENT, i, case.subject, step.method, told)
        if comparable and a.dtype.kind == "f" and np.isfinite(b).all():
            scale = np.abs(b).max(initial=0)
            if not np.allclose(a, b, rtol=1e-2, atol=1e-2 * scale):
                told = f"values differ: {a.ravel()[:2]} {b.ravel()[:2]}"
                return Verdict(DIFFERENT, i, case.subject, step.method, told)
    return None


def _accepted(ours, theirs):
    for result, twin in zip(ours, theirs, strict=True):
        if result.error is not None:
            accepts = twin is not None and twin.error is None
            message = f"{type(result.error).__name__}: {result.error}"
            return Verdict(STRICTER if accepts else REFUSED, message=message)
    return Verdict(HANDLED)
