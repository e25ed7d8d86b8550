"""What a parameter may be: its default, and what the callers in view pass.

A caller that is not in view may pass anything, so every candidate is presumed; the presumption
names the parameter.
"""

from __future__ import annotations

import ast

from bnlint.semantics.syntax.module import FunctionNode, Module, last_name
from bnlint.semantics.values.arguments import bind, default_nodes, is_method
from bnlint.semantics.values.callers import callers_in_view, receiver
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import (
    MAX_CANDIDATES,
    TOO_MANY,
    Argument,
    Candidate,
    ClassRef,
    Constant,
    Dictionary,
    Env,
    Evaluate,
    Instance,
    Record,
    Sequence,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)

#: Calls of one function that are looked at before giving up on its callers.
MAX_CALLERS = 40


def parameter_values(
    ev: Evaluate, module: Module, function: ast.AST, parameter: ast.arg, env: Env | None
) -> ValueSet:
    """Return what ``parameter`` of ``function`` (a def or lambda) may be."""
    assert isinstance(function, FunctionNode)
    name = parameter.arg
    if env is not None:
        argument = env.find(function, name)
        if argument is not None:
            return ev.argument(argument)
    title = _title(module, function)
    if parameter is function.args.vararg:
        return (
            Candidate(Sequence((), f"*{name} of {title} comes from callers"), module, parameter),
        )
    if parameter is function.args.kwarg:
        return (_spread(ev, module, function, parameter, title),)
    if is_method(module, function) and _is_first(function, parameter):
        return (receiver(module, function),)
    with ev.guard((function, name)) as entered:
        if not entered:
            return unknown(f"parameter {name} of {title} is passed on to itself", module, parameter)
        return _candidates(ev, module, function, parameter, title)


def _candidates(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    parameter: ast.arg,
    title: str,
) -> ValueSet:
    name = parameter.arg
    passed, left_out = _passed(ev, module, function, name)
    known = tuple(v for v in passed if not isinstance(v.object, Unknown))
    plain = [v for v in known if not isinstance(v.object, Instance)]
    found: ValueSet = ()
    default = default_nodes(function.args).get(name)
    # Where callers are in view and each of them gives a known value, the default is not used.
    if default is not None and (left_out or not passed or len(plain) < len(passed)):
        why = f"the default of parameter {name} of {title}"
        found += presumed(ev.evaluate(module, default), why)
    found += tuple(v for v in known if not (found and v.object == Constant(None)))
    if found and any(v.object != Constant(None) for v in found):
        return found
    if parameter.annotation is not None:
        made = annotated(
            ev, module, parameter.annotation, f"the type of parameter {name} of {title}"
        )
        if made:
            return found + made
    if found:
        return found
    if f"{name}_class" in ev.frameworks.word("configuration_classes"):
        if made := _of_class(ev, module, function, name, title):
            return made
    if passed:
        return passed
    return unknown(f"parameter {name} of {title} has no default", module, parameter)


def _spread(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    parameter: ast.arg,
    title: str,
) -> Candidate:
    """Return what ``**parameter`` holds: the keys that each caller in view gives.

    A caller that is not in view may give others, unless the function is the file's own: its name
    says so.
    """
    name = parameter.arg
    why = f"**{name} of {title} comes from callers"
    nothing = Candidate(Dictionary((), why), module, parameter)
    with ev.guard((function, name)) as entered:
        view = callers_in_view(ev, module, function) if entered else None
        calls = view.calls if view is not None and view.complete else []
        if not calls or len(calls) > MAX_CALLERS:
            return nothing
        given: list[dict[object, Argument]] = []
        for caller in calls:
            bound = bind(module, function, caller.arguments(ev), caller.receiver)
            match ev.argument(bound[(function, name)]):
                case (Candidate(Dictionary(held, "")),):
                    given.append(dict(held))
                case _:
                    return nothing
        keys = dict.fromkeys(key for items in given for key in items)
        items = tuple((key, _joint(ev, module, parameter, key, given, title)) for key in keys)
    is_own = _is_own_alone(module, function)
    found = Dictionary(items, "" if is_own else why)
    return Candidate(found, module, parameter, f"what callers pass to {title}" if is_own else "")


def _joint(
    ev: Evaluate,
    module: Module,
    parameter: ast.arg,
    key: object,
    given: list[dict[object, Argument]],
    title: str,
) -> Argument:
    """Return what callers give under ``key``; nothing is known of what not each of them gives."""
    found: dict[object, Candidate] = {}
    for items in given:
        if key not in items:
            why = f"not every caller of {title} gives {key}"
            return Argument(None, module, None, unknown(why, module, parameter))
        for value in presumed(ev.argument(items[key]), f"what callers pass to {title}"):
            same = value.object
            plain = isinstance(same, (Constant, Symbol))  # of the others, some hold dictionaries
            found.setdefault(repr(same) if plain else id(value.node), value)
        if len(found) > MAX_CANDIDATES:
            return Argument(None, module, None, unknown(TOO_MANY, module, parameter))
    return Argument(None, module, None, tuple(found.values()))


def _is_own_alone(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
) -> bool:
    """Tell whether all callers of a function are in view: its name says so, and it is only called.

    Of methods, only those whose names are the class's own: others may be called on derived classes.
    """
    name = getattr(function, "name", "")
    own = "__" if isinstance(module.parents.get(function), ast.ClassDef) else "_"
    return (
        name.startswith(own)
        and not name.endswith("__")
        and all(
            isinstance(call := module.parents[use], ast.Call) and call.func is use
            for use in module.uses.of(name)
        )
    )


def _passed(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    name: str,
) -> tuple[ValueSet, bool]:
    """Return what the callers in view pass for parameter ``name``, and if any passes none."""
    found: ValueSet = ()
    default = default_nodes(function.args).get(name)
    view = callers_in_view(ev, module, function)
    left_out = len(view.calls) > MAX_CALLERS or not view.complete
    for caller in view.calls[:MAX_CALLERS]:
        bound = bind(module, function, caller.arguments(ev), caller.receiver)
        argument = bound[(function, name)]
        left_out = left_out or (default is not None and argument.node is default)
        line = f"line {caller.call.lineno}"
        if caller.module is not module:
            line = f"{caller.module.path}:{caller.call.lineno}"
        why = f"what {line} passes as {name} of {_title(module, function)}"
        found += presumed(ev.argument(argument), why)
    return found, left_out


def _is_first(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, parameter: ast.arg
) -> bool:
    positional = [*function.args.posonlyargs, *function.args.args]
    return parameter in positional[:1]


def _of_class(ev: Evaluate, module: Module, function: ast.AST, name: str, title: str) -> ValueSet:
    """Return an instance of the class that the class of a method says a parameter is of.

    ``config_class = BertConfig`` in a model, or in what it derives from, says it of ``config``.
    """
    cls = module.enclosing_class(function)
    why = f"the {name}_class of {title}"
    for owner in lineage(ev, ClassRef(module, cls)) if cls is not None else ():
        for statement in owner.node.body:
            if (
                isinstance(statement, ast.Assign)
                and last_name(statement.targets[0]) == f"{name}_class"
            ):
                return tuple(
                    Candidate(Instance(value.object, owner.module, None), module, statement, why)
                    for value in ev.evaluate(owner.module, statement.value)
                    if isinstance(value.object, ClassRef)
                )
    return ()


def annotated(ev: Evaluate, module: Module, annotation: ast.expr, why: str) -> ValueSet:
    """Return an instance of the project class that an annotation names, if it names one.

    ``type[Block]`` names the class itself, a union one of several.
    """
    if isinstance(annotation, ast.Subscript) and last_name(annotation.value) in ("Type", "type"):
        return tuple(
            Candidate(v.object, module, annotation, why)
            for node in _members(annotation.slice)
            for v in ev.evaluate(module, node)
            if isinstance(v.object, ClassRef)
        )
    found: ValueSet = ()
    for value in ev.evaluate(module, annotation):
        if isinstance(value.object, ClassRef):
            found += (Candidate(Instance(value.object, module, None), module, annotation, why),)
        elif isinstance(value.object, Instance):  # of namedtuple()
            found += presumed(_records(ev, value, last_name(annotation)), why)
    return found


def _records(ev: Evaluate, cls: Candidate, name: str) -> ValueSet:
    """Return the named tuples that the file with the class ``cls`` makes of it by its name."""
    return tuple(
        made
        for call in cls.module.calls_by_name.get(name, ())
        for made in ev.evaluate(cls.module, call)
        if isinstance(made.object, Record)
    )


def _members(annotation: ast.expr) -> list[ast.expr]:
    """Return the members of a union, or the annotation itself."""
    match annotation:
        case ast.BinOp(left, _, right):
            return [*_members(left), *_members(right)]
        case ast.Subscript(slice=ast.Tuple(members)):
            return members
        case ast.Subscript(slice=member):
            return [member]
    return [annotation]


def _title(module: Module, function: ast.AST) -> str:
    """Return how a message calls a function: ``BasicBlock``, ``Net.block``, ``conv_bn``."""
    if isinstance(function, ast.Lambda):
        return "a lambda"
    name = str(function.name)  # type: ignore[attr-defined]  # a function definition
    owner = module.parents.get(function)
    if not isinstance(owner, ast.ClassDef):
        return name
    return owner.name if name == "__init__" else f"{owner.name}.{name}"
