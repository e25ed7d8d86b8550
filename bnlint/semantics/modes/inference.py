"""What makes a run of a model count as inference: gradients off, a name around it, or its data."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.hints.around import in_test, is_unit_test
from bnlint.semantics.hints.purposes import evaluates, runs_in_training_on_purpose, trains
from bnlint.semantics.hints.things import generates, is_held_out, tries_out
from bnlint.semantics.modes.dry_runs import is_compared, is_made_up
from bnlint.semantics.modes.phases import tested_phase
from bnlint.semantics.modes.switches import (
    TRAINING,
    gives_only_shape,
    gives_result,
    has_gradient,
    is_gradient_free,
    mode_after,
    runs,
    use_feeds_gradient,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.names.scopes import Scope
from bnlint.semantics.objects.decorators import may_be_switched_around
from bnlint.semantics.objects.events import METHOD, CallSite, Life, Use
from bnlint.semantics.objects.models import is_forward
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.domain import Evaluate
from bnlint.startup.typed import NamedTuple

#: How many assignments back the data of a run is looked for.
_MAX_BINDINGS = 24


class Why(NamedTuple):
    """Why a run counts as inference.

    ``function`` is the name of the function it is in, ``data`` the held-out data it is given, as it
    is written, ``phase`` the test that decides whether gradients are taken of what it gives. Where
    there is none of these, gradients are off. ``step`` is the part of the way to the run that says
    so.
    """

    step: CallSite
    function: str = ""
    data: str = ""
    phase: ast.expr | None = None

    @property
    def is_gradient_free(self) -> bool:
        """Whether the run counts as inference because gradients are off."""
        return not self.function and not self.data and self.phase is None


def why_inference(ev: Evaluate, use: Use) -> Why | None:
    """Return why a run counts as inference, if it does: what is nearest to it decides."""
    found = _by_surroundings(ev, use)
    if found is not None:
        return found
    phase = tested_phase(ev, use.module, use.node)
    if phase is not None:
        return Why(CallSite(use.module, use.node), phase=phase)
    return _by_data(ev, use)


def infers_by_name(name: str) -> bool:
    """Tell whether a function is named for inference, and not for training as well."""
    return evaluates(name) and not trains(name)


def _by_surroundings(ev: Evaluate, use: Use) -> Why | None:
    for step in reversed(use.route):
        for around in step.module.ancestors(step.node):
            if isinstance(around, (ast.With, ast.AsyncWith)):
                if any(is_gradient_free(ev, step.module, i.context_expr) for i in around.items):
                    return Why(step)
            elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if any(is_gradient_free(ev, step.module, d) for d in around.decorator_list):
                    return Why(step)
                if infers_by_name(around.name):
                    return Why(step, function=around.name)
    return None


# ---------------------------------------------------------------------------------- judgement


def infers(ev: Evaluate, use: Use, life: Life) -> bool:
    """Tell whether a run of the model whose life is ``life`` is inference, and no trial of it."""
    why = why_inference(ev, use)
    if why is None or isinstance(use.module.parents[use.node], ast.Expr):
        return False  # what gives nothing back is run for its effect on the statistics
    if why.function and gives_only_shape(ev, use):
        return False  # a name alone: a shape is no result
    real = _is_compared(ev, use, life)
    for step in use.route:
        if _is_meant(ev, step) or is_unit_test(step.module, step.node):
            return False
        if not real and _tries_out(ev, step):
            return False
    if why.data and not _has_learnt(ev, life):
        return False  # a new model is only tried out
    trains = any(has_gradient(ev, _function(step)) for step in use.route)
    if has_gradient(ev, _function(why.step)) and why.function:
        return False
    if not trains and _switched_to_training(ev, use, life) and not _is_trained(ev, life):
        return False
    return why.phase is not None or not use_feeds_gradient(ev, use)


def _has_learnt(ev: Evaluate, life: Life) -> bool:
    """Tell whether weights are loaded into the model, or trained, anywhere in its life."""
    if any(True for _ in life.methods(*ev.frameworks.word("load_methods"))):
        return True
    return any(runs(ev, use) and use_feeds_gradient(ev, use) for use in life.uses)


def only_infers(ev: Evaluate, module: Module, life: Life) -> bool:
    """Tell whether weights are loaded into the model, and nothing in its life trains it."""
    weights = ev.frameworks.word("weights_attributes")
    if not any(True for _ in life.methods(*ev.frameworks.word("load_methods"))):
        return False
    modules = {module, *(use.module for use in life.uses)}
    if any(takes_gradients(ev, module) for module in modules):
        return False
    return not any(use.name in weights or _wakes(ev, use) for use in life.uses)


def _wakes(ev: Evaluate, use: Use) -> bool:
    """Tell whether a use switches the model to training, as any framework has it."""
    frameworks = ev.frameworks.frameworks.values()
    return use.kind == METHOD and any(mode_after(use, f) == TRAINING for f in frameworks)


def only_gives_result(ev: Evaluate, use: Use, life: Life) -> bool:
    """Tell whether a run gives a result, and is no test or trial."""
    real = _is_compared(ev, use, life)
    return gives_result(ev, use) and not any(
        _is_meant(ev, step)
        or (not real and _tries_out(ev, step))
        or in_test(step.module, step.node)
        for step in use.route
    )


def _function(step: CallSite) -> ast.AST:
    return step.module.enclosing_function(step.node) or step.module.tree


def _is_meant(ev: Evaluate, step: CallSite) -> bool:
    """Tell whether training mode is meant: in a forward pass, by what it is called, or adapting.

    So it is where a decorator of the function may see to the mode.
    """
    if isinstance(step.node, ast.Call) and generates(dotted(step.node.func)):
        return True
    if may_be_switched_around(ev, step.module, step.node):
        return True
    return any(
        is_forward(ev, step.module, around) or runs_in_training_on_purpose(around.name)
        for around in step.module.ancestors(step.node)
        if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef))
    )


def _switched_to_training(ev: Evaluate, use: Use, life: Life) -> bool:
    """Tell whether a function on the way to the call switches the model to training itself."""
    functions = [_function(step) for step in use.route]
    return any(_function(other.route[-1]) in functions and _wakes(ev, other) for other in life.uses)


def _is_trained(ev: Evaluate, life: Life) -> bool:
    """Tell whether gradients are taken of what the model gives, in another file or in a method."""
    return any(runs(ev, u) and u.via and use_feeds_gradient(ev, u) for u in life.uses)


def _is_compared(ev: Evaluate, use: Use, life: Life) -> bool:
    """Tell whether a model with weights that were loaded is run to compare what it gives."""
    return any(True for _ in life.methods(*ev.frameworks.word("load_methods"))) and is_compared(
        ev, use.module, use.node
    )


def _tries_out(ev: Evaluate, step: CallSite) -> bool:
    """Tell whether the model is only tried out: on constant or random tensors, or on noise."""
    if not isinstance(step.node, ast.Call):
        return False
    args = [argument for argument in step.node.args if argument is not step.given]
    names = [p.id for a in args for p in ast.walk(a) if isinstance(p, ast.Name)]
    if any(map(tries_out, names)):
        return True
    some_or_all = any if step.given is not None else all  # a helper takes more than the input
    return bool(args) and some_or_all(is_made_up(ev, step.module, a) for a in args)


# ---------------------------------------------------------------------------------- data


def _by_data(ev: Evaluate, use: Use) -> Why | None:
    """Return that a run is given held-out data, if all the data it is given is."""
    for step in reversed(use.route):
        if not isinstance(step.node, ast.Call):
            continue
        given = (*step.node.args, *(k.value for k in step.node.keywords))
        held = _HeldOut(ev, step.module)
        for argument in given:
            if argument is not step.given:
                held.look(argument)
        if held.trains:
            return None
        if held.found:
            return Why(step, data=held.found)
    return None


class _HeldOut:
    """Looks for names of data, from an expression back through what its names are bound to."""

    def __init__(self, ev: Evaluate, module: Module) -> None:
        self.ev = ev
        self.module = module
        self.found = ""
        self.trains = False
        self.seen: set[ast.AST] = set()

    def look(self, node: ast.AST) -> None:
        """Note what the names in ``node`` say, and those in what these are bound to."""
        rest = [node]
        while rest and len(self.seen) < _MAX_BINDINGS:
            for part in _data_parts(rest.pop()):
                if self.is_told(part) or not isinstance(part, ast.Name):
                    continue
                for value in self.bound(part):
                    if value not in self.seen:
                        self.seen.add(value)
                        rest.append(value)

    def is_told(self, part: ast.expr) -> bool:
        """Note what a name, attribute or key says; tell whether it says anything."""
        match part:
            case ast.Subscript(slice=ast.Constant(str(key))):
                name = f"{key}_data"
            case _:
                name = last_name(part)
        if trains(name):
            self.trains = True
        elif is_held_out(name):
            self.found = self.found or ast.unparse(part)
        else:
            return False
        return True

    def bound(self, name: ast.Name) -> Iterator[ast.expr]:
        """Yield what a name is bound to where it stands: parts and elements as what they are of."""
        scope: Scope | None = self.ev.scope(self.module, self.module.scope_node(name))
        use: ast.AST | None = name
        while scope is not None:
            if name.id in scope.bindings:
                for reach in reaching(scope, name.id, use):
                    binding = reach.binding
                    if isinstance(binding.value, ast.expr):
                        yield binding.value
                return
            scope, use = scope.parent, None


def _data_parts(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the names, attributes and items in ``node`` that may be data: not what is called."""
    stack = [node]
    while stack:
        match stack.pop():
            case ast.Call(func, args, keywords):
                stack += [*args, *(keyword.value for keyword in keywords)]
                if isinstance(func, ast.Attribute):
                    stack.append(func.value)
            case ast.Attribute(held) | ast.Subscript(held) as part:
                yield part
                stack.append(held)
            case ast.Name() as name:
                yield name
            case other:
                stack += ast.iter_child_nodes(other)
