"""A layer that normalises with the batch even in inference.

What it does
------------
Reports the arguments that make a layer use batch statistics in both modes:
``track_running_stats=False`` in PyTorch, ``use_batch_statistics=True`` in MindSpore,
``use_global_stats=False`` in Paddle. It is a warning where the reference tracks statistics, and
where the layer goes on updating running statistics that nothing uses, as in MindSpore and Paddle:
who wants the batch alone has no use for these. Else it may well be meant, and is information that
is shown only if the rule is selected; so it is of what has no gamma and beta, as in an instance
norm, and in code that is named for generators, sampling or adapting. Classes that normalise by a
method of their own are left alone.

Instance normalisation mostly has no running statistics, and is spoken of where a reference was read
that has some and the port has none, or the other way round.

Why it matters
--------------
The output for one sample then depends on the samples beside it. A reference that tracks its
statistics does not behave so, and evaluation with another batch size gives other numbers.

Setting ``track_running_stats`` on a finished layer is no way out: to False, it only stops the
updates, and inference still uses the running statistics; to True, it does nothing, since there
are no buffers.

Example
-------
Hazard (from keras):

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01, track_running_stats=False)

Clean (from keras):

    import torch.nn as nn

    bn = nn.BatchNorm2d(64, eps=1e-3, momentum=0.01)

Fix
---
Removes the argument.

Fix safety
----------
Unsafe always: running statistics appear in the checkpoint and have to be computed, and outputs that
depend on the rest of the batch may be wanted.

Not written where the argument is no keyword of the call.

Numbers
-------
Inference on a batch of 8 against its first sample alone differs by 0.68. MindSpore's
``use_batch_statistics=True`` also updates the statistics in inference (by 0.30), and so does
Paddle's ``use_global_stats=False`` (by 0.31).

References
----------
Measured with torch 2.13.0, MindSpore 2.10.0 and PaddlePaddle 3.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.trials import layer_of, layers_of_pair
from bnlint.finding import UNSAFE, Finding, Fix, RemoveArgument, SetKeyword
from bnlint.frameworks.records import BATCH, UNKNOWN
from bnlint.rule import Context, Rule, called, lower, where_reference
from bnlint.semantics.hints.around import in_test, names_around
from bnlint.semantics.hints.purposes import (
    evaluates_in_training_on_purpose,
    wants_batch_statistics,
)
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import STATISTICS, Site
from bnlint.semantics.layers.traits import always_uses_batch, runs_itself
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.value import KNOWN, assumption
from bnlint.trial import INFERENCE, OUTPUT, Trial

RULE = Rule("BN105", "statistics-not-tracked", "warning", norms=("batch", "instance"))


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer built to normalise with the batch in both modes."""
    if site.api.norm != BATCH:
        yield from _of_instances(site, context)
        return
    if site.api.kind != "layer" or not always_uses_batch(site):
        return
    if runs_itself(context.evaluator, site):
        return
    if any(map(wants_batch_statistics, names_around(site.module, site.call))):
        return  # meta-learning or domain adaptation: batch statistics are the point
    value = site.value(STATISTICS)
    reference = context.reference(site)
    tracking = reference if reference is not None and not _uses_batch(reference) else None
    argument = str(site.api.statistics["argument"])
    holder, fix = context.holder(site), None
    if holder is not None and any(k.arg == argument for k in holder.keywords):
        fix = Fix(
            UNSAFE,
            f"remove {argument}",
            (RemoveArgument(context.module.span(holder), argument),),
            "running statistics then have to be computed",
        )
    against = ""
    if tracking is not None:
        title = tracking.api.framework.title
        against = (
            f"; the {title} reference uses running statistics there{where_reference(tracking)}"
        )
    updates = bool(site.api.statistics.get("updates_in_inference"))
    is_mistaken = tracking is not None or (
        updates and value.kind == KNOWN and not _may_be_meant(site)
    )
    also = ", and updates its running statistics, which nothing uses" if updates else ""
    yield context.report(
        RULE,
        context.place(site, value),
        f"{argument}={shown(value.value)} makes {site.api.short_name} normalise with the batch in "
        f"inference too{also}{against}{assumption(value)}",
        help=f"remove {argument}, unless outputs that depend on the rest of the batch are wanted",
        severity=None if is_mistaken else "info",
        confidence=lower("medium" if is_mistaken and tracking is None else "high", (value,)),
        fix=fix,
        reference=tracking,
        site=site,
        argument=STATISTICS,
    )


def _of_instances(site: Site, context: Context) -> Iterator[Finding]:
    """Report that one side normalises by running statistics in inference, the other never."""
    reference = context.reference(site)
    if reference is None or reference.site is None:
        return
    mine, theirs = _tracks(site), _tracks(reference.site)
    if mine is None or theirs is None or mine is theirs:
        return
    title, tracking = reference.api.framework.title, "by its running statistics"
    here, there = (
        (tracking, "each example by itself") if mine else ("each example by itself", tracking)
    )
    argument = str(site.api.statistics.get("argument", ""))
    advice, fix = "keep statistics by hand, or train the reference without", None
    if argument:
        holder = context.holder(site)
        advice = f"write {argument}={theirs}"
        if holder is not None:
            intent = SetKeyword(context.module.span(holder), argument, repr(theirs))
            reason = "checkpoints then lack statistics"
            if theirs:
                reason = "running statistics then have to be computed"
            fix = Fix(UNSAFE, advice, (intent,), reason)
    yield context.report(
        RULE,
        site.call,
        f"{called(site.api)} normalises {here} in inference, the {title} layer"
        f"{where_reference(reference)} {there}",
        help=advice,
        confidence="high" if reference.directed and not reference.unsure else "medium",
        fix=fix,
        reference=reference,
        site=site,
        argument=STATISTICS,
    )


def _tracks(site: Site) -> bool | None:
    """Tell whether a layer has running statistics; ``None`` where that is not known."""
    if len(site.apis) > 1 or site.api.kind == "functional":
        return None
    if not site.api.statistics:
        return None if site.api.reduces == UNKNOWN else False
    value = site.value(STATISTICS)
    return value.value is not site.api.statistics["always_batch"] if value.is_known else None


def _may_be_meant(site: Site) -> bool:
    """Tell whether the batch may be meant to be all that counts, in inference too."""
    if any(site.value(role).value is False for role in ("affine", "scale", "center")):
        return True  # an instance norm, of one image at a time
    if in_test(site.module, site.call):
        return True
    return any(map(evaluates_in_training_on_purpose, names_around(site.module, site.call)))


def _uses_batch(reference: Counterpart) -> bool:
    return reference.site is not None and always_uses_batch(reference.site)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs in inference with those of a layer that uses its running statistics."""
    if site.api.norm != BATCH:
        layers = layers_of_pair(site, context.reference(site), STATISTICS, "eps", mode=INFERENCE)
        return Trial(OUTPUT, *layers, about="output in inference") if layers is not None else None
    if (port := layer_of(site, STATISTICS, mode=INFERENCE)) is None:
        return None
    fixed = port.without(str(site.api.statistics["argument"]))
    return Trial(OUTPUT, port, fixed, fixed, about="output in inference")
