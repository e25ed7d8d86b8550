"""Whether the statistics of what is frozen by its gradients go on moving, and what stops them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from bnlint.finding import InsertStatement
from bnlint.frameworks.tables import Framework
from bnlint.patterns import lazy
from bnlint.semantics.freezing import (
    Freeze,
    class_of_part,
    has_other_weights,
    is_switched_elsewhere,
    normalising_framework,
    runs_at_setup,
    unfreezes,
    weight_freezes,
)
from bnlint.semantics.life import METHOD, Life, Use, life_of
from bnlint.semantics.models import class_framework, contents, models_at
from bnlint.semantics.modes import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    manages_itself,
    mode_after,
    runs,
    switches,
    tells_of_mode,
)
from bnlint.semantics.module import Module, dotted
from bnlint.semantics.objects import Candidate, ClassRef, Evaluate, FunctionRef, Instance
from bnlint.semantics.sites import Site
from bnlint.semantics.surroundings import in_test
from bnlint.typed import NamedTuple

#: Names of copies that follow another model, and normalise with batches as that one does.
_FOLLOWS = lazy(r"momentum|(^|_)(ema|key|k|target|shadow|avg|average|slow|mean)($|_)", re.I)


class Drift(NamedTuple):
    """Weights that are frozen beside statistics that go on moving.

    ``life`` is that of the model; of a part of a class, which has none of its own, it is ``None``.
    """

    freeze: Freeze
    framework: Framework
    life: Life | None


def drifts(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Drift]:
    """Yield what is frozen by its gradients, has batch normalisation, and is trained on.

    A model of a script must be in view from where it is built to where its output is
    differentiated. A part of a class counts where its constructor freezes it, and nothing is seen
    to switch its mode.
    """
    for freeze in weight_freezes(ev, module):
        framework = normalising_framework(ev, sites, module, freeze.owner)
        if framework is None or framework.modes.switch != "object":
            continue
        if _follows_another(freeze) or in_test(module, freeze.statement):
            continue
        if unfreezes(ev, module, freeze.owner):
            continue
        cls = class_of_part(module, freeze)
        if cls is not None:
            if _is_left_training(freeze, cls, framework, ev, sites):
                yield Drift(freeze, framework, None)
        elif (life := _life(freeze, framework, ev, module, sites)) is not None:
            if _trains_on(life, freeze, framework, ev, module):
                yield Drift(freeze, framework, life)


def _follows_another(freeze: Freeze) -> bool:
    return any(_FOLLOWS.search(name) for name in dotted(freeze.owner).split("."))


# ---------------------------------------------------------------------------------- scripts


def _life(
    freeze: Freeze, framework: Framework, ev: Evaluate, module: Module, sites: Sequence[Site]
) -> Life | None:
    """Return the life of the one model that is frozen, if all of it is in view."""
    values = models_at(ev, module, freeze.owner)
    made = values[0].object
    if len(values) != 1 or not isinstance(made, Instance) or made.call is None:
        return None
    if made.module is not module:
        return None
    life = life_of(ev, module, made.call)
    if life.escapes or manages_itself(ev, contents(ev, sites, values[0]), framework):
        return None
    return life


def _trains_on(
    life: Life, freeze: Freeze, framework: Framework, ev: Evaluate, module: Module
) -> bool:
    """Tell whether the model's output is differentiated, in training mode, after the freeze."""
    modes = {mode_after(use, framework) for use in life.uses if use.kind == METHOD} - {None}
    if INFERENCE in modes and not modes & {TRAINING, ""}:
        return False  # it is trained as it infers, or this is the business of another rule
    if framework.modes.initial != TRAINING and TRAINING not in modes:
        return False
    if any(_may_stop_statistics(use, framework, ev, module) for use in life.uses):
        return False
    inside = module.enclosing_function(freeze.statement)
    return any(
        feeds_gradient(ev, module, use.node)
        for use in life.uses
        if runs(ev, use)
        and (
            use.node.lineno > freeze.statement.lineno
            or module.enclosing_function(use.node) is not inside
        )
    )


def _may_stop_statistics(use: Use, framework: Framework, ev: Evaluate, module: Module) -> bool:
    """Tell whether a use may put some layers of the model into inference mode."""
    methods = switches(framework)
    if use.kind != METHOD:
        return use.name in (*methods, framework.modes.attribute)
    if use.name in methods:
        return False
    assert isinstance(use.node, ast.Call)
    for argument in use.node.args:  # model.apply(freeze_bn)
        if isinstance(argument, (ast.Name, ast.Attribute, ast.Lambda)):
            for value in ev.evaluate(module, argument):
                if isinstance(value.object, FunctionRef) and any(
                    isinstance(part, ast.Attribute) and part.attr in methods
                    for part in ast.walk(value.object.node)
                ):
                    return True
    return tells_of_mode(use.name)


# ---------------------------------------------------------------------------------- classes


def _is_left_training(
    freeze: Freeze, cls: ClassRef, framework: Framework, ev: Evaluate, sites: Sequence[Site]
) -> bool:
    """Tell whether a part stays in training mode whenever the object it belongs to is trained."""
    owner = freeze.owner
    assert isinstance(owner, ast.Attribute)
    module = cls.module
    if class_framework(ev, cls) is not framework or not runs_at_setup(
        module, freeze.statement, cls
    ):
        return False
    whole = Candidate(Instance(cls, module, None), module, cls.node)
    if manages_itself(ev, contents(ev, sites, whole), framework):
        return False
    if is_switched_elsewhere(module, owner.attr, switches(framework)):
        return False
    return has_other_weights(ev, owner.attr, cls)


# ---------------------------------------------------------------------------------- remedies


def advice(drift: Drift, module: Module) -> str:
    """Return what to write so that the statistics stand still, in words."""
    modes = drift.framework.modes
    method, train = modes.to_inference[0][0], modes.to_training[0][0]
    if drift.life is None:
        name = drift.freeze.name(module)
        return f"override {train}() so that it calls {name}.{method}() after that of the base class"
    return f"call {method}() of its batch normalisation layers after each {train}()"


def stop(drift: Drift, ev: Evaluate, module: Module) -> tuple[str, InsertStatement] | None:
    """Return the model's name and what puts its batch normalisation into inference mode.

    ``None`` where the model is never switched to training by name, after which that would stand.
    """
    framework = drift.framework
    method, argument = framework.modes.to_inference[0]
    walk = next((w for w, f in ev.frameworks.word("walks").items() if f is framework), "")
    if drift.life is None or argument is not None or not walk:
        return None
    layer = re.sub(r"\d[dD]$", "", framework.reference.rpartition(".")[2])
    for use in drift.life.uses:
        if use.kind != METHOD or mode_after(use, framework) != TRAINING:
            continue
        statement = module.statement(use.node)
        assert isinstance(use.node, ast.Call)
        if isinstance(statement, ast.Expr) and isinstance(use.node.func, ast.Attribute):
            model = dotted(use.node.func.value)
            if model:
                text = (
                    f"for layer in {model}.{walk}():\n"
                    f'    if "{layer}" in type(layer).__name__:\n'
                    f"        layer.{method}()"
                )
                return model, InsertStatement(module.span(statement), text, "after")
    return None
