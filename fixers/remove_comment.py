"""Replaces or removes a comment, and with it the line it had for itself."""

from __future__ import annotations

import re

from bnlint.finding import Edit, RemoveComment
from bnlint.semantics.syntax.module import Module

INTENT = RemoveComment

_JOINED = re.compile(r"(?:[ \t\f]*\\(?:\r\n?|\n))+[ \t\f]*\Z")
_FAR = 1000  # characters before the line in which its beginning is looked for


def edits(intent: RemoveComment, module: Module) -> tuple[Edit, ...]:
    """Return the edit that writes ``text`` over the comment at ``target``."""
    start, end = intent.target.start, intent.target.end
    if intent.text:
        return (Edit(start, end, intent.text),)
    lines, row = module.lines, intent.target.row
    begin = lines.starts[row - 1]
    line_end = begin + len(lines.line(row))
    rest = module.text[end:line_end]
    if rest.strip():  # another comment follows, or words that are to stay one
        mark = "" if rest.lstrip().startswith("#") else "# "
        return (Edit(start, end + len(rest) - len(rest.lstrip()), mark),)
    before = module.text[begin:start]
    joined = _JOINED.search(module.text[max(0, begin - _FAR) : start])
    if joined:  # a line of its own that a backslash makes part of the one before
        return (Edit(start - len(joined[0]), line_end, ""),)
    if before.strip():
        return (Edit(begin + len(before.rstrip()), line_end, ""),)
    following = lines.starts[row] if row < len(lines.starts) else len(module.text)
    return (Edit(begin, following, ""),)
