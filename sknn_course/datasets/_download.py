"""Download a file whole and verified, or not at all."""

import hashlib
import logging
import os
import tempfile
import zlib
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

MOST_BYTES = 2**30
CHUNK = 2**20
TIMEOUT = 30  # seconds without a byte from the server

logger = logging.getLogger(__name__)


def md5_sum(path, open_content=open):
    """Return the MD5 sum of a file's content in hexadecimal digits."""
    digest = hashlib.md5()
    with open_content(path, "rb") as file:
        for chunk in chunks(file):
            digest.update(chunk)
    return digest.hexdigest()


def chunks(file):
    """The content of a file in parts.

    Raises
    ------
    OSError
        If there is more than any of the data sets has.
    """
    n_bytes = 0
    while chunk := file.read(CHUNK):
        n_bytes += len(chunk)
        if n_bytes > MOST_BYTES:
            raise OSError(f"there are more than {MOST_BYTES} bytes")
        yield chunk


def download(urls, path, md5, open_content=open):
    """Download to ``path`` from the first address that gives the right content.

    The file appears under its name only when it is whole and its checksum is
    right, so that neither an interruption nor a second process leaves half a file.

    Parameters
    ----------
    urls : sequence of str
        Addresses of the same file, in the order in which they are tried.
    path : pathlib.Path
        Where the file goes; its folder is created where it is absent.
    md5 : str
        MD5 sum of what ``open_content`` reads from the file.
    open_content : callable, default=open
        For instance ``gzip.open`` where the sum is that of the unpacked content,
        which does not depend on who packed it.

    Returns
    -------
    pathlib.Path
        ``path``.

    Raises
    ------
    OSError
        If no address gives the right content; the message lists what each gave.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    with tempfile.TemporaryDirectory(prefix=".download-", dir=path.parent) as folder:
        part = Path(folder) / path.name
        for url in urls:
            logger.info("Downloading %s to %s", url, path)
            try:
                with urlopen(url, timeout=TIMEOUT) as response, part.open("wb") as file:
                    file.writelines(chunks(response))
                found = md5_sum(part, open_content)
            except (OSError, EOFError, HTTPException, zlib.error) as error:
                failures.append(f"{url}: {error}")
                continue
            if found == md5:
                os.replace(part, path)
                return path
            failures.append(f"{url}: MD5 sum {found} instead of {md5}")
    raise OSError("; ".join(failures))
