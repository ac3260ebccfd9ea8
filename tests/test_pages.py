"""The Python of README and site runs and prints what the pages say it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "examples" / "site"
# A block of Python and, where it follows at once, the block with its output.
BLOCK = re.compile(r"^```python\n(.*?)^```\n+(?:^```text\n(.*?)^```)?", re.M | re.S)
PAGES = [ROOT / "README.md", *sorted(SITE.rglob("*.md"))]
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_code_blocks_print_their_text_blocks(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": page.stem}
    for code, expected in BLOCK.findall(page.read_text("utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), namespace)
        if expected:
            assert printed.getvalue() == expected


def test_the_readme_and_the_guide_have_code():
    guide = {page.stem for page in WITH_CODE if page.parent.name == "guide"}
    assert ROOT / "README.md" in WITH_CODE
    assert guide == {page.stem for page in (SITE / "guide").glob("*.md")} - {"index"}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 120
