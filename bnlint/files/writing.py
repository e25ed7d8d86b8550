"""Replacing a file: whole or not at all.

The new bytes go to a temporary file in the same folder, reach the disk, and take the place of the
old file in one step. Whatever happens meanwhile, the file holds the old bytes or the new ones.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
from collections.abc import Iterator
from functools import lru_cache

from bnlint.startup.patterns import lazy

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]

#: What the files are called that are to take the place of others.
_OWN = lazy(r"\.bnlint-\w{8}\.tmp")

#: What marks the top of a project, where no configuration file does.
_TOPS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg")


class WriteError(Exception):
    """A file that was not written, and is as it was; the message says why."""


def replace(path: str, before: bytes, after: bytes, *, follow_symlinks: bool = False) -> None:
    """Replace the contents ``before`` of the file at the absolute ``path`` by ``after``.

    Mode bits and, where permitted, the owner are kept. A symbolic link stays one: what it points
    to is replaced, if it lies in the same project or ``follow_symlinks`` is given.

    Raises:
        WriteError: the file cannot be replaced, or no longer holds ``before``.
    """
    target = check_link(path, follow_symlinks=follow_symlinks)
    try:
        _replace(target, before, after)
    except OSError as error:
        raise WriteError(_why(error, target)) from None


def create(path: str, data: bytes) -> None:
    """Write a file of ``data`` at the absolute ``path``, where there is none.

    Where that fails, there is none afterwards either, and not an empty one.

    Raises:
        WriteError: the file cannot be written.
    """
    target = os.path.realpath(path)
    try:
        put(target, data, mode=_usual_mode())
    except OSError as error:
        raise WriteError(_why(error, target)) from None


def check_link(path: str, *, follow_symlinks: bool) -> str:
    """Return where the file at the absolute ``path`` really is.

    Raises:
        WriteError: that is outside the project, and ``follow_symlinks`` is not given.
    """
    target = os.path.realpath(path)
    if not follow_symlinks and _leaves_project(path, target):
        raise WriteError(
            f"it is a symbolic link to {target}, outside the project; "
            "--follow-symlinks changes such files"
        )
    return target


def _replace(target: str, before: bytes, after: bytes) -> None:
    status = os.stat(target)
    if not os.access(target, os.W_OK):
        raise WriteError("the file is read-only")
    with open(target, "rb") as stream:
        present = stream.read()
    if present == after:
        return
    if present != before:
        raise WriteError("it was changed by another program meanwhile; run bnlint again")
    put(target, after, mode=stat.S_IMODE(status.st_mode), owner=(status.st_uid, status.st_gid))


def put(
    target: str, data: bytes, *, mode: int, owner: tuple[int, int] | None = None, whole: bool = True
) -> None:
    """Put a file of ``data`` in the place of ``target``, whatever is there.

    Where it need not be ``whole`` after the power has failed, nothing waits for the disk. What an
    earlier run has begun in the folder and was killed over is removed.

    Raises:
        OSError: the file cannot be written.
    """
    folder = os.path.dirname(target)
    _clear(folder)
    with _undisturbed(), _held(folder) as (handle, temporary):
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                if whole:
                    os.fsync(stream.fileno())
            if owner is not None and hasattr(os, "chown"):
                with contextlib.suppress(OSError):  # only root may give a file to somebody else
                    os.chown(temporary, *owner)
            os.chmod(temporary, mode)  # after chown, which clears set-id bits
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    if whole:
        _sync(folder)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait that would end the process over a file which is half written."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _held(folder: str) -> Iterator[tuple[int, str]]:
    """Give the handle and the path of a new file in ``folder``, which is closed by who writes it.

    As long as this process lives, no other takes the file for what a dead one has left: it is
    locked. Where there are no such locks, a file that is open cannot be removed.
    """
    while True:
        handle, path = _new(folder)
        if fcntl is None:
            yield handle, path
            return
        with os.fdopen(os.dup(handle), "rb") as lock:  # which lasts until both are closed
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                yield handle, path
                return
        os.close(handle)  # taken for what was left, before it was locked


def _new(folder: str) -> tuple[int, str]:
    """Return the handle and the path of a new file in ``folder``, which nobody else may read.

    (To import :mod:`tempfile` for it takes 3 ms.)
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    for name in ("O_NOFOLLOW", "O_BINARY", "O_NOINHERIT"):
        flags |= getattr(os, name, 0)
    while True:
        path = os.path.join(folder, f".bnlint-{os.urandom(4).hex()}.tmp")
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, 0o600), path


@lru_cache(maxsize=256)
def _clear(folder: str) -> None:
    """Remove the files of runs that were killed, once for each folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _OWN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_unheld(entry.path)


def _remove_unheld(path: str) -> None:
    if fcntl is None:
        os.unlink(path)
        return
    with open(path, "rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)


def _usual_mode() -> int:
    """Return the mode that a new file has; that of a temporary file keeps others out."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync(folder: str) -> None:
    """Make the renaming reach the disk, where the system can."""
    with contextlib.suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _leaves_project(path: str, target: str) -> bool:
    """Tell whether ``target``, where ``path`` really is, lies outside the project of ``path``."""
    if os.path.normpath(path) == target:
        return False
    top = os.path.realpath(_top(os.path.dirname(path)))
    return os.path.commonpath([top, target]) != top


def _top(folder: str) -> str:
    """Return the folder of the project that ``folder`` is in; itself if there is none."""
    current = folder
    while True:
        if any(os.path.lexists(os.path.join(current, name)) for name in _TOPS):
            return current
        above = os.path.dirname(current)
        if above == current:
            return folder
        current = above


def _why(error: OSError, target: str) -> str:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        folder = os.path.dirname(target)
        return f"no file can be written in the folder {folder} ({error.strerror})"
    return error.strerror or str(error)
