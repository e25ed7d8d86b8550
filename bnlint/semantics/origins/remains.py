"""Code of another framework that a port still has in its comments and docstrings.

Who ports line by line leaves lines of the source beside the new ones, commented out, and the types
of the source in docstrings. Prose that compares with another framework is not looked at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from bnlint.semantics.origins.words import Speech, speeches
from bnlint.semantics.syntax.module import rows_of
from bnlint.startup.typed import NamedTuple

#: How many blanks at most stand between a word and what is imported.
_GAP = 16


class Remain(NamedTuple):
    """A piece of code of ``origin`` that nothing runs: what it is, and in which line it stands.

    ``root`` is the package that it speaks of.
    """

    origin: Speech
    root: str
    row: int
    code: str


def may_have_remains(text: str, target: str) -> bool:
    """Tell, without parsing, whether code of an ecosystem other than ``target`` may be left."""
    return next(_mentions(text, target), None) is not None


def remains_in(text: str, tree: ast.Module, target: str) -> Iterator[Remain]:
    """Yield the code of ecosystems other than ``target`` in comments and docstrings of a file.

    A comment must be code as a whole: ``# x = torch.cat((x, y), 1)`` and ``# import torch``, and
    not ``# like torch.cat``. Packages that the file imports itself tell nothing: what is
    commented out may be its own.
    """
    found = list(_mentions(text, target))
    imported = _imported_roots(tree) if found else frozenset()
    quoted: frozenset[int] | None = None
    for match in found:
        root = match["used"] or match["imported"]
        if root in imported:
            continue
        row = text.count("\n", 0, match.start()) + 1
        start = text.rfind("\n", 0, match.start()) + 1
        before, _, after = text[start:].partition("\n")[0].partition("#")
        if len(before) < match.start() - start:
            is_code = _is_code(after, root)
        else:
            quoted = _quoted_rows(tree) if quoted is None else quoted
            is_code = row in quoted and bool(match["used"])
        if is_code:
            origin = next(s for s in speeches().values() if root in s.own_roots)
            yield Remain(origin, root, row, match[0].strip())


def _mentions(text: str, target: str) -> Iterator[re.Match[str]]:
    """Yield where packages of other ecosystems than ``target`` are used or imported, by the text.

    Frameworks whose ports set their own numbers are left out.
    """
    roots = _roots(target)
    end = 0
    for start in sorted({start for root in roots for start in _starts(root, text)}):
        # To try the pattern on the whole text would take a hundred times as long.
        match = _mention(roots).match(text, start) if start >= end else None
        if match is not None:
            end = match.end()
            yield match


def _starts(root: str, text: str) -> Iterator[int]:
    """Yield where a use or an import of ``root`` may begin: at its name, or at a word before it."""
    at = text.find(root)
    while at >= 0:
        ahead = text[max(at - _GAP, 0) : at]
        before = at - len(ahead) + len(ahead.rstrip(" \t"))
        if before < at:
            yield from (before - len(w) for w in ("from", "import") if text.endswith(w, 0, before))
        yield at
        at = text.find(root, at + 1)


@lru_cache(maxsize=16)
def _roots(target: str) -> tuple[str, ...]:
    others = {root for s in speeches().values() if not s.vetoes for root in s.own_roots}
    return tuple(sorted(others - speeches()[target].roots))


@lru_cache(maxsize=16)
def _mention(roots: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, roots))
    return re.compile(
        rf"(?<![\w./:@-])(?P<used>{listed})\.(?!(?:org|com|io|py|html|md)\b)[A-Za-z_]\w*(?:\.\w+)*"
        rf"|\b(?:from|import)[ \t]+(?P<imported>{listed})\b(?=[ \t]*$|[ \t]+(?:as|import)\b|\.\w)",
        re.MULTILINE,
    )


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements of a file, and what holds others in them."""
    pending: list[ast.AST] = [tree]
    for node in pending:
        for inside in ("body", "orelse", "finalbody", "handlers", "cases"):
            pending += getattr(node, inside, ())
    yield from pending


def _imported_roots(tree: ast.Module) -> frozenset[str]:
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return frozenset(found)


def _quoted_rows(tree: ast.Module) -> frozenset[int]:
    """Return the lines of strings that stand as statements: docstrings, and code in quotes."""
    return frozenset(
        row
        for node in _statements(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for row in rows_of(node)
    )


def _is_code(comment: str, root: str) -> bool:
    """Tell whether a comment is Python as a whole, or the beginning of it, that names ``root``."""
    code = comment.strip("# \t").partition("#")[0].strip()
    for whole in (code, f"{code} pass", f"{code})"):
        try:
            tree = ast.parse(whole)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return any(
            (isinstance(node, ast.Name) and node.id == root)
            or isinstance(node, (ast.Import, ast.ImportFrom))
            for node in ast.walk(tree)
        )
    return False
