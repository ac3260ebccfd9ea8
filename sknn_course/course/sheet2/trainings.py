"""The trainings of the sheet, from ``rows.toml``, and what studies share with them."""

from pathlib import Path

from ..sheet_rows import load_rows

ROWS = load_rows(Path(__file__).with_name("rows.toml"))
EXPERIMENTS = tuple(ROWS.experiments.values())
