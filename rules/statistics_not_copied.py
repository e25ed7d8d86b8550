"""Weights that are copied without the running statistics that belong to them.

What it does
------------
Reports code that copies gamma and beta into a batch normalisation layer, one by one, and leaves its
running mean, its running variance or both as they are; and loops that copy what ``parameters()``
gives into a model that then infers (in averages, that is BN405).

The layer must be known for one: one of its statistics is copied, it is made in the file, or a
test asks for its class. Both gamma and beta must come from a layer or checkpoint. Nothing is said
where the function names the statistics in another way, or hands the layer on.

Why it matters
--------------
In inference a layer divides by its running variance. One that was never copied is still 1, as in a
new layer, and the mean 0: the weights are right, every shape fits, and the outputs are wrong. In
training mode nothing shows.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    def convert(arrays, bn: nn.BatchNorm2d):
        bn.weight.data = torch.from_numpy(arrays["bn/gamma"])
        bn.bias.data = torch.from_numpy(arrays["bn/beta"])
        bn.running_mean.data = torch.from_numpy(arrays["bn/moving_mean"])

Clean:

    import torch
    import torch.nn as nn

    def convert(arrays, bn: nn.BatchNorm2d):
        bn.weight.data = torch.from_numpy(arrays["bn/gamma"])
        bn.bias.data = torch.from_numpy(arrays["bn/beta"])
        bn.running_mean.data = torch.from_numpy(arrays["bn/moving_mean"])
        bn.running_var.data = torch.from_numpy(arrays["bn/moving_variance"])

Fix
---
Adds the missing lines, written as those beside them are.

Fix safety
----------
Unsafe always: the source may go by other names.

Not written where it is not known where the missing array stands.

Numbers
-------
After one batch of 32 from N(3, 2), running means have moved by 0.24 to 0.39. Of a layer that has
trained for 200 such batches, a copy without its statistics is off by 3.0 in inference, on average,
where the outputs are those of N(0, 1).

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.rule import Context, Rule
from bnlint.semantics.weights.kinds import CALLED, MEAN, STATISTICS, listed_order
from bnlint.semantics.weights.left_behind import LeftBehind, left_behind
from bnlint.semantics.weights.loops import Stale, stale
from bnlint.trial import INITIAL

RULE = Rule("BN404", "statistics-not-copied", "error")


def check_file(context: Context) -> Iterator[Finding]:
    """Report layers that are given gamma and beta without their statistics."""
    for found in left_behind(context.evaluator, context.module, context.sites):
        last = found.copy.transfers[-1]
        left = " and ".join(CALLED[kind] for kind in found.kinds)
        yield context.report(
            RULE,
            last.statement,
            f"gamma and beta of {found.copy.owner} are copied, and {left} never: "
            "in inference it normalises with those of a new layer",
            help="copy the running statistics too: they belong to the weights",
            fix=_fix(found, context),
            trial=trial_of_arrays(
                context.frameworks,
                found.copy.transfers[0].target.name,
                [(kind, INITIAL) for kind in found.kinds],
            ),
        )
    for model in stale(context.evaluator, context.module, context.sites):
        if model.moving.mixes:
            continue  # an average, which another rule is about
        yield context.report(
            RULE,
            model.moving.where,
            model.said,
            help=model.advice,
            confidence="medium",
            fix=_remedy(model, context),
            trial=trial_of_arrays(context.frameworks, "", [(k, INITIAL) for k in STATISTICS]),
        )


def _remedy(model: Stale, context: Context) -> Fix | None:
    """Return the fix that copies the buffers after the parameters."""
    if not model.remedy:
        return None
    after = InsertStatement(context.module.span(model.moving.statement), model.remedy, "after")
    return Fix(UNSAFE, "copy the buffers too", (after,), "they may be set elsewhere")


def _fix(found: LeftBehind, context: Context) -> Fix | None:
    last = found.copy.transfers[-1]
    lines = [line for kind in found.kinds if (line := _line(found, kind, context))]
    if len(lines) < len(found.kinds):
        return None
    span = context.module.span(last.statement)
    intents = tuple(InsertStatement(span, line, "after") for line in reversed(lines))
    return Fix(UNSAFE, "copy what is missing too", intents, "the source may go by other names")


def _line(found: LeftBehind, kind: str, context: Context) -> str | None:
    """Return the statement that copies the statistic of ``kind``, as its neighbour is written."""
    like, names = found.copy.transfers[-1], _statistics(found, context)
    source, text = like.source, context.module.source(like.statement)
    if source is None or names is None or "Parameter" in text:
        return None
    name = names[0] if kind == MEAN else names[1]
    changed = {like.target.name: name}
    if source.at >= 0:
        variables = _variables(source.node, context)
        if variables is None:
            return None
        changed[variables[source.at]] = variables[listed_order().index(kind)]
    elif source.layer is None or source.name != like.target.name:
        return None
    for old, new in changed.items():
        text, count = re.subn(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)
        if not count:
            return None
    return text


def _statistics(found: LeftBehind, context: Context) -> tuple[str, ...] | None:
    """Return what the layer that is filled calls its running mean and variance."""
    names = {t.target.name for t in found.copy.transfers}
    states = [api.state for api in context.frameworks.apis.values()]
    known = {
        tuple(state["statistics"])
        for state in states
        if len(state["statistics"]) == 2 and names <= {n for part in state.values() for n in part}
    }
    return known.pop() if len(known) == 1 else None


def _variables(node: ast.expr, context: Context) -> list[str] | None:
    """Return the variables into which all weights of a layer are unpacked."""
    statement = context.module.statement(node)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Tuple):
        return None
    names = [e.id for e in statement.targets[0].elts if isinstance(e, ast.Name)]
    return names if len(names) == len(listed_order()) else None
