"""The form of an outcome's JSON: what a file from elsewhere has to be."""

import re

STATUSES = {
    "passed": "meets the published (or the right) figures",
    "better than published": "meets or betters them, with the reason",
    "outside": "does not meet them, with the reason",
    "smaller run": "has fewer rows, epochs or test rows than the sheet",
    "shown": "the sheet gives no figure; what it describes was run and is shown",
    "not run": "something is missing, with its name",
    "failed": "ended with an error",
}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a terminal would obey
LARGEST = 1e300
PICTURE = re.compile(r"pictures/[\w.-]+\.png")


def is_text(value):
    return isinstance(value, str) and not CONTROL.search(value)


def is_number(value):
    is_kind = isinstance(value, int | float) and not isinstance(value, bool)
    return is_kind and abs(value) < LARGEST  # and so finite


def is_count(value):
    return is_number(value) and isinstance(value, int)


def is_flag(value):
    return isinstance(value, bool)


def is_list(value):
    return isinstance(value, list)


def is_plain(value):
    """Whether a value is text, a number, a flag, nothing, or lists of them."""
    if is_list(value):
        return all(map(is_plain, value))
    return value is None or is_flag(value) or is_number(value) or is_text(value)


def optional(check):
    return lambda value: value is None or check(value)


def one_of(*known):
    return lambda value: isinstance(value, str) and value in known


def list_of(check):
    return lambda value: is_list(value) and all(map(check, value))


def dict_of(check):
    return lambda value: (
        isinstance(value, dict)
        and all(map(is_text, value))
        and all(map(check, value.values()))
    )


def record(**checks):
    """A dict of these keys alone."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == checks.keys()
        and all(check(value[name]) for name, check in checks.items())
    )


numbers = list_of(optional(is_number))
FORM = {
    **dict.fromkeys(
        ("id", "title", "group", "about", "reason", "size", "same_as"), is_text
    ),
    **dict.fromkeys(("device", "definition"), is_text),
    "scale": one_of("quick", "full"),
    "kind": one_of("training", "study"),
    "status": one_of(*STATUSES),
    "smaller": is_flag,
    "comparisons": list_of(
        record(
            metric=is_text,
            values=numbers,
            published=is_number,
            published_std=optional(is_number),
            band=optional(is_number),
            how=is_text,
        )
    ),
    "checks": list_of(
        record(
            name=is_text,
            ours=is_plain,
            published=is_plain,
            right=is_plain,
            tolerance=is_number,
            passed=is_flag,
        )
    ),
    "tables": dict_of(list_of(dict_of(is_plain))),
    "notes": list_of(is_text),
    "errata": list_of(is_text),
    "pictures": list_of(
        record(
            name=is_text,
            file=lambda value: is_text(value) and bool(PICTURE.fullmatch(value)),
        )
    ),
    "metrics": dict_of(numbers),
    "curves": dict_of(list_of(numbers)),
    **dict.fromkeys(("n_rows", "n_epochs", "n_stuck", "n_diverged"), is_count),
    "is_stuck": is_flag,
    "seconds": is_number,
    "seed": is_count,
}
NEEDED = ("id", "title", "group", "about", "scale", "kind", "status")


def check_outcome(content):
    """Refuse what is not the JSON of an outcome.

    Parameters
    ----------
    content : object
        As from `json.loads`. Keys that no outcome has are let pass.

    Raises
    ------
    ValueError
        Naming the first value of another form.

    Examples
    --------
    >>> from sknn_course.course.outcome_form import check_outcome
    >>> check_outcome({"id": 3})
    Traceback (most recent call last):
    ValueError: it is no outcome: it has no 'title'
    """
    if not isinstance(content, dict):
        raise ValueError("it is no outcome: it holds no names")
    for name in NEEDED:
        if name not in content:
            raise ValueError(f"it is no outcome: it has no {name!r}")
    for name, check in FORM.items():
        if name in content and not check(content[name]):
            raise ValueError(f"its {name!r} is not that of an outcome")
