"""Whether the statistics of what is frozen by its gradients go on moving."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.hints.purposes import freezes, tells_of_mode
from bnlint.semantics.hints.things import follows_another
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.freezing import (
    chooses_norm,
    class_of_part,
    has_other_weights,
    is_kept_out,
    is_part_switched,
    model_of_part,
    normalising,
    normalising_framework,
    ready_made,
    runs_at_setup,
)
from bnlint.semantics.modes.frozen_weights import (
    Freeze,
    is_thawed,
    stays_frozen,
    weight_freezes,
)
from bnlint.semantics.modes.histories import histories
from bnlint.semantics.modes.own_freezes import own_freezes
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    is_made_of_switched,
    manages_itself,
    mode_after,
    runs,
    switches,
    use_feeds_gradient,
)
from bnlint.semantics.modes.training import (
    imports_freezes,
    may_be_trained,
    rests_norms_anywhere,
    takes_gradients,
)
from bnlint.semantics.objects.allocations import Made, constructions, variable_of
from bnlint.semantics.objects.events import METHOD, PART, Life, Use, in_order
from bnlint.semantics.objects.history import life_of
from bnlint.semantics.objects.models import class_name, contents
from bnlint.semantics.objects.order import is_left_out
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import Candidate, ClassRef, Evaluate, FunctionRef, Instance
from bnlint.semantics.values.modules import class_framework, model_framework
from bnlint.startup.typed import NamedTuple


class Drift(NamedTuple):
    """Weights that are frozen beside statistics that go on moving.

    ``module`` is where they are frozen. ``life`` is that of the model; of a part of a class, which
    has none of its own, it is ``None``. ``use`` is what the model's own file does to have it
    frozen, where the freeze alone does not show that it is that model. ``only_if`` names the
    classes that normalise of several that the model may be of, if not all of them do. ``flag`` is
    a parameter that asks for frozen statistics and that nothing reads.
    """

    freeze: Freeze
    framework: Framework
    module: Module
    life: Life | None = None
    use: Use | None = None
    only_if: str = ""
    flag: str = ""

    @property
    def place(self) -> ast.stmt | ast.expr:
        """What freezes, in the file whose model it is."""
        return self.use.here if self.use is not None else self.freeze.statement

    def name(self, seen_from: Module) -> str:
        """Return what the file ``seen_from`` calls the model."""
        given = ""
        if self.module is not seen_from:
            assert self.use is not None
            given = dotted(self.use.via[0].given)
        return given or self.freeze.name(self.module)


def drifts(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Drift]:
    """Yield what is frozen by its gradients, has batch normalisation, and is trained on.

    A model of a script must be in view from where it is built to where its output is
    differentiated. A part of a class counts where its constructor freezes it, and nothing is seen
    to switch its mode.
    """
    for freeze in weight_freezes(ev, module):
        if _follows_another(freeze) or in_test(module, freeze.statement):
            continue
        if is_left_out(ev, module, freeze.node):
            continue
        model = model_of_part(ev, module, freeze.owner)
        if freeze.first and not ready_made(ev, module, model):
            continue  # which of the layers these are is not known
        held = class_of_part(ev, module, freeze._replace(owner=model))
        if held is not None and not runs_at_setup(ev, module, freeze.statement, held[0]):
            continue
        whole = whole_model(ev, module, model) if held is None else model
        if held is None and not _are_made_here(ev, module, whole):
            continue
        # What something is made of takes longest to find out, and is asked last.
        if not stays_frozen(ev, sites, module, freeze, ev.evaluate(module, freeze.owner)):
            continue
        found = [
            value
            for value in normalising(ev, sites, module, model)
            if not is_left_out(ev, module, getattr(value.object, "call", None))
        ]
        framework = model_framework(ev, found[0]) if found else None
        if framework is None or not freeze.counts_in(framework):
            continue
        names = dict.fromkeys(class_name(value.object) for value in found)
        only_if = " or ".join(names) if len(found) < len(ev.evaluate(module, model)) else ""
        if held is not None:
            cls, part = held
            if _is_left_training(part, cls, framework, ev, sites) and not is_kept_out(
                ev, module, freeze.statement, cls
            ):
                named = part if model is freeze.owner else freeze.owner
                named_freeze = freeze._replace(owner=named)
                yield Drift(named_freeze, framework, module, only_if=only_if)
            continue
        if whole is not model:
            if not _is_moving_part(ev, sites, module, model):
                continue
            found, only_if = list(ev.evaluate(module, whole)), ""
        for candidate in found:
            life = _life(candidate, framework, ev, module, sites)
            drift = Drift(freeze, framework, module, life, only_if=only_if)
            if life is not None and _trains_on(life, drift, candidate, ev, module):
                yield drift
                break


def drifts_across(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Drift]:
    """Yield models of ``module`` that other files make, or freeze, or both."""
    shows = any(True for _ in weight_freezes(ev, module)) or any(map(freezes, module.calls_by_name))
    shows = shows or (takes_gradients(ev, module) and imports_freezes(ev, module))
    for history in histories(ev, module, sites, shows=shows):
        made, life = history.made, history.life
        drift = _frozen_across(made, life, ev, module, sites) or _frozen_by_method(
            made, life, ev, sites
        )
        if drift is None or follows_another(variable_of(module, made.call)):
            continue
        found = history.contents
        if not found.normalises or manages_itself(ev, found, made.framework):
            continue
        if any(chooses_norm(candidate) for candidate in made.candidates):
            continue
        if _trains_on(life, drift, made.candidate, ev, module):
            yield drift._replace(only_if=history.only_if)


def _frozen_across(
    made: Made, life: Life, ev: Evaluate, module: Module, sites: Sequence[Site]
) -> Drift | None:
    """Return the first freeze of all weights of the object that the file alone does not show."""
    is_made_elsewhere = made.candidate.module is not module
    for use in life.uses:
        if use.kind not in (METHOD, PART) or not (use.via or is_made_elsewhere):
            continue
        held = getattr(getattr(use.node, "func", None), "value", None)
        for freeze in weight_freezes(ev, use.module):
            if held is not freeze.owner or not freeze.counts_in(made.framework):
                continue
            model, values = model_of_part(ev, use.module, freeze.owner), made.candidates
            if freeze.first and not ready_made(ev, use.module, model):
                continue
            if use.kind == PART and model is freeze.owner:
                if not _is_moving_part(ev, sites, use.module, model):
                    continue
                values = ev.evaluate(use.module, model)
            if _follows_another(freeze) or not stays_frozen(ev, sites, use.module, freeze, values):
                return None
            if not any(in_test(step.module, step.node) for step in use.route):
                return Drift(freeze, made.framework, use.module, life, use)
    return None


def _frozen_by_method(made: Made, life: Life, ev: Evaluate, sites: Sequence[Site]) -> Drift | None:
    """Return the first freeze of a part of the object by a method of its own."""
    for freeze, use in own_freezes(made, life, ev, sites):
        if not _follows_another(freeze) and not any(in_test(s.module, s.node) for s in use.route):
            return Drift(freeze, made.framework, use.module, life, use)
    return None


def _follows_another(freeze: Freeze) -> bool:
    return any(map(follows_another, dotted(freeze.owner).split(".")))


# ---------------------------------------------------------------------------------- scripts


def _life(
    candidate: Candidate, framework: Framework, ev: Evaluate, module: Module, sites: Sequence[Site]
) -> Life | None:
    """Return the life of a model that is frozen, if all of it is in view."""
    made = candidate.object
    assert isinstance(made, Instance)
    call = made.call
    assert call is not None
    whole = Made(call, (candidate,), framework, frozenset({call}))
    if is_made_of_switched(ev, module, whole):
        return None
    life = life_of(ev, module, [call])
    if life.escapes or manages_itself(ev, contents(ev, sites, candidate), framework):
        return None
    return life


def whole_model(ev: Evaluate, module: Module, part: ast.expr) -> ast.expr:
    """Return the model that ``part`` is a part of: ``net`` of ``net.backbone.layer1``."""
    while isinstance(part, ast.Attribute) and all(
        model_framework(ev, value) is not None for value in ev.evaluate(module, part.value)
    ):
        part = part.value
    return part


def _is_moving_part(ev: Evaluate, sites: Sequence[Site], module: Module, part: ast.expr) -> bool:
    """Tell whether a part of a model has normalisation, and no switch in the file is its own."""
    framework = normalising_framework(ev, sites, module, part)
    return framework is not None and not is_part_switched(
        module, last_name(part), switches(framework)
    )


def _are_made_here(ev: Evaluate, module: Module, model: ast.expr) -> bool:
    """Tell whether calls of ``module`` make what is frozen, whichever of several it is."""
    made = [value.object for value in ev.evaluate(module, model)]
    return all(
        isinstance(one, Instance) and one.call is not None and one.module is module for one in made
    )


def _trains_on(life: Life, found: Drift, made: Candidate, ev: Evaluate, module: Module) -> bool:
    """Tell whether the output of ``made`` is differentiated, in training mode, after the freeze."""
    framework = found.framework
    switched = [use for use in life.uses if use.kind == METHOD]
    if any(use.within and mode_after(use, framework) is not None for use in switched) and any(
        not use.within and mode_after(use, framework) == INFERENCE for use in switched
    ):
        return False  # it is kept in inference in a model that trains
    modes = {mode_after(use, framework) for use in life.uses if use.kind == METHOD} - {None}
    if INFERENCE in modes and not modes & {TRAINING, ""}:
        return False  # it is trained as it infers, or this is the business of another rule
    if framework.modes.initial != TRAINING and TRAINING not in modes:
        return False
    if any(_may_stop_statistics(use, framework, made, ev) for use in life.uses):
        return False
    if _has_no_weights(made, life, ev) or is_thawed(life, found.freeze, ev):
        return False
    return any(
        use_feeds_gradient(ev, use)
        for use in life.uses
        if runs(ev, use) and _may_come_after(use, found, module)
    )


def _has_no_weights(made: Candidate, life: Life, ev: Evaluate) -> bool:
    """Tell whether a model is told to come without weights, and is not given any.

    Its statistics are those of no data at all: they had better move.
    """
    asks = ev.frameworks.word("weights_arguments")
    keywords = getattr(getattr(made.object, "call", None), "keywords", ())
    given = [k.value for k in keywords if k.arg in asks]
    return any(isinstance(v, ast.Constant) and not v.value for v in given) and not any(
        True for _ in life.methods(*ev.frameworks.word("load_methods"))
    )


def _may_come_after(use: Use, found: Drift, module: Module) -> bool:
    place, function = found.place, module.enclosing_function
    if found.use is not None and use.here is place:
        return in_order(use) > in_order(found.use)
    return use.here.lineno > place.lineno or function(use.here) is not function(place)


def _may_stop_statistics(use: Use, framework: Framework, made: Candidate, ev: Evaluate) -> bool:
    """Tell whether a use may put some layers of the model ``made`` into inference mode.

    A method that its class defines may not, whatever it is called: no class that switches modes
    itself is asked about.
    """
    methods = switches(framework)
    if use.kind != METHOD:
        return use.name in (*methods, framework.modes.attribute)
    if use.name in methods:
        return False
    assert isinstance(use.node, ast.Call)
    for argument in use.node.args:  # model.apply(freeze_bn)
        if isinstance(argument, (ast.Name, ast.Attribute, ast.Lambda)):
            for value in ev.evaluate(use.module, argument):
                if isinstance(value.object, FunctionRef) and any(
                    isinstance(part, ast.Attribute) and part.attr in methods
                    for part in ast.walk(value.object.node)
                ):
                    return True
    cls = getattr(made.object, "cls", None)
    is_own = isinstance(cls, ClassRef) and method(ev, cls, use.name) is not None
    return not is_own and tells_of_mode(use.name)


# ---------------------------------------------------------------------------------- classes


def _is_left_training(
    part: ast.Attribute, cls: ClassRef, framework: Framework, ev: Evaluate, sites: Sequence[Site]
) -> bool:
    """Tell whether a part stays in training mode whenever the object it belongs to is trained."""
    module = cls.module
    if class_framework(ev, cls) is not framework:
        return False
    whole = Candidate(Instance(cls, module, None), module, cls.node)
    if manages_itself(ev, contents(ev, sites, whole), framework):
        return False
    if is_part_switched(module, part.attr, switches(framework)):
        return False
    if rests_norms_anywhere(ev, module, framework):
        return False  # a callback of its trainer, for instance
    if not has_other_weights(ev, part.attr, cls) or not may_be_trained(ev, cls, framework):
        return False
    return not _are_kept_in_inference(cls, framework, ev)


def _are_kept_in_inference(cls: ClassRef, framework: Framework, ev: Evaluate) -> bool:
    """Tell whether all objects of a class that are in view are switched to inference alone."""
    users = ev.project.users(cls.module, cls.node.name) or ()
    found = [
        {mode_after(use, framework) for use in life.uses if use.kind == METHOD} - {None}
        for there in dict.fromkeys((cls.module, *(user for user, _ in users)))
        for made in constructions(ev, there)
        if getattr(made.candidate.object, "cls", None) == cls
        for life in [life_of(ev, there, made.origins)]
    ]
    return bool(found) and all(modes == {INFERENCE} for modes in found)
