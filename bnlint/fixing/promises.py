"""What every fixed file is held to, checked each time a text is about to be replaced.

The result parses; outside the edits every byte is the same; outside the touched calls, values and
inserted statements the syntax tree is the same; comments are the same, suppressions being fixed
excepted; the finding is gone; and no finding came at another place.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bnlint.engine.drafts import region
from bnlint.files.source import Lines, Source, Unreadable, Unwritable, decode, encode
from bnlint.finding import Edit, Finding, InsertStatement, RemoveComment
from bnlint.fixes.edits import Text


class Broken(Exception):  # what a promise became, caught where fixes are chosen
    """A promise that a fix does not keep; the message says which."""


def check_text(source: Source, text: Text, fixed: Sequence[Finding]) -> bytes:
    """Return the bytes of the fixed file, after all checks that need no rules.

    ``source`` is the file before all fixes, ``text`` what it was and is in this round.

    Raises:
        Broken: one of the promises is not kept.
    """
    try:
        data = encode(source, text.new)
        read_back = decode(data, source.path)
    except (Unwritable, Unreadable) as error:
        raise Broken(str(error).removeprefix(f"{source.path}: ")) from None
    if (read_back.text, read_back.encoding, read_back.bom) != (
        text.new,
        source.encoding,
        source.bom,
    ):
        raise Broken("the file would be read in another encoding")
    _check_bytes(source, text, data)
    try:
        before, after = ast.parse(text.old), ast.parse(text.new)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Broken("the result does not parse") from None
    _check_tree(text, before, after, fixed)
    _check_comments(text, fixed)
    return data


def _check_bytes(source: Source, text: Text, data: bytes) -> None:
    """Check that the pieces between the edits are the same bytes before and after."""
    if source.document is not None:
        after = decode(data, source.path).document
        if after is None or after.around != source.document.around:
            raise Broken("the document would change outside its code")
        return
    old: list[bytes] = []
    new: list[bytes] = []
    position = 0
    plain = source._replace(bom=False)
    for edit in (*text.edits, Edit(len(text.old), len(text.old), "")):
        kept = encode(plain, text.old[position : edit.start])
        old += [kept, encode(plain, text.old[edit.start : edit.end])]
        new += [kept, encode(plain, edit.text)]
        position = edit.end
    mark = b"\xef\xbb\xbf" if source.bom else b""
    if mark + b"".join(old) != encode(source, text.old) or mark + b"".join(new) != data:
        raise Broken("bytes outside the change would change")


def _check_tree(text: Text, before: ast.AST, after: ast.AST, fixed: Sequence[Finding]) -> None:
    """Check that the trees are the same but for what was declared as touched."""
    old: set[tuple[int, int]] = set()
    new: set[tuple[int, int]] = set()
    inserted: set[tuple[int, int]] = set()
    for finding in fixed:
        assert finding.fix is not None
        for intent in finding.fix.intents:
            span = region(intent)
            if isinstance(intent, InsertStatement):
                inserted |= {_written(text, edit) for edit in finding.fix.edits}
            elif not isinstance(intent, RemoveComment):
                old.add((span.start, span.end))
                new.add((text.start(span.start), text.end(span.end)))
    left = list(_skeleton(before, Lines(text.old), old, set()))
    right = list(_skeleton(after, Lines(text.new), new, inserted))
    if left != right:
        raise Broken("code outside the change would change")


def _written(text: Text, edit: Edit) -> tuple[int, int]:
    """Return where the statement that an edit inserts stands in the new text."""
    start = edit.start + sum(
        len(e.text) - (e.end - e.start) for e in text.edits if e < edit and e.end <= edit.start
    )
    statement = edit.text.strip(" \t\f\r\n;")
    start += edit.text.index(statement)
    return start, start + len(statement)


def _skeleton(
    tree: ast.AST, lines: Lines, touched: set[tuple[int, int]], left_out: set[tuple[int, int]]
) -> Iterator[object]:
    """Yield what the tree consists of, in order, without places.

    A node at a place in ``touched`` is one word, a statement at one in ``left_out`` is nothing.
    """
    rows = {lines.place(start)[0] for start, _ in touched | left_out}
    stack: list[object] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            yield "["
            stack.append("]")
            stack += reversed(node)
        elif isinstance(node, ast.AST):
            if isinstance(node, (ast.expr, ast.stmt)) and node.lineno in rows:
                end_row, end_column = node.end_lineno or 0, node.end_col_offset or 0
                span = lines.span(node.lineno, node.col_offset, end_row, end_column)
                place = (span.start, span.end)
                if isinstance(node, ast.stmt) and place in left_out:
                    continue
                if place in touched:
                    yield "touched"
                    continue
            yield type(node).__name__
            stack += [value for _, value in reversed(list(ast.iter_fields(node)))]
        else:
            # Python writes no decimal number of thousands of digits, and hexadecimal ones it reads.
            yield type(node).__name__, hex(node) if isinstance(node, int) else repr(node)


def _check_comments(text: Text, fixed: Sequence[Finding]) -> None:
    """Check that no comment was lost, changed or moved past another."""
    rewritten = [
        edit
        for finding in fixed
        if finding.fix is not None
        and any(isinstance(intent, RemoveComment) for intent in finding.fix.intents)
        for edit in finding.fix.edits
    ]
    old = [(edit.start, edit.end) for edit in rewritten]
    new = [(text.start(edit.start), text.end(edit.end)) for edit in rewritten]
    try:
        same = list(_comments(text.old, old)) == list(_comments(text.new, new))
    except (tokenize.TokenError, SyntaxError):
        raise Broken("its comments cannot be read") from None
    if not same:
        raise Broken("a comment would be lost or changed")


def _comments(text: str, except_at: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the comments of ``text`` but those that touch one of the places."""
    # The tokenizer knows \n only, at once after a backslash; what it is given has the same length.
    plain = text.replace("\\\r\n", " \\\n").replace("\r\n", " \n").replace("\r", "\n")
    lines = Lines(plain)
    for token in tokenize.generate_tokens(io.StringIO(plain).readline):
        if token.type == tokenize.COMMENT:
            start = lines.starts[token.start[0] - 1] + token.start[1]
            end = start + len(token.string)
            if not any(start <= last and first <= end for first, last in except_at):
                yield token.string.rstrip()


class Arrived(NamedTuple):
    """A finding that came where a fix was made: it must be gone when all is done."""

    code: str
    argument: str
    start: int


def check_findings(
    text: Text, fixed: Sequence[Finding], before: Sequence[Finding], after: Sequence[Finding]
) -> list[tuple[Arrived, list[Finding]]]:
    """Check that the fixed findings are gone; return those that came at the places of the fixes.

    With each that came stand the fixed findings that touched its line.

    Raises:
        Broken: a finding is still there, or one came at another place.
    """
    known: Counter[Arrived] = Counter()  # those that nothing was done about
    for finding in before:
        if finding not in fixed:
            starts = {text.start(finding.span.start), text.end(finding.span.start)}
            known.update(Arrived(finding.code, finding.argument, start) for start in starts)
    gone = {
        Arrived(finding.code, finding.argument, start)
        for finding in fixed
        for start in (text.start(finding.span.start), text.end(finding.span.start))
    }
    touched = [(finding, set(_touched_rows(text, finding))) for finding in fixed]
    arrived: list[tuple[Arrived, list[Finding]]] = []
    for finding in after:
        key = Arrived(finding.code, finding.argument, finding.span.start)
        if known[key] > 0:
            known[key] -= 1
            continue
        if key in gone or any(_is_within(finding, old, text) for old in fixed):
            raise Broken(f"{finding.code} would still be found")
        causes = [cause for cause, rows in touched if finding.span.row in rows]
        if not causes:
            raise Broken(f"{finding.code} would be found in line {finding.span.row}")
        arrived.append((key, causes))
    return arrived


def _is_within(finding: Finding, old: Finding, text: Text) -> bool:
    """Tell whether a new finding is one like ``old``, in what was written over that."""
    if (finding.code, finding.argument) != (old.code, old.argument):
        return False
    return text.start(old.span.start) <= finding.span.start < text.end(old.span.end)


def _touched_rows(text: Text, finding: Finding) -> Iterator[int]:
    """Yield the rows of the new text in which the fix of ``finding`` touched something."""
    lines = Lines(text.new)
    assert finding.fix is not None
    spans = [region(intent) for intent in finding.fix.intents]
    places = [(span.start, span.end) for span in spans]
    places += [(edit.start, edit.end) for edit in finding.fix.edits]
    for start, end in places:
        first, last = lines.place(text.start(start))[0], lines.place(text.end(end))[0]
        yield from range(first, last + 1)
