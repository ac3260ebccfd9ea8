"""The command line; one module per command."""

import argparse
import os
import sys
import threading


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands.

    Returns
    -------
    argparse.ArgumentParser

    Examples
    --------
    >>> from sknn_course._cli import build_parser
    >>> build_parser().parse_args(["compare", "digits"]).data
    'digits'
    """
    # The course stands above the library: nothing but its command reads it.
    from sknn_course import __version__
    from sknn_course._cli import compare
    from sknn_course.course import reproduce

    parser = argparse.ArgumentParser(
        prog="sknn_course",
        description="Neural networks as scikit-learn estimators, and their baselines.",
    )
    parser.add_argument(
        "--version", action="version", version=f"sknn_course {__version__}"
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (compare, reproduce):
        command.add_parser(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    int
        Exit status: 0 for success, 1 where something failed, 2 for input that cannot
        be used, 130 after Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    args.argv = sys.argv[1:] if argv is None else list(argv)
    try:
        status = args.run(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    if argv is None and status == 130:
        _end_while_training(status)
    return status


def _end_while_training(status: int) -> None:
    """End the process, where threads are still in the middle of an epoch.

    The interpreter would wait for them, or be aborted by those in torch's code.
    """
    names = [thread.name for thread in threading.enumerate()]
    if any(name.startswith("stacked-") for name in names):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
