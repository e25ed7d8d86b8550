"""What a command says: results to standard output, chatter to standard error, an exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable

from bnlint.files.display import clean
from bnlint.finding import Problem
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from rich.progress import Progress as Bar

CLEAN, FOUND, FAILED = 0, 1, 2


def close(problems: Iterable[Problem]) -> int:
    """Print problems, one line each, and return the exit code they call for."""
    code = CLEAN
    for problem in problems:
        code = FAILED
        place = f"{problem.path}: " if problem.path else ""
        say(f"bnlint: error: {place}{' '.join(problem.message.splitlines())}")
    return code


def say(message: str, path: str | None = None, stream: TextIO | None = None) -> None:
    """Print one line of chatter, on standard error or on ``stream``."""
    sys.stdout.flush()
    tell(f"{path}: {message}" if path else message, stream)


def tell(line: str, stream: TextIO | None = None) -> None:
    """Print a line on standard error. That nobody reads it changes nothing else.

    On a terminal it is wrapped between words.
    """
    stream = sys.stderr if stream is None else stream
    line = clean(line)
    width = width_of(stream)
    if width is not None and len(line) >= width:
        from bnlint.output.text import wrapped

        line = "\n".join(wrapped(line, width, 0, 4))
    try:
        print(line, file=stream, flush=True)
    except OSError:
        if stream is not sys.stderr:
            raise
        mute(sys.stderr)


def mute(stream: TextIO) -> None:
    """Let what is still to be written to ``stream`` go nowhere."""
    with contextlib.suppress(OSError):  # what has no descriptor needs no muting
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def is_paged() -> bool:
    """Tell whether what is said on standard error would be painted over what a pager shows."""
    return sys.stderr.isatty() and not sys.stdout.isatty()


#: What ``--color`` says: ``auto``, ``always`` or ``never``.
_color = "auto"


def choose_color(choice: str) -> None:
    """Colour as ``--color`` says."""
    global _color
    _color = choice


def wants_color(stream: TextIO) -> bool:
    """Tell whether to colour.

    ``--color`` decides, then ``NO_COLOR``, then ``FORCE_COLOR`` and ``CLICOLOR_FORCE``; else it is
    done on a terminal.
    """
    if _color != "auto":
        return _color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int | None:
    """Return the width of the terminal; ``None`` where there is none, and nothing is wrapped."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 100
    except (OSError, ValueError):
        return 100


def write(pieces: Iterable[str], stream: TextIO | None = None) -> None:
    """Write to standard output or ``stream``, characters that its encoding lacks as escapes."""
    stream = sys.stdout if stream is None else stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    for piece in pieces:
        try:
            stream.write(piece)
        except OSError:
            if stream is not sys.stderr:
                raise
            mute(stream)


class Progress:
    """A progress bar on the terminal, once a run has taken a second.

    ``at_once``: from the start, and for a single item too.
    """

    def __init__(
        self, total: int, doing: str = "checking", what: str = "files", *, at_once: bool = False
    ) -> None:
        self.total = total
        self.doing, self.what = doing, what
        self.at_once = at_once
        self.bar: Bar | None = None
        self.started = 0.0

    def __enter__(self) -> Progress:
        import time

        self.started = time.monotonic()
        return self

    def advance(self, done: int) -> None:
        """Show how many are done."""
        import time

        if (
            not sys.stderr.isatty()
            or os.environ.get("TERM") == "dumb"
            or self.total < (1 if self.at_once else 2)
        ):
            return
        if self.bar is None:
            if not self.at_once and time.monotonic() - self.started < 1.0:
                return
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self.bar = Progress(
                TextColumn(self.doing), BarColumn(), MofNCompleteColumn(),
                TextColumn("{task.fields[what]}"),
                console=Console(stderr=True), transient=True, auto_refresh=False,
            )  # fmt: skip
            self.bar.start()
            self.bar.add_task("", total=self.total, what=self.what)
        self.bar.update(self.bar.task_ids[0], completed=done, refresh=True)

    def note(self, what: str) -> None:
        """Show what is going on within the item at hand."""
        if self.bar is not None:
            task = self.bar.task_ids[0]
            self.bar.update(task, what=what, refresh=True)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.stop()
