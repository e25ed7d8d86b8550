"""One parsed file, and what its index tells: scopes, places, where nodes stand in the text.

The index is built in a single pass over the tree. Everything else about a module (scopes,
bindings, values) is worked out on demand, since most of a file has nothing to do with batch
normalisation.
"""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bnlint.files.source import Lines
from bnlint.finding import Span
from bnlint.semantics.syntax.index import Definition, Index, end_of
from bnlint.startup.typed import NamedTuple

DefinitionNode = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FunctionNode = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
ScopeNode = (
    ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


#: Statements that leave the block they stand in.
LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)

#: A text must be longer than this (in characters) to be nested too deeply for any parser.
_LONG = 100_000


class Place(NamedTuple):
    """Where a statement stands: what holds its block, the block, and its position in it."""

    owner: ast.AST
    block: list[ast.stmt]
    position: int


class Module:
    """A parsed file.

    ``name`` is the dotted import name within the project (empty if it cannot be imported),
    ``path`` the displayed path, ``file`` the absolute one (empty for text that lies in no file).
    ``package`` is what relative imports start from; a folder without ``__init__.py``, which holds
    modules and no code, is a namespace.
    The parts of its ``index`` are described there.
    """

    def __init__(
        self, path: str, text: str, tree: ast.Module, name: str = "", index: Index | None = None
    ) -> None:
        self.path = path
        self.text = text
        self.tree = tree
        self.name = name
        self.file = ""
        self.package = ""
        self.is_namespace = False
        self.lines = Lines(text)
        self.index = index or Index(tree, tree.body)
        self.parents = self.index.parents
        self.uses = self.index.uses
        self.calls = self.index.calls
        self.stores = self.index.stores
        self.keyed_stores = self.index.keyed_stores
        self.dicts = self.index.dicts
        self.imports = self.index.imports
        self.functions = self.index.functions
        self.classes = self.index.classes
        self.walruses = self.index.walruses
        self.outer = {name for statement in self.index.outer for name in statement.names}
        self._tested: dict[str, bool] = {}
        self._places: dict[ast.stmt, Place] = {}
        self._leaving: dict[int, list[int]] = {}  # by the identity of a block
        self._defined: frozenset[str] | None = None
        self._own_stores: dict[tuple[ast.AST, str], list[tuple[ast.AST, ast.Attribute]]] | None
        self._own_stores = None
        self.calls_by_name = self._by_name()

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
            parent = self.parents[parent]
        return isinstance(parent, (ast.If, ast.Assert))

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
            if isinstance(cls, ast.ClassDef):
                positional = [*function.args.posonlyargs, *function.args.args]
                if positional and positional[0].arg == receiver:
                    self.own_stores.setdefault((cls, store.attr), []).append((function, store))
            function = self.enclosing_function(function)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """Return where ``node`` stands, in rows, columns and code point offsets."""
        return self.lines.span(node.lineno, node.col_offset, *end_of(node))

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
        if statement not in self._places:
            owner = self.parents[statement]
            for block in blocks(owner):
                self._places.update((s, Place(owner, block, at)) for at, s in enumerate(block))
        return self._places[statement]

    def scope_node(self, node: ast.AST) -> ast.AST:
        """Return the module, class, function, lambda or comprehension in whose scope ``node`` is.

        Decorators, defaults, annotations and base classes belong to the scope around the
        definition.
        """
        known, parents = self.index.scopes, self.parents
        passed: list[ast.AST] = []
        found: ast.AST = self.tree
        child, parent = node, parents.get(node)
        while parent is not None:
            is_statement = isinstance(child, ast.stmt)
            if is_statement:
                if child in known:
                    found = known[child]
                    break
                passed.append(child)
            if isinstance(parent, ScopeNode):
                if isinstance(parent, DefinitionNode):
                    is_within = is_statement  # nothing else of a definition is a statement
                else:
                    is_within = not isinstance(parent, ast.Lambda) or child is parent.body
                if is_within:
                    found = parent
                    break
            child, parent = parent, parents.get(parent)
        # all statements on the way stand in one scope: an elif stands in hundreds of others
        known.update(dict.fromkeys(passed, found))
        return found

    def definitions(self, node: ast.AST) -> Iterator[Definition]:
        """Yield the functions and classes around ``node``, innermost first."""
        known = self.index.definitions
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
    with _uncollected():
        return Module(path, text, tree_of(text), name)


def tree_of(text: str) -> ast.Module:
    """Return what ``ast`` makes of ``text``.

    Raises:
        SyntaxError, ValueError, RecursionError: as :func:`parse`.
    """
    if sys.version_info < (3, 11) and len(text) > _LONG:
        from bnlint.semantics.syntax.depth import is_deep

        # This parser has no limit of its own, and what overflows it ends the process.
        if is_deep(text, chain=_LONG // 10):
            raise RecursionError("nested too deeply to be read safely")
    with _uncollected():
        return ast.parse(text)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage: a tree is thousands of objects and none, and it costs half the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def blocks(owner: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of statements that stand directly in ``owner``."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if isinstance(block, list):
            yield block


def origin_of(statement: ast.ImportFrom) -> str:
    """Return what an import takes names from, as it is written: ``..ops`` of ``from ..ops``."""
    return "".join(filter(None, ("." * statement.level, statement.module)))


def rows_of(node: ast.stmt) -> range:
    """Return the lines that a statement of a file takes up."""
    assert node.end_lineno is not None
    return range(node.lineno, node.end_lineno + 1)


def last_name(node: ast.expr) -> str:
    """Return the identifier a callee goes by: ``f`` of ``f`` and of ``a.b.f``, else nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def dotted(node: ast.AST | None) -> str:
    """Return ``a.b.c`` for a plain chain of attributes, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))
