"""Arrays that code puts into layers, one by one: attributes, keys, and whole lists of weights."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.scopes import Binding
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.project.marks import mentions_api, mentions_statistics
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.weights.kinds import (
    KINDS,
    STATISTICS,
    is_statistic,
    kind_of,
    split_key,
    stand_together,
)
from bnlint.semantics.weights.sources import Arrays, Slot, order_at
from bnlint.startup.typed import NamedTuple


class Transfer(NamedTuple):
    """An array, ``value``, that is put into ``target``; ``source`` is where it comes from."""

    target: Slot
    value: ast.expr
    source: Slot | None
    statement: ast.stmt


class Copy(NamedTuple):
    """All that one function puts into one layer; ``within`` is the function, or the module."""

    owner: str
    within: ast.AST
    transfers: tuple[Transfer, ...]

    @property
    def kinds(self) -> frozenset[str]:
        """What is put into the layer."""
        return frozenset(t.target.kind for t in self.transfers)

    @property
    def names_statistics(self) -> bool:
        """Whether the layer is known for batch normalisation by the names of its statistics."""
        return any(is_statistic(t.target.name) for t in self.transfers if t.target.at < 0)

    @property
    def sources(self) -> tuple[Slot, ...]:
        """Where what is put into the layer comes from, as far as that is known."""
        return tuple(t.source for t in self.transfers if t.source is not None)

    def crosses(self, transfer: Transfer) -> bool:
        """Tell whether an array surely becomes something else than it was: a mean a variance.

        Both ends are to be known for arrays of batch normalisation. Names such as ``weight`` and
        ``mean`` are those of other layers and things too, and the third weight is a mean only of a
        layer that has four, all of which are taken.
        """
        source, target = transfer.source, transfer.target
        if source is None or source.kind == target.kind or source.owner == target.owner:
            return False
        kin = [s for s in self.sources if s.owner == source.owner]
        if source.at >= 0:
            if not source.length and {s.at for s in kin} != set(range(len(KINDS))):
                return False  # it may be a list of the weights of many layers
        elif not any(is_statistic(s.name) for s in kin) and not self.names_statistics:
            # Together, even plain names are those of no other layer: mean, variance, scale, offset.
            return target.length == len(KINDS) and {s.kind for s in kin} == set(KINDS)
        if is_statistic(source.name) and target.kind in STATISTICS:
            return True  # params["mean"] of a tree, given a running variance
        return target.is_distinct or self.names_statistics or target.length == len(KINDS)


#: What a file puts into layers, by the module.
_COPIES: Memo[Module, tuple[Copy, ...]] = Memo()


def copies(ev: Evaluate, module: Module, sites: Collection[Site]) -> Sequence[Copy]:
    """Return what a file puts into layers, array by array, in the order of the text."""
    if not speaks_of_statistics(module):
        return ()
    return _COPIES.once(ev, module, lambda: tuple(_copies(ev, module, sites)))


def speaks_of_statistics(module: Module) -> bool:
    """Tell whether a file names batch normalisation, its statistics, or lists of weights."""
    listing = catalogue().names("gives_weights") | catalogue().names("takes_weights")
    return (
        mentions_api(module.text)
        or names_statistics(module)
        or any(name in module.calls_by_name for name in listing)
    )


def names_statistics(module: Module) -> bool:
    """Tell whether a file has a word that only running statistics are called."""
    return mentions_statistics(module.text)


def _copies(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[Copy]:
    found: dict[tuple[ast.AST, str], list[Transfer]] = {}
    for transfer in _transfers(Arrays(ev, module, sites), module):
        within = running_in(module, transfer.statement)
        found.setdefault((within, transfer.target.owner), []).append(transfer)
    for (within, owner), transfers in found.items():
        transfers.sort(key=lambda t: (t.value.lineno, t.value.col_offset))
        yield Copy(owner, within, tuple(transfers))


def _transfers(arrays: Arrays, module: Module) -> Iterator[Transfer]:
    names = catalogue().names
    for store in module.stores:
        if kind_of(store.attr) or store.attr in arrays.same:
            yield from _by_store(arrays, module, store)
    for call in _calls(module, names("stores_into")):
        match call:
            case ast.Call(ast.Attribute(stored), [value]):
                target = arrays.attribute(arrays.stripped(stored))
                if target is not None:
                    yield _transfer(arrays, module, target, value)
    for call in _calls(module, names("takes_weights")):
        yield from _whole(arrays, module, call)
    for site in arrays.sites.values():
        yield from _at_birth(arrays, module, site)
    if names_statistics(module):
        yield from _by_key(arrays, module)


def _calls(module: Module, names: Collection[str]) -> Iterator[ast.Call]:
    return (call for name in names for call in module.calls_by_name.get(name, ()))


def _by_store(arrays: Arrays, module: Module, store: ast.Attribute) -> Iterator[Transfer]:
    """Yield what ``bn.running_mean.data = ...`` puts where."""
    target = arrays.attribute(arrays.stripped(store))
    if target is None or target.owner in ("self", "cls"):
        return
    statement = module.statement(store)
    if isinstance(statement, ast.Assign) and store in statement.targets:
        yield _transfer(arrays, module, target, statement.value)


def _by_key(arrays: Arrays, module: Module) -> Iterator[Transfer]:
    """Yield what ``state[key + ".running_mean"] = ...`` puts where."""
    for place in module.keyed_stores:
        statement = module.parents[place]
        if not isinstance(statement, ast.Assign):
            continue
        within = arrays.stripped(place)
        if isinstance(within, ast.Subscript):  # group["moving_mean"][:] = x too
            target = arrays.keyed(within, within.value, within.slice)
        else:  # bn.weight.data[...] = x
            target = arrays.attribute(within)
        if target is not None and target.owner not in ("self", "cls"):
            yield _transfer(arrays, module, target, statement.value)


def _whole(arrays: Arrays, module: Module, call: ast.Call) -> Iterator[Transfer]:
    """Yield what ``layer.set_weights([gamma, beta, mean, variance])`` puts where."""
    match call:
        case ast.Call(ast.Attribute(layer), [given]):
            yield from _listed(arrays, module, given, layer, arrays.order(layer))


def _at_birth(arrays: Arrays, module: Module, site: Site) -> Iterator[Transfer]:
    """Yield what ``BatchNormalization(weights=[gamma, beta, mean, variance])`` puts where."""
    words = site.api.framework
    for keyword in site.call.keywords:
        if keyword.arg and arrays.ev.frameworks.shares(keyword.arg, "weights_arguments", words):
            yield from _listed(arrays, module, keyword.value, site.call.func, order_at(site))


def _listed(
    arrays: Arrays, module: Module, given: ast.expr, layer: ast.expr, order: Sequence[str]
) -> Iterator[Transfer]:
    """Yield what a list of all weights of ``layer`` puts where."""
    values = _elements(arrays, module, given)
    if len(order) != len(values):
        return
    owner = module.source(layer)
    for at, (kind, value) in enumerate(zip(order, values, strict=True)):
        target = Slot(owner, kind, f"weight {at + 1}", given, layer, at, len(order))
        yield _transfer(arrays, module, target, value)


def _elements(arrays: Arrays, module: Module, node: ast.expr) -> list[ast.expr]:
    """Return what a list holds, one that is filled by ``append`` line by line too."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return [] if any(isinstance(e, ast.Starred) for e in node.elts) else node.elts
    if not isinstance(node, ast.Name):
        return []
    scope = arrays.ev.scope(module, module.scope_node(node))
    match scope.bindings.get(node.id):
        case [Binding(kind="assign", value=ast.List(held), statement=ast.stmt() as statement)]:
            block = module.place(statement).block
        case _:
            return []
    found = list(held)
    uses = [u for u in module.uses.of(node.id) if module.scope_node(u) is scope.node]
    for use in uses[1 : uses.index(node)]:
        match module.parents[module.parents[use]]:
            case ast.Call(ast.Attribute(filled, "append"), [value]) as call if filled is use:
                if module.statement(call) not in block:
                    return []  # it may not run, or more than once
                found.append(value)
            case _:
                return []
    return found


def _transfer(arrays: Arrays, module: Module, target: Slot, value: ast.expr) -> Transfer:
    return Transfer(target, value, arrays.slot(value), module.statement(value))


class Renamed(NamedTuple):
    """Two names of arrays that a name map, or ``name.replace(old, new)``, makes one of."""

    old: str
    new: str
    node: ast.expr

    @property
    def crosses(self) -> bool:
        """Whether the names are those of different arrays, of layers of different frameworks.

        Of one framework, it is another array of the same layer that is meant.
        """
        return kind_of(self.old) != kind_of(self.new) and not stand_together(self.old, self.new)


def renamings(module: Module) -> Iterator[list[Renamed]]:
    """Yield the name maps of a file, as far as they rename arrays of batch normalisation."""
    if not names_statistics(module):
        return
    for node in module.dicts:
        found = [
            renamed
            for key, value in zip(node.keys, node.values, strict=True)
            if (renamed := _renamed(key, value, value)) is not None
        ]
        if found:
            yield found
    chains: dict[ast.AST | None, list[Renamed]] = {}
    for call in module.calls_by_name.get("replace", ()):
        if len(call.args) == 2:
            renamed = _renamed(call.args[0], call.args[1], call)
            if renamed is not None:
                chains.setdefault(module.enclosing_function(call), []).append(renamed)
    yield from chains.values()


def _renamed(old: ast.expr | None, new: ast.expr, node: ast.expr) -> Renamed | None:
    if not isinstance(old, ast.Constant) or not isinstance(new, ast.Constant):
        return None
    if not isinstance(old.value, str) or not isinstance(new.value, str):
        return None
    names = split_key(old.value)[1], split_key(new.value)[1]
    if all(kind_of(name) for name in names):
        return Renamed(*names, node)
    return None
