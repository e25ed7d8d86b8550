"""Where the text of a project comes from: the one way in which bnlint reads it.

Whatever looks into the linted project asks a :class:`Tree`. The usual one is the disk; an editor's
buffer, a commit or an archive can stand in for it by offering the same few answers. Paths are
absolute and have forward slashes.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping

from bnlint.startup.typed import NamedTuple, Protocol

#: What may lie at a path. A device or a pipe is none of them, and counts as not there.
FILE, FOLDER, OTHER = "file", "folder", "other"

#: No file of more bytes than this is read: whoever names it has something else in mind.
LONGEST = 100_000_000


class Entry(NamedTuple):
    """What lies in a folder: its name, and whether it is a file, a folder or anything else.

    A symbolic link is :data:`OTHER`, wherever it leads.
    """

    name: str
    kind: str


class Tree(Protocol):
    """Files and folders that can be listed and read."""

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file.

        Raises:
            OSError: it is not there, cannot be read, is no regular file or longer than ``limit``.
        """

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder, in any order.

        Raises:
            OSError: it is not there, cannot be listed or is no folder.
        """

    def kind(self, path: str) -> str:
        """Return what lies at a path, links followed: empty if nothing does."""

    def identity(self, path: str) -> object:
        """Return what tells the content of a file from any other that it may have had.

        Two equal answers mean the same content. ``None`` means that nothing can be said of it.
        """

    def real(self, path: str) -> str:
        """Return the path under which a file really lies, links followed."""


class Disk:
    """The files on disk."""

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file.

        A comment, an option or a symbolic link of the linted project may lead to a device or a
        pipe, whose end never comes: these are refused.

        Raises:
            OSError: it is not there, cannot be read, is no regular file or longer than ``limit``.
        """
        handle, size = _opened(path)
        try:
            data = os.read(handle, min(size, limit) + 1)
            while data and len(data) <= limit and (more := os.read(handle, limit + 1)):
                data += more  # it has grown, or its size is none that can be known
        finally:
            os.close(handle)
        if len(data) > limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return data

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder, in any order.

        Raises:
            OSError: it is not there, cannot be listed or is no folder.
        """
        try:
            with os.scandir(folder) as listing:
                return [Entry(entry.name, _kind_of(entry)) for entry in listing]
        except ValueError as error:
            raise _unknown_to_system(error) from None

    def kind(self, path: str) -> str:
        """Return what lies at a path, links followed: empty if nothing does."""
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            return ""
        if stat.S_ISDIR(mode):
            return FOLDER
        return FILE if stat.S_ISREG(mode) else OTHER

    def identity(self, path: str) -> object:
        """Return the time of the last change of a file and its size."""
        try:
            state = os.stat(path)
        except (OSError, ValueError):
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def real(self, path: str) -> str:
        """Return the path under which a file really lies, links followed."""
        try:
            return os.path.realpath(path).replace(os.sep, "/")
        except ValueError:  # of characters that no path has, and so no link either
            return path


def _unknown_to_system(error: ValueError) -> FileNotFoundError:
    """Say that nothing is there where a path has characters that no path can have.

    Such a path may stand in what another run has left behind, damaged.
    """
    return FileNotFoundError(errno.ENOENT, str(error))


#: How a file is opened: nothing that it is may keep the reader waiting.
_READING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _opened(path: str) -> tuple[int, int]:
    """Open a regular file, and return its handle and its size.

    Raises:
        OSError: it is not there, cannot be read, or is no regular file.
    """
    try:
        handle = os.open(path, _READING)
    except ValueError as error:
        raise _unknown_to_system(error) from None
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        folder = stat.S_ISDIR(state.st_mode)
        code = errno.EISDIR if folder else errno.EINVAL
        raise OSError(code, os.strerror(code) if folder else "not a regular file", path)
    return handle, state.st_size


def _kind_of(entry: os.DirEntry[str]) -> str:
    if entry.is_dir(follow_symlinks=False):
        return FOLDER
    return FILE if entry.is_file(follow_symlinks=False) else OTHER


class Overlay:
    """Another tree with some files in memory in the place of its own: buffers of an editor."""

    def __init__(self, below: Tree, texts: Mapping[str, bytes]) -> None:
        self.below = below
        self.texts = dict(texts)

    def read(self, path: str, limit: int = LONGEST) -> bytes:
        """Return the bytes of a file, from memory where they are there.

        Raises:
            OSError: as the tree below.
        """
        found = self.texts.get(path)
        return self.below.read(path, limit) if found is None else found

    def entries(self, folder: str) -> list[Entry]:
        """Return what lies in a folder on either side.

        Raises:
            OSError: as the tree below, where nothing in memory lies in the folder.
        """
        inside = f"{folder.rstrip('/')}/"
        below = {path[len(inside) :] for path in self.texts if path.startswith(inside)}
        here = {name.partition("/")[0]: FOLDER if "/" in name else FILE for name in below}
        try:
            listed = {entry.name: entry for entry in self.below.entries(folder)}
        except OSError:
            if not here:
                raise
            listed = {}
        return [*listed.values(), *(Entry(n, k) for n, k in here.items() if n not in listed)]

    def kind(self, path: str) -> str:
        """Return what lies at a path: empty if nothing does on either side."""
        if path in self.texts:
            return FILE
        inside = f"{path.rstrip('/')}/"
        if any(held.startswith(inside) for held in self.texts):
            return FOLDER
        return self.below.kind(path)

    def identity(self, path: str) -> object:
        """Return the bytes of a file in memory, and what the tree below says of any other."""
        found = self.texts.get(path)
        return self.below.identity(path) if found is None else found

    def real(self, path: str) -> str:
        """Return the path under which a file really lies; one in memory lies where it says."""
        return path if path in self.texts else self.below.real(path)


#: The usual tree.
DISK = Disk()
