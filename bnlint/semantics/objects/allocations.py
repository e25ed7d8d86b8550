"""The models that a file makes: by a call of a class, or of a function of another file."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.things import may_choose_norm
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.objects.aliases import (
    Aliases,
    aliases,
    is_loaded,
    is_model,
    key_of,
    objects_at,
)
from bnlint.semantics.objects.flows import is_getattr, scope_of
from bnlint.semantics.objects.models import Contents, class_name, contents, normalises
from bnlint.semantics.objects.order import is_left_out
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import (
    Candidate,
    Evaluate,
    FunctionRef,
    Instance,
    ValueSet,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import model_framework, returns_itself
from bnlint.startup.typed import NamedTuple


class Made(NamedTuple):
    """A model or layer that the file makes: where, what it is, and whose.

    It may be one of several, where a function of another file gives it, or where others take its
    place on other ways through the code. ``may_be_other`` tells that nothing is known of some of
    these: a loader gives them, or a name that a caller chooses. ``origins`` are the calls that make
    it.
    """

    call: ast.Call
    candidates: ValueSet
    framework: Framework
    origins: frozenset[ast.AST]
    may_be_other: bool = False

    @property
    def candidate(self) -> Candidate:
        """What the object is, or the first of what it may be."""
        return self.candidates[0]

    def contents(self, ev: Evaluate, sites: Iterable[Site]) -> Contents:
        """Return what the object is made of: where it may be several, of those that normalise.

        Whoever chooses one of them has what that one is made of, whatever the others are.
        """
        found = [contents(ev, sites, candidate) for candidate in self._own()]
        found = [one for one in found if one.normalises] or found
        return Contents(
            any(one.normalises for one in found),
            tuple(node for one in found for node in one.nodes),
            tuple(base for one in found for base in one.outside),
            tuple(site for one in found for site in one.sites),
        )

    def only_if(self, ev: Evaluate, sites: Sequence[Site]) -> str:
        """Return which classes normalise of those that the object may be of, if not all of them."""
        found = [normalises(ev, sites, candidate) for candidate in self.candidates]
        if all(found) and not self.may_be_other:
            return ""
        pairs = zip(self.candidates, found, strict=True)
        return " or ".join(dict.fromkeys(class_name(value.object) for value, does in pairs if does))

    def _own(self) -> Iterator[Candidate]:
        """Yield what the calls in ``origins`` make: not what may stand in its place."""
        return (value for value in self.candidates if key_of(value) in self.origins)


_CONSTRUCTIONS: Memo[Module, Sequence[Made]] = Memo()


def constructions(ev: Evaluate, module: Module) -> Sequence[Made]:
    """Return the models and layers that calls in ``module`` make, in source order.

    A wrapper makes none: it runs the model it is given. Nor does a model make its layers: they are
    part of it.
    """
    known = _CONSTRUCTIONS.of(ev)
    if module not in known and not ev.project.may_make_models(module):
        known[module] = ()
    if module not in known:
        found = aliases(ev, module)
        made = (*_own(ev, module, found), *_by_factories(ev, module, found))
        known[module] = sorted(made, key=lambda m: (m.call.lineno, m.call.col_offset))
    return known[module]


def constructions_for(ev: Evaluate, module: Module, *, shows: bool) -> Sequence[Made]:
    """Return the models of ``module`` that a rule may have to do with.

    All, where the file itself ``shows`` something that the rule is about, or hands models to code
    of other files, which may.
    """
    if shows or ev.project.hands_over_models(module):
        return constructions(ev, module)
    return ()


def _own(ev: Evaluate, module: Module, found: Aliases) -> Iterator[Made]:
    """Yield the models that calls of classes in the file make."""
    for call, held in found.of.items():
        if not isinstance(call, ast.Call) or call not in module.parents or call not in held:
            continue
        if is_left_out(ev, module, call):
            continue
        values = ev.evaluate(module, call)
        if not all(is_model(ev, value) and key_of(value) is call for value in values):
            continue
        by_name = isinstance(call.func, ast.Subscript) or is_getattr(call.func)
        if any(value.presumed for value in values) and not by_name:
            continue
        whole = [node for node, alias in held.items() if not alias.within]
        candidates = values + _others(ev, module, call, whole)
        framework = _framework_of(ev, candidates)
        if framework is not None:
            other = any(is_loaded(ev, v) for n in whole for v in objects_at(ev, module, n, None))
            other = other or (is_getattr(call.func) and any(value.presumed for value in values))
            yield Made(call, candidates, framework, frozenset({call}), other)


def _framework_of(ev: Evaluate, models: ValueSet) -> Framework | None:
    """Return the framework that all of some models are of."""
    first, *others = (model_framework(ev, model) for model in models)
    return first if all(other is first for other in others) else None


def _others(ev: Evaluate, module: Module, made: ast.Call, held: Sequence[ast.expr]) -> ValueSet:
    """Return the models that may stand where the object does, whichever way the code went."""
    found: dict[ast.AST | None, Candidate] = {}
    for node in held:
        for value in objects_at(ev, module, node, None):
            key = key_of(value)
            if key is made or value.presumed or is_left_out(ev, module, key):
                continue
            if is_model(ev, value):
                found.setdefault(key, value)
    return tuple(found.values())


def _by_factories(ev: Evaluate, module: Module, found: Aliases) -> Iterator[Made]:
    """Yield the models that functions of other files make and give to this one."""
    seen: dict[tuple[ast.Call, frozenset[ast.AST]], tuple[ValueSet, bool]] = {}
    for key, aliases_of in found.of.items():
        held = {node: alias for node, alias in aliases_of.items() if not alias.within}
        if not held:
            continue
        alias = next(iter(held.values()))
        made = alias.value.object
        if not isinstance(key, ast.Call) or key in module.parents or not is_model(ev, alias.value):
            continue
        assert isinstance(made, Instance)
        owner, function = made.module.enclosing_class(key), made.module.enclosing_function(key)
        if owner is not None or function is None:
            continue  # an object of that file has it, or all of that file
        # A function that stands above may be given the object that is made below.
        places = sorted(
            held, key=lambda n: (n.lineno, n.col_offset, n.end_lineno, n.end_col_offset)
        )
        first, call = next(
            ((node, maker) for node in places if (maker := _maker(ev, module, node)) is not None),
            (places[0], None),
        )
        if call is None or any(k.arg is None or may_choose_norm(k.arg) for k in call.keywords):
            continue  # it may choose what normalises
        given = objects_at(ev, module, first, None)
        values = tuple(value for value in given if not is_loaded(ev, value))
        if all(is_model(ev, value) for value in values):
            origins = frozenset(filter(None, map(key_of, values)))
            seen[call, origins] = values, len(values) < len(given)
    for (call, origins), (values, loaded) in seen.items():
        framework = _framework_of(ev, values)
        if framework is not None:
            yield Made(call, values, framework, origins, loaded)


def _maker(ev: Evaluate, module: Module, first: ast.expr) -> ast.Call | None:
    """Return the call of a function of another file that gives the object ``first`` may be."""
    call: ast.expr | None = first
    if isinstance(first, ast.Name):
        bindings = scope_of(ev, module, first).bindings.get(first.id, ())
        call = next((b.value for b in bindings if isinstance(b.value, ast.Call)), None)
    while (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in returns_itself(ev)
    ):
        call = call.func.value
    if not isinstance(call, ast.Call):
        return None
    callees = ev.evaluate(module, call.func)
    function = callees[0].object
    is_factory = (
        len(callees) == 1
        and not callees[0].presumed
        and isinstance(function, FunctionRef)
        and function.receiver is None
        and function.module is not module
    )
    return call if is_factory else None


def variable_of(module: Module, made: ast.Call) -> str:
    """Return the name of the variable that an object is bound to where it is made, if any."""
    node: ast.AST = made
    parent = module.parents[node]
    while isinstance(parent, (ast.Attribute, ast.Call)):  # Net().to(device)
        node, parent = parent, module.parents[parent]
    targets = getattr(parent, "targets", None) or [getattr(parent, "target", None)]
    is_bound = isinstance(parent, (ast.Assign, ast.AnnAssign))
    return targets[0].id if is_bound and isinstance(targets[0], ast.Name) else ""
