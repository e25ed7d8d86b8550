"""A text after an edit: only the statements around it are parsed again.

What stands in all others stays as it is, moved to other rows where there are more or fewer now.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from bnlint.semantics.syntax.index import Definition, Index, end_of
from bnlint.semantics.syntax.module import DefinitionNode, Module, tree_of
from bnlint.startup.typed import NamedTuple


class _Edit(NamedTuple):
    """Where ``text`` differs from another: from ``start`` to ``stop``; there it was to ``end``."""

    text: str
    start: int
    end: int
    stop: int

    def now(self, offset: int) -> int:
        """Return where a place after the edit lies in the new text."""
        return offset + self.stop - self.end

    def ends_line(self, offset: int) -> bool:
        """Tell whether what now stands before a place after the edit ends a line."""
        now = self.now(offset)
        return not now or self.text[now - 1] == "\n"


class _Part(NamedTuple):
    """Statements that an edit may have changed: which of the block of ``owner``, and where.

    ``around`` are the definitions that hold the block, outermost first: ``owner`` is the last.
    """

    owner: ast.Module | Definition
    around: tuple[Definition, ...]
    first: int
    last: int
    start: int
    end: int


def edited(before: Module, text: str) -> Module | None:
    """Return ``text`` parsed, if it is the text of ``before`` but for a place, and is Python.

    ``before`` is used up then. Else nothing is done, and all of the text is to be parsed.
    """
    for other in ("\r", "\f"):  # these end lines too, or begin them anew
        if other in text or other in before.text:
            return None
    edit = _difference(before.text, text)
    for part in reversed(list(_parts(before, edit))):
        code = text[part.start : edit.now(part.end)]
        row = before.lines.place(part.start)[0]
        holder = _parsed(code, row, is_nested=bool(part.around))
        if holder is not None:
            return _replaced(before, text, part, holder, code.count("\n"))
    return None


def _difference(old: str, new: str) -> _Edit:
    """Return what lies between what both texts begin with and what both end with."""
    most = min(len(old), len(new))
    start = _agreeing(lambda low, high: old[low:high] == new[low:high], most)
    rest = _agreeing(
        lambda low, high: (
            old[len(old) - high : len(old) - low] == new[len(new) - high : len(new) - low]
        ),
        most - start,
    )
    return _Edit(new, start, len(old) - rest, len(new) - rest)


def _agreeing(agree: Callable[[int, int], bool], most: int) -> int:
    """Return the largest number up to which ``agree`` holds of all that was not yet asked."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if agree(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _parts(module: Module, edit: _Edit) -> Iterator[_Part]:
    """Yield the statements of the file around an edit, those of a definition in it, and so on."""
    starts = module.lines.starts
    owner: ast.Module | Definition = module.tree
    around: tuple[Definition, ...] = ()
    start, end = 0, len(module.text)
    while True:
        part = _part(module, owner, around, edit, start, end)
        if part is None:
            return
        yield part
        inner = owner.body[part.first] if owner.body else None
        if part.last - part.first != 1 or not isinstance(inner, DefinitionNode):
            return
        owner, around = inner, (*around, inner)
        start = starts[_row(inner.body[0]) - 1]
        below, _ = end_of(inner)
        end = starts[below] if below < len(starts) else len(module.text)


def _part(
    module: Module,
    owner: ast.Module | Definition,
    around: tuple[Definition, ...],
    edit: _Edit,
    start: int,
    end: int,
) -> _Part | None:
    """Return the statements of a block around an edit; the block lies from ``start`` to ``end``."""
    lines = module.lines.starts
    begins = [
        (index, lines[_row(statement) - 1], statement.col_offset)
        for index, statement in enumerate(owner.body)
        if _is_first(module, statement)
    ]
    before = [(i, begin) for i, begin, column in begins if begin + column < edit.start]
    if not before and around:
        return None
    first, start = before[-1] if before else (0, start)
    for last, begin, _ in begins:
        if last > first and begin >= edit.end and edit.ends_line(begin):
            return _Part(owner, around, first, last, start, begin)
    if edit.end > end or (end < len(module.text) and not edit.ends_line(end)):
        return None
    return _Part(owner, around, first, len(owner.body), start, end)


def _is_first(module: Module, statement: ast.stmt) -> bool:
    """Tell whether a statement begins a line as the parser sees lines."""
    row = _row(statement)
    line, column = module.lines.line(row), statement.col_offset
    if line[:column].strip(" \t"):
        return False
    return not module.lines.line(row - 1).endswith("\\")


def _row(statement: ast.stmt) -> int:
    """Return the row in which a statement begins, decorators included."""
    rows: list[int] = [d.lineno for d in getattr(statement, "decorator_list", ())]
    return min((statement.lineno, *rows))


def _parsed(code: str, row: int, *, is_nested: bool) -> ast.Module | ast.ClassDef | None:
    """Return what holds the statements of some code that begins in a row of a file."""
    try:
        if not is_nested:
            return tree_of("\n" * (row - 1) + code)
        (holder,) = tree_of("\n" * (row - 2) + "class _:\n" + code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    assert isinstance(holder, ast.ClassDef)
    return holder


def _replaced(
    before: Module, text: str, part: _Part, holder: ast.Module | ast.ClassDef, rows: int
) -> Module:
    """Return a file with the statements of ``holder``, of so many rows, in the place of a part."""
    owner, index = part.owner, before.index
    old = owner.body[part.first : part.last]
    more = rows - before.text.count("\n", part.start, part.end)
    if more:
        index.move(before.lines.place(part.end)[0], more)
    index.replace(Index(owner, old), Index(owner, holder.body))
    for definition in part.around:
        definition.end_lineno = end_of(definition)[0] + more
    if isinstance(holder, ast.ClassDef) and part.last == len(owner.body):
        inner = None
        for definition in reversed(part.around):  # all that end where their last statement does
            if inner is not None and definition.body[-1] is not inner:
                break
            definition.end_lineno = holder.end_lineno
            definition.end_col_offset = holder.end_col_offset
            inner = definition
    owner.body[part.first : part.last] = holder.body
    after = Module(before.path, text, before.tree, before.name, index)
    after.file, after.package = before.file, before.package
    after.is_namespace = before.is_namespace
    vars(before).clear()  # its nodes stand elsewhere now
    return after
