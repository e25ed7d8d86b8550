"""Layers that a function of a framework makes by their names: ``build_norm_layer(cfg, 64)``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.records import Api, Maker
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import arguments_of, match
from bnlint.semantics.values.containers import pick
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    Object,
    Partial,
    Symbol,
    ValueSet,
    reason,
    unknown,
)
from bnlint.startup.typed import NamedTuple


class Named(NamedTuple):
    """One layer that a maker may make, with what arrives at its API.

    ``chosen`` is what names it. ``whole`` tells that its arguments stand in the call of the maker.
    """

    api: Api
    arguments: Arguments
    chosen: Candidate
    presumed: str = ""
    whole: bool = True


def made(ev: Evaluate, callee: Candidate, arguments: Arguments) -> Iterator[Named]:
    """Yield the layers that calling ``callee`` may make, if it makes layers by their names."""
    maker = _maker(ev, callee.object, "layer")
    if maker is None:
        return
    matched = match(maker.signature, arguments)
    taken = {p.name for p in maker.signature}
    given = {
        role: matched.given[name] for role, name in maker.roles.items() if name in matched.given
    }
    beside = {name: item for name, item in arguments.keywords.items() if name not in taken}
    choices = list(_choices(ev, maker, matched.given.get(maker.chooses)))
    other = next((f"{maker.chooses} may name another layer" for api, *_ in choices if not api), "")
    for api, held, chosen, presumed in choices:
        if api is None:
            continue
        passed = {api.roles[role]: item for role, item in given.items() if role in api.roles}
        items = {str(key): item for key, item in held.items if key != maker.key}
        yield Named(
            api,
            Arguments(
                (), {**passed, **items, **beside}, "", arguments.open_keywords or held.open,
                arguments.overridable,
            ),
            chosen,
            presumed or other,
            not maker.key,
        )  # fmt: skip


def unnamed(ev: Evaluate, callees: ValueSet, arguments: Arguments) -> str:
    """Return why it is not known which layer a maker makes; empty if that is known, or none is."""
    for callee in callees:
        maker = _maker(ev, callee.object, "layer")
        if maker is None:
            continue
        argument = match(maker.signature, arguments).given.get(maker.chooses)
        if argument is not None and (why := reason(ev.argument(argument))):
            return why
    return ""


def given_class(
    ev: Evaluate, module: Module, call: ast.Call, path: str, env: Env | None
) -> ValueSet:
    """Return the class that a function gives for the name it is given; nothing if not known."""
    maker = _maker(ev, Symbol(path), "class")
    if maker is None:
        return ()
    given = match(maker.signature, arguments_of(ev, module, call, env)).given.get(maker.chooses)
    found: ValueSet = ()
    known = False
    for candidate in ev.argument(given) if given is not None else ():
        inner = candidate.object
        api = _api(ev, maker, inner.target if isinstance(inner, Partial) else candidate)
        if candidate.object == Constant(None):
            continue
        if api is None:
            found += unknown(f"which class {maker.chooses} names is not known", module, call)
            continue
        known = True
        cls: Object = Symbol(api.aliases[0])
        if isinstance(inner, Partial):  # its arguments are bound anew
            cls = inner._replace(target=Candidate(cls, module, call))
        found += (Candidate(cls, module, call, candidate.presumed),)
    return found if known else ()


def _maker(ev: Evaluate, found: Object, gives: str) -> Maker | None:
    """Return the entry of a function that gives a layer, or a class, for its name."""
    maker = ev.frameworks.makers.get(found.path) if isinstance(found, Symbol) else None
    return maker if maker is not None and maker.gives == gives else None


def _choices(
    ev: Evaluate, maker: Maker, argument: Argument | None
) -> Iterator[tuple[Api | None, Dictionary, Candidate, str]]:
    """Yield the APIs that an argument may name, ``None`` for what is none, with what goes to each.

    A name of ``None`` makes nothing.
    """
    if argument is None:
        return
    for candidate in ev.argument(argument):
        held = Dictionary(())
        named: ValueSet = (candidate,)
        if isinstance(candidate.object, Dictionary):
            held, key = candidate.object, Constant(maker.key)
            named = pick(ev, held, key, candidate.module, candidate.node)
        for name in named:
            presumed = candidate.presumed or name.presumed
            if name.object == Constant(None):
                continue
            yield _api(ev, maker, name), held, candidate, presumed


def _api(ev: Evaluate, maker: Maker, name: Candidate) -> Api | None:
    if isinstance(name.object, Symbol):  # the class itself
        apis = ev.frameworks.by_alias.get(name.object.path, ())
        if len(apis) != 1:
            return None
        return ev.frameworks.apis.get(maker.layers.get(apis[0].short_name, apis[0].id))
    match name.object:
        case Constant(str(value)):
            return ev.frameworks.apis.get(maker.layers.get(value, ""))
    return None
