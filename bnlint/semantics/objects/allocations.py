"""The models that a file makes: by a call of a class, or of a function of another file."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.things import may_choose_norm
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.objects.factories import factory_of
from bnlint.semantics.objects.models import (
    Contents,
    contents,
    is_wrapper,
    model_framework,
    returns_itself,
)
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Evaluate,
    FunctionRef,
    Instance,
    Symbol,
    ValueSet,
)
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import NamedTuple


class Made(NamedTuple):
    """A model or layer that the file makes: where, what it is, and whose.

    Where ``call`` calls a function of another file, it may be one of several; of a tuple that is
    returned, it is the element at ``position``.
    """

    call: ast.Call
    candidates: ValueSet
    framework: Framework
    position: int = -1

    @property
    def candidate(self) -> Candidate:
        """What the object is, or the first of what it may be."""
        return self.candidates[0]

    def contents(self, ev: Evaluate, sites: Iterable[Site]) -> Contents:
        """Return what the object is made of: of what it may be, all together.

        Batch normalisation is known to be in it if it is in each.
        """
        found = [contents(ev, sites, candidate) for candidate in self.candidates]
        return Contents(
            all(one.normalises for one in found),
            tuple(node for one in found for node in one.nodes),
            tuple(base for one in found for base in one.outside),
        )


#: What a module makes, and whether what its classes make is among it.
_CONSTRUCTIONS: Memo[tuple[Module, bool], Sequence[Made]] = Memo()


def constructions(ev: Evaluate, module: Module) -> Sequence[Made]:
    """Return the models and layers that calls in ``module`` make, in source order.

    A wrapper makes none: it runs the model it is given.
    """
    known, key = _CONSTRUCTIONS.of(ev), (module, True)
    if key not in known:
        known[key] = tuple(_constructions(ev, module))
    return known[key]


def constructions_for(ev: Evaluate, module: Module, *, shows: bool) -> Sequence[Made]:
    """Return the models of ``module`` that a rule may have to do with.

    All, where the file itself ``shows`` something that the rule is about. Where only code of other
    files may, those that are made outside of classes, if any are handed to such code.
    """
    if shows:
        return constructions(ev, module)
    known, key = _CONSTRUCTIONS.of(ev), (module, False)
    if key not in known:
        deals = ev.project.hands_over_models(module)
        known[key] = tuple(_constructions(ev, module, in_classes=False)) if deals else ()
    return known[key]


def _constructions(ev: Evaluate, module: Module, *, in_classes: bool = True) -> Iterator[Made]:
    takers = {
        path.rpartition(".")[2]
        for word in ("wrappers", "exporters")
        for path in ev.frameworks.word(word)
    }
    bound = _imports_and_classes(module)
    for call in module.calls:
        if not _is_kept(module, call, takers):
            continue
        if not in_classes and module.enclosing_class(call) is not None:
            continue
        if not _may_make(ev, module, call, bound):
            continue
        callees = ev.evaluate(module, call.func)
        callee = callees[0].object
        if len(callees) != 1 or callees[0].presumed:
            continue
        if isinstance(callee, FunctionRef) and callee.module is not module:
            yield from _by_factory(ev, module, call)
        elif isinstance(callee, (ClassRef, Symbol)):
            made = Candidate(Instance(callee, module, call), module, call)
            framework = model_framework(ev, made)
            if framework is not None and not is_wrapper(ev, made):
                yield Made(call, (made,), framework)


def _by_factory(ev: Evaluate, module: Module, call: ast.Call) -> Iterator[Made]:
    """Yield the models that a call of a function of another file makes."""
    if any(k.arg is None or may_choose_norm(k.arg) for k in call.keywords):
        return  # it may choose what normalises
    factory = factory_of(ev, module, call)
    for position, _ in factory.made if factory is not None else ():
        assert factory is not None
        models = factory.models(position)
        framework = model_framework(ev, models[0])
        if framework is not None and all(
            model_framework(ev, model) is framework for model in models
        ):
            yield Made(call, models, framework, position)


def _is_kept(module: Module, call: ast.Call, takers: Collection[str]) -> bool:
    """Tell whether what a call gives is used by itself, and not put into something at once."""
    parent = module.parents[call]
    if isinstance(parent, ast.keyword):
        return False
    if isinstance(parent, ast.Call):
        return parent.func is call or last_name(parent.func) in takers
    if isinstance(parent, ast.Assign):  # what is put into an attribute cannot be followed
        return any(isinstance(target, (ast.Name, ast.Tuple, ast.List)) for target in parent.targets)
    return not isinstance(parent, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred))


def _imports_and_classes(module: Module) -> set[str] | None:
    """Return the names that imports and classes bind anywhere; ``None`` if that may be any."""
    names = {cls.name for cls in module.classes}
    for statement in module.imports:
        for alias in statement.names:
            if alias.name == "*":
                return None
            names.add(alias.asname or alias.name.partition(".")[0])
    return names


def _may_make(ev: Evaluate, module: Module, call: ast.Call, bound: set[str] | None) -> bool:
    """Tell at little cost whether a call may make a model: of a class, or of something imported.

    What a variable in small letters holds, say, would have to be worked out first. ``bound`` are
    the names for which the scopes are worth looking at, if they are known.
    """
    root = dotted(call.func).partition(".")[0]
    if not root or last_name(call.func)[:1].isupper():
        return bool(root)
    if bound is not None and root not in bound:
        return False
    scope: Scope | None = ev.scope(module, module.scope_node(call))
    while scope is not None:
        for binding in scope.bindings.get(root, ()):
            if binding.kind == "import" and isinstance(call.func, ast.Name):
                if ev.project.is_function(module, binding.symbol):
                    return _is_used_as_model(ev, module, call)
            return binding.kind in ("import", "class")
        scope = scope.parent
    return True  # a star import may give it


def _is_used_as_model(ev: Evaluate, module: Module, call: ast.Call) -> bool:
    """Tell at little cost whether what a function gives may be a model, by what is done with it.

    In a method, being handed on is not enough: that is what is done with tensors.
    """
    words = ("keeps", "load_methods", "weights_attributes", "forward", "walks", "driver_methods")
    known = {*returns_itself(ev), *(name for word in words for name in ev.frameworks.word(word))}
    parent = module.parents[call]
    if isinstance(parent, ast.Attribute):
        return parent.attr in known
    if isinstance(parent, ast.Call):
        return True
    targets = parent.targets if isinstance(parent, ast.Assign) else []
    names = {part.id for t in targets for part in ast.walk(t) if isinstance(part, ast.Name)}
    for use in (use for name in sorted(names) for use in module.uses.of(name)):
        holder = module.parents[use]
        if isinstance(holder, ast.Attribute) and holder.attr in known:
            return True
        if isinstance(holder, ast.keyword):
            holder = module.parents[holder]
        if isinstance(holder, ast.Call):
            if holder.func is use or module.enclosing_class(call) is None:
                return True
    return False


def variable_of(module: Module, made: ast.Call) -> str:
    """Return the name of the variable that an object is bound to where it is made, if any."""
    node: ast.AST = made
    parent = module.parents[node]
    while isinstance(parent, (ast.Attribute, ast.Call)):  # Net().to(device)
        node, parent = parent, module.parents[parent]
    targets = getattr(parent, "targets", None) or [getattr(parent, "target", None)]
    is_bound = isinstance(parent, (ast.Assign, ast.AnnAssign))
    return targets[0].id if is_bound and isinstance(targets[0], ast.Name) else ""
