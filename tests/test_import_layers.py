"""Imports only go downward, and the light modules stay light.

``ROWS`` is the plan, highest row first. A module imports from lower rows, from
its own row as long as no circle arises, and never from a higher one.
"""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sknn_course"

ROWS = [
    ["__main__", "_cli"],
    ["course"],
    ["_cli.console"],
    [""],  # sknn_course/__init__.py
    ["leaderboard"],
    ["_compare"],
    ["plotting", "inspection", "preprocessing", "tensorboard"],
    ["tabular"],
    ["ensemble"],
    ["_tabular"],
    ["_ensemble", "mlp", "cnn", "least_squares", "ls_svm", "svm"],
    ["export"],
    ["_estimator"],
    ["augmentation"],
    ["parallel"],
    ["resume"],
    ["_resume"],
    ["_engine"],
    ["_engine.ops"],
    ["_engine.cost_model"],
    ["architectures"],
    ["layers"],
    [
        "datasets",
        "_choices",
        "_devices",
        "_identity",
        "_number_range",
        "_plain_values",
    ],
    ["_compat"],
]
DEPTH = {name: depth for depth, row in enumerate(ROWS) for name in row}
TORCHLESS = {"architectures", "layers"}
OPTIONAL = {
    "catboost",
    "greenlet",
    "lightgbm",
    "matplotlib",
    "onnx",
    "pandas",
    "polars",
    "pyarrow",
    "skl2onnx",
    "tensorboard",
    "xgboost",
}


def module_name(path):
    """``sknn_course/_engine/job.py`` -> ``sknn_course._engine.job``."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def part(module):
    """``sknn_course._engine.job`` -> ``training``, the longest name in ``ROWS``."""
    _, *names = module.split(".")
    while len(names) > 1 and ".".join(names) not in DEPTH:
        names.pop()
    return ".".join(names)


def imported_names(node, module):
    """Absolute dotted names that one import statement of `module` may mean."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    origin = node.module or ""
    if node.level:
        is_package = SOURCES[module].name == "__init__.py"
        parents = module.split(".")[: None if is_package else -1]
        parents = parents[: len(parents) - node.level + 1]
        origin = ".".join([*parents, *filter(None, [node.module])])
    return [f"{origin}.{alias.name}" for alias in node.names]


def own_imports(module):
    """Modules of this package that `module` imports, in functions too."""
    tree = ast.parse(SOURCES[module].read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        for name in imported_names(node, module):
            if name.split(".")[0] != PACKAGE.name:
                continue
            while name not in SOURCES:  # from module import attribute
                name = name.rpartition(".")[0]
            found.add(name)
    return found - {module}


IMPORTS = {module: own_imports(module) for module in SOURCES}


@pytest.mark.parametrize("module", SOURCES)
def test_module_has_a_row(module):
    assert part(module) in DEPTH, (
        f"{SOURCES[module].relative_to(PACKAGE.parent)} has no row: "
        f"add {part(module)!r} to ROWS where its imports go downward"
    )


@pytest.mark.parametrize("module", [name for name in SOURCES if part(name) in DEPTH])
def test_imports_go_downward(module):
    upward = {
        name
        for name in IMPORTS[module]
        if part(name) in DEPTH and DEPTH[part(name)] < DEPTH[part(module)]
    }
    assert not upward, f"{module} imports {sorted(upward)}, which stand above it"


def test_no_circular_imports():
    graphlib.TopologicalSorter(IMPORTS).prepare()


@pytest.mark.parametrize("module", SOURCES)
def test_optional_packages_are_imported_inside_functions(module):
    # Class bodies run at import, function bodies do not.
    def run_at_import(node):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for child in ast.iter_child_nodes(node):
                yield from run_at_import(child)

    tree = ast.parse(SOURCES[module].read_text("utf-8"))
    roots = {
        name.split(".")[0]
        for node in run_at_import(tree)
        for name in imported_names(node, module)
    }
    assert not roots & OPTIONAL


def run_python(code):
    """What a fresh interpreter prints for `code`, as words."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_only_the_command_line_imports_the_course():
    importers = {
        part(module)
        for module in SOURCES
        if any(part(name) == "course" for name in IMPORTS[module])
    }
    assert importers == {"_cli", "course"}


def test_modules_import_without_optional_packages_and_the_first_without_the_course():
    modules = sorted(name for name in SOURCES if part(name) != "__main__")
    code = f"""
import importlib, sys
sys.modules.update(dict.fromkeys({sorted(OPTIONAL)}))  # None: import fails
import sknn_course
print(*[name for name in sys.modules if name.startswith("sknn_course.course")])
for module in {modules}:
    importlib.import_module(module)
print("all")"""
    assert run_python(code) == ["all"]


def test_light_modules_do_not_load_torch():
    # An empty package in place of sknn_course/__init__.py: only what the modules
    # themselves need is loaded.
    light = [name for name in SOURCES if part(name) in TORCHLESS]
    code = f"""
import importlib, sys, types
package = sys.modules["sknn_course"] = types.ModuleType("sknn_course")
package.__path__ = [{str(PACKAGE)!r}]
for module in {light}:
    importlib.import_module(module)
    if "torch" in sys.modules:
        print(module)"""
    assert run_python(code) == []
