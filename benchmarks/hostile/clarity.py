"""Whether an error tells what is wrong with a call."""

import linecache
import pickle
import re
import traceback
from pathlib import Path

import sklearn
from sklearn.exceptions import NotFittedError

import sknn_course

from . import expressions

TYPES = (ValueError, TypeError, AttributeError, NotFittedError)
OURS = f"{Path(sknn_course.__file__).parent}/"
SKLEARN = f"{Path(sklearn.__file__).parent}/"
VALIDATION = tuple(
    f"{SKLEARN}utils/{name}.py"
    for name in ("validation", "_param_validation", "multiclass")
)
CALLERS = (
    expressions.__file__,
    "<string>",
)  # functions and objects among the arguments
#: Words by which a message names what is wrong, beside parameters.
WORDS = re.compile(
    r"\b(X|y|X_val|y_val|sample_weight|class(es)?|labels?|arrays?|sparse|input|data|"
    r"samples?|features?|targets?|fitted|weights?|attribute|images?|rows|architecture)\b"
)


def is_clear(error, parameters):
    """Whether validation raised an error, with a name of what is wrong; and where.

    Parameters
    ----------
    error : Exception
    parameters : list of str
        Names that a message may name.

    Returns
    -------
    clear : bool
    place : str
        The last frame, and before it the last one of ours.
    """
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    place = f"{'/'.join(last.filename.split('/')[-2:])}:{last.name}"
    own = [frame for frame in frames if frame.filename.startswith(OURS)]
    if own and own[-1] is not last:
        place = f"{own[-1].filename.removeprefix(OURS)}:{own[-1].name} > {place}"
    if last.filename in CALLERS or last.name == "__array__":
        return True, place
    if isinstance(error, pickle.PicklingError) or "cannot pickle" in str(error):
        return True, place  # Python's own word on what the user gave
    if not isinstance(error, TYPES):
        return False, place
    if any(frame.filename in VALIDATION for frame in frames):
        return True, place
    if not linecache.getline(last.filename, last.lineno).lstrip().startswith("raise"):
        return False, place
    if last.filename.startswith(SKLEARN):
        return True, place
    words = set(re.findall(r"\w+", str(error)))
    named = WORDS.search(str(error)) or words & set(parameters)
    return bool(named and last.filename.startswith(OURS)), place


def is_scikit_learns(error):
    """Whether scikit-learn's validation met an error on the way, as for its own."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    return files[-1].startswith(SKLEARN) and any(file in VALIDATION for file in files)
