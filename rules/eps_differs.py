"""The two sides of a port divide by differently guarded variances.

What it does
------------
Compares eps with the reference: the layer of a named reference, a layer of another framework in the
same file, or the defaults of the framework given with ``--from``. A reference that was read makes
an error of a difference. Under ``--from`` it was not, and may set its own eps, so that a difference
is a warning; only an eps left at its default is compared there, since a number that is written down
was somebody's decision. Of files, classes and functions named for YOLO it is one of low confidence:
these models set 1e-3 in PyTorch.

Layers of that framework that stand in the project come before its defaults, if they agree.

Without any of these, the project may show what a file was ported from: a converter that reads the
weights of another framework, a sentence at the head of the file; with low confidence, a class that
pads as another framework does, or what shows the origin of a residual or dense network: those often
set their own eps. The finding then says what shows it. ``infer = false`` in the configuration ends
that, and ``from`` there says it for good. Values within 2 % count as equal, so
``1.001e-5`` (the smallest eps that old versions of cuDNN took) is ``1e-5``.

Nothing is said of layers whose weights code of the project moves from one eps to another, by the
difference of both that it adds to the variance, or by a quotient of roots.

Layers that normalise otherwise (layer, group, instance and RMS normalisation) are compared in the
same way, each with its own kind only. Models set their eps more often than that of batch
normalisation: with a framework's default, confidence is medium, and low where the layer has an eps
that models in that framework often set (1e-6 of layer normalisation in PyTorch). Where the
framework is only inferred, confidence is medium for a default that no other framework has (1e-3 of
Keras, 1e-7 of MindSpore's layer normalisation), else low. Of layers with such a default more shows
the source: lines of it that are commented out (``# x = torch.cat((x, y), 1)``) and its types in
docstrings, in the file or in one that it imports or that imports it; an address or a module that
is cited (``Adapted from https://github.com/.../vit-pytorch``); and where there is none of these,
what the introduction of the project says. The message has the default of the source: where models
set another, that is the one to write. An eps beside the root is not compared with one inside.
Classes of the project that divide by the root of a mean of squares themselves, as those of T5,
Llama and Mistral do, are such layers too.

Why it matters
--------------
Batch normalisation divides by ``sqrt(variance + eps)``. Keras and TensorFlow add 1e-3, PyTorch,
MindSpore and Paddle 1e-5. With converted weights, every channel whose variance is small comes out
scaled wrongly, in inference as in training, and nothing fails. Layer normalisation has 1e-3 in
Keras, 1e-5 in PyTorch, 1e-6 in Flax and 1e-7 in MindSpore; RMS normalisation 1e-6 in Keras and
Flax, 1e-5 in MLX, and 1.19e-7 in PyTorch.

Example
-------
Hazard (from keras):

    import torch.nn as nn

    class Stem(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(32, momentum=0.01)

Clean (from keras):

    import torch.nn as nn

    class Stem(nn.Module):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)

Fix
---
Writes the reference's eps as a keyword, spelled as it is there.

Fix safety
----------
Safe where the reference was read and is known to be one (it is named, or stands in the same file
and ``--from`` says which side it is): the port then computes what its reference computes. Outputs
change, which is the point.

Unsafe under ``--from`` alone, and where the framework was inferred, since the reference may set its
own eps; in a same-file pair without a declared direction, since either side may be the port; where
one of the values is a default that a caller may override; and where the call passes on keywords of
its caller, who may give an eps.

Not written where the layer is chosen in another place (as a parameter, say), where the value comes
from a dictionary that other calls take too, where a caller in the file gives an eps itself, or
where the reference has a negative eps, at which frameworks raise an exception or give nan.

Numbers
-------
Running variance planted, inference: eps 1e-3 against 1e-5 changes the output by a factor 3.16 at
variance 1e-4, 1.048 at 1e-2 and 1.0005 at 1. Layer normalisation of Keras and of PyTorch, at their
defaults on one input: outputs differ by 0.0022 at variance 1, 0.19 at 1e-2 and 2.1 at 1e-4. With
eps -1, PyTorch raises an exception, and Keras
gives nan in each channel whose variance is below 1.

References
----------
Measured with torch 2.13.0, TensorFlow 2.21.0 and Keras 3.15.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bnlint.engine.trials import layers_of_pair
from bnlint.finding import SAFE, UNSAFE, Comparison, Finding
from bnlint.fixes.build import rewrite
from bnlint.frameworks.records import BATCH, Api
from bnlint.rule import (
    DIFFERENCE,
    Context,
    Rule,
    called,
    evidence,
    lower,
    shown_by,
    where_reference,
)
from bnlint.semantics.layers.alternatives import is_contradicted_default
from bnlint.semantics.layers.references import Counterpart, has_eps_of_its_own
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import takes_weight
from bnlint.semantics.syntax.numbers import close, shown
from bnlint.semantics.values.value import PRESUMED, assumption, written
from bnlint.semantics.weights.compensation import makes_up_for_eps
from bnlint.trial import INFERENCE, OUTPUT, SMALL_VARIANCES, Trial

RULE = Rule(
    "BN103",
    "eps-differs",
    "error",
    precedence=DIFFERENCE,
    needs_reference=True,
    norms=("batch", "layer", "group", "instance", "rms"),
)

#: The running variance at which the message says what the difference does.
_VARIANCE = 1e-4

#: The variance where the values of eps are so small that they would not show there.
_SMALLER = 1e-6

#: What other kinds of normalisation divide by the root of.
_MEASURE = {
    "layer": "variance of a sample",
    "group": "variance of a group",
    "instance": "variance of a channel",
    "rms": "mean square",
}


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report an eps that is not the reference's."""
    reference = context.reference(site, "eps")
    if reference is None:
        return
    mine, theirs = site.value("eps"), reference.value("eps")
    if mine.number is None or theirs.number is None:
        return
    if not reference.is_read and not mine.from_default:
        return
    if not reference.is_read and is_contradicted_default(context.evaluator, site, "eps"):
        return
    if close(mine.number, theirs.number) or takes_weight(site):
        return
    if site.api.place != reference.api.place:
        return  # an eps beside the root is another thing than one inside
    if makes_up_for_eps(context.project, site):
        return
    api, title = site.api, reference.api.framework.title
    here = (
        f"leaves {api.roles['eps']} at {api.framework.title}'s default {shown(mine.number)}"
        if mine.from_default
        else f"has {api.roles['eps']}={shown(mine.number)}"
    )
    there = "default is" if theirs.from_default else "layer has"
    if reference.own:
        there = "layers of the project have"
    text, spelled = shown(theirs.number), written(theirs)
    said = f"{here}, the {title} {there} {text}{where_reference(reference)}"
    if_so = ""
    if reference.origin is not None:
        said = f"{here}; {shown_by(reference.origin, context)} is {text}"
        if_so = ": check the reference"
        if reference.own:
            says = evidence(reference.origin.signs[0], context)
            said = f"{here}; {says}, and the {title} {there} {text}{where_reference(reference)}"
    elif reference.is_assumed:
        if_so = f", if the reference leaves {reference.api.roles['eps']} at its default"
    reason = reference.doubt
    reason = reason or next((v.why for v in (mine, theirs) if v.kind == PRESUMED), "")
    yield context.report(
        RULE,
        context.place(site, mine),
        f"{called(api)} {said}{if_so}{assumption(mine, theirs)}",
        help=_advice(api, spelled, mine.number, theirs.number),
        severity=None if reference.is_read else "warning",
        confidence=_confidence(site, mine.number, reference, context),
        fix=None
        if theirs.number < 0
        else rewrite(
            context,
            site,
            "eps",
            spelled,
            UNSAFE if reason else SAFE,
            reason=reason,
        ),
        reference=reference,
        values=(Comparison("eps", mine.number, theirs.number),),
        site=site,
        argument="eps",
    )


def _confidence(site: Site, number: float, reference: Counterpart, context: Context) -> str:
    """Return how sure a difference is: each thing that is assumed counts."""
    api, mine, theirs = site.api, site.value("eps"), reference.value("eps")
    if reference.is_assumed and context.sets_own_eps:
        return "low"
    own = api.norm != BATCH and has_eps_of_its_own(api)
    if reference.origin is not None and PRESUMED in (mine.kind, theirs.kind) and not own:
        return "low"
    doubt = reference.unsure or ("" if reference.is_read else reference.doubt)
    if reference.is_weak:
        return "low"
    usual = reference.api.usual_eps if reference.is_assumed else ()
    if any(close(number, eps) for eps in usual):
        return "low"  # the reference may well set it to that
    if reference.api.norm != BATCH and reference.is_assumed:
        # Models set the eps of these far more often than that of batch normalisation.
        return "low" if reference.origin is not None and not own else "medium"
    return lower(RULE.confidence, (mine, theirs), doubt)


def _advice(api: Api, spelled: str, mine: float, theirs: float) -> str:
    """Say what to write for ``mine``, and why: a factor, or that a negative eps works nowhere."""
    name = api.roles["eps"]
    if min(mine, theirs) < 0:
        # PyTorch raises an exception, Keras gives nan in the channels whose variance is smaller.
        what = f"write {name}={spelled}" if theirs >= 0 else "give both sides a positive one"
        return f"{what}: a negative eps is refused, or gives nan where the variance is smaller"
    of_what, variance = "running variance", _VARIANCE
    if api.norm != BATCH:
        of_what = _MEASURE[api.norm]
        variance = _VARIANCE if max(mine, theirs) > 2e-5 else _SMALLER
    # Each root by itself: the quotient of the sums may be beyond all floats.
    ratio = math.sqrt(variance + theirs) / math.sqrt(variance + mine)
    return (
        f"write {name}={spelled}: where the {of_what} is {variance:g}, "
        f"outputs now differ by a factor {max(ratio, 1 / ratio):.3g}"
    )


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs in inference where running variances are small: only there eps shows."""
    layers = layers_of_pair(site, context.reference(site, "eps"), "eps", mode=INFERENCE)
    if layers is None:
        return None
    return Trial(OUTPUT, *layers, variances=SMALL_VARIANCES, about="output in inference")
