"""How code keeps layers as they are: weights without gradients, layers put into inference mode."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from bnlint.frameworks.tables import Api, Framework, Frameworks, catalogue
from bnlint.semantics.hints import things
from bnlint.semantics.hints.purposes import freezes
from bnlint.semantics.layers.class_tests import guards, layer_classes
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.frozen_weights import Freeze
from bnlint.semantics.objects.aliases import aliases_at, key_of
from bnlint.semantics.objects.models import normalises
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.arguments import bind
from bnlint.semantics.values.callers import callers_in_view
from bnlint.semantics.values.classes import lineage, sets_up
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    ClassRef,
    Env,
    Evaluate,
    Instance,
    Symbol,
    Unknown,
)
from bnlint.semantics.values.modules import class_framework, model_framework
from bnlint.semantics.values.predicates import is_dead

#: Kinds of neighbouring layers that have weights.
_WEIGHTED = ("convolution", "dense")


def is_said_to_freeze(module: Module, node: ast.stmt) -> bool:
    """Tell whether a comment beside ``node``, or the function around it, speaks of freezing."""
    rows = [module.lines.line(row) for row in range(max(node.lineno - 2, 0), node.lineno + 1)]
    if any(freezes(row.partition("#")[2]) for row in rows):
        return True
    function = module.enclosing_function(node)
    return freezes(getattr(function, "name", ""))


def drift(framework: Framework, frameworks: Frameworks) -> str:
    """Return in words what ten steps do to running statistics at the default momentum."""
    api = frameworks.reference(framework.name)
    momentum = api.default("momentum")
    kept = api.decay(momentum) if isinstance(momentum, float) else None
    if kept is None:
        return "its statistics drift"
    return f"10 steps take its statistics {1 - kept**10:.0%} of the way to those of the new data"


def asks_for_norm(node: ast.AST) -> bool:
    """Tell whether a test names batch normalisation: a class, or a text with its name."""
    for part in ast.walk(node):
        match part:
            case ast.Name(name) | ast.Attribute(attr=name) | ast.Constant(str(name)):
                if things.is_norm(name):
                    return True
    return False


def is_for_norm_layers(module: Module, call: ast.Call) -> bool:
    """Tell whether ``call``, of a method of a layer, runs for batch normalisation layers only."""
    return any(
        guard.holds and asks_for_norm(guard.test)
        for guard in guards(module, module.statement(call), running_in(module, call))
    )


def tested_for(ev: Evaluate, module: Module, statement: ast.stmt) -> Api | None:
    """Return the batch normalisation layer that a test on the way to ``statement`` asks for."""
    for guard in guards(module, statement, running_in(module, statement)):
        if guard.holds and (found := next(layer_classes(ev, module, guard.test), None)) is not None:
            return found
    return None


def normalising_framework(
    ev: Evaluate, sites: Iterable[Site], module: Module, node: ast.expr
) -> Framework | None:
    """Return the framework of what ``node`` is, if batch normalisation is known to be in it.

    ``None`` where it may be several things, one of which has none, or where the layer that
    normalises is chosen by an argument.
    """
    found = normalising(ev, sites, module, node)
    if len(found) < len(ev.evaluate(module, node)):
        return None
    return model_framework(ev, found[0])


def normalising(
    ev: Evaluate, sites: Iterable[Site], module: Module, node: ast.expr
) -> list[Candidate]:
    """Return what ``node`` may be that is known to normalise, if it is a model whatever it is."""
    values = ev.evaluate(module, node)
    framework = model_framework(ev, values[0])
    if any(model_framework(ev, value) is not framework for value in values):
        return []
    return [v for v in values if not chooses_norm(v) and normalises(ev, sites, v)]


def chooses_norm(made: Candidate) -> bool:
    """Tell whether the call that makes a ready-made model chooses what normalises in it."""
    match made.object:
        case Instance(cls=Symbol(), call=ast.Call(keywords=given)):
            return any(one.arg is None or things.chooses_norm(one.arg) for one in given)
    return False


def is_of_norm(ev: Evaluate, sites: Iterable[Site], module: Module, call: ast.Call) -> bool:
    """Tell whether what ``call`` in ``module`` switches has batch normalisation in it."""
    if is_for_norm_layers(module, call):
        return True
    assert isinstance(call.func, ast.Attribute)
    part = call.func.value
    if not isinstance(part, ast.Attribute) or _plain_parts().search(part.attr):
        return False
    # Of a part that is not in view, as those of a ready-made model, the whole decides.
    known = part if _is_known(ev, module, part) else part.value
    return normalising_framework(ev, sites, module, known) is not None


def ready_made(ev: Evaluate, module: Module, node: ast.expr) -> bool:
    """Tell whether ``node`` is a ready-made model, whose parts are not in view."""
    values = ev.evaluate(module, node)
    return all(
        isinstance(value.object, Instance)
        and isinstance(value.object.cls, Symbol)
        and ev.frameworks.means(value.object.cls.path, "builders")
        for value in values
    )


def model_of_part(ev: Evaluate, module: Module, part: ast.expr) -> ast.expr:
    """Return the ready-made model that ``part`` is a part of, with normalisation, else ``part``."""
    if not isinstance(part, ast.Attribute) or _plain_parts().search(part.attr):
        return part
    if _is_known(ev, module, part) or not ready_made(ev, module, part.value):
        return part
    return part.value


def _is_known(ev: Evaluate, module: Module, part: ast.expr) -> bool:
    """Tell whether anything is known of what a part may be."""
    return not all(isinstance(value.object, Unknown) for value in ev.evaluate(module, part))


@lru_cache(maxsize=1)
def _plain_parts() -> re.Pattern[str]:
    """Return what the names of parts of ready-made models match that hold no normalisation."""
    names = (name.replace("*", r"\w*") for name in sorted(catalogue().names("plain_parts")))
    return re.compile(rf"^({'|'.join(names)})\d*$", re.IGNORECASE)


def holds_freeze(module: Module, function: ast.AST, framework: Framework) -> bool:
    """Tell whether a function puts batch normalisation layers into inference mode."""
    methods = {name for name, argument in framework.modes.to_inference if argument is None}
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in methods
        and is_for_norm_layers(module, part)
        for part in ast.walk(function)
    )


# ---------------------------------------------------------------------------------- classes


def class_of_part(
    ev: Evaluate, module: Module, freeze: Freeze
) -> tuple[ClassRef, ast.Attribute] | None:
    """Return the class that freezes a part of itself, and the part.

    The owner is ``self.name``, or a variable of the constructor that ``self.name`` is given, with
    its head or without: ``self.name = Sequential(*list(net.children())[:-1])``.
    """
    owner, node = freeze.owner, module.enclosing_class(freeze.statement)
    if node is None:
        return None
    cls = ClassRef(module, node)
    if isinstance(owner, ast.Attribute):
        return (cls, owner) if isinstance(owner.value, ast.Name) else None
    function = module.enclosing_function(freeze.statement)
    if not isinstance(owner, ast.Name) or not sets_up(function):
        return None
    for store in module.stores:
        statement = module.statement(store)
        if module.enclosing_function(store) is not function or not isinstance(
            store.value, ast.Name
        ):
            continue
        if isinstance(statement, ast.Assign) and _is_same(ev, module, statement.value, owner):
            return cls, store
    return None


def _is_same(ev: Evaluate, module: Module, value: ast.expr, owner: ast.Name) -> bool:
    """Tell whether ``value`` is whatever the variable ``owner`` may be, or made of its parts."""
    wanted = {key_of(candidate) for candidate in ev.evaluate(module, owner)}
    return wanted <= {key for key, _ in aliases_at(ev, module, value, None)}


def runs_at_setup(ev: Evaluate, module: Module, node: ast.AST, cls: ClassRef) -> bool:
    """Tell whether ``node``, in a method of ``cls``, runs when an object is made."""
    function = module.enclosing_function(node)
    if sets_up(function):
        return True
    return any(
        sets_up(module.enclosing_function(call)) and module.enclosing_class(call) is cls.node
        for call in _calls_of(ev, module, getattr(function, "name", ""), cls)
    )


def runs_only_at_setup(ev: Evaluate, module: Module, node: ast.AST, cls: ClassRef) -> bool:
    """Tell whether ``node`` runs when an object is made, and its method is called by no other."""
    if not runs_at_setup(ev, module, node, cls):
        return False
    name = getattr(module.enclosing_function(node), "name", "")
    others = _calls_of(ev, module, name, cls) if name != "__init__" else ()
    return all(
        module.enclosing_class(other) is cls.node and runs_at_setup(ev, module, other, cls)
        for other in others
    )


def is_kept_out(ev: Evaluate, module: Module, node: ast.AST, cls: ClassRef) -> bool:
    """Tell whether every object in view is made so that its constructor does not come to ``node``.

    A flag then says so, which some caller may give otherwise: that no object is made in this
    project, or that something unknown is given, leaves it open.
    """
    inner = module.enclosing_function(node)
    places: list[ast.AST] = [node]
    if not sets_up(inner):
        calls = _calls_of(ev, module, getattr(inner, "name", ""), cls)
        places = [call for call in calls if module.enclosing_class(call) is cls.node]
    return all(_is_never_reached(ev.wide, module, at) for at in places)


def _is_never_reached(ev: Evaluate, module: Module, node: ast.AST) -> bool:
    """Tell whether no call in view of the function around ``node`` lets it come there."""
    function = module.enclosing_function(node)
    if function is None:
        return True  # the class itself is made: there is no object yet
    view = callers_in_view(ev, module, function)
    return (
        bool(view.calls)
        and view.complete
        and all(
            is_dead(
                ev,
                module,
                node,
                Env(bind(module, function, _by_default(caller.arguments(ev)), caller.receiver)),
            )
            for caller in view.calls
        )
    )


def _by_default(given: Arguments) -> Arguments:
    """Return arguments with what settings are where none is set: ``settings.get(name, False)``.

    What is frozen only where one is set is not frozen, as far as the project shows.
    """
    keywords = {name: _default_of(argument) for name, argument in given.keywords.items()}
    return given._replace(positional=tuple(map(_default_of, given.positional)), keywords=keywords)


def _default_of(argument: Argument) -> Argument:
    match argument.node:
        case ast.Call(ast.Attribute(attr="get"), [_, default]):
            return argument._replace(node=default)
    return argument


def _calls_of(ev: Evaluate, module: Module, name: str, cls: ClassRef) -> Iterator[ast.Call]:
    """Yield the calls in ``module`` that may be of the method ``name`` of ``cls``.

    What another class calls of itself is none, if neither is derived from the other.
    """
    for call in module.calls_by_name.get(name, ()):
        around = module.enclosing_class(call)
        if around is not None and dotted(call.func) == f"self.{name}":
            other = ClassRef(module, around)
            if other not in lineage(ev, cls) and cls not in lineage(ev, other):
                continue
        yield call


def is_part_switched(
    module: Module, part: str, methods: Collection[str], but: Collection[ast.Call] = ()
) -> bool:
    """Tell whether the file calls a method of a part of that name: ``net.backbone.eval()``."""
    return any(
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Attribute)
        and call.func.value.attr == part
        for name in methods
        for call in module.calls_by_name.get(name, ())
        if call not in but
    )


def has_other_weights(ev: Evaluate, part: str, cls: ClassRef) -> bool:
    """Tell whether ``cls`` has layers of its own with weights, beside those under ``self.part``.

    A layer that is put into the part (``self.part.fc = ...``) counts.
    """
    for ancestor in lineage(ev, cls):
        module = ancestor.module
        for store in module.stores:
            if module.enclosing_class(store) is not ancestor.node:
                continue
            if isinstance(store.value, ast.Name) and store.attr == part:
                continue
            statement = module.statement(store)
            value = getattr(statement, "value", None)
            if value is not None and _holds_weights(ev, module, value):
                return True
    return False


def _holds_weights(ev: Evaluate, module: Module, value: ast.expr) -> bool:
    for call in ast.walk(value):
        if not isinstance(call, ast.Call):
            continue
        for callee in ev.evaluate(module, call.func):
            found = callee.object
            if isinstance(found, Symbol):
                neighbour = ev.frameworks.neighbours.get(found.path)
                if neighbour is not None and neighbour.kind in _WEIGHTED:
                    return True
            elif isinstance(found, ClassRef) and class_framework(ev, found) is not None:
                return True
    return False
