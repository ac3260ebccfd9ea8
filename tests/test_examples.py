"""Examples: their form, and that the gallery knows them. The gallery runs them."""

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("plot_*.py"))
HEADER = re.compile(r"\n(?P<title>.+)\n(?P<line>=+)\n\n\S")


def test_there_are_at_least_twelve():
    assert len(SCRIPTS) >= 12


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_header_is_a_title_and_a_text_and_cells_follow(script):
    source = script.read_text("utf-8")
    tree = ast.parse(source)
    compile(tree, script.name, "exec")
    header = HEADER.match(ast.get_docstring(tree, clean=False))
    assert header and len(header["line"]) == len(header["title"])
    assert header["title"].count("`") == 0  # it becomes the name of a link
    assert re.search(r"^# %%$", source, re.M)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_examples_need_no_network_and_no_files(script):
    assert not re.search(
        r"fetch_|data_home|urlopen|requests|read_csv", script.read_text("utf-8")
    )


def test_the_gallery_orders_every_example(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])  # which the settings extend
    settings = runpy.run_path(str(EXAMPLES / "site" / "conf.py"))
    names = [script.name for script in SCRIPTS]
    ordered = sorted(names, key=settings["teaching_order"])
    assert ordered == [f"plot_{name}.py" for name in settings["ORDER"]]
