"""Where an array comes from: an attribute, a key, or a place in the weights of a layer.

Names are followed within a function, and through helpers of the project that only pass an array on.
What is computed of an array is no array of a layer any more.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import assigned, reaching
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Candidate, Constant, Evaluate, FunctionRef, Instance
from bnlint.semantics.values.value import KNOWN
from bnlint.semantics.weights.kinds import (
    SCALE,
    SHIFT,
    is_distinct,
    key_of,
    kind_of,
    listed_order,
    split_key,
)
from bnlint.startup.typed import NamedTuple

#: Variables and helpers that an array is followed through, one given another.
_MAX_DEPTH = 8

#: What Python and NumPy have that gives the values of an array, in whatever shape, as they are.
_KEEPS = frozenset(
    {"copy", "squeeze", "flatten", "ravel", "reshape", "view", "tolist", "transpose"}
)
_MAKES = frozenset({"array", "ascontiguousarray", "squeeze", "float32", "copy"})


class Slot(NamedTuple):
    """One array of a layer: its gamma, beta, mean or variance.

    ``owner`` is the layer as the code writes it, ``layer`` its expression where it is one, ``name``
    what the array is called there. ``at`` is its place among all weights of the layer, -1 where it
    goes by a name, and ``length`` the number of these, where that is known.
    """

    owner: str
    kind: str
    name: str
    node: ast.expr
    layer: ast.expr | None = None
    at: int = -1
    length: int = 0

    @property
    def is_distinct(self) -> bool:
        """Whether nothing but batch normalisation has an array of this name."""
        return self.at < 0 and is_distinct(self.name)


class Arrays:
    """Says of expressions of a module which array they are; ``sites`` are its layers."""

    def __init__(self, ev: Evaluate, module: Module, sites: Collection[Site] = ()) -> None:
        self.ev = ev
        self.module = module
        self.sites: dict[ast.Call | None, Site] = {site.call: site for site in sites}
        names = catalogue().names
        self.same = names("same_values") | _KEEPS
        self.makes = names("same_arrays") | _MAKES
        self.listing = names("gives_weights")
        self.reading = names("array_readers") | {"get", "pop"}

    # ------------------------------------------------------------------ single arrays

    def slot(self, node: ast.expr, depth: int = 0) -> Slot | None:
        """Return the array of a layer that ``node`` is, unchanged."""
        node = self.stripped(node)
        if depth > _MAX_DEPTH:
            return None
        if isinstance(node, ast.Name):
            return self._named(node, depth)
        if isinstance(node, ast.Attribute):
            return self.attribute(node)
        if isinstance(node, ast.Subscript):
            return self.keyed(node, node.value, node.slice) or self._picked(node, depth)
        if isinstance(node, ast.Call):
            if last_name(node.func) in self.reading and node.args:
                key = next((a for a in reversed(node.args) if key_of(a, "")), node.args[0])
                return self.keyed(node, node.func, key)
            return self._passed_on(node, depth)
        return None

    def attribute(self, node: ast.expr) -> Slot | None:
        """Return the array that is an attribute of a layer: ``bn.running_mean``."""
        if not isinstance(node, ast.Attribute):
            return None
        kind = kind_of(node.attr)
        if not kind:
            return None
        owner = self.module.source(node.value)
        return Slot(owner, kind, node.attr, node, node.value)

    def keyed(self, node: ast.expr, holder: ast.expr, key: ast.expr) -> Slot | None:
        """Return the array that stands under a key: ``state[prefix + ".running_mean"]``."""
        found = key_of(key, self.module.source(key)) or self._named_key(key)
        if found is None or not kind_of(found[1]):
            return None
        owner, prefix = self.module.source(holder), found[0]
        if prefix.strip("'\""):  # more than the name of the array
            owner = f"{owner}[{prefix}]"
        return Slot(owner, kind_of(found[1]), found[1], node)

    def _named_key(self, key: ast.expr) -> tuple[str, str] | None:
        """Return what stands before the name of an array in a key that has a name, and the name."""
        if not isinstance(key, ast.Name):
            return None
        scope = self.ev.scope(self.module, self.module.scope_node(key))
        value = assigned(scope, key.id, key)
        found = key_of(value, self.module.source(value)) if value is not None else None
        if found is not None:
            return found
        values = [value.object for value in self.ev.evaluate(self.module, key)]
        keys = {
            split_key(o.value) if isinstance(o, Constant) and isinstance(o.value, str) else None
            for o in values
        }
        return keys.pop() if len(keys) == 1 else None

    def stripped(self, node: ast.expr) -> ast.expr:
        """Return ``node`` without what makes a tensor of an array and leaves its values alone."""
        within: ast.expr | None = node
        while within is not None:
            node, within = within, self._wrapped(within)
        return node

    def _wrapped(self, node: ast.expr) -> ast.expr | None:
        """Return the array that ``node`` makes a tensor of, or takes all of, if it does."""
        if isinstance(node, ast.Call):
            func = node.func
            if node.args and last_name(func) in self.makes:
                return node.args[0]
            return self._wrapped(func) if isinstance(func, ast.Attribute) else None
        if isinstance(node, ast.Attribute) and node.attr in self.same:
            return node.value
        if isinstance(node, ast.Subscript) and _is_all(node.slice):
            return node.value
        return None

    def _named(self, node: ast.Name, depth: int) -> Slot | None:
        """Return the array that a variable holds, if all that it may hold is the same one."""
        scope = self.ev.scope(self.module, self.module.scope_node(node))
        use: ast.AST | None = node
        while node.id not in scope.bindings:
            if scope.parent is None:
                return None
            scope, use = scope.parent, None
        found: list[Slot | None] = []
        for state in reaching(scope, node.id, use):
            binding = state.binding
            if not isinstance(binding.value, ast.expr):
                return None
            if binding.kind in ("assign", "walrus"):
                found.append(self.slot(binding.value, depth + 1))
            elif binding.kind == "unpack" and len(binding.path) == 1:
                count = _targets(binding.statement)
                found.append(self.element(binding.value, binding.path[0], count, depth + 1))
            else:
                return None
        return found[0] if len({s if s is None else s[:3] for s in found}) == 1 else None

    def _passed_on(self, call: ast.Call, depth: int) -> Slot | None:
        """Return the array that a helper of the project gives back as it got it."""
        if len(call.args) != 1 or call.keywords:
            return None
        match self.ev.evaluate(self.module, call.func):
            case (Candidate(object=FunctionRef(node=function)),):
                positional = [a.arg for a in function.args.args]
                for given in map(self.stripped, _only_result(function)):
                    if isinstance(given, ast.Name) and given.id in positional[-1:]:
                        return self.slot(call.args[0], depth + 1)
        return None

    # ------------------------------------------------------------------ lists of arrays

    def _picked(self, node: ast.Subscript, depth: int) -> Slot | None:
        at = node.slice
        if isinstance(at, ast.Constant) and isinstance(at.value, int):
            return self.element(node.value, at.value, 0, depth)
        return None

    def element(self, node: ast.expr, at: int, count: int, depth: int) -> Slot | None:
        """Return the array at place ``at`` of a list of ``count`` (0: not known how many)."""
        if depth > _MAX_DEPTH:
            return None
        match node:
            case ast.Tuple(held) | ast.List(held):
                if at >= len(held) or any(isinstance(e, ast.Starred) for e in held):
                    return None
                return self.slot(held[at], depth)
            case ast.ListComp(
                made, [ast.comprehension(ast.Name(name), given, [])]
            ) | ast.GeneratorExp(made, [ast.comprehension(ast.Name(name), given, [])]):
                made = self.stripped(made)
                is_same = isinstance(made, ast.Name) and made.id == name
                return self.element(given, at, count, depth) if is_same else None
            case ast.Name():
                return self._in_variable(node, at, count, depth)
            case ast.Subscript(given, ast.Slice(lower=None, step=None)):
                return self.element(given, at, 0, depth)
            case ast.Subscript(given, ast.Slice(lower=ast.Constant(int(start)), step=None)):
                return self.element(given, at + start, 0, depth)
            case ast.Call(ast.Name("list" | "tuple"), [given]):
                return self.element(given, at, count, depth)
            case ast.Call(ast.Name("map"), [call, given]) if last_name(call) in self.makes:
                return self.element(given, at, count, depth)
            case ast.Call(ast.Attribute() as method, []) | (ast.Attribute() as method):
                if method.attr in self.listing:
                    return self._weight(node, method, at, count)
        return None

    def _weight(self, node: ast.expr, of: ast.Attribute, at: int, count: int) -> Slot | None:
        """Return the weight of a layer at place ``at`` of all it has."""
        if not self.lists_all(of):
            return None
        order = self.order(of.value)
        if at >= len(order):
            return None
        owner = self.module.source(of.value)
        known = len(order) if len(order) < 4 else count
        name = f"{self.module.source(node)}[{at}]"
        return Slot(owner, order[at], name, node, of.value, at, known)

    def lists_all(self, method: ast.expr) -> bool:
        """Tell whether a method named so is none of the project's own: it gives all weights."""
        values = self.ev.evaluate(self.module, method)
        return not any(isinstance(v.object, FunctionRef) for v in values)

    def order(self, layer: ast.expr) -> tuple[str, ...]:
        """Return the kinds of the weights of a layer, in the order in which it gives them."""
        for value in self.ev.evaluate(self.module, layer):
            made = value.object
            site = self.sites.get(made.call) if isinstance(made, Instance) else None
            if site is not None:
                return order_at(site)
        return listed_order()

    def _in_variable(self, node: ast.Name, at: int, count: int, depth: int) -> Slot | None:
        scope = self.ev.scope(self.module, self.module.scope_node(node))
        use: ast.AST | None = node
        while node.id not in scope.bindings:
            if scope.parent is None:
                return None
            scope, use = scope.parent, None
        value = assigned(scope, node.id, use)
        return self.element(value, at, count, depth + 1) if value is not None else None


def order_at(site: Site) -> tuple[str, ...]:
    """Return the kinds of the weights of the layer that is made at ``site``, in its order."""
    absent = [kind for kind, role in ((SCALE, "scale"), (SHIFT, "center")) if _is_off(site, role)]
    return tuple(kind for kind in listed_order() if kind not in absent)


def _is_off(site: Site, role: str) -> bool:
    value = site.value(role)
    return value.kind == KNOWN and value.value is False


def _is_all(index: ast.expr) -> bool:
    """Tell whether an index takes all of an array: ``[...]``, ``[:]``, ``[()]``."""
    if isinstance(index, ast.Slice):
        return index.lower is None and index.upper is None and index.step is None
    if isinstance(index, ast.Tuple):
        return not index.elts
    return isinstance(index, ast.Constant) and index.value is ...


def _targets(statement: ast.AST) -> int:
    """Return into how many variables a statement unpacks a value, 0 if that is open."""
    match statement:
        case ast.Assign([*_, ast.Tuple(names) | ast.List(names)]):
            return 0 if any(isinstance(name, ast.Starred) for name in names) else len(names)
    return 0


def _only_result(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> list[ast.expr]:
    """Return what a function of a single statement, below its docstring, gives back, if any."""
    if isinstance(function, ast.Lambda):
        return [function.body]
    match [s for s in function.body if not isinstance(s, ast.Expr)]:
        case [ast.Return(ast.expr() as value)]:
            return [value]
    return []
