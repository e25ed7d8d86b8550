"""Batch normalisation that is told to infer in a function that is told to train.

What it does
------------
Reports a constant that tells batch normalisation to infer (``use_running_average=True``,
``is_training=False``, ``training=False``) inside a function with a parameter that says the mode, in
Flax, Haiku, Equinox, Keras, TF-Slim and ``tf.layers``. It is the mirror of BN203.

Left alone is what is named for inference or freezing, code behind a test of the mode, and a layer
that is told otherwise beside.

Reported too, once a file and with medium confidence, are graphs of TensorFlow 1 that an optimiser
trains, and of whose layers none is told a mode: ``tf.layers.batch_normalization(x)`` infers unless
it is told to train. Nothing is said where a layer is not to be trained, where the only step is
given the variables that it trains, where gradients are stopped, or where the files speak of
freezing, fine-tuning or pretrained weights.

Why it matters
--------------
The running statistics stay at 0 and 1, or where a checkpoint left them: the layer scales and
shifts, and does not normalise, in training as in inference.

Example
-------
Hazard:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool = True):
            x = nn.Dense(8)(x)
            x = nn.BatchNorm(use_running_average=True)(x)
            return nn.Dense(1)(x)

Clean:

    from flax import linen as nn

    class Net(nn.Module):
        @nn.compact
        def __call__(self, x, train: bool = True):
            x = nn.Dense(8)(x)
            x = nn.BatchNorm(use_running_average=not train)(x)
            return nn.Dense(1)(x)

Fix
---
Writes the parameter that says the mode, turned round where the one says to train and the other to
infer.

Fix safety
----------
Unsafe always: a layer that only scales may be meant, and one that trains needs its statistics
stored.

Not written where no parameter around the call says the mode.

Numbers
-------
After 10 training steps of a Flax layer with ``use_running_average=True`` on N(3, 4), the running
mean is 0.0, and the output has mean 3.0; with ``use_running_average=False`` the output has mean
0.0.

References
----------
Measured with Flax 0.12.8.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import in_test_or_comparison, is_frozen, names_around
from bnlint.semantics.hints.purposes import (
    freezes,
    infers_or_prepares,
    keeps_one_mode_on_purpose,
    wants_running_statistics,
)
from bnlint.semantics.layers.graph_steps import layers_of_graph, training_steps
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import training_flag
from bnlint.semantics.modes.freezing import is_said_to_freeze
from bnlint.semantics.modes.told import (
    ModeParameter,
    Told,
    is_in_one_branch,
    mode_parameter,
    told,
)
from bnlint.semantics.syntax.module import last_name
from bnlint.startup.patterns import lazy
from bnlint.trial import INFERENCE, STATISTICS, TRAINING

RULE = Rule("BN216", "inference-hard-wired", "warning")


def check_file(context: Context) -> Iterator[Finding]:
    """Report constants that always say to infer where something may be trained."""
    module = context.module
    for flag in told(context.evaluator, module, "layer", "function"):
        value = flag.keyword.value
        if not isinstance(value, ast.Constant) or value.value is not (not flag.trains):
            continue
        parameter = mode_parameter(module, flag.call)
        if parameter is None or _is_meant(flag, parameter, context):
            continue
        yield _report(flag, parameter, context)
    yield from _never_told(context)


_PREPARED = lazy(r"(?i)pre_?train|freez|frozen|fine_?tun")


def _never_told(context: Context) -> Iterator[Finding]:
    """Report a graph that is trained, and of whose layers none is told a mode."""
    module = context.module
    steps = list(training_steps(context.evaluator, module))
    if not steps or _trains_a_part(steps, context):
        return
    sites = [
        site
        for site in layers_of_graph(context.project, module, context.sites)
        if site.api.kind == "function"
    ]
    if not sites or not all(map(_is_left_to_infer, sites)):
        return
    if any(_PREPARED.search(there.text) for there in {module, *(site.module for site in sites)}):
        return
    (first, *others), step = sites, last_name(steps[0].func)
    here = [site for site in sites if site.module is module]
    where = here[0].call if here else steps[0]
    place = "" if here else f" ({first.module.path}:{first.call.lineno})"
    more = f"; {len(others)} more likewise" if others else ""
    trained = f"{step}()" if where is steps[0] else f"{step}() (line {steps[0].lineno})"
    flag = first.api.roles["training"]
    yield context.report(
        RULE,
        where,
        f"{first.api.short_name}{place} infers unless it is told {flag}=True, and is told nothing: "
        f"the graph that {trained} trains has a mean of 0 and a variance of 1 in it, and does not "
        f"normalise{more}",
        help=f"give {flag} a placeholder or argument that says the mode, and run the updates of "
        "the statistics with the step",
        confidence="medium",
        trial=trial_of_modes(first.api.framework, STATISTICS, INFERENCE, TRAINING),
    )


def _trains_a_part(steps: Collection[ast.Call], context: Context) -> bool:
    """Tell whether the only step may leave layers as they are: it takes some variables alone."""
    module, words = context.module, context.frameworks
    names = {path.rpartition(".")[2] for path in words.word("detaches")}
    if any(name in module.uses for name in names):
        return True
    calls = [c for name in words.word("gradients") for c in module.calls_by_name.get(name, ())]
    arguments = words.word("variable_arguments")
    return len(steps) == 1 and any(
        keyword.arg in arguments for call in (*steps, *calls) for keyword in call.keywords
    )


def _is_left_to_infer(site: Site) -> bool:
    """Tell whether a layer is told nothing of the mode, which means to infer, and is to train."""
    flag = training_flag(site)
    told = {keyword.arg for keyword in site.call.keywords}
    return flag.from_default and flag.value is False and not told & {None, "trainable"}


def _is_meant(flag: Told, parameter: ModeParameter, context: Context) -> bool:
    """Tell whether inference is meant here, or chosen by a test."""
    module, call = context.module, flag.call
    if is_in_one_branch(context.evaluator, module, flag) or in_test_or_comparison(module, call):
        return True
    names = list(names_around(module, call))
    meant = (wants_running_statistics, infers_or_prepares, keeps_one_mode_on_purpose, freezes)
    if is_frozen(module, call) or any(says(name) for name in names for says in meant):
        return True
    if is_said_to_freeze(module, module.statement(call)):
        return True
    used = (n.id for n in ast.walk(parameter.function) if isinstance(n, ast.Name))
    return any(freezes(name) or "pretrained" in name.lower() for name in used)


def _report(flag: Told, parameter: ModeParameter, context: Context) -> Finding:
    module, name = context.module, str(flag.keyword.arg)
    text = parameter.saying(flag.trains)
    advice = f"write {name}={text}"
    fix = Fix(
        UNSAFE,
        advice,
        (ReplaceValue(module.span(flag.keyword.value), text),),
        "a layer that only scales may be meant",
    )
    written = f"{name}={module.source(flag.keyword.value)}"
    return context.report(
        RULE,
        flag.keyword,
        f"{written} keeps {flag.api.short_name} on its running statistics whatever "
        f"{as_said(parameter.name)} of {parameter.function.name}() says: they stay as they were "
        "made",
        help=advice,
        fix=fix,
        trial=trial_of_modes(flag.api.framework, STATISTICS, INFERENCE, TRAINING),
    )
