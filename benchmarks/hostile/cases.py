"""Cases: a hypothesis strategy of calls, as text that can be run again."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from . import expressions as forms
from .subjects import SUBJECTS


@dataclass(frozen=True)
class Step:
    """A call of a method, or what `OTHER_STEPS` has; arguments are expressions."""

    method: str
    arguments: tuple = ()

    def __str__(self):
        return f"{self.method}({', '.join(f'{k}={v}' for k, v in self.arguments)})"


@dataclass(frozen=True)
class Case:
    """An estimator, its parameters as expressions, and the steps."""

    subject: str
    parameters: tuple
    steps: tuple

    def __str__(self):
        made = Step(self.subject, self.parameters)
        return " ; ".join(map(str, (made, *self.steps)))

    def shorter(self):
        """Cases with one parameter, step or argument less, as quick to run."""
        for i, (name, _) in enumerate(self.parameters):
            if name in SUBJECTS[self.subject].settings:
                continue
            kept = self.parameters[:i] + self.parameters[i + 1 :]
            yield replace(self, parameters=kept)
        for i, step in enumerate(self.steps):
            before, after = self.steps[:i], self.steps[i + 1 :]
            yield replace(self, steps=before + after)
            for j in range(len(step.arguments)):
                kept = step.arguments[:j] + step.arguments[j + 1 :]
                if not {"X", "y"} & {name for name, _ in step.arguments[j : j + 1]}:
                    yield replace(
                        self, steps=(*before, replace(step, arguments=kept), *after)
                    )


#: Settings of neural estimators that take other ways through the code.
VARIANTS = (
    {},
    {},
    {"dtype": "'float64'"},
    {"dtype": "None"},
    {"solver": "'lbfgs'"},
    {"solver": "'sgd'"},
    {"solver": "'sgd'", "dtype": "'float64'", "learning_rate": "'adaptive'"},
    {"early_stopping": "True"},
    {"early_stopping": "True", "solver": "'sgd'", "max_iter": "12"},
    {"warm_start": "True"},
    {"batch_size": "5"},
    {"dropout": "0.2", "noise": "0.1", "batch_norm": "True"},
    {"solver": "'rmsprop'", "l1": "0.1", "weight_decay": "0.1"},
    {"dtype": "'bfloat16'"},
    {"learning_rate_init": "1e3", "solver": "'sgd'", "max_iter": "12"},
)
GOOD_Y = {
    "classifier": ("labels()", "labels(12, 3)", "np.array(['a', 'b'] * 6)"),
    "regressor": ("numbers()", "numbers()", "numbers(12, 2)"),
    "transformer": ("None",),
}
#: Where all values would only take long.
SHORT = {"max_iter": 20, "max_fun": 200, "n_iter_no_change": 50}
NUMBERS = st.floats().map(lambda x: f"float('{x}')")
TEXT = st.text(st.sampled_from("aZ0.-_ é\n"), max_size=4).map(repr)


def values(name):
    """Expressions of bad and odd values of a parameter."""
    given = forms.VALUES + 2 * forms.VALUES_OF.get(name, [])
    if name in SHORT:
        given = [form for form in given if form not in ("2**63", "10**400")]
    whole = st.integers(-5, SHORT.get(name, 300)).map(str)
    some = st.sampled_from(given)
    return st.one_of(some, some, some, whole, NUMBERS, TEXT)


@st.composite
def bad_parameters(draw, subject):
    """One or two parameters."""
    one = st.sampled_from(subject.parameters)
    names = draw(st.lists(one, min_size=1, max_size=2, unique=True))
    return {name: draw(values(name)) for name in names}


def _good_rows(subject):
    return st.sampled_from(("rows()", "images()") if subject.images else ("rows()",))


@st.composite
def bad_rows(draw, subject, good):
    """Rows or images."""
    if good == "images()":
        return forms.formed(draw(st.sampled_from(forms.IMAGES)), good)
    if draw(st.integers(0, 9)) == 0:  # other sizes of good rows
        n, p = draw(st.integers(0, 14)), draw(st.integers(0, 6))
        return f"rows({n}, {p})"
    stock = subject.shared and not subject.multioutput  # scikit-learn's own pipelines
    given = [f for f in forms.ROWS if not (stock and f.startswith("csr(@, ind"))]
    return forms.formed(draw(st.sampled_from(given)), good)


@st.composite
def bad_targets(draw, subject):
    """y."""
    if subject.kind == "classifier":
        good = draw(st.sampled_from(("labels()", "labels(12, 3)")))
        return forms.formed(draw(st.sampled_from(forms.CLASSES)), good)
    return forms.formed(draw(st.sampled_from(forms.TARGETS)), "numbers()")


@st.composite
def fit(draw, subject, X, y, bad, method="fit"):
    """A call of fit or partial_fit, bad in what ``bad`` names."""
    arguments = {"X": draw(bad_rows(subject, X)) if "X" in bad else X}
    arguments["y"] = draw(bad_targets(subject)) if "y" in bad else y
    if "sample_weight" in bad and subject.kind != "transformer":
        arguments["sample_weight"] = draw(st.sampled_from(forms.WEIGHTS))
    if "validation" in bad and subject.neural and method == "fit":
        which = draw(st.sampled_from(("X", "y", "both")))
        bad_X, bad_y = which in ("X", "both"), which in ("y", "both")
        arguments["X_val"] = draw(bad_rows(subject, X)) if bad_X else X
        arguments["y_val"] = draw(bad_targets(subject)) if bad_y else y
    if method == "partial_fit" and subject.kind == "classifier":
        wanted = "range(3)" if "3" in y else "['a', 'b']" if "'a'" in y else "[0, 1]"
        if "classes" in bad:
            wanted = draw(st.sampled_from(forms.CLASS_LISTS))
        arguments["classes"] = wanted
    return Step(method, tuple(arguments.items()))


def _use(subject, X, y):
    """The steps that use what was fitted."""
    return tuple(
        Step(method, (("X", X), ("y", y)) if method == "score" else (("X", X),))
        for method in subject.methods
    )


def _shorten(y, subject):
    return "multilabel()" if y == "m" and subject.multioutput else y


@st.composite
def cases(draw):
    """A `Case`."""
    heavy = [name for name in SUBJECTS if SUBJECTS[name].neural]
    name = draw(st.sampled_from(list(SUBJECTS) + heavy * 2))
    subject = SUBJECTS[name]
    parameters = dict(subject.settings)
    if subject.neural:
        parameters |= draw(st.sampled_from(VARIANTS))
    X = draw(_good_rows(subject))
    targets = GOOD_Y[subject.kind]
    if subject.kind == "classifier" and subject.multioutput:
        targets += ("multilabel()",)
    y = draw(st.sampled_from(targets))
    places = ["parameters", "X", "y", "sample_weight", "validation"]
    bad = draw(st.sets(st.sampled_from(places), min_size=1, max_size=2))
    plans = ["once", "once", "once", "later", "again", "copied", "unfitted"]
    if subject.neural:
        plans += ["online", "online", "warm"]
    plan = draw(st.sampled_from(plans))
    use = _use(subject, X, y)
    good_fit = Step("fit", (("X", X), ("y", y)))

    if plan == "once":
        if "parameters" in bad:
            parameters |= draw(bad_parameters(subject))
        steps = (draw(fit(subject, X, y, bad)), *use)
    elif plan == "later":
        method = draw(st.sampled_from(subject.methods))
        arguments = {"X": draw(bad_rows(subject, X))}
        if method == "score":
            arguments["y"] = draw(bad_targets(subject)) if "y" in bad else y
            if "sample_weight" in bad:
                arguments["sample_weight"] = draw(st.sampled_from(forms.WEIGHTS))
        steps = (good_fit, Step(method, tuple(arguments.items())), use[0])
    elif plan in ("again", "warm"):
        if plan == "warm":
            parameters["warm_start"] = "True"
        steps = (good_fit, use[0])
        if "parameters" in bad or plan == "warm":
            other = draw(bad_parameters(subject))
            steps += (Step("set_params", tuple(other.items())), use[0])
        steps += (draw(fit(subject, X, y, bad)), *use)
    elif plan == "copied":
        if "parameters" in bad:
            parameters |= draw(bad_parameters(subject))
        how = draw(st.sampled_from(("clone", "pickle", "deepcopy", "repr")))
        steps = (good_fit, Step(how), *use, draw(fit(subject, X, y, bad)), use[0])
    elif plan == "unfitted":
        steps = (*use, draw(fit(subject, X, y, bad)), use[0])
    else:
        bad |= draw(st.sets(st.just("classes")))
        if "parameters" in bad:
            parameters |= draw(bad_parameters(subject))
        first, second = draw(st.permutations([bad, set()]))
        started = draw(st.sampled_from((good_fit, None)))
        steps = (started,) if started else ()
        steps += (draw(fit(subject, X, y, first, "partial_fit")),)
        steps += (use[0], draw(fit(subject, X, y, second, "partial_fit")), *use)
    return Case(name, tuple(parameters.items()), tuple(steps))
