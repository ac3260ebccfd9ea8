"""What becomes of damaged and of forged files: of skops, and of `resumable`.

    python benchmarks/mutated_files.py [--files N] [--seed N] [--output FILE]

Files that hold fitted estimators, and results that `resumable` has kept, are changed at
random: bytes, lengths, and what their JSON says, names of dangerous functions included.
Each is opened, trusting the types of the file as it was, and predicts. Python's audit
hooks tell of whatever would run, write, connect or unpickle.
"""

import argparse
import copy
import io
import json
import os
import random
import signal
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import skops.io
from machine import describe_machine
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_course import (
    CNNClassifier,
    EnsembleClassifier,
    LeastSquaresSVC,
    MLPClassifier,
    TabularClassifier,
    resumable,
)

OUTPUT = Path(__file__).parent / "results" / "mutated_files.json"
SECONDS = 10  # after which a file hangs
WEIGHTS = (3, 3, 3, 1, 0.5, 3)  # of the kinds of files, those that open soon first
BATCH = 250  # files of one process
FORBIDDEN = (
    "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir",
    "os.system", "pickle.find_class", "shutil.rmtree", "socket.connect",
    "subprocess.Popen",
)  # fmt: skip
NAMES = ("os", "system", "posix", "subprocess", "Popen", "builtins", "eval", "exec",
         "function", "method", "type", "object", "partial", "__reduce__", "sklearn",
         "numpy", "ndarray", "torch", "load", "sknn_course.resume", "resumable", "",
         "../../../tmp/x", "MLPClassifier", "__class__", "__module__")  # fmt: skip
X, y = load_iris(return_X_y=True)
seen: list[str] = []


def audit(event, arguments):
    """Note what no file may do."""
    writes = event == "open" and set(str(arguments[1])) & set("wax+")
    if event in FORBIDDEN or writes:
        seen.append(f"{event} {arguments[0] if arguments else ''}"[:80])


def originals(folder):
    """Files as they were written: name -> (bytes, how to open them)."""
    few = dict(max_iter=3, random_state=0)
    some = dict(n_candidates=2, cv=2, random_state=0)
    fitted = [
        make_pipeline(StandardScaler(), MLPClassifier(batch_norm=True, **few)),
        CNNClassifier(((3,),), input_shape=(1, 2, 2), **few),
        LeastSquaresSVC(),
        EnsembleClassifier(MLPClassifier(**few), {"alpha": [0.1, 1.0]}, **some),
        TabularClassifier(**some),
    ]
    found = {}
    for estimator in fitted:
        content = skops.io.dumps(estimator.fit(X, y))
        trusted = skops.io.get_untrusted_types(data=content)
        found[f"skops, {type(estimator).__name__}"] = content, trusted
    with resumable(folder):
        MLPClassifier(**few).fit(X, y)
    (path,) = Path(folder).rglob("*.fit")
    found["resumable"] = path.read_bytes(), (folder, path)
    return found


def change_bytes(content, generator):
    """Bytes flipped, cut out, doubled or made up."""
    content = bytearray(content)
    for _ in range(generator.randint(1, 8)):
        place = generator.randrange(len(content))
        kind = generator.randrange(4)
        if kind == 0:
            content[place] ^= 1 << generator.randrange(8)
        elif kind == 1:
            del content[place : place + generator.randint(1, 100)]
        elif kind == 2:
            content[place:place] = content[place : place + generator.randint(1, 100)]
        else:
            content[place] = generator.randrange(256)
        content = content or bytearray(b"\0")
    return bytes(content)


def change_json(value, generator):
    """A copy of parsed JSON, some places of which say something else."""
    value = copy.deepcopy(value)
    places = list(walk(value))
    for _ in range(generator.randint(1, 4)):
        owner, key = generator.choice(places)
        other_owner, other_key = generator.choice(places)
        new = generator.choice(
            [
                generator.choice(NAMES), generator.randint(-(2**40), 2**40), None, [],
                {}, -1, 1e308, "x" * 1000, other_owner[other_key],
            ]
        )  # fmt: skip
        if generator.random() < 0.1 and isinstance(owner, dict):
            owner.pop(key, None)
        else:
            try:
                owner[key] = copy.deepcopy(new)
            except (IndexError, KeyError):
                continue
        places = list(walk(value))
        if not places:
            break
    return value


def walk(value):
    """All places: (container, key)."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from walk(value[key])


def mutate(content, generator):
    """A changed file, its checks in order half of the time."""
    if generator.random() < 0.3:
        return change_bytes(content, generator)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return forge(content, generator)
    old, new = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    of_array = generator.random() < 0.2
    arrays = [name for name in old.namelist() if name != "schema.json"]
    victim = generator.choice(arrays) if arrays and of_array else "schema.json"
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            part = old.read(name)
            if name == victim and name == "schema.json":
                part = json.dumps(change_json(json.loads(part), generator)).encode()
            elif name == victim:
                part = change_bytes(part, generator)
            archive.writestr(name, part)
    return new.getvalue()


def forge(content, generator):
    """A result whose checksum is right and whose JSON is another."""
    from hashlib import blake2b

    from sknn_course._resume.files import MAGIC

    body = content[len(MAGIC) + 16 :]
    n_head = int.from_bytes(body[:8], "little")
    head = change_json(json.loads(body[8 : 8 + n_head]), generator)
    text = json.dumps(head).encode()
    body = len(text).to_bytes(8, "little") + text + body[8 + n_head :]
    return MAGIC + blake2b(body, digest_size=16).digest() + body


def open_file(content, given):
    """What comes of a file: 'opened', or how it was refused."""
    if isinstance(given, list):
        skops.io.loads(content, trusted=given).predict(X)
        return "opened"
    place, path = given
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    seen.clear()
    try:
        with resumable(place, max_bytes=2**40) as kept:
            kept._writes = False
            MLPClassifier(max_iter=3, random_state=0).fit(X, y).predict(X)
    finally:  # `resumable` reads files, and removes what is damaged
        own = ("open", "os.remove")
        seen[:] = [event for event in seen if not event.startswith(own)]
    return "opened" if kept.n_found else "trained again"


def run_batch(files, send):
    """In a process of its own: the outcome of each file."""
    warnings.simplefilter("ignore")
    sys.addaudithook(audit)

    def hangs(*_):
        raise TimeoutError("hang")

    signal.signal(signal.SIGALRM, hangs)
    for content, given in files:
        seen.clear()
        signal.alarm(SECONDS)
        try:
            outcome = open_file(content, given)
        except TimeoutError:
            outcome = "hang"
        except (Exception, RecursionError) as error:
            place = traceback.extract_tb(error.__traceback__)[-1].filename
            outcome = f"refused: {type(error).__name__} in {Path(place).name}"
        finally:
            signal.alarm(0)
        if seen:
            outcome = f"RAN: {seen[0]}"
        send.write(json.dumps(outcome) + "\n")
        send.flush()


def outcomes_of(files):
    """Outcomes, in a forked process that a crash may end."""
    found = []
    while len(found) < len(files):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            with os.fdopen(writer, "w") as send:
                run_batch(files[len(found) :], send)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as received:
            found += [json.loads(line) for line in received]
        _, status = os.waitpid(pid, 0)
        if status:
            found.append(f"crash: {os.waitstatus_to_exitcode(status)}")
    return found


def count_outcomes(known, n_files, generator):
    """Outcomes of changed files, by the file that they were."""
    for content, given in known.values():
        assert open_file(content, given) == "opened"
    counts = {name: Counter() for name in known}
    while n_files:
        names = generator.choices(list(known), WEIGHTS, k=min(BATCH, n_files))
        files = [(mutate(known[n][0], generator), known[n][1]) for n in names]
        for name, outcome in zip(names, outcomes_of(files), strict=True):
            kind = outcome.split(":")[0] if outcome.startswith("refused") else outcome
            counts[name][kind] += 1
            counts[name][outcome] += outcome != kind
        n_files -= len(names)
    return counts


def main(argv=None):
    """Open all files, print what came of them, write the JSON file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="JSON file")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    generator = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        counts = count_outcomes(originals(folder), options.files, generator)
    total = Counter()
    for of_file in counts.values():
        total += Counter({k: v for k, v in of_file.items() if "refused:" not in k})
    report = {
        "command": "python benchmarks/mutated_files.py"
        f" --files {options.files} --seed {options.seed}",
        "machine": describe_machine(),
        "total": dict(total.most_common()),
        "by_file": {name: dict(of.most_common(12)) for name, of in counts.items()},
    }
    print(json.dumps(report["total"], indent=2))
    options.output.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return int(any(k.startswith(("RAN", "crash", "hang")) for k in total))


if __name__ == "__main__":
    sys.exit(main())
