"""The README's Python runs and prints what the README says it prints."""

import contextlib
import io
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
# A block of Python and, where it follows at once, the block with its output.
BLOCK = re.compile(r"^```python\n(.*?)^```\n+(?:^```text\n(.*?)^```)?", re.M | re.S)


def test_code_blocks_print_their_text_blocks(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(README.read_text("utf-8"))
    assert blocks
    namespace = {"__name__": "readme"}
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, README.name, "exec"), namespace)
        if expected:
            assert printed.getvalue() == expected
