"""Methods that do the same job with the same model, of which one switches it and one does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.purposes import runs_in_training_on_purpose, tells_of_mode
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.inference import infers_by_name
from bnlint.semantics.modes.switches import INFERENCE, TRAINING, may_switch, mode_after, runs
from bnlint.semantics.modes.switches import switches as switches_of
from bnlint.semantics.objects.decorators import sees_through
from bnlint.semantics.objects.events import METHOD, Life, Use
from bnlint.semantics.objects.history import life_in_method, switching_files
from bnlint.semantics.objects.holders import bound_to
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import method as method_of
from bnlint.semantics.values.classes import sets_up
from bnlint.semantics.values.domain import ClassRef, Evaluate
from bnlint.startup.typed import NamedTuple

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Sibling(NamedTuple):
    """A run of ``model`` (as written, ``self.model``) in ``function``, for inference.

    ``switching`` is the function beside it that switches the model, at ``switch``, and then runs it
    for inference too.
    """

    run: ast.expr
    model: str
    function: _Function
    switching: _Function
    switch: ast.Call
    framework: Framework


def siblings(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Sibling]:
    """Yield runs for inference in methods that do not switch a model as others of the class do.

    Whoever makes the object may have switched the model before. So nothing that sets the object up
    may switch it, nor what calls the method, in any file.
    """
    for framework in ev.frameworks.frameworks.values():
        modes = framework.modes
        if modes.initial != TRAINING:
            continue  # what infers until it is told to train need not be switched
        calls = [c for name, _ in modes.to_inference for c in module.calls_by_name.get(name, ())]
        held: dict[ast.ClassDef, dict[str, ast.expr]] = {}
        for call in calls:
            cls = module.enclosing_class(call)
            model: ast.AST | None = getattr(call.func, "value", None)
            if isinstance(model, ast.Name):
                model = bound_to(ev, module, model)
            if isinstance(model, ast.Attribute) and dotted(model.value) == "self" and cls:
                held.setdefault(cls, {}).setdefault(model.attr, model)
        for cls, attributes in held.items():
            for model in attributes.values():
                assert isinstance(model, ast.Attribute)
                for found in _of_class(ev, ClassRef(module, cls), model.attr, framework):
                    if may_normalise(ev, sites, module, model, framework):
                        yield found


def _of_class(
    ev: Evaluate, cls: ClassRef, attribute: str, framework: Framework
) -> Iterator[Sibling]:
    """Yield the runs of what one attribute of the objects of a class holds."""
    methods = [part for part in cls.node.body if isinstance(part, _Function)]
    inferring = [method for method in methods if infers_by_name(method.name)]
    if len(inferring) < 2 or _is_set_up_switched(methods, framework):
        return
    lives = [(m, life_in_method(ev, cls, m, attribute, framework)) for m in inferring]
    switching = [
        (method, switch)
        for method, life in lives
        if (switch := _switched_before_it_runs(ev, life, framework)) is not None
    ]
    for method, life in lives if switching else ():
        run = next((use for use in life.uses if runs(ev, use)), None)
        if run is None or not _is_left_alone(ev, cls, method, life, framework):
            continue
        if _stands_alone(ev, cls, method, attribute, framework):
            yield Sibling(run.here, f"self.{attribute}", method, *switching[0], framework)


def _switched_before_it_runs(ev: Evaluate, life: Life, framework: Framework) -> ast.Call | None:
    """Return the call that switches a model to inference, if a run follows."""
    switch: Use | None = None
    for use in life.uses:
        if use.kind == METHOD and mode_after(use, framework) == INFERENCE:
            switch = switch or use
        elif runs(ev, use):
            node = switch.node if switch is not None else None
            return node if isinstance(node, ast.Call) else None
    return None


def _is_left_alone(
    ev: Evaluate, cls: ClassRef, method: _Function, life: Life, framework: Framework
) -> bool:
    """Tell whether a method switches the model to no mode, and nothing that it calls may."""
    if (life.escapes and not life.outside) or not sees_through(ev, cls.module, method):
        return False
    others = life._replace(uses=tuple(use for use in life.uses if not runs(ev, use)))
    if any(may_switch(ev, others, framework, mode) for mode in (INFERENCE, TRAINING)):
        return False
    return not any(  # of the object itself, by a base class that is not in view
        isinstance(part, ast.Call)
        and tells_of_mode(name := last_name(part.func))
        and dotted(part.func) == f"self.{name}"
        and method_of(ev, cls, name) is None
        for part in ast.walk(method)
    )


def _is_set_up_switched(methods: Sequence[_Function], framework: Framework) -> bool:
    """Tell whether a method that sets the object up may switch a model."""
    return any(
        isinstance(part, ast.Call)
        and (last_name(part.func) in switches_of(framework) or tells_of_mode(last_name(part.func)))
        for method in methods
        if sets_up(method)
        for part in ast.walk(method)
    )


def _stands_alone(
    ev: Evaluate, cls: ClassRef, method: _Function, attribute: str, framework: Framework
) -> bool:
    """Tell whether no caller of ``method`` may switch the model for it.

    Another file can that names the class, or the attribute in which the model is kept.
    """
    module = cls.module
    if runs_in_training_on_purpose(method.name):
        return False
    own = (f"self.{method.name}", f"super().{method.name}")
    if any(ast.unparse(call.func) in own for call in module.calls_by_name.get(method.name, ())):
        return False  # part of what another method does
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None:
        return True
    found = set(switching_files(resolver, module, framework))
    for pattern in (rf"\.{method.name}\(", rf"\b{cls.node.name}\b|\.{attribute}\b"):
        found &= set(resolver.sources.search(module.file, pattern))
    return not found - {module.file}
