"""The site's reference has every public name."""

import importlib
import pkgutil
import re
from pathlib import Path

import sknn_course

REFERENCE = Path(__file__).parents[1] / "examples" / "site" / "api.md"


def listed():
    """What the reference lists, as objects."""
    module = None
    for line in REFERENCE.read_text("utf-8").splitlines():
        if found := re.fullmatch(r"\.\. currentmodule:: (\S+)", line):
            module = importlib.import_module(found[1])
        elif found := re.fullmatch(r" {3}(\w+)", line):
            yield getattr(module, found[1])


def public():
    """Names that modules without an underscore give, by their ``__all__``."""
    names = ["sknn_course"]
    for module in pkgutil.walk_packages(sknn_course.__path__, "sknn_course."):
        if not any(part.startswith("_") for part in module.name.split(".")):
            names.append(module.name)
    for name in names:
        module = importlib.import_module(name)
        for member in getattr(module, "__all__", ()):
            yield f"{name}.{member}", getattr(module, member)


def test_the_reference_has_every_public_name():
    have = {id(one) for one in listed()}
    found = dict(public())
    assert len(found) > 100
    assert not [name for name, one in found.items() if id(one) not in have]
