"""Which APIs a call reaches, and with what arguments: through partials, classes and branches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.frameworks.tables import Api
from bnlint.semantics.layers.handwritten import handwritten
from bnlint.semantics.layers.handwritten_norms import handwritten_norm
from bnlint.semantics.layers.implicit_arguments import supply
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values import classes
from bnlint.semantics.values.arguments import Matched, bind, match, merge
from bnlint.semantics.values.domain import (
    Arguments,
    Candidate,
    ClassRef,
    Constant,
    Env,
    Evaluate,
    Instance,
    Partial,
    Symbol,
)
from bnlint.semantics.values.named_layers import made
from bnlint.startup.typed import NamedTuple


class Resolution(NamedTuple):
    """One API that a call may reach.

    ``matched`` are the arguments that arrive at the API. ``holder`` is the call in the source
    that names the API and takes its arguments (the call itself, a ``partial(...)``, a
    ``super().__init__(...)``), ``None`` where there is none to write an argument into.
    ``origin`` is the expression in ``origin_module`` that names the API. ``presumed`` is what the
    choice of this API rests on, ``overridable`` why an argument left out may not be at its
    default. ``through`` is the class of the project that is called and derives from the API.
    """

    api: Api
    matched: Matched
    module: Module
    holder: ast.Call | None
    origin_module: Module
    origin: ast.AST
    presumed: str = ""
    overridable: str = ""
    through: ClassRef | None = None


class Route(NamedTuple):
    """The way from a call towards an API.

    ``module`` and ``holder`` are where arguments given on the way so far can be written, ``call``
    is where it starts, ``through`` the class of the project that is called, ``presumed`` what the
    way rests on.
    """

    module: Module
    holder: ast.Call | None
    call: ast.Call
    through: ClassRef | None = None
    presumed: str = ""
    depth: int = 0


def resolve(
    ev: Evaluate, callee: Candidate, arguments: Arguments, route: Route
) -> Iterator[Resolution]:
    """Yield the APIs reached by calling ``callee`` with ``arguments``."""
    found = callee.object
    presumed = callee.presumed or route.presumed
    if route.depth > classes.MAX_DEPTH:
        return
    if isinstance(found, Symbol):
        for api, matched in _fitting(ev, found.path, arguments):
            supplied = supply(ev, route.module, route.call, api, matched)
            yield Resolution(
                api,
                supplied.matched,
                route.module,
                route.holder,
                callee.module,
                callee.node,
                presumed,
                supplied.overridable,
                route.through,
            )
        for named in made(ev, callee, arguments):
            yield Resolution(
                named.api,
                match(named.api.signature, named.arguments),
                route.module,
                route.holder if named.whole else None,
                named.chosen.module,
                named.chosen.node,
                presumed or named.presumed,
                named.arguments.overridable,
                route.through,
            )
    elif isinstance(found, Partial):
        merged = merge(found.arguments, arguments)
        inner = route._replace(module=found.module, holder=found.call, presumed=presumed)
        yield from resolve(ev, found.target, merged, inner)
    elif isinstance(found, ClassRef):
        inner = route._replace(
            through=route.through or found, presumed=presumed, depth=route.depth + 1
        )
        reached = list(_through_class(ev, found, arguments, inner))
        reads = handwritten if ev.frameworks.of_batches else handwritten_norm
        own = reads(ev, found) if not reached else None
        if own is not None:
            reached.append(_by_hand(own, callee, arguments, inner))
        yield from reached


def _fitting(ev: Evaluate, path: str, arguments: Arguments) -> list[tuple[Api, Matched]]:
    """Return the APIs that an import path may mean, with what arrives at each.

    Of several releases that share it, those are left out that cannot be called so, if others can.
    """
    tables = ev.frameworks
    found = [(api, match(api.signature, arguments)) for api in tables.by_alias.get(path, ())]
    old = [(api, match(api.signature, arguments)) for api in tables.old.get(path, ())]
    for some in (found, old):
        fitting = [one for one in some if _takes(*one) and not _refuses(ev, one[0], arguments)]
        if fitting:
            return fitting
    return found


def _refuses(ev: Evaluate, api: Api, arguments: Arguments) -> bool:
    """Tell whether an API raises an error for what it is given by name."""
    return any(
        [value.object for value in ev.argument(arguments.keywords[row["argument"]])]
        == [Constant(row["value"])]
        for row in api.refuses
        if row["argument"] in arguments.keywords
    )


def _takes(api: Api, matched: Matched) -> bool:
    """Tell whether an API may be given just these arguments."""
    parameters = api.signature
    if matched.surplus:
        return False
    open_to_all = any(p.kind == "extra" for p in parameters) and not api.extra_keywords
    if not open_to_all and not all(map(api.accepts, matched.strangers)):
        return False
    there = matched.given.keys() | matched.unclear.keys()
    return all(p.name in there for p in parameters if p.required)


def _by_hand(api: Api, callee: Candidate, arguments: Arguments, route: Route) -> Resolution:
    """Return that a call makes a layer of a class that computes batch normalisation itself."""
    return Resolution(
        api,
        match(api.signature, arguments),
        route.module,
        route.holder,
        callee.module,
        callee.node,
        route.presumed,
        through=route.through,
    )


def _through_class(
    ev: Evaluate, cls: ClassRef, arguments: Arguments, route: Route
) -> Iterator[Resolution]:
    """Yield the APIs a project class derives from, with what its constructor passes on."""
    init = next(
        (
            s
            for s in cls.node.body
            if isinstance(s, ast.FunctionDef) and s.name in ("__init__", "__new__")
        ),
        None,
    )
    bases = classes.bases(ev, cls)
    if init is None:
        for base in bases:
            yield from resolve(ev, base, arguments, route)
        return
    if not any(True for base in bases for _ in resolve(ev, base, arguments, route)):
        return
    me = Candidate(Instance(cls, cls.module, None), cls.module, init)
    env = Env(bind(cls.module, init, arguments, me), None, route.depth)
    for call in cls.module.calls_by_name.get("__init__", ()):
        if cls.module.enclosing_function(call) is init:
            callees, passed = classes.base_constructor(ev, cls.module, call, env)
            inner = route._replace(module=cls.module, holder=call)
            for base in callees:
                yield from resolve(ev, base, passed, inner)


def distinct(resolutions: Iterable[Resolution]) -> tuple[Resolution, ...]:
    """Return one resolution for each API and place to write arguments in."""
    found: dict[tuple[str, str, int], Resolution] = {}
    for resolution in resolutions:
        key = (resolution.api.id, resolution.api.like, id(resolution.holder))
        found.setdefault(key, resolution)
    return tuple(found.values())
