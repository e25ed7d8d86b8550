"""The calls that run a function, in its file and, where it is asked for, in files that import it.

A constructor is also run by those of derived classes (``super().__init__(...)``), and by calls of
derived classes that have none of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.semantics.hints.around import in_test
from bnlint.semantics.names.carriers import carriers
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of, has_decorator, is_method
from bnlint.semantics.values.classes import base_constructor, constructed, method
from bnlint.semantics.values.domain import (
    Arguments,
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Instance,
)
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import NamedTuple

#: What asks for a class, and does not call it.
_TESTS = frozenset({"isinstance", "issubclass", "type"})


class Caller(NamedTuple):
    """A call in ``module`` that runs a function; ``receiver`` is the object it is bound to.

    ``passes`` tells what the call does with the arguments: ``""`` gives them to the function,
    ``"base"`` is a base class's constructor, ``"partial"`` holds them for later calls.
    """

    module: Module
    call: ast.Call
    receiver: Candidate | None
    passes: str = ""

    def arguments(self, ev: Evaluate) -> Arguments:
        """Return what the function is given; of a partial, the rest is given later."""
        if self.passes == "base":
            return base_constructor(ev, self.module, self.call)[1]
        found = arguments_of(ev, self.module, self.call, None)
        if self.passes == "partial":
            found = found._replace(
                positional=found.positional[1:], open_keywords="what a partial is called with"
            )
        return found


class Callers:
    """The calls that run a function; ``complete`` tells that there are no others in the project."""

    def __init__(self, calls: list[Caller]) -> None:
        self.calls = calls
        self.complete = True

    def note_handed_on(self, module: Module, use: ast.expr) -> None:
        """Note a use that is no call: what it is handed to may call it with anything."""
        parent = module.parents[use]
        if isinstance(parent, ast.Call) and last_name(parent.func) in _TESTS:
            return
        if isinstance(parent, (ast.Attribute, ast.arg, ast.AnnAssign)):  # Block.expansion, a type
            return
        self.complete = False


def callers(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> list[tuple[ast.Call, Candidate | None]]:
    """Return the calls in ``module`` that run ``function``, with the object they are bound to."""
    if isinstance(function, ast.Lambda):
        return []
    if not is_method(module, function):
        return [
            (call, None)
            for call in module.calls_by_name.get(function.name, ())
            if _calls_function(ev, module, call, function)
        ]
    cls = module.parents[function]
    assert isinstance(cls, ast.ClassDef)
    me = receiver(module, function)
    if function.name == "__init__":
        # A class is called by its name, in its own class methods as cls(), and under the names of
        # variables and parameters that hold it: block(...).
        return [
            (call, me)
            for name in dict.fromkeys((cls.name, "cls", *_held_as(ev, module, cls)))
            for call in module.calls_by_name.get(name, ())
            if any(v.object == ClassRef(module, cls) for v in ev.evaluate(module, call.func))
        ]
    return [
        (call, me)
        for call in module.calls_by_name.get(function.name, ())
        if isinstance(call.func, ast.Attribute) and _is_own(ev, module, call.func.value, cls)
    ]


def callers_in_view(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> Callers:
    """Return the calls in view that run ``function``, those of its own file first.

    What tests call it with is left out where they stand in other files.
    """
    known = _IN_VIEW.of(ev)
    found = known.get(function)
    if found is None:
        found = _in_view(ev, module, function)
        if ev.is_whole():  # each parameter asks
            known[function] = found
    return found


_IN_VIEW: Memo[ast.AST, Callers] = Memo()


def _in_view(
    ev: Evaluate,
    module: Module,
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
) -> Callers:
    found = Callers([Caller(module, call, me) for call, me in callers(ev, module, function)])
    if isinstance(function, ast.Lambda):
        return found
    cls = module.parents[function] if is_method(module, function) else None
    if isinstance(cls, ast.ClassDef):
        if function.name == "__init__":
            _add_of_class(ev, module, cls, function, found)
    else:
        places = [(module, function.name), *_users(ev, module, function, found)]
        for there, name in places:
            for use in there.uses.of(name):
                call = there.parents[use]
                if isinstance(call, ast.Call) and _is_partial(call, use):
                    if _is_same(ev, there, use, function) and _counts(there, call, module):
                        found.calls.append(Caller(there, call, None, "partial"))
                elif there is module or not _is_same(ev, there, use, function):
                    continue
                elif not isinstance(call, ast.Call) or call.func is not use:
                    found.note_handed_on(there, use)
                elif _counts(there, call, module):
                    found.calls.append(Caller(there, call, None))
    return found


def _users(
    ev: Evaluate,
    module: Module,
    definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    found: Callers,
) -> Collection[tuple[Module, str]]:
    """Return the other modules that use a definition, if they are asked; ``found`` is told."""
    if not ev.asks_users or module.scope_node(definition) is not module.tree:
        return ()
    users = ev.project.users(module, definition.name)
    if users is None:
        found.complete = False
        return ()
    return users


def _add_of_class(
    ev: Evaluate,
    module: Module,
    cls: ast.ClassDef,
    init: ast.FunctionDef | ast.AsyncFunctionDef,
    found: Callers,
) -> None:
    """Add the calls that run the constructor ``init`` of a class by way of derived classes.

    Those of other files, too, that call the class itself.
    """
    known = {caller.call for caller in found.calls}
    me = receiver(module, init)
    queue: list[tuple[Module, ast.ClassDef]] = [(module, cls)]
    seen: set[ast.AST] = {cls}
    while queue and len(seen) <= _MAX_DERIVED:
        owner, current = queue.pop(0)
        places = [(owner, current.name), *_users(ev, owner, current, found)]
        for there, name in places:
            for use in there.uses.of(name):
                if not _is_same(ev, there, use, current):
                    continue
                parent = there.parents[use]
                if isinstance(parent, ast.ClassDef):
                    if parent not in seen:
                        seen.add(parent)
                        own = _own_constructor(parent)
                        if own is None:
                            queue.append((there, parent))
                        else:
                            target = ClassRef(module, cls)
                            found.calls += _by_super(ev, there, own, target, me)
                elif isinstance(parent, ast.Call) and parent.func is use:
                    if parent not in known and _counts(there, parent, module):
                        found.calls.append(Caller(there, parent, me))
                elif isinstance(parent, ast.Call) and _is_partial(parent, use):
                    if _counts(there, parent, module):
                        found.calls.append(Caller(there, parent, me, "partial"))
                elif there is not module:
                    found.note_handed_on(there, use)


def _counts(there: Module, call: ast.Call, module: Module) -> bool:
    """Tell whether what ``call`` gives counts in ``module``: it is no test of another file."""
    return there is module or not in_test(there, call)


def _is_partial(call: ast.Call, use: ast.expr) -> bool:
    return bool(call.args) and call.args[0] is use and last_name(call.func) == "partial"


#: Derived classes that are looked at before giving up on the rest.
_MAX_DERIVED = 40


def _by_super(
    ev: Evaluate,
    module: Module,
    init: ast.FunctionDef | ast.AsyncFunctionDef,
    target: ClassRef,
    me: Candidate,
) -> Iterator[Caller]:
    """Yield the calls in ``init`` that run the constructor of the base class ``target``."""
    for call in module.calls_by_name.get("__init__", ()):
        if module.enclosing_function(call) is not init:
            continue
        bases = [v.object for v in constructed(ev, module, call) if isinstance(v.object, ClassRef)]
        owners = [method(ev, base, "__init__") for base in bases]
        if any(owner is not None and owner[0] == target for owner in owners):
            yield Caller(module, call, me, "base")


def _is_same(ev: Evaluate, module: Module, use: ast.expr, definition: ast.AST) -> bool:
    """Tell whether ``use`` may stand for a function or class of the project."""
    return any(
        isinstance(v.object, (FunctionRef, ClassRef)) and v.object.node is definition
        for v in ev.evaluate(module, use)
    )


def _own_constructor(cls: ast.ClassDef) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for statement in cls.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if statement.name == "__init__":
                return statement
    return None


_HELD_AS: Memo[ast.ClassDef, list[str]] = Memo()


def _held_as(ev: Evaluate, module: Module, cls: ast.ClassDef) -> list[str]:
    """Return the identifiers that may hold a class, where it is named and not called."""
    known = _HELD_AS.of(ev)
    if cls not in known:
        named = any(
            isinstance(use, ast.Name)
            and not (isinstance(call := module.parents[use], ast.Call) and call.func is use)
            for use in module.uses.of(cls.name)
        )
        known[cls] = sorted(carriers(module, [cls.name])) if named else []
    return known[cls]


def _calls_function(ev: Evaluate, module: Module, call: ast.Call, function: ast.AST) -> bool:
    return any(
        isinstance(v.object, FunctionRef) and v.object.node is function
        for v in ev.evaluate(module, call.func)
    )


def _is_own(ev: Evaluate, module: Module, node: ast.expr, cls: ast.ClassDef) -> bool:
    return any(
        isinstance(v.object, Instance) and v.object.cls == ClassRef(module, cls)
        for v in ev.evaluate(module, node)
    )


def receiver(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
) -> Candidate:
    """Return what the first parameter of a method is: the object, or the class of a classmethod."""
    cls = module.parents[function]
    assert isinstance(cls, ast.ClassDef)
    ref = ClassRef(module, cls)
    if has_decorator(function, "classmethod"):
        return Candidate(ref, module, function)
    return Candidate(Instance(ref, module, None), module, function)
