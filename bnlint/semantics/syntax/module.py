"""One parsed file and its index: parents, calls, uses of identifiers, attribute stores.

The index is built in a single pass over the tree. Everything else about a module (scopes,
bindings, values) is worked out on demand, since most of a file has nothing to do with batch
normalisation.
"""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator

from bnlint.files.source import Lines
from bnlint.finding import Span
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

#: Fields that hold no nodes worth visiting (identifiers, operators, contexts, literals).
_LEAF_FIELDS = frozenset(
    {
        "arg", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level",
        "module", "n", "name", "op", "ops", "rest", "s", "simple", "str", "type_comment",
        "type_ignores",
    }
)  # fmt: skip
_NO_FIELDS = (
    ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom, ast.Constant, ast.Name,
    ast.MatchSingleton,  # its value is True, False or None, and no node
)  # fmt: skip


class _Fields(dict[type, tuple[str, ...]]):
    """The fields in which child nodes can stand, for every kind of node that has turned up."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        none = issubclass(kind, _NO_FIELDS)
        self[kind] = found = (
            () if none else tuple(name for name in kind._fields if name not in _LEAF_FIELDS)
        )
        return found


_FIELDS = _Fields()

DefinitionNode = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
ScopeNode = (
    ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


#: Statements that leave the block they stand in.
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)

#: What is noted beside calls and uses.
_NOTED = frozenset(
    {
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom,
        ast.NamedExpr, ast.Global, ast.Nonlocal, ast.Subscript, ast.Dict,
    }
)  # fmt: skip


#: A text must be longer than this (in characters) to be nested too deeply for any parser.
_LONG = 100_000


class Place(NamedTuple):
    """Where a statement stands: what holds its block, the block, and its position in it."""

    owner: ast.AST
    block: list[ast.stmt]
    position: int


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
            nodes.sort(key=_source_order)
        return nodes


class Module:
    """A parsed file.

    ``name`` is the dotted import name within the project (empty if it cannot be imported),
    ``path`` the displayed path, ``file`` the absolute one (empty for text that lies in no file).
    ``package`` is what relative imports start from; a folder without ``__init__.py``, which holds
    modules and no code, is a namespace.
    ``parents`` maps every node to the node that holds it, ``uses`` every identifier to the nodes
    that mention it (names and the last part of attributes).
    """

    def __init__(self, path: str, text: str, tree: ast.Module, name: str = "") -> None:
        self.path = path
        self.text = text
        self.tree = tree
        self.name = name
        self.file = ""
        self.package = ""
        self.is_namespace = False
        self.lines = Lines(text)
        self.parents: dict[ast.AST, ast.AST] = {}
        self.calls: list[ast.Call] = []
        self.uses = Uses()
        self.stores: list[ast.Attribute] = []
        self.keyed_stores: list[ast.Subscript] = []
        self.dicts: list[ast.Dict] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self.classes: list[ast.ClassDef] = []
        self.outer: set[str] = set()
        self.walruses: list[ast.NamedExpr] = []
        self._tested: dict[str, bool] = {}
        self._scope_nodes: dict[ast.AST, ast.AST] = {}  # by the statements that stand in them
        self._definitions: dict[ast.AST, Definition | None] = {}
        self._positions: dict[ast.stmt, int] = {}
        self._leaving: dict[int, list[int]] = {}  # by the identity of a block
        self._defined: frozenset[str] | None = None
        self._own_stores: dict[tuple[ast.AST, str], list[tuple[ast.AST, ast.Attribute]]] | None
        self._own_stores = None
        self._index()
        self.calls_by_name = self._by_name()

    def _index(self) -> None:
        # This loop sees every node of every file, so that each step of it shows: classes are
        # compared, not tested for, and constants, a quarter of all nodes, are not visited.
        parents, calls, uses, fields = self.parents, self.calls, self.uses.nodes, _FIELDS
        name, attribute, call, constant = ast.Name, ast.Attribute, ast.Call, ast.Constant
        stack: list[Any] = [self.tree]
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
        for nodes in (
            calls, self.stores, self.keyed_stores, self.dicts, self.imports, self.functions,
            self.classes,
        ):  # fmt: skip
            nodes.sort(key=_source_order)

    def _note(self, node: ast.AST) -> None:
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
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.outer.update(node.names)

    def _by_name(self) -> dict[str, list[ast.Call]]:
        named: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            name = last_name(call.func)
            if name:
                named.setdefault(name, []).append(call)
        return named

    def is_tested(self, name: str) -> bool:
        """Tell whether ``name`` stands in the test of a statement, anywhere in the file."""
        found = self._tested.get(name)
        if found is None:
            found = self._tested[name] = any(
                isinstance(use, ast.Name) and self._in_test(use) for use in self.uses.of(name)
            )
        return found

    def _in_test(self, node: ast.AST) -> bool:
        parent = self.parents[node]
        while isinstance(parent, (ast.BoolOp, ast.UnaryOp, ast.Compare)):
            node, parent = parent, self.parents[parent]
        return isinstance(parent, (ast.If, ast.Assert)) and parent.test is node

    @property
    def defined(self) -> frozenset[str]:
        """The names that imports, functions and classes bind, wherever in the file."""
        if self._defined is None:
            names = {d.name for d in (*self.functions, *self.classes)}
            for statement in self.imports:
                names.update((a.asname or a.name).partition(".")[0] for a in statement.names)
            self._defined = frozenset(names)
        return self._defined

    @property
    def own_stores(self) -> dict[tuple[ast.AST, str], list[tuple[ast.AST, ast.Attribute]]]:
        """The stores ``self.name = ...`` by class and name, each with the method it stands in."""
        if self._own_stores is None:
            self._own_stores = {}
            for store in self.stores:
                if isinstance(store.value, ast.Name):
                    self._note_store(store, store.value.id)
        return self._own_stores

    def _note_store(self, store: ast.Attribute, receiver: str) -> None:
        function = self.enclosing_function(store)
        while function is not None:
            cls = self.parents[function]
            if isinstance(cls, ast.ClassDef) and not isinstance(function, ast.Lambda):
                positional = [*function.args.posonlyargs, *function.args.args]
                if positional and positional[0].arg == receiver:
                    self.own_stores.setdefault((cls, store.attr), []).append((function, store))
            function = self.enclosing_function(function)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """Return where ``node`` stands, in rows, columns and code point offsets."""
        return self.lines.span(
            node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0
        )

    def source(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of ``node`` as it stands in the file."""
        span = self.span(node)
        return self.text[span.start : span.end]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around ``node``, innermost first, ending with the module."""
        parents = self.parents
        current = parents.get(node)
        while current is not None:
            yield current
            current = parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt:
        """Return the innermost statement that holds ``node`` (itself, if it is one)."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def place(self, statement: ast.stmt) -> Place:
        """Return the block in which ``statement`` stands."""
        owner = self.parents[statement]
        positions = self._positions
        if statement not in positions:
            for block in blocks(owner):
                positions.update((item, index) for index, item in enumerate(block))
        position = positions.get(statement, -1)
        for block in blocks(owner):
            if 0 <= position < len(block) and block[position] is statement:
                return Place(owner, block, position)
        raise LookupError("statement without a block")

    def scope_node(self, node: ast.AST) -> ast.AST:
        """Return the module, class, function, lambda or comprehension in whose scope ``node`` is.

        Decorators, defaults, annotations and base classes belong to the scope around the
        definition.
        """
        child = node
        known = self._scope_nodes
        passed: list[ast.AST] = []
        found: ast.AST = self.tree
        for parent in self.ancestors(node):
            if isinstance(child, ast.stmt):
                if child in known:
                    found = known[child]
                    break
                passed.append(child)
            if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if isinstance(child, ast.stmt):  # nothing else of a definition is a statement
                    found = parent
                    break
            elif isinstance(parent, ast.Lambda):
                if child is parent.body:
                    found = parent
                    break
            elif isinstance(parent, ScopeNode):
                found = parent
                break
            child = parent
        # all statements on the way stand in one scope: an elif stands in hundreds of others
        known.update(dict.fromkeys(passed, found))
        return found

    def definitions(self, node: ast.AST) -> Iterator[Definition]:
        """Yield the functions and classes around ``node``, innermost first."""
        known = self._definitions
        around: ast.AST | None = node
        while around is not None:
            passed = [around]
            found = known.get(around)
            for parent in self.ancestors(around) if around not in known else ():
                if isinstance(parent, DefinitionNode):
                    found = parent
                    break
                if parent in known:
                    found = known[parent]
                    break
                passed.append(parent)
            known.update(dict.fromkeys(passed, found))
            if found is not None:
                yield found
            around = found

    def leaving(self, place: Place) -> list[int]:
        """Return the positions of the statements of a block that may leave it, in order."""
        found = self._leaving.get(id(place.block))
        if found is None:
            found = self._leaving[id(place.block)] = [
                index
                for index, statement in enumerate(place.block)
                if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr))
                and any(isinstance(node, LEAVES) for node in ast.walk(statement))
            ]
        return found

    def enclosing_function(
        self, node: ast.AST
    ) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | None:
        """Return the innermost function whose body holds ``node``, if any."""
        scope = self.scope_node(node)
        while not isinstance(scope, FunctionNode):
            if isinstance(scope, (ast.Module, ast.ClassDef)):
                return None
            scope = self.scope_node(scope)
        return scope

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class whose body holds ``node`` (in a method, say), if any."""
        scope = self.scope_node(node)
        while not isinstance(scope, (ast.Module, ast.ClassDef)):
            scope = self.scope_node(scope)
        return scope if isinstance(scope, ast.ClassDef) else None


def parse(path: str, text: str, name: str = "") -> Module:
    """Parse ``text`` and index it.

    Raises:
        SyntaxError: the text is not Python as the running interpreter knows it.
        ValueError: the text holds a NUL character.
        RecursionError: expressions are nested too deeply to be read.
    """
    if sys.version_info < (3, 11) and len(text) > _LONG:
        from bnlint.semantics.syntax.depth import is_deep

        # This parser has no limit of its own, and what overflows it ends the process.
        if is_deep(text, chain=_LONG // 10):
            raise RecursionError("nested too deeply to be read safely")
    enabled = gc.isenabled()
    gc.disable()  # a tree is thousands of objects and no garbage: collecting costs half the time
    try:
        return Module(path, text, ast.parse(text), name)
    finally:
        if enabled:
            gc.enable()


def blocks(owner: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of statements that stand directly in ``owner``."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if isinstance(block, list):
            yield block


def last_name(node: ast.expr) -> str:
    """Return the identifier a callee goes by: ``f`` of ``f`` and of ``a.b.f``, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` for a plain chain of attributes, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def _source_order(node: ast.AST) -> tuple[int, int, int, int]:
    # A call chained on another (f(x)(y)) starts where that one starts: the end decides.
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
