"""A flag that keeps a layer on its running statistics while it is trained.

What it does
------------
Reports the argument that makes a layer use running statistics in training mode too
(``use_batch_statistics=False`` in MindSpore, ``use_global_stats=True`` in Paddle) in a file that
trains, where nothing says that the layer is meant to be frozen.

Why it matters
--------------
The flag is easily read the wrong way round, and converters have written it so. The layer then
normalises with mean 0 and variance 1 for ever: training runs, and converges to something else.

Example
-------
Hazard:

    import mindspore as ms
    from mindspore import nn

    class Net(nn.Cell):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3, use_batch_statistics=False)

        def construct(self, x):
            return self.bn(x)

    net = Net()
    net.set_train()
    optimizer = nn.SGD(net.trainable_params())

Clean:

    import mindspore as ms
    from mindspore import nn

    class FrozenBackbone(nn.Cell):
        def __init__(self):
            super().__init__()
            self.bn = nn.BatchNorm2d(3, use_batch_statistics=False)

        def construct(self, x):
            return self.bn(x)

Fix
---
Removes the argument: the mode then decides.

Fix safety
----------
Safe in files that X2Paddle has written, which import ``x2paddle.torch2paddle``: the converter turns
PyTorch's ``track_running_stats=True``, which says that the layer follows its mode, into this flag.

Unsafe else: a layer that is meant to be frozen is written the same way.

Numbers
-------
Training output differs by 6.69 from that of a layer that follows its mode; the running mean stays
at 0.

References
----------
Measured with MindSpore 2.10.0, PaddlePaddle 3.3.1 and X2Paddle 1.6.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import layer_of
from bnlint.finding import SAFE, UNSAFE, Finding, Fix, RemoveArgument
from bnlint.rule import Context, Rule, lower
from bnlint.semantics.hints.around import is_frozen, names_around
from bnlint.semantics.hints.purposes import FREEZING, wants_running_statistics
from bnlint.semantics.layers.sites import STATISTICS, Site
from bnlint.semantics.layers.traits import always_uses_running, runs_itself
from bnlint.semantics.modes.training import trains
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.values.value import Value, assumption
from bnlint.trial import OUTPUT, TRAINING, Trial

RULE = Rule("BN110", "global-statistics-inverted", "error", confidence="medium")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that is trained and always uses its running statistics."""
    if site.api.kind != "layer" or not always_uses_running(site):
        return
    if is_frozen(site.module, site.call) or _is_meant(site) or runs_itself(context.evaluator, site):
        return
    if not trains(context.evaluator, context.module):
        return
    value = site.value(STATISTICS)
    argument = str(site.api.statistics["argument"])
    holder = site.resolutions[0].holder
    fix = None
    if holder is not None and any(k.arg == argument for k in holder.keywords):
        why = "a layer that is meant to be frozen is written the same way"
        why = "" if _is_converted(context) else why
        intent = RemoveArgument(context.module.span(holder), argument)
        fix = Fix(UNSAFE if why else SAFE, f"remove {argument}", (intent,), why)
    yield context.report(
        RULE,
        context.place(site, value),
        f"{argument}={shown(value.value)} keeps {site.api.short_name} on its running statistics "
        "while this file trains it: they never move from their initial values"
        f"{assumption(value)}",
        help=_advice(site, argument, value),
        confidence=lower(RULE.confidence, (value,)),
        fix=fix,
        site=site,
        argument=STATISTICS,
    )


def _advice(site: Site, argument: str, value: Value) -> str:
    if value.from_default:
        return (
            f"{argument} has no value with which {site.api.short_name} follows its mode: use the "
            "framework's own layer, unless this one is meant to be frozen"
        )
    return f"remove {argument} (the mode then decides), unless the layer is meant to be frozen"


def _is_converted(context: Context) -> bool:
    """Tell whether a converter wrote the file: it imports what such files need to run."""
    return any(
        context.frameworks.means(path, "converters")
        for statement in context.module.imports
        for path in _imported(statement)
    )


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the paths that an import names: the module, and what is taken from it."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    else:
        yield str(statement.module)
        yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _is_meant(site: Site) -> bool:
    """Tell whether running statistics are meant, or the flag may be part of a freeze."""
    if any(map(wants_running_statistics, names_around(site.module, site.call))):
        return True
    return any(word in site.module.uses for word in FREEZING)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs in training with those of a layer that uses the batch there."""
    if (port := layer_of(site, STATISTICS, mode=TRAINING)) is None:
        return None
    fixed = layer_of(site, mode=TRAINING)
    return Trial(OUTPUT, port, fixed, fixed, about="output in training")
