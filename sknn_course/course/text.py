"""An outcome as plain text for the terminal."""

import textwrap

from .tables import as_text, check_rows, comparison_rows

MOST_ROWS = 12  # of a study's table


def format_outcome(outcome, width=None):
    """Return what an experiment came to, in a few lines.

    Parameters
    ----------
    outcome : Outcome
    width : int, default=None
        Sentences are wrapped to it; None leaves them whole.

    Returns
    -------
    str

    Examples
    --------
    >>> from sknn_course.course.outcome import Comparison, Outcome
    >>> from sknn_course.course.text import format_outcome
    >>> outcome = Outcome("S3.51", "MLP C", "", "", "full", "training", status="passed")
    >>> outcome.comparisons = [
    ...     Comparison("test_accuracy", [0.9832, 0.9836], 0.983, band=0.004)
    ... ]
    >>> print(format_outcome(outcome))
    S3.51 MLP C: passed
      figure         ours             published  difference  band      met
      test accuracy  0.9834 ± 0.0003  0.9830     +0.0004     ± 0.0040  yes
    """
    parts = [f"{outcome.id} {outcome.title}: {outcome.status}"]
    if outcome.reason:
        parts.append(_sentence(outcome.reason, width))
    if outcome.size not in outcome.reason:
        parts.append(_sentence(outcome.size, width))
    if outcome.comparisons:
        parts.append(as_text(comparison_rows(outcome)))
    if outcome.checks:
        parts.append(as_text(check_rows(outcome)))
    for title, rows in outcome.tables.items():
        if rows:
            parts.append(f"{title}\n{as_text(rows, MOST_ROWS)}")
    parts += [_sentence(note, width) for note in outcome.notes]
    parts += [_sentence(f"erratum: {one}", width) for one in outcome.errata]
    return textwrap.indent("\n".join(parts), "  ")[2:]


def _sentence(text, width):
    return textwrap.fill(text, width - 2) if width else text
