"""The two sides of a port forget old statistics at different speeds.

What it does
------------
Compares, in one convention, how much of the old running value a layer keeps per step (its decay)
with the reference: the layer of a named reference, a layer of another framework in the same file,
or the defaults of the framework given with ``--from`` (there, only a momentum left at its default).
Instance normalisation is compared where both sides track statistics.
The weights of the new batch, one minus the decay, count as equal within 2 %: 0.999 is not 0.99.

Under ``--from``, models of Keras mostly leave momentum at its default; those of other families
mostly set it, or change it as they train. There the difference is information, which a summary
counts and ``--extend-select BN102`` lists.

Why it matters
--------------
Keras keeps 0.99 of the old value per step, PyTorch and MindSpore 0.9, slim 0.999. A port trained
with another decay has other running statistics, and a model that is fine-tuned or trained for few
steps infers with them.

Example
-------
Hazard (from keras):

    import torch.nn as nn

    bn = nn.BatchNorm2d(32, eps=1e-3)

Clean (from keras):

    import torch.nn as nn

    bn = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)

Fix
---
Writes the reference's decay in the port's convention (Keras 0.99 is ``momentum=0.01`` in PyTorch).

Fix safety
----------
Safe where the reference was read and is known to be one (it is named, or stands in the same file
and ``--from`` says which side it is): the layer then forgets as its reference does. Only running
statistics change, and only those that are yet to come.

Unsafe under ``--from keras`` alone, since the reference may set its own momentum; in a same-file
pair without a declared direction, since either side may be the port; where one of the values is a
default that a caller may override; and where the call passes on keywords of its caller, who may
give a momentum.

Not written under ``--from`` another family, where the layer is chosen in another place (as a
parameter, say), where the value comes from a dictionary that other calls take too, or where a
caller in the file gives a momentum itself.

Numbers
-------
Steps until the initial value weighs less than 1 %: 459 with decay 0.99, 44 with 0.9. After 50
steps it still weighs 0.61 against 0.005.

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.trials import layers_of_pair
from bnlint.finding import SAFE, UNSAFE, Comparison, Finding
from bnlint.fixes.build import rewrite
from bnlint.rule import DIFFERENCE, Context, Rule, lower, where_reference
from bnlint.semantics.layers.alternatives import is_contradicted_default
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.syntax.numbers import close, decay, momentum_for, shown
from bnlint.semantics.values.value import PRESUMED, assumption
from bnlint.trial import STATISTICS, TRAINING, Trial

RULE = Rule(
    "BN102",
    "momentum-differs",
    "warning",
    precedence=DIFFERENCE,
    needs_reference=True,
    norms=("batch", "instance"),
)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a decay that is not the reference's."""
    reference = context.reference(site, "momentum")
    if reference is None:
        return
    mine, theirs = site.value("momentum"), reference.value("momentum")
    if mine.number is None or theirs.number is None:
        return
    if not reference.is_read and not mine.from_default:
        return
    if not reference.is_read and is_contradicted_default(context.evaluator, site, "momentum"):
        return
    if takes_weight(site) or not keeps_statistics(site):
        return
    if reference.site is not None and not keeps_statistics(reference.site):
        return
    api = site.api
    kept, wanted = decay(api, mine.number), decay(reference.api, theirs.number)
    if kept is None or wanted is None or close(1 - kept, 1 - wanted):
        return
    name, title = api.roles["momentum"], reference.api.framework.title
    momentum = momentum_for(api, wanted)
    given = f"{name}={shown(mine.number)}"
    if mine.from_default:
        given += f", {api.framework.title}'s default"
    their_name = reference.api.roles["momentum"]
    same = f", which is what {title} calls {shown(theirs.number)}"
    if_so, severity = "", None
    family = reference.api.framework
    if reference.is_assumed:
        if_so = f", if the reference leaves {their_name} at its default"
        severity = None if "momentum" in family.kept_defaults else "info"
    reason = reference.doubt
    reason = reason or next((v.why for v in (mine, theirs) if v.kind == PRESUMED), "")
    yield context.report(
        RULE,
        context.place(site, mine),
        f"{api.short_name} keeps {shown(kept)} of the old running value per step ({given}), "
        f"the {title} {'default' if reference.is_assumed else 'reference'} keeps {shown(wanted)} "
        f"({their_name}={shown(theirs.number)})"
        f"{where_reference(reference)}{if_so}{assumption(mine, theirs)}",
        help=f"write {name}={shown(momentum)}{'' if momentum == theirs.number else same}",
        severity=severity,
        confidence=lower(RULE.confidence, (mine, theirs), reference.unsure or if_so),
        fix=None
        if severity == "info"
        else rewrite(
            context,
            site,
            "momentum",
            shown(momentum),
            UNSAFE if reason else SAFE,
            reason=reason,
        ),
        reference=reference,
        values=(Comparison("momentum", kept, wanted, "decay"),),
        site=site,
        argument="momentum",
    )


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare running statistics after the same steps on both sides."""
    layers = layers_of_pair(site, context.reference(site, "momentum"), "momentum", mode=TRAINING)
    return Trial(STATISTICS, *layers, about="running statistics") if layers is not None else None
