"""Writing suppressions for what is found: ``# bnlint: ignore[CODES] reason``."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence

from bnlint.engine.directives import IGNORE, Directive, find_directives, innermost_statement
from bnlint.engine.result import Result
from bnlint.files.source import Unreadable, Unwritable, decode, encode
from bnlint.finding import Edit, Finding
from bnlint.fixes.edits import applied
from bnlint.semantics.syntax.module import Module, parse

_NEWLINE = re.compile(r"\r\n?|\n")


def suppress_all(
    data: bytes, result: Result, reason: str, recheck: Callable[[bytes], Result]
) -> Result:
    """Return the result of a check after a suppression was added for each finding of ``result``.

    ``result`` is that of a check of ``data``, ``recheck`` checks changed bytes in the same way.
    Nothing is written. A finding that no comment can suppress is left, with a notice.
    """
    if not result.findings or result.text is None:
        return result
    path = result.path
    source = decode(data, path)
    text, done = source.text, result
    remaining = list(result.findings)
    for on_line_above in (False, True):
        try:
            module = parse(path, text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            break
        edits = list(_edits(module, remaining, reason, above=on_line_above))
        if not edits:
            continue
        new = applied(text, edits).new
        try:
            encoded = encode(source, new)
            decode(encoded, path)
            same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(new))
        except (Unwritable, Unreadable, SyntaxError, ValueError, RecursionError):
            break
        after = recheck(encoded)
        if not same or len(after.findings) >= len(done.findings):
            continue
        done = after._replace(
            before=data, after=encoded, suppressed=len(result.findings) - len(after.findings)
        )
        text, remaining = new, list(after.findings)
        if not remaining:
            break
    notices = tuple(
        f"{finding.code} in line {finding.span.row} cannot be suppressed by a comment"
        for finding in remaining
    )
    return done._replace(notices=(*done.notices, *notices))


def suppression(path: str, text: str, finding: Finding, reason: str = "") -> tuple[Edit, ...]:
    """Return the edits that write a comment which suppresses one finding; none if none can."""
    try:
        module = parse(path, text)
        for above in (False, True):
            edits = tuple(_edits(module, [finding], reason, above=above))
            if edits and ast.dump(module.tree) == ast.dump(ast.parse(applied(text, edits).new)):
                return edits
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return ()


def _edits(
    module: Module, findings: Sequence[Finding], reason: str, *, above: bool
) -> Iterator[Edit]:
    """Yield the edits that write a comment for each line with findings, or above it."""
    open_ends = _open_ends(module)
    wanted: dict[int, dict[str, None]] = {}
    for finding in findings:
        statement = innermost_statement(module, finding.span)
        rows = [finding.span.row]
        if statement is not None:
            rows += [statement.end_lineno or statement.lineno]
        if above:
            rows = [-(statement.lineno if statement is not None else finding.span.row)]
        row = next((row for row in rows if row not in open_ends), None)
        if row is not None:
            wanted.setdefault(row, {})[finding.code] = None
    present = {d.span.row: d for d in find_directives(module) if d.kind == IGNORE and d.selectors}
    for row, codes in sorted(wanted.items()):
        yield _comment(module, row, list(codes), reason, present.get(row))


def _comment(
    module: Module, row: int, codes: list[str], reason: str, present: Directive | None
) -> Edit:
    lines = module.lines
    if present is not None:
        codes = [*present.selectors, *(code for code in codes if code not in present.selectors)]
        words = present.text or reason
        span = present.span
        return Edit(span.start, span.end, f"# bnlint: ignore[{', '.join(codes)}] {words}".rstrip())
    comment = f"# bnlint: ignore[{', '.join(codes)}] {reason}".rstrip()
    if row > 0:
        line = lines.line(row)
        start = lines.starts[row - 1]
        return Edit(start + len(line.rstrip()), start + len(line), f"  {comment}")
    line = lines.line(-row)
    indent = line[: len(line) - len(line.lstrip())]
    newline = _NEWLINE.search(module.text)
    start = lines.starts[-row - 1]
    return Edit(start, start, f"{indent}{comment}{newline[0] if newline else chr(10)}")


def _open_ends(module: Module) -> set[int]:
    """Return the rows at whose end no comment can stand: in a string, or after a backslash.

    They are all rows of a text that Python parses and its tokenizer refuses, as it does some
    backslashes in lines of their own.
    """
    every = range(1, len(module.lines.starts) + 1)
    plain = module.text.replace("\\\r\n", " \\\n").replace("\r\n", " \n").replace("\r", "\n")
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(plain).readline)]
    except (SyntaxError, tokenize.TokenError):
        return set(every)
    rows = {row for row in every if module.lines.line(row).endswith("\\")}
    depth: list[int] = []
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):
            depth.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END") and depth:
            rows.update(range(depth.pop(), token.end[0]))
        elif token.type == tokenize.STRING:
            rows.update(range(token.start[0], token.end[0]))
    return rows
