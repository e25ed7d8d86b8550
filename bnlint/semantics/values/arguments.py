"""Arguments of calls: spreading ``*`` and ``**``, binding them to parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from bnlint.frameworks.tables import Parameter
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.containers import doubted, merged, overlaid, presume, short
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    Dictionary,
    Env,
    Evaluate,
    FunctionRef,
    Object,
    Sequence,
    ValueSet,
    reason,
    unknown,
)
from bnlint.startup.typed import NamedTuple


def arguments_of(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> Arguments:
    """Return the arguments of ``call`` with ``*`` and ``**`` of known contents spread out."""
    positional: list[Argument] = []
    open_positional = ""
    for node in call.args:
        if not isinstance(node, ast.Starred):
            if not open_positional:
                positional.append(Argument(node, module, env))
            continue
        items, why = _spread_sequence(ev.evaluate(module, node.value, env))
        if not open_positional:
            positional += items
        open_positional = open_positional or why
    keywords: dict[str, Argument] = {}
    open_keywords = overridable = ""
    for keyword in call.keywords:
        if keyword.arg is not None:
            keywords[keyword.arg] = Argument(keyword.value, module, env)
            continue
        found, rests_on = merged(Dictionary(()), ev.evaluate(module, keyword.value, env))
        keywords.update((str(key), item) for key, item in found.items)
        text = f"**{short(keyword.value)}"
        if found.open:
            open_keywords = open_keywords or f"{text}: {found.open}"
        if rests_on:
            overridable = overridable or f"{text}: {rests_on}"
    return Arguments(tuple(positional), keywords, open_positional, open_keywords, overridable)


def dictionary_of(ev: Evaluate, arguments: Arguments) -> tuple[Dictionary, str]:
    """Return what ``dict`` makes of ``arguments``, and on what it rests that there is no more."""
    found, rests_on = Dictionary((), arguments.open_positional), arguments.overridable
    for argument in arguments.positional:
        found, why = merged(found, ev.argument(argument))
        rests_on = why or rests_on
    named = Dictionary(tuple(arguments.keywords.items()), arguments.open_keywords)
    return overlaid(found, named), rests_on


def _spread_sequence(values: ValueSet) -> tuple[tuple[Argument, ...], str]:
    if len(values) == 1 and isinstance(values[0].object, Sequence):
        found, why = values[0].object, values[0].presumed
        return tuple(presume(item, why) for item in found.items), found.open
    return (), reason(values) or "an unpacked sequence of unknown length"


def merge(first: Arguments, second: Arguments) -> Arguments:
    """Return the arguments of ``partial(f, *first)(*second)``."""
    keywords = dict(first.keywords)
    if second.open_keywords:  # what is not in view may replace what the partial holds
        keywords = {k: doubted(a, second.open_keywords) for k, a in keywords.items()}
    held = {k: presume(a, second.overridable) for k, a in keywords.items()}
    return Arguments(
        first.positional + second.positional,
        {**held, **second.keywords},
        first.open_positional or second.open_positional,
        first.open_keywords or second.open_keywords,
        first.overridable or second.overridable,
    )


class Matched(NamedTuple):
    """Arguments laid against a signature.

    ``given`` holds what each parameter is given; ``unclear`` the parameters that may or may not
    be given, and why; ``surplus`` the positional arguments beyond the signature; ``strangers``
    the keywords that no parameter takes; ``overridable`` says why a parameter left out may be
    given after all (empty: it is not).
    """

    given: Mapping[str, Argument]
    unclear: Mapping[str, str]
    surplus: tuple[Argument, ...]
    strangers: tuple[str, ...]
    overridable: str = ""


def match(signature: Iterable[Parameter], arguments: Arguments) -> Matched:
    """Lay ``arguments`` against the parameters of an API, as Python would."""
    names = [p.name for p in signature if p.kind == "positional"]
    known = {p.name for p in signature if p.kind != "extra"}
    given: dict[str, Argument] = dict(zip(names, arguments.positional, strict=False))
    given |= {name: value for name, value in arguments.keywords.items() if name in known}
    unclear: dict[str, str] = {}
    if arguments.open_positional:
        unclear |= dict.fromkeys(names, arguments.open_positional)
    if arguments.open_keywords:
        unclear |= dict.fromkeys(known, arguments.open_keywords)
    unclear = {name: why for name, why in unclear.items() if name not in given}
    return Matched(
        given,
        unclear,
        arguments.positional[len(names) :],
        tuple(name for name in arguments.keywords if name not in known),
        arguments.overridable,
    )


def bind(
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    arguments: Arguments,
    receiver: Candidate | None,
) -> dict[tuple[ast.AST, str], Argument]:
    """Return what each parameter of a project function is bound to when called so.

    A parameter left out is bound to its default; one that may or may not be given, and one that
    must be given and is not, to an unknown value.
    """
    spec = function.args
    names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
    positional = arguments.positional
    if receiver is not None:
        positional = (Argument(None, module, None, (receiver,)), *positional)
    bound: dict[str, Argument] = dict(zip(names, positional, strict=False))
    rest: dict[str, Argument] = {}
    takes = {*names, *(a.arg for a in spec.kwonlyargs)}
    for name, argument in arguments.keywords.items():
        (bound if name in takes else rest)[name] = argument
    defaults = default_nodes(spec)
    for name in (*names, *(a.arg for a in spec.kwonlyargs)):
        if name in bound:
            continue
        why = arguments.open_keywords or (arguments.open_positional if name in names else "")
        if why:
            bound[name] = Argument(None, module, None, unknown(why, module, function))
        elif name in defaults:
            bound[name] = Argument(defaults[name], module, None, presumed=arguments.overridable)
        else:
            missing = f"the required argument {name} is missing"
            bound[name] = Argument(None, module, None, unknown(missing, module, function))
    if spec.kwarg:
        dictionary = Dictionary(tuple(rest.items()), arguments.open_keywords)
        bound[spec.kwarg.arg] = _ready(dictionary, module, function, arguments.overridable)
    if spec.vararg:
        sequence = Sequence(positional[len(names) :], arguments.open_positional)
        bound[spec.vararg.arg] = _ready(sequence, module, function)
    return {(function, name): argument for name, argument in bound.items()}


def parameters_given(
    ev: Evaluate, module: Module, function: FunctionRef, call: ast.Call, node: ast.expr
) -> list[str]:
    """Return the parameters of a function to which ``call`` in ``module`` gives ``node``."""
    me = None
    if function.receiver is not None:
        me = Candidate(function.receiver, function.module, function.node)
    arguments = arguments_of(ev, module, call, None)
    bound = bind(function.module, function.node, arguments, me)
    return [name for (_, name), argument in bound.items() if argument.node is node]


def _ready(found: Object, module: Module, node: ast.AST, why: str = "") -> Argument:
    return Argument(None, module, None, (Candidate(found, module, node, why),))


def default_nodes(spec: ast.arguments) -> dict[str, ast.expr]:
    """Return the default expression of every parameter that has one."""
    names = [a.arg for a in reversed((*spec.posonlyargs, *spec.args))]
    found = dict(zip(names, reversed(spec.defaults), strict=False))
    for argument, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        if default is not None:
            found[argument.arg] = default
    return found


def is_method(module: Module, function: ast.AST) -> bool:
    """Tell whether ``function`` is defined in a class body and takes the object first."""
    in_class = isinstance(module.parents.get(function), ast.ClassDef)
    return in_class and not has_decorator(function, "staticmethod")


def has_decorator(node: ast.AST | None, *names: str) -> bool:
    """Tell whether the last name of a decorator of a definition is one of ``names``."""
    for decorator in getattr(node, "decorator_list", ()):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        if found in names:
            return True
    return False
