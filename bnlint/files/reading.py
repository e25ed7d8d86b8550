"""Reading a file that the linted project names or links to."""

from __future__ import annotations

import errno
import os
import stat


def read_file(path: str) -> bytes:
    """Return the bytes of the file at ``path``.

    A comment, an option or a symbolic link of the linted project may lead to a device or a pipe,
    whose end never comes: these are refused.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a folder says what is wrong
        raise OSError(errno.EINVAL, "not a regular file")
    with open(path, "rb") as stream:
        return stream.read()
