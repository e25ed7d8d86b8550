"""What a call expression may give: project functions inlined, objects made, a few builtins."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.names.scopes import blocks
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values import arithmetic, modules, namedtuples, options
from bnlint.semantics.values.arguments import arguments_of, bind, dictionary_of, merge
from bnlint.semantics.values.classes import MAX_DEPTH
from bnlint.semantics.values.combining import combine
from bnlint.semantics.values.containers import pick
from bnlint.semantics.values.domain import (
    APPLIED,
    HELD,
    Argument,
    Arguments,
    Candidate,
    ClassRef,
    Constant,
    Decide,
    Dictionary,
    Env,
    Evaluate,
    FunctionRef,
    Instance,
    Partial,
    Sequence,
    Symbol,
    Unknown,
    ValueSet,
    presumed,
    unknown,
)
from bnlint.semantics.values.named_layers import given_class
from bnlint.semantics.values.predicates import TEXT_METHODS, instance_test, text_method

_PARTIAL = frozenset({"functools.partial", "functools.partialmethod"})
_COPIES = frozenset({"copy", "deepcopy"})
_READS = frozenset({"get", "pop", "setdefault"})


def call_values(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    """Return what ``call`` may give."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _READS | _COPIES:
        read = _dictionary_method(ev, module, call, call.func, env)
        if read:
            return read
    if isinstance(call.func, ast.Attribute) and call.func.attr in TEXT_METHODS:
        text = text_method(ev, module, call, env)
        if text:
            return text
    if isinstance(call.func, ast.Attribute) and call.func.attr == "_replace":
        replaced = namedtuples.replaced(ev, module, call, env)
        if replaced:
            return replaced
    if last_name(call.func) in ev.frameworks.word("module_givers"):
        return _modules(ev, module, call)
    given = options.parsed(ev, module, call, env)
    if given:
        return given
    itself = modules.given_back(ev, module, call, env)
    if itself:
        return itself
    found: ValueSet = ()
    for callee in ev.evaluate(module, call.func, env):
        found += presumed(_called(ev, module, call, callee, env), callee.presumed)
    return found


def _modules(ev: Evaluate, module: Module, call: ast.Call) -> ValueSet:
    """Return the modules of a framework that a function hands out to models, in its order."""
    items = tuple(
        Argument(None, module, values=(Candidate(Symbol(path), module, call),))
        for path in ev.frameworks.word("given_modules")
    )
    return (Candidate(Sequence(items), module, call),)


def _called(
    ev: Evaluate, module: Module, call: ast.Call, callee: Candidate, env: Env | None
) -> ValueSet:
    match callee.object:
        case FunctionRef():
            return invoke(ev, callee.object, arguments_of(ev, module, call, env), env, call)
        case ClassRef():
            return (Candidate(Instance(callee.object, module, call, env), module, call),)
        case Symbol(path) if path in _PARTIAL:
            return _partial(ev, module, call, env)
        case Symbol(path) if path.startswith("builtins."):
            return _builtin(ev, module, call, path.removeprefix("builtins."), env)
        case Symbol(path) if path in ("copy.copy", "copy.deepcopy") and call.args:
            return ev.evaluate(module, call.args[0], env)
        case Symbol(path) if cls := given_class(ev, module, call, path, env):
            return cls
        case Symbol(path):
            made = Symbol(path + _by_name(ev, module, call, path, env))
            return (Candidate(Instance(made, module, call, env), module, call),)
        case Partial():
            return _through_partial(ev, module, call, callee.object, env)
        case Unknown():
            return (callee,)
        case Instance():
            record = namedtuples.made(ev, module, call, callee.object, env)
            if record:
                return record
    return unknown(APPLIED, module, call)


def _by_name(ev: Evaluate, module: Module, call: ast.Call, path: str, env: Env | None) -> str:
    """Return what to add to the path of a function that makes what it is given the name of."""
    if not ev.frameworks.means(path, "makes_by_name"):
        return ""
    asks = ev.frameworks.word("name_arguments")
    given = [*call.args, *(k.value for k in call.keywords if k.arg in asks)]
    if not given:
        return ""
    names = ev.evaluate(module, given[0], env)
    name = names[0].object
    if len(names) > 1 or not isinstance(name, Constant) or not isinstance(name.value, str):
        return ""
    return f".{name.value.partition('.')[0]}"


def _through_partial(
    ev: Evaluate, module: Module, call: ast.Call, found: Partial, env: Env | None
) -> ValueSet:
    target = found.target.object
    if isinstance(target, FunctionRef):
        arguments = merge(found.arguments, arguments_of(ev, module, call, env))
        return invoke(ev, target, arguments, env, call)
    if isinstance(target, (ClassRef, Symbol)):
        return (Candidate(Instance(target, module, call, env), module, call),)
    return unknown("the result of a partial is not followed", module, call)


def _partial(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> ValueSet:
    arguments = arguments_of(ev, module, call, env)
    if not arguments.positional:
        return unknown("partial() of something not in view", module, call)
    targets = ev.argument(arguments.positional[0])
    if any(isinstance(v.object, Unknown) for v in targets):
        return targets
    given = arguments._replace(positional=arguments.positional[1:])
    found: ValueSet = ()
    for target in targets:
        rest = given
        match target.object:
            case Partial(inner, held):  # partial of a partial
                target, rest = inner, merge(held, given)
        found += (Candidate(Partial(target, rest, module, call), module, call),)
    return found


def invoke(
    ev: Evaluate, function: FunctionRef, arguments: Arguments, env: Env | None, call: ast.AST
) -> ValueSet:
    """Return what ``function`` may return when called with ``arguments``."""
    node = function.node
    outer = function.env if function.env is not None else env
    depth = (outer.depth if outer else 0) + 1
    if depth > MAX_DEPTH or (env is not None and env.binds(node)):
        return unknown("calls nested too deeply to follow", function.module, call)
    me = None
    if function.receiver is not None:
        me = Candidate(function.receiver, function.module, node)
    inner = Env(bind(function.module, node, arguments, me), outer, depth)
    if isinstance(node, ast.Lambda):
        return ev.evaluate(function.module, node.body, inner)
    if isinstance(node, ast.AsyncFunctionDef) or _is_generator(function.module, node):
        return unknown(f"{node.name} is a coroutine or generator", function.module, call)
    found: ValueSet = ()
    decide = ev.decide(function.module, inner)
    returns = list(_returns(function.module, node.body, decide))
    for statement in returns:
        if statement.value is not None:
            found += ev.evaluate(function.module, statement.value, inner)
        else:
            found += (Candidate(Constant(None), function.module, statement),)
    if not returns:
        return unknown(f"{node.name} returns nothing that is followed", function.module, call)
    return presumed(found, decide.rests_on)


def _is_generator(module: Module, node: ast.FunctionDef) -> bool:
    return "yield" in module.text and any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) and module.enclosing_function(part) is node
        for part in ast.walk(node)
    )


def returned(ev: Evaluate, function: FunctionRef, node: ast.AST) -> ValueSet:
    """Return what a method without arguments (a property) returns."""
    env = function.receiver.env if function.receiver else None
    return invoke(ev, function, Arguments((), {}), env, node)


def _returns(module: Module, block: list[ast.stmt], decide: Decide) -> Iterator[ast.Return]:
    """Yield the return statements of a block that may run, nested functions left out."""
    for statement in block:
        if isinstance(statement, ast.Return):
            yield statement
            return
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(statement, ast.If):
            if not any(isinstance(part, (ast.Return, ast.Raise)) for part in ast.walk(statement)):
                continue  # whichever way it goes, what follows is reached
            answer = decide(statement.test)
            if answer is not False:
                yield from _returns(module, statement.body, decide)
            if answer is not True:
                yield from _returns(module, statement.orelse, decide)
            if answer is not None and _leaves(statement.body if answer else statement.orelse):
                return
            continue
        for inner in blocks(statement):
            yield from _returns(module, inner, decide)


def _leaves(block: list[ast.stmt]) -> bool:
    return bool(block) and isinstance(block[-1], (ast.Return, ast.Raise))


def _dictionary_method(
    ev: Evaluate, module: Module, call: ast.Call, func: ast.Attribute, env: Env | None
) -> ValueSet:
    """Return what ``d.get(key, default)`` and its like give; nothing if this is no dictionary."""
    found: ValueSet = ()
    for base in ev.evaluate(module, func.value, env):
        if not isinstance(base.object, Dictionary):
            return ()
        if func.attr in _COPIES:
            found += (base,)
            continue
        if not call.args:
            return ()
        keys = ev.evaluate(module, call.args[0], env)
        key = keys[0].object if len(keys) == 1 else None
        if not isinstance(key, Constant):
            return unknown("an element under an unknown key", module, call)
        names = [name for name, _ in base.object.items]
        if key.value in names:
            found += presumed(pick(ev, base.object, key, module, call), base.presumed)
            continue
        default: ValueSet = (Candidate(Constant(None), module, call),)
        if len(call.args) > 1:
            default = ev.evaluate(module, call.args[1], env)
        why = f"the default of {ast.unparse(func)}({key.value!r})" if base.object.open else ""
        found += presumed(default, why)
    return found


def _builtin(ev: Evaluate, module: Module, call: ast.Call, name: str, env: Env | None) -> ValueSet:
    arguments = arguments_of(ev, module, call, env)
    if name == "dict":
        made, rests_on = dictionary_of(ev, arguments)
        return (Candidate(made, module, call, rests_on),)
    if name in ("tuple", "list") and len(arguments.positional) == 1:
        values = ev.argument(arguments.positional[0])
        if all(isinstance(v.object, Sequence) for v in values):
            return tuple(v._replace(module=module, node=call) for v in values)
        return unknown(f"{name}() of something not followed", module, call)
    if name == "isinstance":
        return instance_test(ev, module, call, env)
    if name == "getattr" and 2 <= len(arguments.positional) <= 3:
        return _getattr(ev, module, call, arguments)
    if (
        name in arithmetic.FUNCTIONS
        and not arguments.open_positional
        and not arguments.open_keywords
    ):
        parts = tuple(ev.argument(a) for a in arguments.positional)
        named = {k: ev.argument(a) for k, a in arguments.keywords.items()}
        names = tuple(named)
        count = len(parts)
        return combine(
            module,
            call,
            (*parts, *named.values()),
            lambda *a: arithmetic.call(name, a[:count], dict(zip(names, a[count:], strict=True))),
        )
    return (Candidate(Instance(Symbol(f"builtins.{name}"), module, call, env), module, call),)


def _getattr(ev: Evaluate, module: Module, call: ast.Call, arguments: Arguments) -> ValueSet:
    names = ev.argument(arguments.positional[1])
    if any(
        not isinstance(v.object, Constant) or not isinstance(v.object.value, str) for v in names
    ):
        owners = ev.argument(arguments.positional[0])
        is_held = all(
            isinstance(v.object, Instance) and isinstance(v.object.cls, ClassRef) for v in owners
        )
        return unknown(HELD if is_held else "getattr() with an unknown name", module, call)
    found: ValueSet = ()
    for base in ev.argument(arguments.positional[0]):
        for name in names:
            assert isinstance(name.object, Constant)
            member = ev.member(base, str(name.object.value), module, call)
            found += presumed(member, name.presumed)
    if len(arguments.positional) == 3 and any(isinstance(v.object, Unknown) for v in found):
        default = ev.argument(arguments.positional[2])
        found = tuple(v for v in found if not isinstance(v.object, Unknown))
        found += presumed(default, f"the default of {ast.unparse(call.func)}()")
    return found
