"""Options of a command line: the numbers and names at which ``argparse`` leaves those not given.

Only numbers with a point and texts count. What else an option may be decides which code runs, and
that is open.
"""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import (
    Argument,
    Candidate,
    Constant,
    Env,
    Evaluate,
    Instance,
    Sequence,
    Symbol,
    ValueSet,
    presumed,
    unknown,
)

#: What a parser gives: an object with the options as attributes.
NAMESPACE = Symbol("argparse.Namespace")
_PARSER = Symbol("argparse.ArgumentParser")

#: Methods of a parser that give the options, and whether what is left comes with them.
_PARSES = {"parse_args": False, "parse_known_args": True}


def parsed(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return the options that ``parser.parse_args()`` gives; nothing for what is no such call."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in _PARSES:
        return ()
    if call.args or call.keywords:
        return ()  # what is parsed is given, or where the options go
    owners = ev.evaluate(module, func.value, env)
    if not all(isinstance(v.object, Instance) and v.object.cls == _PARSER for v in owners):
        return ()
    options = (Candidate(Instance(NAMESPACE, module, call, env), module, call),)
    if not _PARSES[func.attr]:
        return options
    rest = unknown("what is left of the command line", module, call)
    both = (Argument(None, module, values=options), Argument(None, module, values=rest))
    return (Candidate(Sequence(both), module, call),)


def is_parsed(call: ast.Call) -> bool:
    """Tell whether ``call``, which makes a namespace, is that of a parser."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in _PARSES


def default_of_option(ev: Evaluate, module: Module, name: str, node: ast.AST) -> ValueSet:
    """Return the numbers or texts at which the parsers of ``module`` leave the option ``name``."""
    found: ValueSet = ()
    for call in module.calls_by_name.get("add_argument", ()):
        flag = _flag(call)
        if _destination(call, flag) != name:
            continue
        given = [k.value for k in call.keywords if k.arg == "default"]
        values = tuple(value for node in given for value in ev.evaluate(module, node))
        if not values or not all(_counts(value) for value in values):
            return unknown(f"option {flag} has no plain default", module, node)
        found += presumed(values, f"the default of option {flag}")
    if not found or "set_defaults" in module.calls_by_name:
        return unknown(f"no option of this file gives {name}", module, node)
    return found


def _counts(value: Candidate) -> bool:
    return isinstance(value.object, Constant) and isinstance(value.object.value, (float, str))


def _flag(call: ast.Call) -> str:
    """Return how an option is given: by its first long name, else by its first."""
    names = [str(a.value) for a in call.args if isinstance(a, ast.Constant)]
    return next((name for name in names if name.startswith("--")), names[0] if names else "")


def _destination(call: ast.Call, flag: str) -> str:
    """Return the attribute in which the value of an option is found."""
    given = next((k.value for k in call.keywords if k.arg == "dest"), None)
    if given is not None:
        return str(given.value) if isinstance(given, ast.Constant) else ""
    return flag.lstrip("-").replace("-", "_")
