"""The rank of a tensor and the axis of its features, worked out from what made and moved it."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Neighbour
from bnlint.semantics.layers.sites import Site, sites_in
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.tensors.applications import application
from bnlint.semantics.tensors.neighbours import (
    Before,
    argument,
    known_layer,
    linear_before,
)
from bnlint.semantics.values.domain import Evaluate, Instance, Symbol
from bnlint.startup.typed import NamedTuple

_MAX_DEPTH = 16

#: Layers that give what they are given, as far as rank and axes go.
_KEEPS = ("activation", "pointwise", "pooling")

#: How channels are moved from behind the batch to the end, and nobody moves anything else so.
_TO_THE_END = ((0, 2, 3, 1), (0, 2, 3, 4, 1))


class Layout(NamedTuple):
    """What is known of the shape of a tensor.

    ``rank`` is 0 where it is not known. ``channels`` is the axis of the features: counted from the
    end where that alone is known, ``None`` where nothing is. ``source`` is the layer that has made
    the features, ``moved`` the call that has moved their axis since.
    """

    rank: int
    channels: int | None
    source: Before | None = None
    moved: ast.expr | None = None

    @property
    def axis(self) -> int | None:
        """The axis of the features, if it is known: of a known rank, counted from the start."""
        if self.channels is None or self.channels >= 0:
            return self.channels
        return self.rank + self.channels


def layout_before(ev: Evaluate, site: Site) -> Layout | None:
    """Return the layout of what ``site`` is given, as far as the way there is in view."""
    given = _given(ev, site)
    if given is not None:
        return layout(ev, site.module, given)
    found = linear_before(ev, site)
    return _made(ev, found, None) if found is not None else None


def _given(ev: Evaluate, site: Site) -> ast.expr | None:
    if site.api.kind == "layer":
        return application(ev, site.module, site.call)
    given = site.resolutions[0].matched.given.get(site.api.roles.get("input", ""))
    return given.node if given is not None else None


def layout(ev: Evaluate, module: Module, node: ast.expr, depth: int = 0) -> Layout | None:
    """Return the layout of the tensor that ``node`` is."""
    if depth > _MAX_DEPTH:
        return None
    depth += 1
    if isinstance(node, ast.Name):
        return _named(ev, module, node, depth)
    if isinstance(node, ast.Subscript):
        return _picked(ev, module, node, depth)
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
        return layout(ev, module, node.left, depth) or layout(ev, module, node.right, depth)
    return _called(ev, module, node, depth) if isinstance(node, ast.Call) else None


def _called(ev: Evaluate, module: Module, call: ast.Call, depth: int) -> Layout | None:
    found = known_layer(ev, module, call)
    if found is not None:
        given = _input(found, call)
        return _made(ev, found, layout(ev, module, given, depth) if given is not None else None)
    if _is_norm(ev, module, call):
        return layout(ev, module, call.args[0], depth) if len(call.args) == 1 else None
    if isinstance(call.func, ast.Attribute):
        return _by_method(ev, module, call, call.func, depth)
    return None


def _input(found: Before, call: ast.Call) -> ast.expr | None:
    role = found.neighbour.roles.get("input")
    if role:
        given = found.matched.given.get(role)
        return given.node if given is not None else None
    return call.args[0] if call is not found.call and len(call.args) == 1 else None


def _made(ev: Evaluate, found: Before, given: Layout | None) -> Layout | None:
    """Return the layout of what a layer gives, where it is given something of layout ``given``."""
    neighbour = found.neighbour
    if neighbour.kind == "convolution":
        return Layout(neighbour.rank, _channels(ev, found), found)
    if neighbour.kind in ("dense", "embedding"):
        rank = given.rank if given is not None else 0
        return Layout(rank + 1 if rank and neighbour.kind == "embedding" else rank, -1, found)
    return given if neighbour.kind in _KEEPS else None


def _channels(ev: Evaluate, found: Before) -> int | None:
    neighbour: Neighbour = found.neighbour
    axis: object = neighbour.channel_axis
    if "data_format" in neighbour.roles:
        value = argument(ev, found, "data_format")
        if not value.is_known:
            return None
        axis = neighbour.data_formats.get(str(value.value), axis if value.value is None else None)
    return axis if isinstance(axis, int) else None


def _is_norm(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    """Tell whether a call applies batch normalisation that the file makes."""
    made = [v.object.call for v in ev.evaluate(module, call.func) if isinstance(v.object, Instance)]
    calls = {site.call for site in sites_in(ev, module)}
    return bool(made) and all(one in calls for one in made)


def _named(ev: Evaluate, module: Module, node: ast.Name, depth: int) -> Layout | None:
    scope = ev.scope(module, module.scope_node(node))
    reaches = reaching(scope, node.id, node)
    if len(reaches) != 1 or not isinstance(reaches[0].binding.value, ast.expr):
        return None
    binding = reaches[0].binding
    assert isinstance(binding.value, ast.expr)
    if binding.kind == "assign":
        return layout(ev, module, binding.value, depth)
    if binding.kind == "unpack" and tuple(binding.path) == (0,):
        return _sequence(ev, module, binding.value)
    return None


def _sequence(ev: Evaluate, module: Module, node: ast.expr) -> Layout | None:
    """Return the layout of the first of what a recurrent layer gives: the output of each step."""
    found = known_layer(ev, module, node) if isinstance(node, ast.Call) else None
    if found is None or found.neighbour.kind != "sequence":
        return None
    # Told of batches, it is given batches; else it may be one sequence, of a rank less.
    is_batched = argument(ev, found, "batched").value is True
    return Layout(found.neighbour.rank if is_batched else 0, -1, found)


def _picked(ev: Evaluate, module: Module, node: ast.Subscript, depth: int) -> Layout | None:
    index = node.slice
    if isinstance(index, ast.Constant) and index.value == 0:
        sequence = _sequence(ev, module, node.value)
        if sequence is not None:
            return sequence
    found = layout(ev, module, node.value, depth)
    if found is None or not found.rank or found.axis is None:
        return None
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    taken = [at for at, part in enumerate(parts) if _number(part) is not None]
    if len(taken) + sum(isinstance(part, ast.Slice) for part in parts) != len(parts):
        return None
    if found.axis in taken:
        return None
    before = sum(at < found.axis for at in taken)
    return found._replace(rank=found.rank - len(taken), channels=found.axis - before)


def _by_method(
    ev: Evaluate, module: Module, call: ast.Call, func: ast.Attribute, depth: int
) -> Layout | None:
    words = ev.frameworks.word
    name = func.attr
    if not any(name in words(w) for w in ("same_values", "permutes", "swaps", "reshapes")):
        return None
    if any(isinstance(value.object, Symbol) for value in ev.evaluate(module, func.value)):
        return None  # a function of a package, which is given the tensor
    found = layout(ev, module, func.value, depth)
    if name in words("same_values"):
        return found
    if name in words("reshapes"):
        arguments = call.args
        if len(arguments) == 1 and isinstance(arguments[0], (ast.Tuple, ast.List)):
            arguments = arguments[0].elts
        if len(arguments) < 2 or any(isinstance(a, ast.Starred) for a in arguments):
            return None
        return Layout(len(arguments), 1 if len(arguments) == 2 else None)
    numbers = _numbers(call)
    if name in words("permutes"):
        return _permuted(found, numbers, call)
    return _swapped(found, numbers, call)


def _permuted(found: Layout | None, order: tuple[int, ...], call: ast.Call) -> Layout | None:
    rank = len(order)
    if rank < 2 or sorted(at % rank for at in order) != list(range(rank)):
        return None
    places = tuple(at % rank for at in order)
    if found is None or found.channels is None:
        return Layout(rank, rank - 1, None, call) if places in _TO_THE_END else Layout(rank, None)
    if found.rank not in (0, rank):
        return None
    channels = places.index(found.channels % rank)
    return found._replace(rank=rank, channels=channels, moved=call)


def _swapped(found: Layout | None, axes: tuple[int, ...], call: ast.Call) -> Layout | None:
    if found is None or not found.rank or len(axes) != 2:
        return None
    first, second = (at % found.rank for at in axes)
    swapped: dict[int | None, int] = {first: second, second: first}
    return found._replace(channels=swapped.get(found.axis, found.axis), moved=call)


def _numbers(call: ast.Call) -> tuple[int, ...]:
    """Return the whole numbers that a call is given, in a row or as one tuple; none otherwise."""
    given = call.args
    if len(given) == 1 and isinstance(given[0], (ast.Tuple, ast.List)):
        given = given[0].elts
    numbers = tuple(n for n in map(_number, given) if n is not None)
    return () if call.keywords or len(numbers) < len(given) else numbers


def _number(node: ast.expr) -> int | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None
    return value if type(value) is int else None


def made_by(found: Layout) -> str:
    """Return how a message names the layer that made the features: ``Linear (line 12)``."""
    if found.source is None:
        return ""
    call = found.source.call
    return f"{last_name(call.func)} (line {call.lineno})"


def fits(ev: Evaluate, site: Site, found: Layout) -> bool:
    """Tell whether ``site`` has as many channels as ``found`` has features, for certain.

    With another number, or one that is not known, another axis may be normalised on purpose.
    """
    if found.source is None:
        return False
    mine, theirs = site.value("channels"), argument(ev, found.source, "channels")
    if mine.number is not None and theirs.number is not None:
        return mine.number == theirs.number
    given = site.resolutions[0].matched.given.get(site.api.roles.get("channels", ""))
    other = found.source.matched.given.get(found.source.neighbour.roles.get("channels", ""))
    wanted, made = getattr(given, "node", None), getattr(other, "node", None)
    return wanted is not None and made is not None and ast.unparse(wanted) == ast.unparse(made)


def normalised_axis(site: Site) -> int | None:
    """Return the axis that a layer normalises, where it is one for all ranks and nobody sets it."""
    api = site.api
    if len(site.apis) != 1 or api.like or "axis" in api.roles:
        return None
    if "data_format" in api.roles and not site.value("data_format").from_default:
        return None
    return 1 if api.channel_axis == 1 else None
