"""A bias that batch normalisation takes out again, or one that a port has lost.

What it does
------------
Reports a convolution or dense layer with a bias whose output goes to batch normalisation and
nowhere else, with nothing in between. That costs a little and is no fault, so it is information,
shown only if the rule is selected.

Where there is a reference (named, or in the same file), it is a warning if the bias is lost where
no batch normalisation follows: the reference's layer has one, the port's has none. Layers of both
sides are paired by their order, and only if there are as many of the same kinds and sizes.

Why it matters
--------------
In training, the mean of the batch is subtracted, and with it the bias: it gets no gradient worth
the name. In inference, the running mean takes it out as long as both come from the same training:
a bias that is changed or dropped afterwards shifts every output. Where no batch normalisation
follows, a bias is part of the function, and without it what the reference learned there is lost.
MindSpore's convolutions have none by default, those of PyTorch and Keras have one.

Example
-------
Hazard:

    import keras
    from mindspore import nn

    reference = keras.Sequential([
        keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Conv2D(2, 1, padding="same"),
    ])
    port = nn.SequentialCell([
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8, eps=1e-3, momentum=0.99),
        nn.Conv2d(8, 2, 1),
    ])

Clean:

    import keras
    from mindspore import nn

    reference = keras.Sequential([
        keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Conv2D(2, 1, padding="same"),
    ])
    port = nn.SequentialCell([
        nn.Conv2d(3, 8, 3),
        nn.BatchNorm2d(8, eps=1e-3, momentum=0.99),
        nn.Conv2d(8, 2, 1, has_bias=True),
    ])

Fix
---
Switches the bias off where batch normalisation takes it out, and on where the port lost it.

Fix safety
----------
Unsafe always: checkpoints that have the bias, or have none, no longer load.

Not written where the switch comes from a place that is not in this file.

Numbers
-------
A bias shifted by 3: the output in training changes by 7e-7, that in inference by 3 over the root of
the running variance plus eps. Dropping it is only free before there are statistics.

References
----------
Measured with torch 2.13.0 and Keras 3.15.1. The redundant bias is among the rules of NeuraLint
(Nikanjam et al., "Automatic Fault Detection for Deep Learning Programs Using Graph
Transformations", 2021).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import MANUAL, UNSAFE, Comparison, Finding, Fix, ReplaceValue, SetKeyword
from bnlint.rule import Context, Rule, lower
from bnlint.semantics.hints.around import is_frozen
from bnlint.semantics.layers.references import NAMED, SAME_FILE
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import always_uses_running
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.consumers import goes_nowhere_unknown, is_shared
from bnlint.semantics.tensors.convolutions import activation, bias, convolution
from bnlint.semantics.tensors.neighbours import Before, argument, linear_before, linear_layers
from bnlint.semantics.values.evaluator import Evaluator
from bnlint.semantics.values.value import assumption
from bnlint.startup.typed import NamedTuple

RULE = Rule("BN502", "bias-before-bn", "info")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a bias that batch normalisation takes out again."""
    ev = context.evaluator
    if not _uses_batch(site) or site.presumed:
        return
    found = linear_before(ev, site)
    if found is None or found.between or not context.owns(found.call):
        return
    if bias(ev, found) is not True or activation(ev, found) is not False:
        return
    if "normalizer" in found.neighbour.roles:
        return  # TF-Slim: a scope may set the bias, and a normaliser drops it
    if is_shared(ev, context.module, found):
        return
    name = found.neighbour.roles["bias"]
    value = argument(ev, found, "bias")
    yield context.report(
        RULE,
        _given(found, context) or found.call,
        f"{last_name(found.call.func)} has a bias ({name}={value.value!r}"
        f"{', the default' if value.from_default else ''}), which {site.api.short_name} "
        f"(line {site.call.lineno}) takes out again{assumption(value)}",
        help=f"write {name}={_off(found)}, unless weights with a bias are loaded",
        confidence=lower(RULE.confidence, (value,)),
        fix=_fix(found, _off(found), context),
        site=site,
        argument="bias",
    )


def _uses_batch(site: Site) -> bool:
    """Tell whether the layer normalises with the batch when the model is trained."""
    api = site.api
    if api.kind == "functional" or always_uses_running(site):
        return False
    if api.default_mode == "inference" and api.mode_switch == "none":
        return False
    return not is_frozen(site.module, site.call)


class Layer(NamedTuple):
    """A layer of one side, and who evaluates its file."""

    found: Before
    ev: Evaluator


def check_file(context: Context) -> Iterator[Finding]:
    """Report biases of the reference that the port lost where no batch normalisation follows."""
    mine, theirs = _sides(context)
    if not mine or len(mine) != len(theirs):
        return
    pairs = list(zip(mine, theirs, strict=True))
    if not all(_may_be_alike(port, reference) for port, reference in pairs):
        return
    normalised = {
        found.call
        for site in context.sites
        if (found := linear_before(context.evaluator, site)) is not None
        and "activation" not in found.between
    }
    for port, reference in pairs:
        if bias(*_of(port)) is not False or bias(*_of(reference)) is not True:
            continue
        call = port.found.call
        if call in normalised or not goes_nowhere_unknown(context.evaluator, port.found):
            continue
        yield _lost(port, reference, context)


def _of(layer: Layer) -> tuple[Evaluator, Before]:
    return layer.ev, layer.found


def _sides(context: Context) -> tuple[list[Layer], list[Layer]]:
    """Return the layers of the port and of its reference, in source order; none without one."""
    kinds = {c.kind: c for c in context.counterparts.values()}
    counterpart = kinds.get(NAMED) or kinds.get(SAME_FILE)
    if counterpart is None:
        return [], []
    family = counterpart.api.framework.ecosystem
    own = linear_layers(context.evaluator, context.module)
    mine = [Layer(f, context.evaluator) for f in own if f.neighbour.framework.ecosystem != family]
    theirs = [
        Layer(found, side.project.evaluator)
        for side in context.sides(counterpart)
        for found in linear_layers(side.project.evaluator, side.module)
        if found.neighbour.framework.ecosystem == family
    ]
    return mine, theirs


def _may_be_alike(port: Layer, reference: Layer) -> bool:
    """Tell whether two layers are of one kind, and of one size as far as that is known."""
    mine, theirs = port.found.neighbour, reference.found.neighbour
    if mine.kind != theirs.kind or mine.transposed != theirs.transposed:
        return False
    sizes = [argument(*_of(layer), "channels") for layer in (port, reference)]
    if all(size.number is not None for size in sizes) and sizes[0].number != sizes[1].number:
        return False
    kernels = [
        numbers.kernel
        for layer in (port, reference)
        if (numbers := convolution(*_of(layer))) is not None and numbers.kernel
    ]
    return len(set(kernels)) < 2


def _lost(port: Layer, reference: Layer, context: Context) -> Finding:
    found, other = port.found, reference.found
    name = found.neighbour.roles["bias"]
    value = argument(context.evaluator, found, "bias")
    row = other.call.lineno
    where = f"line {row}" if other.module is context.module else f"{other.module.path}:{row}"
    on = repr(True) if isinstance(value.value, bool) else ""
    return context.report(
        RULE,
        _given(found, context) or found.call,
        f"{last_name(found.call.func)} has no bias ({name}={value.value!r}"
        f"{', the default' if value.from_default else ''}), {last_name(other.call.func)} of the "
        f"{other.neighbour.framework.title} reference ({where}) has one, and no batch "
        "normalisation follows that would take it out",
        help=f"give it a bias: {name}={on}" if on else "give it a bias",
        severity="warning",
        confidence="medium",
        fix=_fix(found, on, context) if on else None,
        values=(Comparison("bias", False, True),),
        argument="bias",
    )


def _off(found: Before) -> str:
    """Return the value that says there is no bias."""
    return found.neighbour.bias_off.capitalize()


def _given(found: Before, context: Context) -> ast.expr | None:
    """Return the expression of this file that says whether a layer has a bias, if any."""
    given = argument(context.evaluator, found, "bias").argument
    return given if context.owns(given) else None


def _fix(found: Before, text: str, context: Context) -> Fix:
    """Return the fix that gives the bias argument of a layer the value ``text``."""
    name = found.neighbour.roles["bias"]
    advice = f"write {name}={text}"
    value = argument(context.evaluator, found, "bias")
    reason = "checkpoints of the model no longer load"
    if value.from_default:
        intent = SetKeyword(context.module.span(found.call), name, text)
        return Fix(UNSAFE, advice, (intent,), reason)
    given = _given(found, context)
    if given is not None:
        return Fix(UNSAFE, advice, (ReplaceValue(context.module.span(given), text),), reason)
    return Fix(MANUAL, advice, (), "the value is given elsewhere")
