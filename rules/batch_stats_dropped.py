"""Running statistics that a training step computes and throws away.

What it does
------------
In Flax and Haiku a step returns the new statistics, and whoever trains must keep them. Reported are

- ``model.apply(..., mutable=["batch_stats"])`` whose second result is never read;
- the same of ``apply`` of a Haiku transformation with state that is told to train by a constant;
- a training step that unpacks the updates of what it differentiates and never reads them;
- ``hk.transform`` of a function with batch normalisation, which has no place for statistics.

Left alone are tests, functions that evaluate, and steps that hand the result on in any way.

Nothing is said where the file keeps the statistics of another call of the same model: some calls
of a step, such as those of a gradient penalty, are not to count twice.

Why it matters
--------------
The statistics stay at 0 and 1. Training looks well, since it normalises with the batch, and
inference normalises with nothing.

Example
-------
Hazard:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool):
            return nn.BatchNorm(use_running_average=not train)(x)

    def loss_fn(params, batch_stats, x):
        variables = {"params": params, "batch_stats": batch_stats}
        y, updates = Net().apply(variables, x, train=True, mutable=["batch_stats"])
        return (y ** 2).mean()

Clean:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool):
            return nn.BatchNorm(use_running_average=not train)(x)

    def loss_fn(params, batch_stats, x):
        variables = {"params": params, "batch_stats": batch_stats}
        y, updates = Net().apply(variables, x, train=True, mutable=["batch_stats"])
        return (y ** 2).mean(), updates["batch_stats"]

Fix
---
None. Where the statistics are kept is up to the code around the step.

Numbers
-------
10 steps on N(3, 4): the running mean of Flax is 0.0 where the updates are dropped, and 0.30 where
they are kept. ``hk.transform`` raises NonEmptyStateError when the function is initialised.

References
----------
Measured with Flax 0.12.8 and dm-haiku 0.0.17.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test_or_comparison, names_around
from bnlint.semantics.hints.purposes import SAYS_TO_TRAIN, infers_or_prepares
from bnlint.semantics.objects.flows import scope_of
from bnlint.semantics.objects.models import normalises
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.domain import FunctionRef, Instance, Symbol
from bnlint.trial import INFERENCE, STATISTICS, TRAINING, Trial

RULE = Rule("BN207", "batch-stats-dropped", "error")

#: What code calls the statistics that a step gives back.
_UPDATES = frozenset(
    {
        "batch_stats", "mutated", "mutated_vars", "mutated_variables", "new_batch_stats",
        "new_model_state", "updated_batch_stats", "updated_state", "updates",
    }
)  # fmt: skip


def check_file(context: Context) -> Iterator[Finding]:
    """Report steps that drop the statistics they are given back."""
    words = context.frameworks
    collections, maker = words.word("statistics_collections"), words.word("stateful_makers")
    if collections or maker:
        yield from _applied(context)
    if collections:
        yield from _unpacked(context)
    if maker:
        yield from _stateless(context)


def _applied(context: Context) -> Iterator[Finding]:
    """Report calls of ``apply`` that compute statistics, and whose second result is not read."""
    module = context.module
    for call in module.calls_by_name.get("apply", ()):
        kept = _keeps_collection(call, context) or _trains_with_state(call, context)
        if not kept or _is_right(call, context):
            continue
        if not _drops(call, context) or _is_kept_elsewhere(call, context):
            continue
        yield context.report(
            RULE,
            call,
            f"{module.source(call.func)}() gives the new {kept} as its second result, and nothing "
            "keeps it: they stay as they are",
            help="return them with the loss (has_aux=True), and keep them with the parameters",
            trial=_trial(context),
        )


def _drops(call: ast.Call, context: Context) -> bool:
    """Tell whether only the first result of a call is taken, or the second never read."""
    parent = context.module.parents[call]
    if isinstance(parent, ast.Subscript):
        return _is_first(parent)
    return isinstance(parent, ast.Assign) and _is_dropped(parent, context)


def _is_kept_elsewhere(call: ast.Call, context: Context) -> bool:
    """Tell whether the file keeps what the same model gives in another call: here it is meant."""
    module, text = context.module, context.module.source(call.func)
    return any(
        other is not call
        and module.source(other.func) == text
        and _keeps_collection(other, context)
        and not _drops(other, context)
        for other in module.calls_by_name.get("apply", ())
    )


def _trial(context: Context) -> Trial | None:
    """Compare statistics that stay with those that a step moves."""
    framework = next(iter(context.frameworks.word("statistics_collections").values()), None)
    if framework is None:
        return None
    return trial_of_modes(framework, STATISTICS, INFERENCE, TRAINING)


def _keeps_collection(call: ast.Call, context: Context) -> str:
    """Return the collection of statistics that a call of ``apply`` may change."""
    for keyword in call.keywords:
        if keyword.arg in context.frameworks.word("mutable_arguments"):
            for part in ast.walk(keyword.value):
                if isinstance(part, ast.Constant):
                    if part.value in context.frameworks.word("statistics_collections"):
                        return str(part.value)
    return ""


def _trains_with_state(call: ast.Call, context: Context) -> str:
    """Return what messages call the state of a transformation that is told to train."""
    if not isinstance(call.func, ast.Attribute):
        return ""
    flags = [k.value for k in call.keywords if k.arg in SAYS_TO_TRAIN]
    told = [*call.args[3:], *flags]
    if not any(isinstance(node, ast.Constant) and node.value is True for node in told):
        return ""
    made = context.evaluator.evaluate(context.module, call.func.value)
    return (
        "state"
        if all(
            isinstance(found := value.object, Instance)
            and isinstance(found.cls, Symbol)
            and context.frameworks.means(found.cls.path, "stateful_makers")
            and found.call is not None
            and _has_norm(found.call, context)
            for value in made
        )
        else ""
    )


def _has_norm(call: ast.Call, context: Context) -> bool:
    """Tell whether batch normalisation is in the function that a transformation is given."""
    ev, module = context.evaluator, context.module
    return bool(call.args) and all(
        isinstance(value.object, FunctionRef) and normalises(ev, context.sites, value)
        for value in ev.evaluate(module, call.args[0])
    )


def _is_right(call: ast.Call, context: Context) -> bool:
    """Tell whether statistics may be meant to be thrown away here."""
    module = context.module
    return in_test_or_comparison(module, call) or any(
        map(infers_or_prepares, names_around(module, call))
    )


def _is_first(part: ast.Subscript) -> bool:
    return isinstance(part.slice, ast.Constant) and part.slice.value == 0


def _is_dropped(statement: ast.Assign, context: Context) -> bool:
    """Tell whether the second of two results gets a name that nothing reads."""
    match statement.targets:
        case [ast.Tuple(elts=[_, ast.Name() as second])]:
            return not _is_read(second, context)
    return False


def _is_read(name: ast.Name, context: Context) -> bool:
    """Tell whether the variable is read anywhere."""
    ev, module = context.evaluator, context.module
    scope = scope_of(ev, module, name)
    return any(
        isinstance(use, ast.Name)
        and isinstance(use.ctx, ast.Load)
        and scope_of(ev, module, use) is scope
        for use in module.uses.of(name.id)
    )


# ---------------------------------------------------------------------------------- steps


def _unpacked(context: Context) -> Iterator[Finding]:
    """Report updates that a step is given by what it differentiates, and never reads."""
    module, words = context.module, context.frameworks
    changes = {path.rpartition(".")[2] for path in words.word("apply_methods")}
    for call in (c for name in changes for c in module.calls_by_name.get(name, ())):
        function = module.enclosing_function(call)
        if function is None or in_test_or_comparison(module, call):
            continue
        for statement in ast.walk(function):
            if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
                continue
            target = statement.targets[0]
            if not isinstance(target, ast.Tuple) or not _is_of_gradient(statement, context):
                continue
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and name.id in _UPDATES:
                    if not _is_read(name, context):
                        yield context.report(
                            RULE,
                            name,
                            f"{name.id} holds the new statistics, and nothing reads it: they stay "
                            "as they are",
                            help="keep them with the parameters: state.replace(batch_stats=...)",
                            confidence="medium",
                            trial=_trial(context),
                        )


def _is_of_gradient(statement: ast.Assign, context: Context) -> bool:
    """Tell whether a statement unpacks what a function of gradients gives, with further results."""
    assert isinstance(statement.value, ast.Call)
    gradients = {path.rpartition(".")[2] for path in context.frameworks.word("gradients")}
    values = context.evaluator.evaluate(context.module, statement.value.func)
    made = [statement.value.func, *(value.node for value in values)]
    return any(
        isinstance(call, ast.Call)
        and last_name(call.func) in gradients
        and any(k.arg in context.frameworks.word("aux_arguments") for k in call.keywords)
        for call in made
    )


# ---------------------------------------------------------------------------------- Haiku


def _stateless(context: Context) -> Iterator[Finding]:
    """Report transformations that have no place for statistics."""
    module, words = context.module, context.frameworks
    for call in module.calls_by_name.get("transform", ()):
        paths = {
            value.object.path
            for value in context.evaluator.evaluate(module, call.func)
            if isinstance(value.object, Symbol)
        }
        if any(words.means(path, "stateless_makers") for path in paths):
            if _has_norm(call, context) and not in_test_or_comparison(module, call):
                yield context.report(
                    RULE,
                    call,
                    f"{module.source(call.func)}() keeps no state, and there is batch "
                    f"normalisation in {module.source(call.args[0])}: it raises an error",
                    help=f"write {module.source(call.func)}_with_state(...), and keep the state",
                )
