"""The command ``reproduce``: run systems of the course sheets by name."""

import argparse
import shlex
import shutil
import sys

from sknn_course._cli.console import at_least, folder, interrupts, named, refuse, tell

DESCRIPTION = """\
Run systems of five university course sheets and print each result beside the
published one.

ROWS are ids (S3.51), ranges (S3.49-S3.58), sheets (S1 to S5) or all:
  S1  Kiel NNDL 2020 sheet 5: convolutional networks
  S2  Kiel NNDL 2018 sheet 5: overfitting, convolutional networks
  S3  Kiel NNDL 2020 sheet 4: training, multi-layer perceptrons
  S4  RDFIA practical 2: networks from scratch
  S5  Lund FMAN45 assignment 3, 2019: layers by hand

Exit status: 0 if all that ran met its calculations, whether or not a training
came as close as published; 1 if a row failed or a calculated figure is wrong;
2 for input that cannot be used; 130 after Ctrl-C, which keeps what is done."""

FOLDERS = ("--data-home", "--output")


def add_parser(subparsers):
    """Add the command's parser.

    Parameters
    ----------
    subparsers : object
        What ``ArgumentParser.add_subparsers`` returns.
    """
    parser = subparsers.add_parser(
        "reproduce",
        help="run the systems of the course sheets",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("rows", nargs="*", metavar="ROWS", help="what to run")
    add("--list", action="store_true", help="show the rows, run nothing")
    add("--sheet", metavar="SHEET", help="of these rows only those of a sheet")
    add("--text", metavar="WORDS", help="of these rows only those that hold all words")
    add(
        "--scale",
        choices=["quick", "full"],
        default="quick",
        help="quick: fewer rows and epochs; full: the sheet's own; default: quick",
    )
    add(
        "--repeats",
        type=at_least(1),
        metavar="N",
        help="repetitions of each training; default: the row's own at full scale, "
        "else 2",
    )
    add(
        "--epochs",
        type=at_least(1),
        metavar="N",
        help="epochs of each training, at most the sheet's; default: the row's own "
        "of the scale",
    )
    add("--seed", type=int, default=0, help="of the first repetition; default: 0")
    add("--device", default="auto", help="auto, cpu, cuda or mps; default: auto")
    add(
        "--data-home",
        type=named,
        metavar="DIR",
        help="folder with the files of MNIST and CIFAR-10",
    )
    add("--download", action="store_true", help="fetch files that are missing")
    add(
        "--output",
        type=folder,
        metavar="DIR",
        help="folder for results as JSON and Markdown, pictures, and a page per sheet",
    )
    add(
        "--resume",
        action="store_true",
        help="leave out rows that the --output folder has; full serves for quick",
    )
    parser.set_defaults(run=run)


def run(args):
    """Run the command.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    int
        Exit status, see `DESCRIPTION`.
    """
    # torch and scikit-learn take seconds to import: not for a mere --help
    from sknn_course._devices import resolve_device
    from sknn_course.course import catalogue
    from sknn_course.course.runner import Runner
    from sknn_course.course.store import Store

    try:
        known = catalogue.experiments()
        if args.epochs is not None:
            known = catalogue.with_epochs(known, args.epochs)
        chosen = _choose(args, catalogue, known)
        if args.list:
            _print_list(chosen, catalogue.SHEETS)
            return 0
        if args.resume and args.output is None:
            raise ValueError("--resume needs the --output folder of the earlier run.")
        device = str(resolve_device(args.device))
        store = Store(args.output, tell)
    except OSError as error:
        return refuse("reproduce", f"--output {str(args.output)!r}: {error.strerror}.")
    except ValueError as error:
        return refuse("reproduce", error)
    runner = Runner(
        known,
        store,
        scale=args.scale,
        repeats=args.repeats,
        seed=args.seed,
        device=device,
        data_home=args.data_home,
        download=args.download,
        resume=args.resume,
        tell=tell,
    )
    finished = _run_all(runner, chosen)
    outcomes = [runner.outcomes[id] for id in known if id in runner.outcomes]
    _print_end(outcomes)
    if args.output is not None and outcomes:
        _write(args, store, known, device)
    if not finished:
        tell("interrupted: what is done is kept; --resume goes on")
        return 130
    return int(any(_is_wrong(one) for one in outcomes))


def _choose(args, catalogue, known):
    if not (args.rows or args.list or args.sheet or args.text):
        raise ValueError("name the ROWS to run, such as S3.51, S1 or all, or --list.")
    chosen = catalogue.select(args.rows or ["all"], known)
    chosen = catalogue.matching(chosen, args.sheet, args.text)
    if not chosen:
        raise ValueError("no row is left by --sheet and --text.")
    return chosen


def _print_list(chosen, sheets):
    sheet = group = None
    for one in chosen:
        if one.sheet != sheet:
            sheet = one.sheet
            print(f"\n{sheet}: {sheets.get(sheet, sheet)}")
        if one.group != group:
            group = one.group
            print(f"  {group}")
        needs = (
            one.needs if callable(one.procedure) else (*one.needs, one.procedure.data)
        )
        kind = "calculates" if callable(one.procedure) else "trains"
        data = f", {', '.join(dict.fromkeys(needs))}" if needs else ""
        print(f"    {one.id}  {one.title}  ({kind}{data})")
    print(f"\n{len(chosen)} rows")


def _run_all(runner, chosen):
    """Whether all was run, each outcome printed when it is there."""
    from sknn_course._compare.compare import Interrupted
    from sknn_course.course.text import format_outcome

    if runner.store.folder is not None:
        _draw_without_screen()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    with interrupts():
        try:
            for outcome, text in runner.run(chosen):
                print(format_outcome(outcome, width), flush=True)
                tell(text)
        except Interrupted:
            return False
    return True


def _draw_without_screen():
    try:
        import matplotlib
    except ImportError:
        tell("no pictures: matplotlib is not installed")
    else:
        matplotlib.use("Agg")


def _print_end(outcomes):
    from sknn_course.course.tables import as_text, counts, summary_rows

    if not outcomes:
        return
    rows = summary_rows(outcomes)
    print()
    print(as_text([{k: v for k, v in row.items() if k != "reason"} for row in rows]))
    for one in outcomes:
        if one.reason:
            print(f"{one.id} {one.status}: {one.reason}")
    print(counts(outcomes))


def _write(args, store, known, device):
    from sknn_course.course.documents import write_documents
    from sknn_course.course.machine import describe_machine

    paths = write_documents(
        store, store.best(known), _command(args.argv), describe_machine(device)
    )
    tell(f"written: {', '.join(map(str, paths))}")


def _command(argv):
    """What was typed, without the folders of this machine."""
    words = []
    for word in argv:
        name, equals, _ = word.partition("=")
        if words and words[-1] in FOLDERS:
            word = "DIR"
        elif equals and name in FOLDERS:
            word = f"{name}=DIR"
        words.append(word)
    return shlex.join(["python", "-m", "sknn_course", *words])


def _is_wrong(outcome):
    unmet = outcome.kind == "study" and outcome.status == "outside"
    return outcome.status == "failed" or unmet
