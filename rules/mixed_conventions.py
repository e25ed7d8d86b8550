"""One momentum given to two APIs of one framework that mean opposite things by it.

What it does
------------
Within one framework's packages, momentum can mean either thing: MindSpore's ``nn`` takes the
weight of the old value, its ``mint.nn`` and ``ops`` that of the new batch. So it is with Paddle's
``nn`` and the layers that X2Paddle puts in the place of PyTorch's. This rule reports a momentum
(the same number, or the same expression) that is given to both.

Why it matters
--------------
Whichever is meant, one of the two layers updates its statistics nine times too fast or too slow.

Example
-------
Hazard:

    from mindspore import mint, nn

    class Net(nn.Cell):
        def __init__(self, momentum):
            super().__init__()
            self.stem = nn.BatchNorm2d(8, momentum=momentum)
            self.head = mint.nn.BatchNorm2d(8, momentum=momentum)

Clean:

    from mindspore import mint, nn

    class Net(nn.Cell):
        def __init__(self, momentum):
            super().__init__()
            self.stem = nn.BatchNorm2d(8, momentum=momentum)
            self.head = mint.nn.BatchNorm2d(8, momentum=1 - momentum)

Fix
---
None: which of the two is meant is not known.

Numbers
-------
One step with 0.1 against 0.9 moves the running mean nine times as far.

References
----------
Measured with MindSpore 2.10.0 on CPU for ``nn`` and ``ops``; ``mint`` read from its source.
Measured with X2Paddle 1.6.0 on PaddlePaddle 3.3.1, whose ``paddle.compat.nn`` has no batch
normalisation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import layer_of
from bnlint.finding import Finding
from bnlint.rule import Context, Rule, as_said, lower
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics, takes_weight
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.value import assumption
from bnlint.trial import STATISTICS, TRAINING, Trial

RULE = Rule("BN109", "mixed-conventions", "warning", precedence=50)

_CONVENTIONS = ("new-weight", "old-weight")


def check_file(context: Context) -> Iterator[Finding]:
    """Report one of two layers that are given one momentum and read it differently."""
    seen: dict[tuple[object, ...], dict[str, Site]] = {}
    for site in context.sites:
        key = _same_momentum(site, context)
        if key is None:
            continue
        first = seen.setdefault((site.api.framework.ecosystem, *key), {})
        opposite = next((o for name, o in first.items() if name != site.api.convention), None)
        if opposite is not None:
            yield _finding(*_suspect_first(site, opposite), context)
        first.setdefault(site.api.convention, site)


def _same_momentum(site: Site, context: Context) -> tuple[object, ...] | None:
    """Return what tells equal momenta: the number, or the name and where it got its value."""
    value, api = site.value("momentum"), site.api
    if len({a.convention for a in site.apis}) != 1 or api.convention not in _CONVENTIONS:
        return None
    if value.from_default or takes_weight(site) or not keeps_statistics(site):
        return None
    if value.number is not None:
        return None if value.number in (0.0, 0.5, 1.0) else (value.number,)
    argument = site.resolutions[0].matched.given.get(api.roles["momentum"])
    node = argument.node if argument is not None else None
    if argument is None or node is None or not context.owns(node):
        return None
    if isinstance(node, ast.Name):
        scope = context.evaluator.scope(site.module, site.module.scope_node(node))
        reaches = reaching(scope, node.id, node)
        return (id(scope), node.id, *(id(r.binding) for r in reaches))
    if isinstance(node, ast.Attribute):
        return (id(site.module.enclosing_class(site.call)), ast.unparse(node))
    return None


def _suspect_first(site: Site, other: Site) -> tuple[Site, Site]:
    """Put the layer first that a plain number is wrong for; of two unknown ones, the later."""
    value = site.value("momentum")
    if value.number is None or value.computed:
        return site, other
    wrong = "new-weight" if value.number > 0.5 else "old-weight"
    return (site, other) if site.api.convention == wrong else (other, site)


def _finding(site: Site, other: Site, context: Context) -> Finding:
    value = site.value("momentum")
    given = context.given(site, value)
    text = shown(value.value) if given is None else ast.unparse(given)
    meaning = {"new-weight": "the new batch", "old-weight": "the old value"}
    return context.report(
        RULE,
        given or site.call,
        f"the momentum {as_said(text)} is the weight of {meaning[site.api.convention]} in "
        f"{site.api.id}, "
        f"and of {meaning[other.api.convention]} in {other.api.id} (line {other.call.lineno})"
        f"{assumption(value)}",
        help="give one of the two layers 1 minus the momentum",
        confidence=lower(RULE.confidence, (value,)),
        site=site,
        argument="momentum",
        trial=_trial(site, other),
    )


def _trial(site: Site, other: Site) -> Trial | None:
    """Compare the running statistics of the two layers, which are given the same number."""
    port = layer_of(site, "momentum", mode=TRAINING)
    against = layer_of(other, "momentum", mode=TRAINING)
    if port is None or against is None:
        return None
    return Trial(STATISTICS, port, against, about="running statistics")
