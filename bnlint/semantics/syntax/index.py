"""What stands in some statements: parents, calls, uses of identifiers, stores, definitions.

It is found in a single pass over them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

#: Fields that hold no nodes worth visiting (identifiers, operators, contexts, literals).
_LEAF_FIELDS = frozenset(
    {
        "arg", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level",
        "module", "name", "op", "ops", "rest", "simple", "str", "type_comment", "type_ignores",
    }
)  # fmt: skip
_NO_FIELDS = (
    ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.Constant, ast.Name,
    ast.MatchSingleton,  # its value is True, False or None, and no node
)  # fmt: skip


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class _Fields(dict[type, tuple[str, ...]]):
    """The fields in which child nodes can stand, for every kind of node that has turned up."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        none = issubclass(kind, _NO_FIELDS)
        self[kind] = found = (
            () if none else tuple(name for name in kind._fields if name not in _LEAF_FIELDS)
        )
        return found


_FIELDS = _Fields()

#: What is noted beside calls and uses.
_NOTED = frozenset(
    {
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom,
        ast.NamedExpr, ast.Global, ast.Nonlocal, ast.Subscript, ast.Dict,
    }
)  # fmt: skip


class Uses:
    """The nodes that mention each identifier, put in source order when they are asked for.

    Of the identifiers of a file, a tenth ever is.
    """

    def __init__(self) -> None:
        self.nodes: dict[str, list[ast.expr]] = {}
        self._sorted: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self.nodes

    def of(self, name: str) -> list[ast.expr]:
        """Return the nodes that mention ``name``, in source order."""
        nodes = self.nodes.get(name, [])
        if name not in self._sorted:
            self._sorted.add(name)
            nodes.sort(key=source_order)
        return nodes

    def replace(self, gone: Uses, come: Uses) -> None:
        """Take it that the nodes of ``gone`` are no longer there, and those of ``come`` are."""
        self._sorted -= gone.nodes.keys() | come.nodes.keys()
        for name, nodes in gone.nodes.items():
            rest = set(nodes)
            kept = [node for node in self.nodes[name] if node not in rest]
            if kept:
                self.nodes[name] = kept
            else:
                del self.nodes[name]
        for name, nodes in come.nodes.items():
            self.nodes.setdefault(name, []).extend(nodes)


class Index:
    """What stands in the statements ``block``, which ``owner`` holds.

    ``parents`` maps every node to the node that holds it, ``uses`` every identifier to the nodes
    that mention it (names and the last part of attributes). The others are in source order.
    ``scopes`` and ``definitions`` are what has been found out so far: the scopes of statements,
    and the definitions around nodes.
    """

    def __init__(self, owner: ast.AST, block: Iterable[ast.stmt]) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.uses = Uses()
        self.calls: list[ast.Call] = []
        self.stores: list[ast.Attribute] = []
        self.keyed_stores: list[ast.Subscript] = []
        self.dicts: list[ast.Dict] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.classes: list[ast.ClassDef] = []
        self.walruses: list[ast.NamedExpr] = []
        self.outer: list[ast.Global | ast.Nonlocal] = []
        self.scopes: dict[ast.AST, ast.AST] = {}
        self.definitions: dict[ast.AST, Definition | None] = {}
        self._look_through(owner, block)
        for nodes in self._in_order():
            nodes.sort(key=source_order)

    def _in_order(self) -> Sequence[list[Any]]:
        return (
            self.calls, self.stores, self.keyed_stores, self.dicts, self.imports, self.functions,
            self.classes, self.walruses, self.outer,
        )  # fmt: skip

    def _look_through(self, owner: ast.AST, block: Iterable[ast.stmt]) -> None:
        # This loop sees every node of every file, so that each step of it shows: classes are
        # compared, not tested for, and constants, a quarter of all nodes, are not visited.
        parents, calls, uses, fields = self.parents, self.calls, self.uses.nodes, _FIELDS
        name, attribute, call, constant = ast.Name, ast.Attribute, ast.Call, ast.Constant
        stack: list[Any] = list(block)
        parents.update(dict.fromkeys(stack, owner))
        while stack:
            node = stack.pop()
            kind = node.__class__
            if kind is name:
                uses.setdefault(node.id, []).append(node)
                continue
            if kind is call:
                calls.append(node)
            elif kind is attribute:
                uses.setdefault(node.attr, []).append(node)
                if node.ctx.__class__ is ast.Store:
                    self.stores.append(node)
            elif kind in _NOTED:
                self._note(node)
            for field in fields[kind]:
                child = getattr(node, field, None)
                if child.__class__ is list:
                    for item in child:
                        if item is not None:
                            parents[item] = node
                            if item.__class__ is not constant:
                                stack.append(item)
                elif child is not None:
                    parents[child] = node
                    if child.__class__ is not constant:
                        stack.append(child)

    def _note(self, node: Any) -> None:
        """Note a definition, an import, what else binds names in a way of its own, or keys."""
        if isinstance(node, ast.Subscript):
            if isinstance(node.ctx, ast.Store):
                self.keyed_stores.append(node)
        elif isinstance(node, ast.Dict):
            self.dicts.append(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.functions.append(node)
        elif isinstance(node, ast.ClassDef):
            self.classes.append(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports.append(node)
        elif isinstance(node, ast.NamedExpr):
            self.walruses.append(node)
        else:  # global, nonlocal
            self.outer.append(node)

    def replace(self, gone: Index, come: Index) -> None:
        """Take it that what ``gone`` knows is no longer there, and what ``come`` knows is."""
        left = gone.parents
        for node in left:
            del self.parents[node]
            self.scopes.pop(node, None)
            self.definitions.pop(node, None)
        self.parents.update(come.parents)
        self.uses.replace(gone.uses, come.uses)
        for here, old, new in zip(
            self._in_order(), gone._in_order(), come._in_order(), strict=True
        ):
            if old:
                here[:] = [node for node in here if node not in left]
            if new:
                here += new
                here.sort(key=source_order)

    def move(self, row: int, rows: int) -> None:
        """Move all that begins at a row or below it down by ``rows``."""
        for node in self.parents:
            _move(node, row, rows)
        for statement in self.imports:
            for alias in statement.names:
                _move(alias, row, rows)


def _move(node: Any, row: int, rows: int) -> None:
    if getattr(node, "lineno", 0) >= row:
        node.lineno += rows
        node.end_lineno += rows


def end_of(node: Any) -> tuple[int, int]:
    """Return the row and the column where a node ends: the parser says so of all it makes."""
    return node.end_lineno, node.end_col_offset


def source_order(node: Any) -> tuple[int, int, int, int]:
    """Return what puts nodes into the order in which they are written."""
    # A call chained on another (f(x)(y)) starts where that one starts: the end decides.
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
