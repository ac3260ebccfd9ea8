"""What a case came to, judged by scikit-learn's answer to the same calls."""

import re
from dataclasses import dataclass

import numpy as np

from .calls import COPIES, run
from .clarity import is_clear, is_scikit_learns
from .expressions import evaluate, is_broken
from .subjects import DOCUMENTED, SUBJECTS
from .twins import run_twin

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

#: What scikit-learn's estimators refuse and ours may take: what overflows in theirs
#: alone; numbers written as text, which theirs take in some methods; more outputs.
MORE = {
    "all": ("non-finite parameter weights", "arrays of bytes/strings"),
    # the twin of a convolutional network is another network, which may diverge alone
    "CNNRegressor": ("Input contains infinity",),
    "LeastSquaresSVR": ("y should be a 1d array", "trained on dense data"),
    "LeastSquaresSVC": (
        *("y should be a 1d array", "trained on dense data"),
        "Sparse data was passed for y",
        "number of classes has to be greater than one",
    ),
}


#: Arguments by which scikit-learn's own answer is wrong: beside a weight of 1e300 its
#: LinearRegression drops all other rows, where the limit of large weights keeps them.
WRONG_THERE = ("put(np.ones(12), 1e300)",)
#: Predictions of so many times the largest target are rounding errors.
LOST = 1e6
#: Pipelines of scikit-learn's own estimators alone.
STOCK = ("linear_svm", "rbf_svm")


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
        clear, place = is_clear(error, subject.parameters)
        name = type(error).__name__
        return Verdict(REFUSED if clear else TRACEBACK, 0, name, place, str(error))
    ours = run(model, case.steps)
    theirs = run_twin(case, subject)
    return (
        _tracebacks(ours, theirs, subject)
        or _state(case, ours)
        or _non_finite(case, ours)
        or _nonsense(case, ours, theirs, subject)
        or _different(case, ours, theirs, subject)
        or _accepted(ours, theirs)
    )


def _tracebacks(ours, theirs, subject):
    """The first unclear error, unless scikit-learn gives the same one."""
    verdict = None
    for i, (result, twin) in enumerate(zip(ours, theirs, strict=True)):
        if result.error is None:
            continue
        clear, place = is_clear(result.error, subject.parameters)
        if clear:
            continue
        name, message = type(result.error).__name__, " ".join(str(result.error).split())
        same = twin and repr(twin.error) == repr(result.error)
        if same or is_scikit_learns(result.error):
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
        labels = (
            step.method == "predict" and SUBJECTS[case.subject].kind == "classifier"
        )
        if bad.any() and not labels:
            outcome = COPIED if case.subject in STOCK else NON_FINITE
            return Verdict(outcome, i, case.subject, step.method)
    return None


def _nonsense(case, ours, theirs, subject):
    parameters = dict(case.parameters)
    for i, (step, result, twin) in enumerate(
        zip(case.steps, ours, theirs, strict=True)
    ):
        if step.method == "set_params":
            parameters |= dict(step.arguments)
        if result.error is not None:
            if "fit" in step.method or twin is None or twin.error is None:
                return None  # from here on they are in different states
            continue
        if step.method in ("fit", "partial_fit"):
            for name, text in parameters.items():
                rule = DOCUMENTED.get(name)
                if rule and name not in subject.shared and not _allowed(rule, text):
                    return Verdict(NONSENSE, i, case.subject, name, text)
        if twin is None:
            reason = _bad_rows(case, step, subject)
            if reason:
                return Verdict(NONSENSE, i, case.subject, step.method, reason)
        elif twin.error is not None:
            if not _refuses(twin, subject, case.subject):
                return None
            error = f"{type(twin.error).__name__}: {twin.error}"
            return Verdict(NONSENSE, i, case.subject, step.method, error)
    return None


def _refuses(twin, subject, name):
    """Whether scikit-learn's estimator refuses what ours should not take either."""
    if not is_clear(twin.error, subject.parameters)[0]:
        return False
    more = (*MORE["all"], *MORE.get(name, ()))
    return not any(words in str(twin.error) for words in more)


def _allowed(rule, text):
    try:
        return bool(rule(evaluate(text)))
    except Exception:
        return False


def _bad_rows(case, step, subject):
    """Why images or a broken matrix must be refused, or ''."""
    texts = dict(step.arguments)
    if any(is_broken(text) for text in texts.values()):
        return "indices out of bounds"
    if step.method in COPIES or "X" not in texts:
        return ""
    X = evaluate(texts["X"])
    if hasattr(X, "tocsr"):
        return ""
    try:
        X = np.asarray(X)
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
    comparable = (
        subject.same_values
        and own <= {"dtype"}
        and (not subject.neural or texts.get("dtype") == "'float64'")
    )
    for i, (step, result, twin) in enumerate(
        zip(case.steps, ours, theirs, strict=True)
    ):
        if twin is None or result.error is not None or twin.error is not None:
            return None
        if any(text in WRONG_THERE for _, text in step.arguments):
            return None
        a, b = result.value, twin.value
        if step.method not in subject.methods or subject.kind == "transformer":
            continue
        if step.method == "score":
            continue
        a, b = np.asarray(a), np.asarray(b)
        if not (_same_kind(a, b) and _same_shape(a.shape, b.shape)):
            told = f"{a.dtype.kind}{a.shape} != {b.dtype.kind}{b.shape}"
            return Verdict(DIFFERENT, i, case.subject, step.method, told)
        if comparable and a.dtype.kind == "f" and np.isfinite(b).all():
            scale = np.abs(b).max(initial=0)
            if scale > LOST * _largest_target(case):
                return None  # all digits are lost in theirs, too
            if not np.allclose(a.ravel(), b.ravel(), rtol=1e-2, atol=1e-2 * scale):
                told = f"values differ: {a.ravel()[:2]} {b.ravel()[:2]}"
                return Verdict(DIFFERENT, i, case.subject, step.method, told)
    return None


def _largest_target(case):
    targets = [dict(step.arguments).get("y") for step in case.steps]
    try:
        arrays = [np.asarray(evaluate(text), float) for text in targets if text]
        return max(float(np.abs(array).max()) for array in arrays)
    except Exception:
        return np.inf  # labels, or no numbers


def _same_kind(a, b):
    """Equal, or both may hold strings: there, too."""
    return a.dtype.kind == b.dtype.kind or {a.dtype.kind, b.dtype.kind} == {"U", "O"}


def _same_shape(a, b):
    """Equal, or a single output in a column: there scikit-learn's own disagree."""
    return a == b or (a == (*b, 1)) or (b == (*a, 1))


def _accepted(ours, theirs):
    for result, twin in zip(ours, theirs, strict=True):
        if result.error is not None:
            accepts = twin is not None and twin.error is None
            message = f"{type(result.error).__name__}: {result.error}"
            return Verdict(STRICTER if accepts else REFUSED, message=message)
    return Verdict(HANDLED)
