"""The life of an object: everything that is done with it from where it is made.

A mode rule may speak only where the whole life is in view. A life is in view if every expression
that may be the object, or may hold it, stands where it is understood what becomes of it; one that
does not (given to code that is not of the project, returned to nobody) ends the view.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable

from bnlint.frameworks.tables import Framework
from bnlint.semantics.objects.aliases import aliases_in, key_of
from bnlint.semantics.objects.events import Life, in_order
from bnlint.semantics.objects.flows import Carrier, carrier_of
from bnlint.semantics.objects.follow import Follower
from bnlint.semantics.objects.view import MAX_WORK, Trace
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.project.users import users
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import (
    Argument,
    Candidate,
    ClassRef,
    Env,
    Evaluate,
    Instance,
    Symbol,
)
from bnlint.semantics.values.memo import Memo

_LIVES: Memo[tuple[Module, frozenset[ast.AST]], Life] = Memo()


def life_of(ev: Evaluate, module: Module, made: Iterable[ast.AST]) -> Life:
    """Return the life, as seen from ``module``, of the object that one of the calls ``made`` makes.

    Where these stand in another file, what happens there with the object comes first.
    """
    known, key = _LIVES.of(ev), (module, frozenset(made))
    if key not in known:
        trace = Trace(ev, module, key[1])
        Follower(trace, module).run()
        known[key] = _life(trace)
    return known[key]


def life_in_call(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef,
    call: ast.Call,
    given: ast.expr | None = None,
) -> Life:
    """Return what ``call``, which stands in ``function``, does with the object ``given``.

    Without, it is what it does with the object that it makes.
    """
    values = ev.evaluate(module, call if given is None else given)
    trace = Trace(ev, module, list(filter(None, map(key_of, values))))
    named = ast.walk(call if given is None else given)
    carriers = (carrier_of(ev, module, node, is_maker=given is None) for node in named)
    found = aliases_in(ev, module, function, None, filter(None, carriers), MAX_WORK)
    follower = Follower(trace, module, function, found=found)
    if found.left:
        follower.escape("there is too much to follow", call)
    if given is None:
        follower.made_by(call)
    else:
        follower.passed(given, call)
    return _life(trace)


def life_in_method(
    ev: Evaluate,
    cls: ClassRef,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    attribute: str,
    framework: Framework,
) -> Life:
    """Return what a method of ``cls`` does with the model that an attribute of the object holds.

    How that was made need not be in view: any model of ``framework`` may be there.
    """
    made = ast.copy_location(ast.Call(ast.Name(attribute, ast.Load()), [], []), cls.node)
    model = Instance(Symbol(ev.frameworks.first("modules", framework)), cls.module, made)
    held = Argument(None, cls.module, None, (Candidate(model, cls.module, made),))
    me = Instance(cls, cls.module, None, Env({(cls.node, attribute): held}))
    receiver = function.args.posonlyargs + function.args.args
    itself = Argument(None, cls.module, None, (Candidate(me, cls.module, function),))
    env = Env({(function, parameter.arg): itself for parameter in receiver[:1]})
    trace = Trace(ev, cls.module, [made])
    trace.holders[cls.node] = None
    trace.attributes.add(attribute)
    seeds = [Carrier(parameter.arg, function, is_maker=False) for parameter in receiver[:1]]
    seeds.append(Carrier(attribute, None, is_maker=False))
    with ev.keeping(env):
        found = aliases_in(ev, cls.module, function, env, seeds, MAX_WORK)
        follower = Follower(trace, cls.module, function, env, (), (function,), found)
        if found.left:
            follower.escape("there is too much to follow", found.left[0])
        follower.run()
    return _life(trace)


def _life(trace: Trace) -> Life:
    uses = sorted(dict.fromkeys(trace.uses), key=in_order)
    outside = () if trace.is_lost else tuple(trace.outside)
    return Life(tuple(uses), trace.escapes, tuple(trace.known_as.items()), outside)


def may_be_switched_elsewhere(
    ev: Evaluate, module: Module, life: Life, framework: Framework
) -> bool:
    """Tell whether a file that names what holds the object switches modes.

    Whoever imports a module can switch a model that is bound there, and whoever makes an object
    can switch a model that it keeps. To the latter no import leads: their text is asked.
    """
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None:
        return False
    switching = switching_files(resolver, module, framework)
    seen = {module.file, *(use.module.file for use in life.uses)}
    stem = module.name.rpartition(".")[2]
    for name, is_variable in life.known_as:
        found = set(switching)
        importers = None
        if is_variable:
            importers = users(resolver, module.file, name)
        if importers is not None:
            found &= {user.file for user in importers}
        else:
            for word in (name, stem) if is_variable else (name,):
                pattern = rf"\b{re.escape(word)}\b"
                found &= set(resolver.sources.search(module.file, pattern, (word,)))
        if found - seen:
            return True
    return False


def is_switched_anywhere(ev: Evaluate, module: Module, framework: Framework) -> bool:
    """Tell whether any file of the project may switch anything to inference, by the text."""
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None:
        return True  # there is no telling what is around a text
    return bool(switching_files(resolver, module, framework))


def switching_files(
    resolver: Resolver, module: Module, framework: Framework, *, to: str = "inference"
) -> Collection[str]:
    """Return the files around ``module`` that switch anything to mode ``to``, by the text."""
    return resolver.sources.search(module.file, _switches(framework, to))


def switched_by_users(
    resolver: Resolver, module: Module, framework: Framework, *, to: str
) -> tuple[str, int] | None:
    """Return where a file that imports ``module`` switches anything to mode ``to``: file and line.

    It is found by the text, in the first of these files.
    """
    pattern = _switches(framework, to, plain=r"\)")
    for file in sorted(resolver.sources.search(module.file, pattern)):
        text = resolver.sources.text(file) or ""  # nothing, of what is no text
        match = re.search(pattern, text)
        if match is not None and file != module.file and module.file in resolver.imported(file):
            return file, text.count("\n", 0, match.start()) + 1
    return None


def _switches(framework: Framework, to: str, *, plain: str = "") -> str:
    """Return what finds switches to mode ``to``; ``plain`` ends those without arguments."""
    modes = framework.modes
    methods = (
        rf"\.{re.escape(name)}\(" + (plain if argument is None else rf"[^)]*{argument}")
        for name, argument in (modes.to_inference if to == "inference" else modes.to_training)
    )
    return "|".join(methods)
