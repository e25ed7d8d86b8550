"""Whether an argument of a function that builds a graph decides in which mode it normalises."""

from __future__ import annotations

import ast
from collections.abc import Collection

from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.arguments import parameters_given
from bnlint.semantics.values.domain import Evaluate, FunctionRef, Instance, Object, Symbol

#: Functions that a flag is followed through, one calling the next.
_MAX_CALLS = 6


def decide_mode(
    ev: Evaluate, function: FunctionRef, parameter: str, sites: Collection[Site], depth: int = 0
) -> bool:
    """Tell whether ``parameter`` of ``function`` is the training flag of one of ``sites``.

    It is taken as it is, and not negated. It may be handed from function to function, or set for
    all that is called in a scope.
    """
    calls = {site.call for site in sites}
    if depth > _MAX_CALLS:
        return False
    for call in ast.walk(function.node):
        if not isinstance(call, ast.Call):
            continue
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        names = [value for value in given if isinstance(value, ast.Name) and value.id == parameter]
        if not names:
            continue
        if call in calls:
            return True
        for callee in ev.evaluate(function.module, call.func, function.env):
            found = callee.object
            if isinstance(found, FunctionRef):
                inner = parameters_given(ev, function.module, found, call, names[0])
                if any(decide_mode(ev, found, n, sites, depth + 1) for n in inner):
                    return True
            elif any(k.value in names and _is_flag(ev, found, k, sites) for k in call.keywords):
                return True
    return False


def _is_flag(ev: Evaluate, callee: Object, argument: ast.keyword, sites: Collection[Site]) -> bool:
    """Tell whether an argument sets a mode: of a layer that is called, or of all in a scope."""
    if isinstance(callee, Symbol) and ev.frameworks.means(callee.path, "scopes") is not None:
        return argument.arg in {site.api.roles.get("training") for site in sites}
    return (
        isinstance(callee, Instance)
        and callee.call in {site.call for site in sites}
        and argument.arg in {site.api.framework.modes.argument for site in sites}
    )
