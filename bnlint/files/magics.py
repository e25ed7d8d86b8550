"""What IPython adds to Python, masked so that each character stays where it is.

A command (``%matplotlib inline``, ``!pip install torch``, ``model?``) becomes the name ``_`` and a
comment, so that it may stand wherever a statement may, and stands for a value that is not known.
What is timed or logged (``%time model.fit(x)``) is code all the same, and stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.files.documents import split

#: Cell magics whose cell runs as Python, in the same names.
_RUN = frozenset({"capture", "time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz"})
#: Line magics that run what follows them.
_RUN_LINE = frozenset({"time", "timeit", "prun", "memit"})
#: Commands that IPython takes without a sign before them.
_BARE = re.compile(
    r"(?:pip3?|conda|mamba|apt(?:-get)?|git|wget|curl|cd|ls|mkdir|rm|cp|mv|cat|unzip|tar)\s+[\w./~-]"
    r"|(?:ls|pwd)\s*$"
)
_ASSIGNED = re.compile(r"[ \t]*[\w.,\[\]'\" \t]+=[ \t]*(?=[%!][\w./~$({]|!!)")
_HELP = re.compile(r"[%\w.*]+(?:\[[^\]]*\])?\s*\?{1,2}\s*(?:#.*)?$|\?{1,2}\s*[\w.%*]+\s*$")
_MAGIC = re.compile(r"%{1,2}\s*([A-Za-z_]\w*)")
_OPTION = re.compile(r"\s+-(?:[nrpt]\s*\d+|[A-Za-z]+(?:\s+\d+)?)(?=\s)")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def masked(text: str) -> str:
    """Return the source of a cell with what is no Python masked."""
    if _UNWRITABLE.search(text):
        text = _UNWRITABLE.sub("\ufffd", text)
    first = text.lstrip()
    if first.startswith("%%"):
        magic = _MAGIC.match(first)
        if magic is None or magic[1] not in _RUN:
            return blank(text)
        lines = split(text)
        start = next(index for index, line in enumerate(lines) if line.strip())
        lines[start] = _comment(lines[start])
        return "".join(lines[: start + 1]) + masked("".join(lines[start + 1 :]))
    if not any(sign in text for sign in "%!?$") and not _BARE.search(text):
        return text
    if parses(text):
        return text
    return "".join(_lines(split(text)))


def parses(text: str) -> bool:
    """Tell whether ``text`` is Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def blank(text: str) -> str:
    """Return ``text`` with each of its lines as a comment."""
    return "".join(map(_comment, split(text)))


def _comment(line: str) -> str:
    body = line.rstrip("\r\n")
    return f"#{line[1:]}" if body else line


def _lines(lines: list[str]) -> Iterator[str]:
    state = _State()
    is_command = False  # one that goes on after a backslash
    for line in lines:
        body = line.rstrip("\r\n")
        if is_command:
            yield _comment(line)
        elif state.is_open:
            state.read(body)
            yield line
            continue
        else:
            new = _statement(body)
            is_command = new is not None and new.rstrip().startswith(("_#", "#"))
            is_command = is_command or (new is not None and "= _#" in new)
            if new is None:
                state.read(body)
            elif not is_command:
                state.read(new)
            yield (body if new is None else new) + line[len(body) :]
        is_command = is_command and body.endswith("\\")


def _statement(line: str) -> str | None:
    """Return a line that begins a statement as Python; ``None`` if it is no command."""
    start = len(line) - len(line.lstrip())
    indent, body = line[:start], line[start:]
    if body.startswith("%"):
        magic = _MAGIC.match(body)
        if magic is not None and magic[1] in _RUN_LINE:
            end = magic.end()
            while (option := _OPTION.match(body, end)) is not None:
                end = option.end()
            code = body[end:].lstrip()
            if code and not code.startswith(("-", "#")) and parses(code):
                return indent + "_;".ljust(len(body) - len(code)) + code
        return indent + _command(body)
    if body.startswith("!") or _HELP.match(body) or _BARE.match(body):
        return indent + _command(body)
    assigned = _ASSIGNED.match(line)
    if assigned is not None:
        return line[: assigned.end()] + _command(line[assigned.end() :])
    return None


def _command(text: str) -> str:
    return f"_#{text[2:]}"[: max(len(text), 1)]


class _State:
    """Whether a statement goes on in the next line: in brackets, a string, or by a backslash."""

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""
        self.goes_on = False

    @property
    def is_open(self) -> bool:
        return bool(self.depth or self.quote or self.goes_on)

    def read(self, line: str) -> None:
        """Take in a line."""
        index = 0
        while index < len(line):
            character = line[index]
            if self.quote:
                if character == "\\":
                    index += 1
                elif line.startswith(self.quote, index):
                    index += len(self.quote) - 1
                    self.quote = ""
            elif character == "#":
                break
            elif character in "'\"":
                self.quote = character * 3 if line.startswith(character * 3, index) else character
                index += len(self.quote) - 1
            elif character in "([{":
                self.depth += 1
            elif character in ")]}":
                self.depth = max(self.depth - 1, 0)
            index += 1
        self.goes_on = line.endswith("\\") and not self.quote
        if len(self.quote) == 1 and not line.endswith("\\"):
            self.quote = ""  # a string that was not closed, and ends here all the same
