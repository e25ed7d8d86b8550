"""Where batch normalisation APIs are called, and what is known of the arguments."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from bnlint.frameworks.tables import Api, catalogue
from bnlint.semantics.layers.given import STATISTICS as STATISTICS
from bnlint.semantics.layers.given import value_of
from bnlint.semantics.layers.implicit_arguments import normalisers
from bnlint.semantics.layers.resolution import (
    Resolution,
    Route,
    distinct,
    resolve,
)
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of
from bnlint.semantics.values.classes import base_constructor
from bnlint.semantics.values.domain import (
    APPLIED,
    HELD,
    LISTED,
    Arguments,
    Candidate,
    ClassRef,
    Constant,
    Env,
    Evaluate,
    Instance,
    Partial,
    Symbol,
    ValueSet,
    reason,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.named_layers import unnamed
from bnlint.semantics.values.value import (
    PRESUMED,
    UNKNOWN,
    Value,
    absent,
)
from bnlint.startup.typed import NamedTuple


class Site(NamedTuple):
    """A call of one or more batch normalisation APIs.

    ``resolutions`` are the APIs it may reach, in the order of the source and the tables;
    ``doubt`` says what else the callee may be (empty: nothing else). ``values`` maps roles to
    what is known.
    """

    module: Module
    call: ast.Call
    resolutions: tuple[Resolution, ...]
    values: Mapping[str, Value]
    doubt: str = ""

    @property
    def apis(self) -> tuple[Api, ...]:
        """The APIs this call may reach."""
        return tuple(r.api for r in self.resolutions)

    @property
    def api(self) -> Api:
        """The first API this call may reach: the one a message names."""
        return self.resolutions[0].api

    @property
    def presumed(self) -> str:
        """What the choice of API rests on, if a caller may override it."""
        return self.doubt or next((r.presumed for r in self.resolutions if r.presumed), "")

    @property
    def anchor(self) -> tuple[Module, ast.AST]:
        """Where an argument of the API would be written: a call that takes it, else its name."""
        first = self.resolutions[0]
        if first.holder is not None:
            return first.module, first.holder
        return first.origin_module, first.origin

    @property
    def is_direct(self) -> bool:
        """Whether the call itself names the API and takes its arguments."""
        return all(r.holder is self.call for r in self.resolutions)

    def value(self, role: str) -> Value:
        """Return what is known of the argument in ``role``."""
        return self.values.get(role) or absent("the API has no such argument")


class Unresolved(NamedTuple):
    """A call of a name that some path binds to an API, whose callee is not known here."""

    module: Module
    call: ast.Call
    why: str


def find_sites(
    ev: Evaluate, module: Module, names: Collection[str]
) -> tuple[list[Site], list[Unresolved]]:
    """Return the sites of ``module``, and the calls that may be sites, in source order.

    ``names`` are the identifiers through which an API may be called.
    """
    sites: list[Site] = []
    unresolved: list[Unresolved] = []
    results = [_in_wide(ev, _site(ev, module, call)) for call in _candidates(module, names)]
    results += [
        site
        for call in _of_others(module, names)
        if isinstance(site := _in_wide(ev, Unresolved(module, call, "")), Site)
    ]
    results += [
        _made(ev, named.callees, named.arguments, Route(module, None, named.call))
        for named in normalisers(ev, module)
    ]
    opaque = {site.call for site in results if isinstance(site, Unresolved)}
    for site in results:
        if isinstance(site, Site):
            sites.append(site)
        elif site is not None and site.call.func not in opaque:  # of f(c)(x), f(c) is listed
            unresolved.append(site)
    sites.sort(key=lambda site: (site.call.lineno, site.call.col_offset))
    return sites, unresolved


def _in_wide(ev: Evaluate, site: Site | Unresolved | None) -> Site | Unresolved | None:
    """Return ``site`` with what callers in other files of the project give.

    They are asked only where the API, or a setting that decides what the layer computes, rests on
    something that they may give.
    """
    if site is None or (isinstance(site, Site) and not _is_open(site)):
        return site
    if not _has_parameters(site.module, site.call) or not ev.project.may_be_used(site.module):
        return site
    wide = _site(ev.wide, site.module, site.call)
    if not isinstance(wide, Site) or isinstance(site, Unresolved):
        return wide if isinstance(wide, Site) else site
    if [r.origin for r in wide.resolutions] != [r.origin for r in site.resolutions]:
        return wide
    settled = {role: _wider(site.value(role), wide.value(role)) for role in _SETTINGS}
    return site._replace(values={**site.values, **settled})


#: The roles of the settings for which callers in other files are asked.
_SETTINGS = ("eps", "momentum")


def _is_open(site: Site) -> bool:
    """Tell whether a setting that is written for a site rests on what a caller gives.

    Of one that is left to a default, whatever the API, nothing is written here.
    """
    return any(
        value.kind == UNKNOWN or (value.kind == PRESUMED and not value.from_default)
        for role in _SETTINGS
        if any(role in api.roles for api in site.apis)
        for value in (site.value(role),)
    )


def _has_parameters(module: Module, call: ast.Call) -> bool:
    """Tell whether a function or class around ``call`` may be given something by callers."""
    return any(
        isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for around in module.ancestors(call)
    )


def _wider(near: Value, far: Value) -> Value:
    """Return what is known of a setting when callers in other files count, too.

    A default that some of them leave as it is stays what is said of it. One that each of them
    overrides is not what the layer gets.
    """
    if far.is_known or not near.is_known:
        return far
    if not far.alternatives or any(other.node is near.node for other in far.alternatives):
        return near
    return far


_FOUND: Memo[Module, tuple[Sequence[Site], Sequence[Unresolved]]] = Memo()


def found_in(ev: Evaluate, module: Module) -> tuple[Sequence[Site], Sequence[Unresolved]]:
    """Return what :func:`find_sites` does of any module of the project."""
    known = _FOUND.of(ev)
    if module not in known:
        known[module] = find_sites(ev, module, ev.project.carriers(module))
    return known[module]


def sites_in(ev: Evaluate, module: Module) -> Sequence[Site]:
    """Return the sites of any module of the project, as its constructors leave them."""
    return found_in(ev, module)[0]


def _candidates(module: Module, names: Collection[str]) -> Iterator[ast.Call]:
    for call in module.calls:
        func = call.func
        while isinstance(func, ast.Subscript):
            func = func.value
        if isinstance(func, ast.Attribute) and func.attr == "__init__":
            if _is_super_call(module, call):
                yield call
        elif isinstance(func, ast.Call):
            if last_name(func.func) in names or last_name(func.func) in ("getattr", "partial"):
                yield call
        elif isinstance(func, (ast.IfExp, ast.BoolOp)):
            if any(isinstance(p, ast.expr) and last_name(p) in names for p in ast.walk(func)):
                yield call
        elif last_name(func) in names:
            yield call


def _of_others(module: Module, names: Collection[str]) -> Iterator[ast.Call]:
    """Yield the calls of other names that are given a setting of a layer: ``norm(c, eps=e)``.

    Nothing in the file makes such a name an API; callers of its functions in other files may.
    """
    settings = {n for role in _SETTINGS for n in catalogue().parameter_names(role)}
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id not in names:
            if any(keyword.arg in settings for keyword in call.keywords):
                yield call


def _is_super_call(module: Module, call: ast.Call) -> bool:
    """Tell whether ``call`` is the base class's constructor, called in one's own."""
    function = module.enclosing_function(call)
    return (
        isinstance(function, ast.FunctionDef)
        and function.name == "__init__"
        and isinstance(module.parents.get(function), ast.ClassDef)
    )


def site_under(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> Site | None:
    """Return the site that a call is where parameters around it are bound as in ``env``."""
    found = _site(ev, module, call, env)
    return found if isinstance(found, Site) else None


def _site(
    ev: Evaluate, module: Module, call: ast.Call, env: Env | None = None
) -> Site | Unresolved | None:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
        cls = module.enclosing_class(call)
        through = ClassRef(module, cls) if cls is not None else None
        callees, arguments = base_constructor(ev, module, call, env)
        return _made(ev, callees, arguments, Route(module, call, call, through))
    callees = ev.evaluate(module, call.func, env)
    return _made(ev, callees, arguments_of(ev, module, call, env), Route(module, call, call))


def _made(
    ev: Evaluate, callees: ValueSet, arguments: Arguments, route: Route
) -> Site | Unresolved | None:
    """Return the site that a call is, given what it calls and with what.

    ``route.holder`` is the call if arguments of the API can be written into it.
    """
    module, call = route.module, route.call
    resolutions: list[Resolution] = []
    doubt = ""
    for callee in callees:
        holder = route.holder if _is_named(callee, call) else None
        reached = list(resolve(ev, callee, arguments, route._replace(holder=holder)))
        resolutions += reached
        if not reached:
            doubt = f"{last_name(call.func) or 'the callee'} may be something else"
    if not resolutions:
        why = reason(callees) or _opaque(callees) or _absent(callees)
        why = why or unnamed(ev, callees, arguments)
        # What a layer gives is no class: this is a layer that is applied.
        is_layer = why in ("", APPLIED, HELD, LISTED) or _is_own_in_forward(ev, module, call)
        return None if is_layer else Unresolved(module, call, why)
    roles = {role for r in resolutions for role in (*r.api.roles, STATISTICS, "eps")}
    values = {role: value_of(ev, resolutions, role, doubt) for role in sorted(roles)}
    return Site(module, call, distinct(resolutions), values, doubt)


def _is_named(callee: Candidate, call: ast.Call) -> bool:
    """Tell whether the call itself names what it calls, so that arguments can be written here.

    A partial or a class is written to where it stands; a name that stands for an API by way of a
    variable, a parameter or a branch takes whatever that variable may hold.
    """
    if isinstance(callee.object, (Partial, ClassRef)):
        return True
    return not callee.presumed and (
        callee.node is call.func or isinstance(callee.node, (ast.Name, ast.Attribute))
    )


def _opaque(callees: ValueSet) -> str:
    """Return why a callee that something outside the project made cannot be resolved."""
    for callee in callees:
        if isinstance(callee.object, Instance) and isinstance(callee.object.cls, Symbol):
            path = callee.object.cls.path
            # What a class makes is a layer, and calling it runs it; a function may give a class.
            if path.rpartition(".")[2][:1].islower() and not path.startswith("builtins."):
                return f"what {path}() gives is not in view"
    return ""


def _absent(callees: ValueSet) -> str:
    """Return why a callee of which only ``None`` is in view is not known: it is called."""
    if any(v.object != Constant(None) for v in callees):
        return ""
    rests_on = next((v.presumed for v in callees if v.presumed), "")
    return f"{rests_on} is None, and a caller may give it" if rests_on else ""


def _is_own_in_forward(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    """Tell whether ``call`` is ``self.x(...)`` in the method that runs a model: a layer it runs."""
    function = module.enclosing_function(call)
    return (
        isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        and isinstance(module.parents.get(function), ast.ClassDef)
        and function.name in ev.frameworks.word("forward")
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in [parameter.arg for parameter in function.args.args[:1]]
    )
