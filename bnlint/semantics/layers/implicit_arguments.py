"""Arguments that do not stand in the call: argument scopes, and layers named as normalisers.

Where a framework has scopes (its table lists them under ``scopes``), a call takes arguments from
the ``with`` statements around it. Where a layer takes a normaliser (the roles ``normalizer`` and
``normalizer_params`` of a neighbour), naming an API there is a call of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import Api
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import Matched, arguments_of
from bnlint.semantics.values.containers import merged
from bnlint.semantics.values.domain import (
    Arguments,
    Dictionary,
    Evaluate,
    Sequence,
    Symbol,
    ValueSet,
)
from bnlint.startup.typed import NamedTuple


class Supplied(NamedTuple):
    """Arguments with what scopes add; ``overridable`` says why a default may not be one."""

    matched: Matched
    overridable: str


def supply(ev: Evaluate, module: Module, call: ast.Call, api: Api, matched: Matched) -> Supplied:
    """Add to ``matched`` what the argument scopes around ``call`` supply.

    An argument that is given is that, whatever is not clear of it beside.
    """
    if not any(f is api.framework for f in ev.frameworks.word("scopes").values()):
        return Supplied(matched, matched.overridable)
    given, unclear = dict(matched.given), dict(matched.unclear)
    names = [p.name for p in api.signature]
    for scope in _scopes_around(ev, module, call):
        covers = _covers(ev, module, scope, api)
        if covers is None:
            for name in names:
                unclear.setdefault(name, f"the scope on line {scope.lineno} is not resolved")
        elif covers:
            arguments = arguments_of(ev, module, scope, None)
            for name in names:
                if name in given or name in unclear:
                    continue
                if name in arguments.keywords:
                    given[name] = arguments.keywords[name]
                elif arguments.open_keywords:
                    unclear[name] = arguments.open_keywords
    overridable = matched.overridable
    if module.enclosing_function(call) is not None and not in_test(module, call):
        why = "an argument scope around a caller may set it"
        if _has_scopes(ev, module):
            for name in names:
                unclear.setdefault(name, why)
        overridable = why
    return Supplied(matched._replace(given=given, unclear=unclear), overridable)


def _has_scopes(ev: Evaluate, module: Module) -> bool:
    """Tell whether the file speaks of argument scopes: its functions then count on them."""
    return any(path.rpartition(".")[2] in module.uses for path in ev.frameworks.word("scopes"))


def _scopes_around(ev: Evaluate, module: Module, call: ast.Call) -> Iterator[ast.Call]:
    """Yield the scope calls of the ``with`` statements around ``call``, innermost first."""
    for around in module.ancestors(call):
        if isinstance(around, (ast.With, ast.AsyncWith)):
            for item in reversed(around.items):
                if isinstance(item.context_expr, ast.Call) and is_scope(
                    ev, module, item.context_expr
                ):
                    yield item.context_expr
        elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return


def is_scope(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    """Tell whether ``call`` makes an argument scope."""
    return any(
        isinstance(c.object, Symbol) and ev.frameworks.means(c.object.path, "scopes")
        for c in ev.evaluate(module, call.func)
    )


def _covers(ev: Evaluate, module: Module, scope: ast.Call, api: Api) -> bool | None:
    """Tell whether a scope is for ``api``; ``None`` if what it is for is not known."""
    if not scope.args:
        return None
    found = ev.evaluate(module, scope.args[0])
    if len(found) != 1 or not isinstance(found[0].object, Sequence) or found[0].object.open:
        return None
    unknown = False
    for item in found[0].object.items:
        for candidate in ev.argument(item):
            if isinstance(candidate.object, Symbol):
                if api in ev.frameworks.by_alias.get(candidate.object.path, ()):
                    return True
            else:
                unknown = True
    return None if unknown else False


class Normaliser(NamedTuple):
    """A layer call that names an API as its normaliser, and the arguments it hands to it."""

    call: ast.Call
    callees: ValueSet
    arguments: Arguments


def normalisers(ev: Evaluate, module: Module) -> Iterator[Normaliser]:
    """Yield the calls of ``module`` that name a normaliser, in source order."""
    roles = {
        (n.roles["normalizer"], n.roles.get("normalizer_params", ""))
        for n in ev.frameworks.neighbours.values()
        if "normalizer" in n.roles
    }
    for function, parameters in sorted(roles):
        for call in module.calls:
            named = next((k.value for k in call.keywords if k.arg == function), None)
            if named is None or not _takes_normaliser(ev, module, call):
                continue
            held = next((k.value for k in call.keywords if k.arg == parameters), None)
            yield Normaliser(call, ev.evaluate(module, named), _parameters(ev, module, held))


def _takes_normaliser(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    for candidate in ev.evaluate(module, call.func):
        if isinstance(candidate.object, Symbol):
            path = candidate.object.path
            if path in ev.frameworks.neighbours or ev.frameworks.means(path, "scopes"):
                return True
    return False


def _parameters(ev: Evaluate, module: Module, node: ast.expr | None) -> Arguments:
    if node is None:
        return Arguments((), {})
    found, rests_on = merged(Dictionary(()), ev.evaluate(module, node))
    items = {str(key): item for key, item in found.items}
    return Arguments((), items, "", found.open, rests_on)
