"""Whether a model that follows another is used for inference, with statistics that nobody moves.

It is looked for by what the code calls the model: in its class, in its file, and in the functions
of the project that it is given to.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of, bind
from bnlint.semantics.values.domain import Evaluate, FunctionRef
from bnlint.startup.typed import NamedTuple

#: Through so many calls a model is followed that is given to a function.
_MAX_DEPTH = 2

#: What stands between a model and the call of its method, or of what it is given to by name.
_WITHIN_CALL = (ast.Attribute, ast.keyword)


class Fate(NamedTuple):
    """What is done with a model: where it is switched to ``inference``, the first place.

    ``born`` tells that this is where it is made. ``trained`` tells that it is switched to training
    anywhere, ``applied`` that it is run where no mode is set beside, ``loaded`` that its whole
    state is replaced again and again.
    """

    module: Module
    inference: ast.expr
    born: bool
    trained: bool
    applied: bool
    loaded: bool

    @property
    def goes_stale(self) -> bool:
        """Whether the model infers with statistics that its own runs never move."""
        return not self.trained and not self.loaded and (self.born or not self.applied)


def fate_of(ev: Evaluate, module: Module, model: ast.expr, moving: ast.stmt) -> Fate | None:
    """Return what is done with ``model``, into which the statement ``moving`` puts weights.

    It is ``None`` where the model is never switched to inference.
    """
    if not isinstance(model, (ast.Name, ast.Attribute)):
        return None
    text = module.source(model)
    if not _is_own(module, model, text):
        return None
    to_inference: list[tuple[Module, ast.Call]] = []
    trained = loaded = born = False
    made = {
        module.enclosing_function(use)
        for use in _uses(module, model, text)
        if isinstance(use.ctx, ast.Store)  # type: ignore[attr-defined]
    }
    here = module.enclosing_function(moving) if moving in module.parents else None
    if here in made and _is_remade(model, here):
        return None  # a new model each time, with the statistics of what it is made of
    settings: set[ast.AST | None] = set()
    runs: list[ast.AST | None] = []
    for use in _uses(module, model, text):
        parent = module.parents[use]
        function = module.enclosing_function(use)
        call = module.parents[parent] if isinstance(parent, _WITHIN_CALL) else parent
        if not isinstance(call, ast.Call):
            continue
        if isinstance(parent, ast.Attribute):
            mode = _mode(parent.attr, call)
            if mode == "inference":
                to_inference.append((module, call))
                settings.add(function)
                born |= function in made
            elif mode:
                trained |= function not in settings
            elif parent.attr in catalogue().names("load_methods"):
                loaded |= function not in made
        elif call.func is use:
            runs.append(function)
        else:
            inside = _inside(ev, module, call, use, 0)
            to_inference += [(there, c) for there, c, _ in inside]  # or it trains at first
            trained |= [mode for _, _, mode in inside][:1] == ["training"]
    applied = any(function not in settings for function in runs)
    if not to_inference:
        return None
    trained = trained or _is_trained_elsewhere(ev, module, model)
    where, call = to_inference[0]
    return Fate(where, call, born, trained, applied, loaded)


def _is_trained_elsewhere(ev: Evaluate, module: Module, model: ast.expr) -> bool:
    """Tell whether another file switches an attribute of the model's name, by the text.

    A derived class does, and who has the object that keeps the model.
    """
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None or not isinstance(model, ast.Attribute):
        return False
    methods = "|".join(sorted(_to_training()))
    found = resolver.sources.search(module.file, rf"\.{re.escape(model.attr)}\.(?:{methods})\(")
    return bool(set(found) - {module.file})


def _to_training() -> frozenset[str]:
    return frozenset(
        row["method"]
        for table in catalogue().tables.values()
        for row in table["modes"].get("to_training", ())
    )


def _is_remade(model: ast.expr, function: ast.AST | None) -> bool:
    """Tell whether ``function`` makes the model anew, though other code has made it before."""
    return isinstance(model, ast.Attribute) and getattr(function, "name", "") != "__init__"


def _is_own(module: Module, model: ast.expr, text: str) -> bool:
    """Tell whether the code makes the model where it names it, and is not handed one."""
    stores = [u for u in _uses(module, model, text) if isinstance(u.ctx, ast.Store)]  # type: ignore[attr-defined]
    values = [
        statement.value
        for statement in map(module.statement, stores)
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
    ]
    return len(values) == len(stores) > 0 and not any(
        isinstance(value, (ast.Name, ast.Attribute)) for value in values
    )


def _uses(module: Module, model: ast.expr, text: str) -> Iterator[ast.expr]:
    """Yield the places where the code writes the model: of ``self.net``, those of its class."""
    cls = module.enclosing_class(model)
    local = None
    if isinstance(model, ast.Name):
        function = module.enclosing_function(model)
        if function is not None and _binds(module, function, model.id):
            local = function
    for use in module.uses.of(last_name(model)):
        if type(use) is not type(model) or module.source(use) != text:
            continue
        if isinstance(model, ast.Attribute) and module.enclosing_class(use) is not cls:
            continue
        if local is not None and module.enclosing_function(use) is not local:
            continue
        yield use


def _binds(module: Module, function: ast.AST, name: str) -> bool:
    return any(
        isinstance(use, ast.Name)
        and isinstance(use.ctx, ast.Store)
        and module.enclosing_function(use) is function
        for use in module.uses.of(name)
    )


def _mode(method: str, call: ast.Call) -> str:
    """Return the mode to which a method switches, empty if it is none that switches."""
    for table in catalogue().tables.values():
        for key, mode in (("to_inference", "inference"), ("to_training", "training")):
            for row in table["modes"].get(key, ()):
                if row["method"] != method:
                    continue
                wanted = row.get("argument")
                given = call.args[0] if call.args else None
                if wanted is None and given is None:
                    return mode
                if isinstance(given, ast.Constant) and given.value is wanted:
                    return mode
    return "training" if method in catalogue().switches() else ""


def _inside(
    ev: Evaluate, module: Module, call: ast.Call, given: ast.expr, depth: int
) -> list[tuple[Module, ast.Call, str]]:
    """Return the switches that a function of the project makes of what it is given."""
    if depth > _MAX_DEPTH:
        return []
    found: list[tuple[Module, ast.Call, str]] = []
    for value in ev.evaluate(module, call.func):
        if not isinstance(value.object, FunctionRef):
            continue
        there, function = value.object.module, value.object.node
        arguments = arguments_of(ev, module, call, None)
        bound = bind(there, function, arguments, value if value.object.receiver else None)
        names = {name for (_, name), argument in bound.items() if argument.node is given}
        for name in names:
            found += _switches(ev, there, function, name, depth)
    return found


def _switches(
    ev: Evaluate, module: Module, function: ast.AST, name: str, depth: int
) -> Iterator[tuple[Module, ast.Call, str]]:
    for use in module.uses.of(name):
        if not isinstance(use, ast.Name) or module.enclosing_function(use) is not function:
            continue
        parent = module.parents[use]
        call = module.parents[parent]
        if isinstance(parent, ast.Attribute) and isinstance(call, ast.Call):
            mode = _mode(parent.attr, call)
            if mode:
                yield module, call, mode
        elif isinstance(parent, ast.Call):
            yield from _inside(ev, module, parent, use, depth + 1)
