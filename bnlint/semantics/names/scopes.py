"""Scopes and what binds a name in them.

A binding is a fact about the text ("this statement assigns this expression to this name"). Which
of several bindings reaches a use is the business of :mod:`bnlint.semantics.names.flow`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.syntax.module import FunctionNode, Module, origin_of
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any, Literal

    Kind = Literal[
        "assign", "walrus", "unpack", "aug", "param", "import", "function", "class", "for", "with",
        "other",
    ]  # fmt: skip

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Binding(NamedTuple):
    """One way in which a name gets its value.

    ``kind`` is one of ``assign`` (``value``), ``walrus`` (``value``, somewhere in the head of
    ``statement``), ``unpack`` (part ``path`` of ``value``), ``aug``
    (``value`` is the :class:`ast.AugAssign`), ``param``, ``import`` (``symbol``), ``function``,
    ``class``, ``for`` (an element of ``value``), ``with`` (``value`` entered) and ``other``.
    ``statement`` is where it happens, or the scope's own node for a parameter.
    """

    name: str
    kind: Kind
    statement: ast.AST
    value: ast.AST | None = None
    path: tuple[int, ...] = ()
    symbol: str = ""


class Scope:
    """The names of a module, class, function, lambda or comprehension."""

    def __init__(self, module: Module, node: ast.AST, parent: Scope | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.bindings: dict[str, list[Binding]] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.stars: list[tuple[str, ast.stmt]] = []
        #: By name, what the analysis of flow says wherever there are too many bindings to follow.
        self.unfollowed: dict[str, tuple[Any, ...]] = {}
        self._collect()

    @property
    def is_class(self) -> bool:
        """Whether this is a class body, whose names nested functions do not see."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def outer(self) -> set[str]:
        """The names that are declared global or nonlocal here."""
        return self.globals | self.nonlocals

    def _add(self, binding: Binding) -> None:
        self.bindings.setdefault(binding.name, []).append(binding)

    def _collect(self) -> None:
        node = self.node
        if isinstance(node, _COMPREHENSIONS):
            for generator in node.generators:
                self._target(generator.target, "for", node, generator.iter)
        if isinstance(node, FunctionNode):
            for argument in _arguments(node.args):
                self._add(Binding(argument.arg, "param", node, argument))
        body = getattr(node, "body", None)
        if isinstance(body, list):
            self._block(body)
        self._walruses()
        if isinstance(self.node, ast.Module):
            self.globals.clear()  # at this level, "global" says nothing
        for name in self.outer:
            self.bindings.pop(name, None)

    def _walruses(self) -> None:
        for use in self.module.walruses:
            owner = self.module.scope_node(use)
            while isinstance(owner, _COMPREHENSIONS):
                owner = self.module.scope_node(owner)
            if owner is self.node:
                statement = self.module.statement(use)
                self._add(Binding(use.target.id, "walrus", statement, use.value))

    def _block(self, block: list[ast.stmt]) -> None:
        # A stack, not recursion: a long chain of elifs nests as deep as it is long.
        rest = list(reversed(block))
        while rest:
            statement = rest.pop()
            self._statement(statement)
            for handler in getattr(statement, "handlers", ()):
                if handler.name:
                    self._add(Binding(handler.name, "other", handler))
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                for inner in reversed(list(blocks(statement))):
                    rest += reversed(inner)

    def _statement(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                self._target(target, "assign", statement, statement.value)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._target(statement.target, "assign", statement, statement.value)
        elif isinstance(statement, ast.AugAssign):
            if isinstance(statement.target, ast.Name):
                self._add(Binding(statement.target.id, "aug", statement, statement))
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            self._import(statement)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._add(Binding(statement.name, "function", statement, statement))
        elif isinstance(statement, ast.ClassDef):
            self._add(Binding(statement.name, "class", statement, statement))
        elif isinstance(statement, ast.Global):
            self.globals.update(statement.names)
        elif isinstance(statement, ast.Nonlocal):
            self.nonlocals.update(statement.names)
        elif isinstance(statement, ast.Delete):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    self._add(Binding(target.id, "other", statement))
        else:
            self._compound(statement)

    def _compound(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            self._target(statement.target, "for", statement, statement.iter)
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                if item.optional_vars is not None:
                    self._target(item.optional_vars, "with", statement, item.context_expr)
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                for name in _captures(case.pattern):
                    self._add(Binding(name, "other", statement))

    def _target(self, target: ast.expr, kind: Kind, statement: ast.AST, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._add(Binding(target.id, kind, statement, value))
        else:
            self._unpack(target, kind, statement, value, ())

    def _unpack(
        self,
        target: ast.expr,
        kind: Kind,
        statement: ast.AST,
        value: ast.expr,
        path: tuple[int, ...],
    ) -> None:
        if isinstance(target, ast.Name):
            # Parts of a loop variable are elements of unknown elements: only assignments unpack.
            found: Kind = "unpack" if kind == "assign" else "other"
            self._add(Binding(target.id, found, statement, value, path))
        elif isinstance(target, ast.Starred):
            self._unpack(target.value, "other", statement, value, path)
        elif isinstance(target, (ast.Tuple, ast.List)):
            starred = False
            for index, item in enumerate(target.elts):
                starred = starred or isinstance(item, ast.Starred)
                self._unpack(item, "other" if starred else kind, statement, value, (*path, index))

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                symbol = alias.name if alias.asname else alias.name.partition(".")[0]
                self._add(Binding(alias.asname or symbol, "import", statement, symbol=symbol))
            return
        origin = origin_of(statement)
        for alias in statement.names:
            if alias.name == "*":
                self.stars.append((origin, statement))
            else:
                joint = "" if origin.endswith(".") else "."
                symbol = f"{origin}{joint}{alias.name}"
                self._add(Binding(alias.asname or alias.name, "import", statement, symbol=symbol))


def blocks(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a compound statement (branches, handlers, cases) in source order."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        part = getattr(statement, field, None)
        if not isinstance(part, list):
            continue
        if field in ("handlers", "cases"):
            for item in part:
                yield item.body
        else:
            yield part


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from arguments.posonlyargs
    yield from arguments.args
    if arguments.vararg:
        yield arguments.vararg
    yield from arguments.kwonlyargs
    if arguments.kwarg:
        yield arguments.kwarg


def _captures(pattern: ast.pattern) -> Iterator[str]:
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            yield name
