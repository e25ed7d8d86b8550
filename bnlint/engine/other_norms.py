"""When layers that normalise otherwise than by batches are looked at, and beside what.

They are read after everything else, with an evaluator of their own, and only where a rule may have
something to say of them.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from bnlint.engine.comparing import aligned, context_of
from bnlint.engine.facts import Facts, other_norms
from bnlint.engine.options import Options
from bnlint.finding import CONFIDENCES
from bnlint.frameworks.tables import Api, Frameworks, catalogue
from bnlint.rule import Context
from bnlint.semantics.layers.configured import configured, written_eps

#: The roles whose arguments go by several names.
_RENAMED = ("eps", "momentum", "affine")

#: The largest axis of a tensor, counted from 0.
_LAST_AXIS = 4


def context_of_norms(
    context: Context, facts: Facts, options: Options, references: Sequence[Facts]
) -> Context | None:
    """Return a file with its other kinds of normalisation as rules see it, if they have to look.

    ``context`` and ``facts`` are the file as it was read for batch normalisation, ``references``
    what it is compared with.
    """
    unsure = options.min_confidence == CONFIDENCES[-1]
    if not (
        references
        or _is_compared(context)
        or _stands_out(facts)
        or (unsure and _takes_of_configuration(facts))
    ):
        return None
    found = other_norms(facts)
    if not found.sites:
        found.project.forget()
        return None
    theirs = [other_norms(reference) for reference in references]
    pairs = aligned([found], theirs, options.from_family) if theirs else ()
    return context_of(found, options, pairs, theirs)


def _is_compared(context: Context) -> bool:
    """Tell whether the layers of a file may have something to be compared with."""
    if context.from_family is not None:
        return True
    frameworks = context.frameworks.frameworks.values()
    if len({framework.ecosystem for framework in frameworks}) > 1:
        return True
    if not context.infers:
        return False
    kinds = {
        (api.framework.name, api.norm)
        for name, apis in _by_name(context.frameworks).items()
        if name in context.module.uses  # called, or handed on to what calls it
        for api in apis
    }
    return any(context.origin(family, norm) is not None for family, norm in sorted(kinds))


def _stands_out(facts: Facts) -> bool:
    """Tell whether a call has, by its text, an argument that no layer of its name can have there.

    An argument that decides whether statistics are tracked stands out too.
    """
    named = _by_name(facts.project.frameworks)
    return any(
        _has_odd_argument(call, named[name])
        for name, calls in facts.module.calls_by_name.items()
        if name in named
        for call in calls
    )


def _takes_of_configuration(facts: Facts) -> bool:
    """Tell whether some layers take their eps of a configuration, by their text, and some none."""
    named = _by_name(facts.project.frameworks)
    given = [
        written_eps(call, api)
        for name, calls in facts.module.calls_by_name.items()
        for api in list(named.get(name, ()))[:1]
        for call in calls
    ]
    return None in given and any(node is not None and configured(node) for node in given)


@lru_cache(maxsize=8)
def _by_name(frameworks: Frameworks) -> Mapping[str, Collection[Api]]:
    """Return the layers that normalise otherwise, by the names that they are called by."""
    named: dict[str, dict[str, Api]] = {}
    for alias, apis in frameworks.norms.by_alias.items():
        named.setdefault(alias.rpartition(".")[2], {}).update((api.id, api) for api in apis)
    return {name: found.values() for name, found in named.items()}


@lru_cache(maxsize=1)
def _renamed() -> Collection[str]:
    return {name for role in _RENAMED for name in catalogue().parameter_names(role)}


def _has_odd_argument(call: ast.Call, apis: Collection[Api]) -> bool:
    if any(_is_odd(argument) for argument in call.args):
        return True
    for keyword in call.keywords:
        name = keyword.arg
        if name is None:
            continue
        if any(name == api.roles.get("eps") for api in apis) and _is_no_eps(keyword.value):
            return True
        if any(name == api.statistics.get("argument") for api in apis):
            return True
        if name in _renamed() and not any(api.accepts(name) for api in apis):
            return True
    return _has_large_axis(call, apis)


def _is_odd(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _is_no_eps(node: ast.expr) -> bool:
    """Tell whether a number is written that is no eps: 0, or one with a minus."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub)
    return isinstance(node, ast.Constant) and node.value == 0


def _has_large_axis(call: ast.Call, apis: Collection[Api]) -> bool:
    """Tell whether a number that is no axis stands in the place of one."""
    for api in apis:
        order = [p.name for p in api.signature if p.kind == "positional"]
        for name, node in zip(order, call.args, strict=False):
            if name == api.roles.get("axis") and not isinstance(node, ast.Constant):
                return True
            if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
                if name == api.roles.get("axis") and node.value > _LAST_AXIS:
                    return True
                if name == api.roles.get("eps") and (node.value > 0.1 or node.value == 0):
                    return True
    return False
