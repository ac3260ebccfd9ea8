"""Write files of a report."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole, or as it was before.

    Parameters
    ----------
    path : Path
    data : bytes

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sknn_course._compare.output import write_whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a.txt"), b"all of it")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a full disk may tell only now
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
