"""A checkpoint of the trained weights alone, without the running statistics.

What it does
------------
Reports what saves the trained weights of a model with batch normalisation and nothing else:
``torch.save(dict(model.named_parameters()), ...)``, a ``tf.train.Saver`` of
``tf.trainable_variables()``, ``save_checkpoint(net.trainable_params(), ...)`` of MindSpore.

Nothing is said where the code names running statistics, buffers or a state dictionary beside, where
something is added to the weights, or where another ``Saver`` has all variables.

Why it matters
--------------
Running statistics are not trained. The model that is read back has every weight, and normalises
with a mean of 0 and a variance of 1 as a new one does.

Example
-------
Hazard:

    import torch
    import torchvision

    model = torchvision.models.resnet18()
    model.eval()
    torch.save(dict(model.named_parameters()), "model.pt")

Clean:

    import torch
    import torchvision

    model = torchvision.models.resnet18()
    model.eval()
    torch.save(model.state_dict(), "model.pt")

Fix
---
Saves ``state_dict()``, or ``tf.global_variables()``.

Fix safety
----------
Unsafe always: checkpoints that exist have no statistics, and what reads them must know the new
ones.

Not written for MindSpore, and where the weights are in a variable.

Numbers
-------
A layer that has trained for 200 batches of N(3, 2) and is read back from its parameters has a
running mean of 0 where it was 3, and outputs in inference that are off by 3.0 on average, where
they are those of N(0, 1).

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.weights.kinds import STATISTICS
from bnlint.semantics.weights.saving import Saved, saved
from bnlint.trial import INITIAL

RULE = Rule("BN410", "statistics-not-saved", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report checkpoints without running statistics."""
    module = context.module
    for found in saved(context.evaluator, module, context.sites):
        whose = f" of {module.source(found.model)}" if found.model is not None else ""
        yield context.report(
            RULE,
            found.given,
            f"{last_name(found.weights.func)}() has what is trained{whose}, and no running "
            "statistics: the model that is read back normalises as a new one does",
            help=_advice(found),
            fix=_fix(found, context),
            trial=trial_of_arrays(context.frameworks, "", [(k, INITIAL) for k in STATISTICS]),
        )


def _advice(found: Saved) -> str:
    if found.model is None:
        return "save all that the model has: every variable"
    return "save all that the model has" + (f": {found.whole}()" if found.whole else "")


def _fix(found: Saved, context: Context) -> Fix | None:
    module, reason = context.module, "checkpoints that exist have none"
    if found.model is None:
        if found.given is not found.weights or not isinstance(found.weights.func, ast.Attribute):
            return None
        text = f"{module.source(found.weights.func.value)}.global_variables()"
    else:
        if isinstance(found.given, ast.Name) or not found.whole:
            return None
        text = f"{module.source(found.model)}.{found.whole}()"
    return Fix(UNSAFE, f"save {text}", (ReplaceValue(module.span(found.given), text),), reason)
