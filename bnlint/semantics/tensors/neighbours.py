"""What stands before a layer: the known layer whose output it is given."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Neighbour
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.tensors.applications import applications_of
from bnlint.semantics.values.arguments import Matched, arguments_of, match
from bnlint.semantics.values.classes import constructed
from bnlint.semantics.values.domain import Candidate, Evaluate, Instance, Symbol
from bnlint.semantics.values.value import DEFAULT, Value, absent, settle
from bnlint.startup.typed import NamedTuple

#: Layers that pass the layout of their input on.
_TRANSPARENT = ("activation", "pointwise", "pooling")

#: Layers with weights of their own, and maybe a bias.
LINEAR = ("convolution", "dense")

_MAX_STEPS = 12


class Before(NamedTuple):
    """A known layer or function before a site, and its arguments.

    ``between`` are the kinds of the layers between the two, the one next to the site first.
    """

    neighbour: Neighbour
    module: Module
    call: ast.Call
    matched: Matched
    between: tuple[str, ...] = ()


def linear_before(ev: Evaluate, site: Site) -> Before | None:
    """Return the convolution or dense layer that feeds ``site``, where the way is in view.

    Followed are: one expression applied to another, variables in straight-line code, the order
    of a ``Sequential`` display and of ``model.add(...)`` statements. Activations, dropout and
    pooling in between are passed over; anything else ends the search.
    """
    if site.api.kind == "layer":
        found = _previous(ev, site.module, site.call)
    else:  # a function: what it is given
        given = site.resolutions[0].matched.given.get(site.api.roles.get("input", ""))
        node = given.node if given is not None else None
        found = _origin(ev, site.module, node) if node is not None else None
    between: tuple[str, ...] = ()
    for _ in range(_MAX_STEPS):
        if found is None:
            return None
        if found.neighbour.kind in LINEAR:
            return found._replace(between=between)
        if found.neighbour.kind not in _TRANSPARENT:
            return None
        between = (*between, found.neighbour.kind)
        found = _previous(ev, found.module, found.call)
    return None


def layer_before(ev: Evaluate, module: Module, call: ast.Call) -> Before | None:
    """Return the known layer that feeds the layer which ``call`` makes, whatever it is."""
    return _previous(ev, module, call)


def argument(ev: Evaluate, found: Before, role: str) -> Value:
    """Return what is known of an argument of a neighbouring layer."""
    name = found.neighbour.roles.get(role)
    if name is None:
        return absent("the layer has no such argument")
    given = found.matched.given.get(name)
    if given is not None:
        return settle(ev.argument(given), given.node)
    if name in found.matched.unclear:
        return absent(found.matched.unclear[name])
    for parameter in found.neighbour.signature:
        if parameter.name == name and not parameter.required:
            return Value(DEFAULT, parameter.default, from_default=True)
    return absent(f"the required argument {name} is missing")


def _previous(ev: Evaluate, module: Module, call: ast.Call) -> Before | None:
    """Return the known layer that feeds the layer constructed (or the op run) by ``call``."""
    known = _known(ev, module, call)
    if known is not None and known.neighbour.roles.get("input"):  # a function: op(x, ...)
        given = known.matched.given.get(known.neighbour.roles["input"])
        node = getattr(given, "node", None)
        return _origin(ev, module, node) if node is not None else None
    parent = module.parents[call]
    if isinstance(parent, ast.Call) and parent.func is call and parent.args:
        return _origin(ev, module, parent.args[0])  # Layer(...)(x)
    if isinstance(parent, (ast.List, ast.Tuple)):
        index = next(i for i, item in enumerate(parent.elts) if item is call)
        if index and _is_in_order(ev, module, parent):
            return known_layer(ev, module, parent.elts[index - 1])
        return None
    if isinstance(parent, ast.Call) and call in parent.args:
        if getattr(parent.func, "attr", "") in ev.frameworks.word("adds"):
            return _added_before(ev, module, parent)
        index = parent.args.index(call)
        if index and _is_sequential(ev, module, parent):
            return known_layer(ev, module, parent.args[index - 1])
        return None
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Attribute):
        return _applied(ev, module, call, parent.targets[0])
    return None


def _is_in_order(ev: Evaluate, module: Module, display: ast.List | ast.Tuple) -> bool:
    """Tell whether a list of layers becomes a ``Sequential``, by itself or through a variable."""
    parent = module.parents[display]
    while isinstance(parent, (ast.Starred, ast.keyword)):
        parent = module.parents[parent]
    target: ast.AST | None = None
    if isinstance(parent, ast.Call):
        if _is_sequential(ev, module, parent):
            return True
        if isinstance(parent.func, ast.Attribute):  # layers.extend([...])
            target = parent.func.value
    elif isinstance(parent, ast.Assign):
        target = parent.targets[0]
    elif isinstance(parent, (ast.AugAssign, ast.AnnAssign)):
        target = parent.target
    if not isinstance(target, ast.Name):
        return False
    scope = module.scope_node(display)
    for use in module.uses.of(target.id):
        outer = module.parents[use]
        while isinstance(outer, (ast.Starred, ast.keyword)):
            outer = module.parents[outer]
        if isinstance(outer, ast.Call):
            if module.scope_node(use) is scope and _is_sequential(ev, module, outer):
                return True
    return False


def _is_sequential(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
        callees = constructed(ev, module, call)  # super().__init__(...) of a class derived from one
    else:
        callees = ev.evaluate(module, call.func)
    return any(
        isinstance(c.object, Symbol) and ev.frameworks.means(c.object.path, "sequential")
        for c in callees
    )


def _added_before(ev: Evaluate, module: Module, call: ast.Call) -> Before | None:
    """Return the layer that the statement before ``model.add(...)`` adds to the same model."""
    assert isinstance(call.func, ast.Attribute)
    receiver = ast.unparse(call.func.value)
    place = module.place(module.statement(call))
    for statement in reversed(place.block[: place.position]):
        value = statement.value if isinstance(statement, ast.Expr) else None
        if (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in ev.frameworks.word("adds")
            and value.args
            and ast.unparse(value.func.value) == receiver
        ):
            return known_layer(ev, module, value.args[0])
        if not isinstance(statement, (ast.Expr, ast.Pass)):
            return None
    return None


def _applied(ev: Evaluate, module: Module, call: ast.Call, target: ast.Attribute) -> Before | None:
    """Return what feeds ``self.bn(x)`` where the layer ``self.bn`` is applied, if that is once."""
    uses = applications_of(ev, module, target.attr).get(call, [])
    if len(uses) != 1 or not uses[0].args:
        return None
    return _origin(ev, module, uses[0].args[0])


def _origin(ev: Evaluate, module: Module, node: ast.expr) -> Before | None:
    """Return the known layer whose output the expression is."""
    if isinstance(node, ast.Name):
        scope = ev.scope(module, module.scope_node(node))
        from bnlint.semantics.names.flow import reaching

        reaches = reaching(scope, node.id, node)
        if len(reaches) != 1 or reaches[0].binding.kind != "assign":
            return None
        value = reaches[0].binding.value
        return _origin(ev, module, value) if isinstance(value, ast.Call) else None
    return known_layer(ev, module, node) if isinstance(node, ast.Call) else None


def known_layer(ev: Evaluate, module: Module, node: ast.expr) -> Before | None:
    """Return the known layer that ``node`` constructs, applies or names."""
    if isinstance(node, ast.Call):
        known = _known(ev, module, node)
        if known is not None:
            return known
        node = node.func  # Layer(...)(x), self.conv(x)
        if isinstance(node, ast.Call):
            return _known(ev, module, node)
    for candidate in ev.evaluate(module, node):
        made = candidate.object
        if isinstance(made, Instance) and made.call is not None:
            return _known(ev, made.module, made.call)
    return None


def _known(ev: Evaluate, module: Module, call: ast.Call) -> Before | None:
    candidates: tuple[Candidate, ...] = ev.evaluate(module, call.func)
    if len(candidates) != 1 or not isinstance(candidates[0].object, Symbol):
        return None
    neighbour = ev.frameworks.neighbours.get(candidates[0].object.path)
    if neighbour is None:
        return None
    arguments = arguments_of(ev, module, call, None)
    return Before(neighbour, module, call, match(neighbour.signature, arguments))


def linear_layers(ev: Evaluate, module: Module) -> list[Before]:
    """Return the convolutions and dense layers that ``module`` makes, in source order."""
    names = {
        alias.rpartition(".")[2]
        for alias, neighbour in ev.frameworks.neighbours.items()
        if neighbour.kind in LINEAR
    }
    made = (_known(ev, module, call) for n in names for call in module.calls_by_name.get(n, ()))
    found = [layer for layer in made if layer is not None]
    return sorted(found, key=lambda layer: (layer.call.lineno, layer.call.col_offset))
