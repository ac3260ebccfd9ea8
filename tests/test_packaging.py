"""The wheel that pip builds, the versions that are told, and the extras."""

import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import sknn_course
from sknn_course._cli import main

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta as b; b.build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sknn_course", folder / "sknn_course", ignore=skip)
    command = [sys.executable, "-W", "error", "-c", BUILD, str(folder)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with zipfile.ZipFile(*folder.glob("*.whl")) as archive:
        yield archive


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    files = (ROOT / "sknn_course").rglob("*.*")
    assert names == {
        str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"
    }
    assert {"sknn_course/py.typed", "sknn_course/course/sheet1/rows.toml"} < names
    assert "sknn_course/datasets/data/eckerle4.csv" in names


def test_the_version_is_one(wheel, capsys):
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = HeaderParser().parsestr(wheel.read(name).decode("utf-8"))
    with pytest.raises(SystemExit, match="^0$"):
        main(["--version"])
    version = metadata["Version"]
    assert capsys.readouterr().out == f"sknn_course {version}\n"
    assert sknn_course.__version__ == version
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {version}\n" in citation
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_all_has_what_every_extra_for_users_has(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = HeaderParser().parsestr(wheel.read(name).decode("utf-8"))
    extras = {}
    for line in metadata.get_all("Requires-Dist"):
        requirement, _, marker = line.partition("; extra == ")
        extras.setdefault(marker.strip("\"'"), set()).add(requirement)
    users = set(extras) - {"", "all", "test", "docs", "dev"}
    assert users == {"plot", "files", "tensorboard", "stacked", "onnx", "progress"}
    assert extras["all"] == set.union(*(extras[name] for name in users))
    assert extras["all"] < extras["test"]
