"""The two sides of a port freeze the same layers, and one of them leaves their statistics moving.

What it does
------------
Compares how a port and its reference keep batch normalisation from being trained. ``trainable =
False`` stops the running statistics of a Keras layer, and it goes on normalising with them whatever
``training`` says. ``requires_grad = False`` stops the weights alone: in training mode, the layer
normalises with each batch and its statistics move. Paddle's ``stop_gradient`` and ``trainable``
and MindSpore's ``requires_grad`` are of PyTorch's kind. A freeze that was ported as one of the
other kind is reported; where it is the port that stops the statistics, as a warning.

The reference is named, or both sides stand in one file. Each side must be in view. The one whose
statistics move trains in training mode: a model of a script from where it is built to where its
output is differentiated, a part that a class freezes in its constructor, or, of a named reference,
layers that a test of their class finds, in a file that trains and switches none of them. The other
sets the attribute of a model with batch normalisation in it, of the layers of one in a loop, or of
those that are batch normalisation, and never undoes it.

Left alone are layers that are put into inference mode, whatever is unfrozen later or by a flag,
models that only the reference freezes on a condition, and the weights of some layers
(``layers[:100]``).

Where BN251 has found the same freeze, this rule speaks, and BN251 does not: the reference says what
is meant.

Why it matters
--------------
Fine-tuned with the same data, the sides compute different things from the first step on: one
normalises the features with the statistics of its pretraining, the other with those of each batch.
What the other saves at the end is no longer the backbone that was loaded, though no weight of it
has changed.

Example
-------
Hazard:

    import torch
    import torchvision
    from tensorflow import keras

    reference = keras.applications.ResNet50(include_top=False, pooling="avg")
    reference.trainable = False

    port = torchvision.models.resnet50(weights="DEFAULT")
    for p in port.parameters():
        p.requires_grad = False
    port.fc = torch.nn.Linear(2048, 10)
    port.train()
    for x, y in loader:
        torch.nn.functional.cross_entropy(port(x), y).backward()

Clean:

    import torch
    import torchvision
    from tensorflow import keras

    reference = keras.applications.ResNet50(include_top=False, pooling="avg")
    reference.trainable = False

    port = torchvision.models.resnet50(weights="DEFAULT")
    for p in port.parameters():
        p.requires_grad = False
    port.fc = torch.nn.Linear(2048, 10)
    port.train()
    for layer in port.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()
    for x, y in loader:
        torch.nn.functional.cross_entropy(port(x), y).backward()

Fix
---
Puts the batch normalisation layers into inference mode after the model is switched to training.

Fix safety
----------
Unsafe always: that the two sides freeze the same layers is read off the code.

Not written where the model is never switched to training by name (it starts there), for a part of a
class, for layers that a test of their class finds, and where the reference is the side whose
statistics move. A Keras port does what that one does if its batch normalisation layers stay
trainable, and gamma and beta are kept out of the step: in Keras 3 by ``layer.gamma.trainable =
layer.beta.trainable = False`` after ``layer.trainable = True``; in Keras 2, which has no such
switch, by a training step that applies the gradients of the other weights only.

Numbers
-------
10 steps of fine-tuning on data from N(2, 9), from statistics of N(0, 1): with ``trainable = False``
the mean that batch normalisation gives is 2.0 and its moving mean stays 0; with
``requires_grad=False`` the mean it gives is 0.0 and the running mean goes 65 % of the way to 2;
with ``eval()`` after ``train()`` both are as in Keras. The other way round, ``gamma.trainable =
beta.trainable = False`` at the converted momentum of 0.9 moves a Keras layer by the same 65 %, and
leaves gamma and beta as they were.

References
----------
Measured with torch 2.13.0, Keras 3.15.1, tf_keras 2.21.0, MindSpore 2.10.0 and Paddle 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.engine.trials import layer_of_family
from bnlint.finding import UNSAFE, Finding, Fix, Reference
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.references import NAMED, SAME_FILE, Side
from bnlint.semantics.modes.freezing import drift
from bnlint.semantics.modes.frozen_norms import Frozen, halts, moving, moving_norms
from bnlint.semantics.modes.region import LAYER
from bnlint.semantics.modes.stopping import advice, stop
from bnlint.semantics.modes.training import is_trained
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.syntax.numbers import decay, momentum_for
from bnlint.trial import INFERENCE, STATISTICS, TRAINING, Literal, Trial

#: It has a reference, so that it is kept where another rule reports the same freeze without one.
RULE = Rule(
    "BN254", "freeze-differs", "error", confidence="medium", precedence=50, needs_reference=True
)


def check_file(context: Context) -> Iterator[Finding]:
    """Report freezes that do another thing to statistics than those of the reference."""
    if context.references:
        pairs = list(_named(context.side, context.references))
    else:
        pairs = list(_in_file(context))
    for port, reference in pairs:
        yield _report(port, reference, context)


# ---------------------------------------------------------------------------------- pairs


def _named(mine: Side, theirs: Sequence[Side]) -> Iterator[tuple[Frozen, Frozen]]:
    """Yield the freezes of a port with those of its reference that are of the other kind."""
    stopped = [found for side in theirs if (found := halts(side)) is not None]
    if len(stopped) == len(theirs):
        references = [frozen for found in stopped for frozen in found]
        if references:
            yield from _paired([*moving(mine), *moving_norms(mine)], references)
    ports = [frozen for frozen in halts(mine) or () if _is_trained(frozen)]
    if ports:
        references = [frozen for side in theirs for frozen in (*moving(side), *moving_norms(side))]
        yield from _paired(ports, references)


def _is_trained(frozen: Frozen) -> bool:
    return is_trained(frozen.side.project.evaluator, frozen.side.module, frozen.framework)


def _paired(
    ports: Sequence[Frozen], references: Sequence[Frozen]
) -> Iterator[tuple[Frozen, Frozen]]:
    for port in ports:
        same = [r for r in references if _last(r) == _last(port)]
        others = [] if port.reach.kind == LAYER else [r for r in references if _may_be(port, r)]
        for reference in (*same, *others)[:1]:
            if port.flagged or not reference.flagged:
                yield port, reference


def _last(frozen: Frozen) -> str:
    return frozen.owner.rpartition(".")[2]


def _may_be(port: Frozen, reference: Frozen) -> bool:
    """Tell whether two freezes of other names may be of one model.

    They are of two where each side has a model under either name.
    """
    if reference.reach.kind == LAYER:
        return False
    names = ((_last(port), reference), (_last(reference), port))
    return not all(name in other.side.module.uses for name, other in names)


def _in_file(context: Context) -> Iterator[tuple[Frozen, Frozen]]:
    """Yield the one freeze of each kind in a file; the reference first stands in it, or is named.

    Of several, which belong together is not known.
    """
    tables = context.frameworks.frameworks.values()
    if len({framework.ecosystem for framework in tables}) < 2:
        return
    stopped = halts(context.side)
    moved = list(moving(context.side)) if stopped else []
    if not stopped or len(stopped) > 1 or len(moved) != 1:
        return
    sides = sorted((*stopped, *moved), key=lambda f: (f.where.lineno, f.where.col_offset))
    sides.sort(key=lambda frozen: frozen.framework.name != context.from_family)
    reference, port = sides
    if port.stops and not _is_trained(port):
        return
    if port.flagged or not reference.flagged:
        yield port, reference


# ---------------------------------------------------------------------------------- report


def _report(port: Frozen, reference: Frozen, context: Context) -> Finding:
    moved = reference if port.stops else port
    drifting = drift(moved.framework, moved.side.project.frameworks)
    of = f"of the {reference.framework.title} reference{_where(reference, context.module)}"
    if port.stops:
        first = f"{port.by} stops the statistics of {port.name} too"
        second = f"{reference.by} {of} freezes the weights of {reference.name} alone"
        trains, rests = "there", "here"
    else:
        first = f"{port.by} freezes the weights of {port.name} alone"
        second = f"{reference.by} {of} stops the statistics too"
        trains, rests = "here", "there"
    message = (
        f"{first}, {second}: in training mode, batch normalisation {trains} normalises with each "
        f"batch, and {drifting}; {rests} it goes on normalising with those it has"
    )
    finding = context.report(
        RULE,
        port.where,
        message,
        help=_advice(port, reference),
        severity="warning" if port.stops else None,
        fix=_fix(port, context),
        trial=_trial(port, reference),
    )
    span = reference.side.module.span(reference.where)
    record = Reference(
        NAMED if context.references else SAME_FILE,
        reference.framework.title,
        reference.framework.reference,
        reference.side.module.path,
        span.row,
        span.column,
    )
    return finding._replace(subject=finding.span.start, argument="freeze", reference=record)


def _where(reference: Frozen, module: Module) -> str:
    row, there = reference.where.lineno, reference.side.module
    return f" (line {row})" if there is module else f" ({there.path}:{row})"


def _advice(port: Frozen, reference: Frozen) -> str:
    if port.drift is not None:
        return advice(port.drift, port.side.module)
    moved = reference if port.stops else port
    modes = moved.framework.modes
    method, train = modes.to_inference[0][0], modes.to_training[0][0]
    if not port.stops:
        return f"call {method}() of these layers too, after each {train}()"
    api = port.side.project.frameworks.reference(port.framework.name)
    weights = " and ".join(api.state["trainable"])
    return (
        f"leave {port.row.name} = {not port.row.value} for its {api.short_name} layers and keep "
        f"their {weights} out of the training step, or have the reference call {method}() of them "
        f"after each {train}()"
    )


def _fix(port: Frozen, context: Context) -> Fix | None:
    written = stop(port.drift, context.evaluator, context.module) if port.drift else None
    if written is None:
        return None
    model, statements = written
    message = f"put the batch normalisation layers of {model} into inference mode here"
    why = "that the two sides freeze the same layers is read off the code"
    return Fix(UNSAFE, message, tuple(statements), why)


def _trial(port: Frozen, reference: Frozen) -> Trial:
    """Compare running statistics after steps in training mode on both sides."""
    stopped, moved = (port, reference) if port.stops else (reference, port)
    moves = layer_of_family(moved.framework.name, TRAINING)
    stops = layer_of_family(stopped.framework.name, TRAINING)
    still = stops.given(**{stopped.row.name: stopped.row.value})
    if not port.stops:
        fixed = moves._replace(mode=INFERENCE)
        return Trial(STATISTICS, moves, still, fixed, about="running statistics")
    same = _at_the_speed_of(moved, stopped)
    return Trial(
        STATISTICS, still.given(**same), moves, stops.given(**same), about="running statistics"
    )


def _at_the_speed_of(moved: Frozen, stopped: Frozen) -> dict[str, Literal]:
    """Return the momentum with which one side forgets as fast as the other does by default."""
    mine, other = (f.side.project.frameworks.reference(f.framework.name) for f in (stopped, moved))
    default = other.default("momentum")
    keeps = decay(other, default) if isinstance(default, float) else None
    momentum = momentum_for(mine, keeps) if keeps is not None else None
    return {} if momentum is None else {mine.roles["momentum"]: momentum}
