"""Checkpoints of what is trained, in which running statistics are missing."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.frameworks.tables import Framework, catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.flow import assigned
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.project.marks import mentions_statistics
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Evaluate, Symbol
from bnlint.semantics.weights.loops import last_variable
from bnlint.startup.typed import NamedTuple

_MAX_DEPTH = 3

#: What makes a list or dictionary of what it is given, its elements as they are.
_COLLECTS = frozenset({"dict", "list", "tuple", "OrderedDict"})


class Saved(NamedTuple):
    """Weights that are saved by ``call``: ``given`` is what it takes, ``weights`` gives them.

    ``model`` is whose weights they are; ``None`` where they are those of a whole graph.
    ``whole`` is the method of the model that gives all it has, empty if none is known.
    """

    call: ast.Call
    given: ast.expr
    weights: ast.Call
    model: ast.expr | None
    whole: str = ""


def saved(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[Saved]:
    """Yield where a file saves the weights of models that normalise, and no statistics."""
    if not any(name in module.uses for name in catalogue().names("without_statistics")):
        return
    for name in catalogue().names("savers"):
        for call in module.calls_by_name.get(name, ()):
            framework = _means(ev, module, call, "savers")
            if framework is None or not call.args:
                continue
            weights = _weights(ev, module, call.args[0], 0)
            if not isinstance(weights, ast.Call) or not isinstance(weights.func, ast.Attribute):
                continue
            if not ev.frameworks.shares(weights.func.attr, "without_statistics", framework):
                continue
            model = weights.func.value
            if _is_handled(module, call) or not may_normalise(ev, sites, module, model, framework):
                continue
            whole = ev.frameworks.first("gives_states", framework)
            yield Saved(call, call.args[0], weights, model, whole)
    yield from _of_graphs(ev, module, sites)


def _means(ev: Evaluate, module: Module, call: ast.Call, word: str) -> Framework | None:
    """Return the framework in which what ``call`` calls means ``word``."""
    for value in ev.evaluate(module, call.func):
        if isinstance(value.object, Symbol):
            return ev.frameworks.means(value.object.path, word)
    return None


def _weights(ev: Evaluate, module: Module, node: ast.expr, depth: int) -> ast.expr | None:
    """Return the expression whose elements, unchanged and all of them, ``node`` holds."""
    if depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Name(name):
            value = assigned(ev.scope(module, module.scope_node(node)), name, node)
            if value is None or _is_changed(module, node):
                return None
            return _weights(ev, module, value, depth + 1)
        case ast.Call(args=[given]) if last_name(node.func) in _COLLECTS:
            return _weights(ev, module, given, depth + 1)
        case (
            ast.DictComp(value=held, generators=[ast.comprehension(target, given, ifs=[])])
            | ast.ListComp(elt=held, generators=[ast.comprehension(target, given, ifs=[])])
        ):
            return given if _weight_in(held) == last_variable(target) else None
        case ast.Call():
            return node
    return None


def _weight_in(node: ast.expr) -> str | None:
    """Return the variable whose values, and nothing else of it, ``node`` is: ``p.data.cpu()``."""
    same = catalogue().names("same_values")
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute) and node.attr in same:
            node = node.value
        else:
            return None
    return node.id


def _is_changed(module: Module, node: ast.Name) -> bool:
    """Tell whether a variable is changed after it was bound: something may be added."""
    for use in module.uses.of(node.id):
        parent = module.parents[use]
        if isinstance(parent, (ast.Attribute, ast.AugAssign)):
            return True
        if isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store):
            return True
    return False


def _is_handled(module: Module, call: ast.Call) -> bool:
    """Tell whether the code speaks of statistics around a call, or saves whole states anywhere."""
    around = module.enclosing_class(call) or module.enclosing_function(call)
    text = module.text if around is None else module.source(around)
    names = catalogue().names
    whole = [f"{name}(" for name in names("gives_states")]
    buffers = (f"{name}(" for name in names("gives_buffers"))
    if any(word in text for word in (*catalogue().state_words, *buffers, *whole)):
        return True
    return any(
        any(word in module.source(saving) for word in whole)
        for name in catalogue().names("savers")
        for saving in module.calls_by_name.get(name, ())
    )


def _of_graphs(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[Saved]:
    """Yield where a file saves the trained variables of a graph, and never all."""
    found: list[Saved] = []
    for name in catalogue().names("variable_savers"):
        for call in module.calls_by_name.get(name, ()):
            if _means(ev, module, call, "variable_savers") is None:
                continue
            given = call.args[0] if call.args else None
            names = catalogue().names("variable_arguments")
            given = given or next((k.value for k in call.keywords if k.arg in names), None)
            weights = _weights(ev, module, given, 0) if given is not None else None
            if given is None or not isinstance(weights, ast.Call):
                return  # there is one that has all, or what is not known
            if _means(ev, module, weights, "without_statistics") is None or weights.args:
                return
            if not _saves(module, call):
                continue
            found.append(Saved(call, given, weights, None))
    if not found or mentions_statistics(module.text):
        return
    if "global_variables" in module.text or not (sites or ev.project.may_make_models(module)):
        return
    yield from found


def _saves(module: Module, call: ast.Call) -> bool:
    """Tell whether the object that ``call`` makes is asked to save, and not to load alone."""
    parent = module.parents[call]
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], (ast.Name, ast.Attribute)):
        name = last_name(parent.targets[0])
        return any(
            isinstance(saving.func, ast.Attribute) and last_name(saving.func.value) == name
            for saving in module.calls_by_name.get("save", ())
        )
    return False
