"""A running variance that is copied into a layer of another framework, whose eps is another.

What it does
------------
Looks at code that puts a running variance, unchanged, under the name or into the attribute that it
has in another framework: ``moving_variance`` of Keras into ``running_var`` of PyTorch, and back.
Reported is a copy where the defaults of the two eps differ, and no file of the project that has to
do with batch normalisation says a word of eps.

A copy that adds the difference of the two to the variance, and a project that sets eps anywhere,
are left alone.

Where the difference is added in place (``running_var += ...``) to what ``numpy()`` gives of a
model, the model itself is changed: that is reported too.

Why it matters
--------------
Batch normalisation divides by ``sqrt(variance + eps)``. With the same variance and another eps,
each channel of small variance comes out scaled wrongly, and no shape tells of it.

Example
-------
Hazard:

    import torch
    from tensorflow import keras

    def convert(model, layers, names):
        state = {}
        for name in names:
            weights = layers[name]
            state[name + ".running_mean"] = torch.from_numpy(weights["moving_mean"])
            state[name + ".running_var"] = torch.from_numpy(weights["moving_variance"])
        model.load_state_dict(state, strict=False)

Clean:

    import torch
    from tensorflow import keras

    def convert(model, layers, names, eps_there=1e-3, eps_here=1e-5):
        state = {}
        for name in names:
            weights = layers[name]
            variance = weights["moving_variance"] + eps_there - eps_here
            state[name + ".running_mean"] = torch.from_numpy(weights["moving_mean"])
            state[name + ".running_var"] = torch.from_numpy(variance)
        model.load_state_dict(state, strict=False)

Fix
---
None. Set the eps of the layers to that of the reference, or add the difference to a new variance.

Numbers
-------
With eps 1e-5 instead of 1e-3, the output is larger by a factor of 3.16 where the running variance
is 1e-4, and of 1.048 where it is 1e-2. With the difference of the two added to the variance,
outputs agree within rounding.

``numpy()`` of a tensor of PyTorch shares its memory: after ``v = bn.running_var.numpy(); v += 0.1``
the layer divides by a variance that is larger by 0.1.

References
----------
Measured with torch 2.13.0 and Keras 3.15.1.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.engine.trials import layer_of_family
from bnlint.finding import Finding
from bnlint.frameworks.tables import Api
from bnlint.rule import Context, Rule
from bnlint.semantics.syntax.numbers import shown
from bnlint.semantics.weights.kinds import VARIANCE
from bnlint.semantics.weights.shared_memory import moved_in_place
from bnlint.semantics.weights.transfers import Transfer, copies
from bnlint.startup.patterns import lazy
from bnlint.trial import INFERENCE, OUTPUT, SMALL_VARIANCES, Trial

RULE = Rule("BN412", "statistics-copied-without-eps", "warning", confidence="medium")

_SPEAKS = lazy(r"(?<![a-z])eps(?![a-z])|epsilon", re.IGNORECASE)


def check_file(context: Context) -> Iterator[Finding]:
    """Report variances that are copied between layers whose eps stay different."""
    module = context.module
    for statement, slot in moved_in_place(context.evaluator, module, context.sites):
        name = module.source(statement.target)
        sign, moved = ("+", "added") if isinstance(statement.op, ast.Add) else ("-", "taken off")
        yield context.report(
            RULE,
            statement,
            f"{name} shares its memory with the {slot.name} that it was taken from: what is "
            f"{moved} in place changes that model too, whose eps stays as it is",
            help=f"write {name} = {name} {sign} ..., which makes a new array",
        )
    found = [
        (transfer, sides)
        for copy in copies(context.evaluator, module, context.sites)
        for transfer in copy.transfers
        if (sides := _sides(transfer, context)) is not None
    ]
    if not found or _SPEAKS.search(module.text) is not None or _is_spoken_of(context):
        return
    for transfer, (source, target) in found:
        assert transfer.source is not None
        here, there = (shown(api.default_eps) for api in (target, source))
        yield context.report(
            RULE,
            transfer.value,
            f"{transfer.source.name} of {source.framework.title} is stored as "
            f"{transfer.target.name} of {target.framework.title} as it is, and nothing in the "
            f"project speaks of eps: it is {there} there and {here} here",
            help=f"give the layers {target.roles['eps']}={there}, or add {there} - {here} to the "
            "variance",
            trial=_trial(source, target),
        )


def _sides(transfer: Transfer, context: Context) -> tuple[Api, Api] | None:
    """Return the layers that a variance is copied from and to, if their eps differ by default."""
    source, target = transfer.source, transfer.target
    if source is None or target.kind != VARIANCE or source.kind != VARIANCE:
        return None
    if not source.is_distinct or not target.is_distinct:
        return None
    sides = []
    for name in (source.name, target.name):
        apis = _with_array(name, context)
        if len({api.default_eps for api in apis}) != 1:
            return None
        sides.append(apis[0])
    theirs, mine = sides
    return (theirs, mine) if theirs.default_eps != mine.default_eps else None


def _with_array(name: str, context: Context) -> list[Api]:
    """Return the layers of the frameworks at hand that have an array called ``name``."""
    return [
        api
        for api in context.frameworks.apis.values()
        if api.kind == "layer"
        and api.framework.ecosystem in _imported(context)
        and any(
            one.replace("/", ".").rpartition(".")[2] == name
            for names in api.state.values()
            for one in names
        )
        and api.default_eps is not None
    ]


def _imported(context: Context) -> set[str]:
    """Return the ecosystems of what the file imports."""
    paths = [
        str(s.module) if isinstance(s, ast.ImportFrom) else alias.name
        for s in context.module.imports
        for alias in s.names
    ]
    roots = {path.partition(".")[0] for path in paths}
    frameworks = context.frameworks.frameworks.values()
    return {f.ecosystem for f in frameworks if roots & set(f.imports)}


def _is_spoken_of(context: Context) -> bool:
    """Tell whether a file of the project that names batch normalisation speaks of eps."""
    resolver, module = context.project.resolver, context.module
    if resolver is None:
        return False
    pattern = r"(?i)(?<![a-z])eps(?![a-z])|epsilon"
    for file in resolver.sources.search(module.file, pattern):
        if resolver.sources.marks(file).apis:
            return True
    return False


def _trial(source: Api, target: Api) -> Trial:
    """Compare the two layers in inference, where running variances are small."""
    theirs = layer_of_family(source.framework.name, INFERENCE)
    port = layer_of_family(target.framework.name, INFERENCE)
    fixed = layer_of_family(target.framework.name, INFERENCE, eps=source.default_eps)
    about = "output in inference"
    return Trial(OUTPUT, port, theirs, fixed, variances=SMALL_VARIANCES, about=about)
