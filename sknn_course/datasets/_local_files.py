"""Data files on disk: where they lie, and what to say if they do not."""

import warnings

from sknn_course.datasets._data_home import ENVIRONMENT_VARIABLE


def find_file(folders, *names):
    """Return the first of the named files that lies in a folder, or None."""
    candidates = (folder / name for folder in folders for name in names)
    return next((path for path in candidates if path.is_file()), None)


def missing_files_error(title, names, folders, reason, remedy):
    """Return the error for files that neither lie on disk nor can be had."""
    return FileNotFoundError(
        f"{title}: {', '.join(names)} not found in {' or '.join(map(str, folders))}, "
        f"and {reason}. {remedy}; or let data_home or the environment variable "
        f"{ENVIRONMENT_VARIABLE} name the folder where the data lie."
    )


def check_n_records(path, n_records, n_official):
    """Raise on a file without records, warn if it is not of the official size."""
    if n_records == 0:
        raise ValueError(f"{path} holds no records; official: {n_official}.")
    if n_records != n_official:
        warnings.warn(
            f"{path} holds {n_records} records, the official file {n_official}; "
            f"the {n_records} are used.",
            UserWarning,
            stacklevel=2,
        )
