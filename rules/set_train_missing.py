"""A model that is trained without having been put into training mode.

What it does
------------
Where layers start in inference mode (MindSpore), follows a model with batch normalisation whose
gradients are taken and applied, here or in another file, and reports it if nothing ever switches it
to training. The whole life of the model must be in view. Trainers that switch the mode themselves
are known.

Why it matters
--------------
Training then normalises with the initial statistics, mean 0 and variance 1, and the statistics
never move. The same code in PyTorch, where layers start in training mode, is right.

Example
-------
Hazard:

    import mindspore as ms
    from mindspore import nn

    net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
    optimizer = nn.SGD(net.trainable_params())
    step = ms.value_and_grad(lambda x: net(x).sum(), None, optimizer.parameters)

    def train(x):
        loss, gradients = step(x)
        optimizer(gradients)

Clean:

    import mindspore as ms
    from mindspore import nn

    net = nn.SequentialCell(nn.Dense(4, 8), nn.BatchNorm1d(8))
    net.set_train()
    optimizer = nn.SGD(net.trainable_params())
    step = ms.value_and_grad(lambda x: net(x).sum(), None, optimizer.parameters)

    def train(x):
        loss, gradients = step(x)
        optimizer(gradients)

Fix
---
Inserts ``net.set_train()`` after the model is made.

Fix safety
----------
Unsafe always: that nothing else switches the mode is inferred from all of the model's life that is
in view, and a model that infers later is not switched back.

Not written where the model has no name.

Numbers
-------
On N(3, 4), a bare call differs from PyTorch's training mode by 6.69.

References
----------
Measured with MindSpore 2.10.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    may_switch,
)
from bnlint.semantics.modes.training import takes_gradients
from bnlint.semantics.objects.allocations import variable_of
from bnlint.semantics.objects.events import CALL, METHOD, PART, READ, WRAP, Life
from bnlint.trial import STATISTICS

RULE = Rule("BN206", "set-train-missing", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report models that are trained and never switched to training."""
    ev, module = context.evaluator, context.module
    shows = takes_gradients(ev, module)
    for history in context.histories(shows=shows, initial=INFERENCE):
        made, life = history.made, history.life
        if not _is_trained(life, context) or _is_stepped_by_wrapper(life, context):
            continue
        files = dict.fromkeys((module, *(use.module for use in life.uses)))
        if not any(takes_gradients(ev, file) for file in files):
            continue
        if may_switch(ev, life, made.framework, TRAINING):
            continue
        if history.follows_its_mode():
            yield _report(history, context)


def _is_trained(life: Life, context: Context) -> bool:
    """Tell whether the model's weights are handed to an optimiser and the model is called."""
    weights = context.frameworks.word("weights_attributes")
    called = any(use.kind == CALL for use in life.uses)
    return called and any(
        use.kind in (METHOD, READ, PART) and use.name in weights for use in life.uses
    )


def _is_stepped_by_wrapper(life: Life, context: Context) -> bool:
    """Tell whether the model is given to a wrapper that takes the training steps."""
    return any(
        use.kind == WRAP and context.frameworks.means(use.name, "gradients") for use in life.uses
    )


def _report(history: History, context: Context) -> Finding:
    made, life, module = history.made, history.life, context.module
    method = made.framework.modes.to_training[0][0]
    name = variable_of(module, made.call)
    fix = None
    if name:
        text = f"{name}.{method}()"
        fix = Fix(
            UNSAFE,
            f"insert {text}",
            (InsertStatement(module.span(module.statement(made.call)), text, "after"),),
            "the mode may be switched in a way that is not seen",
        )
    finding = context.report(
        RULE,
        made.call,
        f"{as_said(name) if name else 'this model'} is trained in inference mode: "
        f"{made.framework.title} layers start in it, and {life.nowhere(method, module)}",
        help=f"write {name or 'it'}.{method}() before training",
        fix=fix,
        trial=trial_of_modes(made.framework, STATISTICS, "", TRAINING),
        only_if=history.only_if,
    )
    # A comparison that runs this object in another mode than its reference says more.
    return finding._replace(subject=module.span(made.call).start, argument="mode")
