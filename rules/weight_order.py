"""Arrays of batch normalisation that are put into each other's places.

What it does
------------
Follows arrays from the layer, checkpoint or list that they come from to the layer they are put
into, and reports those that become something else on the way: a variance that is stored as
``running_mean``, the gamma of ``get_weights()`` as a bias. Looked at are attributes
(``bn.running_var.copy_(...)``), keys (``state[name + ".running_var"]``), name maps, and lists of
all weights of a layer (``set_weights([...])``). An array counts only if both ends are known to be
those of batch normalisation: by a name that nothing else has (``moving_mean``), or because all four
of one holder are put into all weights of a layer. Where something is computed of it, or its origin
is not known, nothing is said.

Four variables that are named for all four arrays, and are given to ``set_weights`` or taken from
``get_weights`` in another order, are reported too, with medium confidence, unless the code puts
each where it belongs after all.

Why it matters
--------------
All four arrays have one number for each channel, so that any order is accepted. Keras keeps gamma,
beta, moving_mean and moving_variance; MindSpore keeps the statistics first, Darknet beta before
gamma. A mean that is taken for a variance is negative in places, and its root is no number.

Example
-------
Hazard:

    import torch
    from tensorflow import keras

    def copy_bn(k_layer: keras.layers.Layer, t_layer: torch.nn.BatchNorm2d):
        gamma, beta, var, mean = k_layer.get_weights()
        t_layer.weight.data = torch.from_numpy(gamma)
        t_layer.bias.data = torch.from_numpy(beta)
        t_layer.running_mean.data = torch.from_numpy(mean)
        t_layer.running_var.data = torch.from_numpy(var)

Clean:

    import torch
    from tensorflow import keras

    def copy_bn(k_layer: keras.layers.Layer, t_layer: torch.nn.BatchNorm2d):
        gamma, beta, mean, var = k_layer.get_weights()
        t_layer.weight.data = torch.from_numpy(gamma)
        t_layer.bias.data = torch.from_numpy(beta)
        t_layer.running_mean.data = torch.from_numpy(mean)
        t_layer.running_var.data = torch.from_numpy(var)

Fix
---
Puts the variables, or the elements of the list, into the right order.

Fix safety
----------
Safe where all four are attributes of one layer, or stand under keys such as ``moving_mean``, and
are given to ``set_weights``: the copy then has what its source has.

Unsafe where the keys are plain (``mean``, ``scale``): what was saved may stand under each other's
names.

Unsafe where variables take the place of each other, since other code may use them under the names
they have.

Not written where arrays cross one by one, or in a name map.

Numbers
-------
With gamma in [0.5, 1.5], beta from N(0, 1), means from N(0, 0.25) and variances in [0.1, 2], mean
and variance exchanged make 50 % of the outputs nan; with gamma and beta exchanged, the error is 1.4
times as large as the output (norms over 64 inputs from N(0, 1), 4096 channels).

References
----------
Orders measured with torch 2.13.0, Keras 3.15.1, Paddle 3.3 and MindSpore 2.10.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.engine.trials import trial_of_arrays
from bnlint.finding import SAFE, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.things import array_named
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.weights.kinds import (
    CALLED,
    COUNTER,
    KINDS,
    is_statistic,
    kind_of,
    listed_order,
)
from bnlint.semantics.weights.sources import Arrays, Slot
from bnlint.semantics.weights.transfers import Copy, copies, renamings
from bnlint.startup.typed import NamedTuple

RULE = Rule("BN401", "weight-order", "error")


class Crossed(NamedTuple):
    """An array of ``source``, ``value``, that is put into ``target``, which means another."""

    target: Slot
    source: Slot
    value: ast.expr


def check_file(context: Context) -> Iterator[Finding]:
    """Report arrays that end up in the place of another."""
    done: set[ast.AST] = set()
    found = copies(context.evaluator, context.module, context.sites)
    for copy in found:
        crossed = [
            Crossed(t.target, t.source, t.value)
            for t in copy.transfers
            if t.source is not None and copy.crosses(t)
        ]
        if not crossed:
            continue
        if any(0 < c.source.length < len(KINDS) for c in crossed):
            continue  # the layer has fewer weights, which another rule is about
        where = _where(crossed)
        done.add(where)
        yield _crossed(copy, crossed, where, context)
    for names in renamings(context.module):
        if not any(is_statistic(name) for r in names for name in (r.old, r.new)):
            continue  # other layers have a gamma and a beta too
        for renamed in names:
            if renamed.crosses and COUNTER not in (kind_of(renamed.old), kind_of(renamed.new)):
                yield context.report(
                    RULE,
                    renamed.node,
                    f"{renamed.old} is {CALLED[kind_of(renamed.old)]}, and is renamed to "
                    f"{renamed.new}, which is {CALLED[kind_of(renamed.new)]}",
                    help=_ADVICE,
                    trial=trial_of_arrays(
                        context.frameworks,
                        renamed.new,
                        [(kind_of(renamed.new), kind_of(renamed.old))],
                    ),
                )
    yield from _by_names(context, found, done)


_ADVICE = "give each array to the one of the same meaning: all have one number for each channel"


def _where(crossed: Sequence[Crossed]) -> ast.expr:
    """Return the list or call that all arrays come from or go to, or else the first array."""
    first = crossed[0]
    if first.target.at >= 0:
        return first.target.node
    if first.source.at >= 0 and len(crossed) > 1:
        return first.source.node
    return first.value


def _crossed(copy: Copy, crossed: Sequence[Crossed], where: ast.expr, context: Context) -> Finding:
    target, source, _ = crossed[0]
    more = f", and {len(crossed) - 1} more of it likewise" if len(crossed) > 1 else ""
    into = f"{target.owner}.{target.name}" if target.layer and target.at < 0 else target.name
    said = (
        f"{into} is {CALLED[target.kind]}, and is given {CALLED[source.kind]}: "
        f"{source.name} of {source.owner}{more}"
    )
    return context.report(
        RULE,
        where,
        said,
        help=_advice(crossed),
        fix=_fix(copy, crossed, context),
        trial=trial_of_arrays(
            context.frameworks,
            target.name,
            [(c.target.kind, c.source.kind) for c in crossed],
        ),
    )


def _advice(crossed: Sequence[Crossed]) -> str:
    if any(c.source.at >= 0 for c in crossed):
        order = ", ".join(CALLED[kind] for kind in listed_order())
        return f"the weights of a layer are {order}, in this order"
    return _ADVICE


def _fix(copy: Copy, crossed: Sequence[Crossed], context: Context) -> Fix | None:
    return _of_list(copy, context) or _of_variables(copy, crossed, context)


def _of_list(copy: Copy, context: Context) -> Fix | None:
    """Return the fix that gives ``set_weights`` the arrays of one layer in the right order."""
    order = listed_order()
    transfers = [t for t in copy.transfers if t.target.at >= 0]
    sources = [t.source for t in transfers if t.source is not None]
    if not len(transfers) == len(sources) == len(order):
        return None
    by_kind = {source.kind: t for source, t in zip(sources, transfers, strict=True)}
    if set(by_kind) != set(order) or len({source.owner for source in sources}) != 1:
        return None
    module = context.module
    texts = ", ".join(module.source(by_kind[kind].value) for kind in order)
    given = transfers[0].target.node
    if not isinstance(given, (ast.List, ast.Tuple)):
        return None  # it is filled line by line
    value = f"[{texts}]" if isinstance(given, ast.List) else f"({texts})"
    intent = ReplaceValue(module.span(given), value)
    advice = "give the weights in the order of the layer"
    if all(s.layer is not None for s in sources) or any(is_statistic(s.name) for s in sources):
        return Fix(SAFE, advice, (intent,))
    why = "what was saved may stand under each other's names"
    return Fix(UNSAFE, advice, (intent,), why)


def _of_variables(copy: Copy, crossed: Sequence[Crossed], context: Context) -> Fix | None:
    """Return the fix that unpacks the weights of a layer into the variables in the right order."""
    statement = context.module.statement(crossed[0].source.node)
    place = statement.targets[0] if isinstance(statement, ast.Assign) else None
    if not isinstance(place, ast.Tuple):
        return None
    names = [e.id for e in place.elts if isinstance(e, ast.Name)]
    order = listed_order()
    right: dict[str, str] = {}
    for transfer in copy.transfers:
        source = transfer.source
        if source is not None and 0 <= source.at < len(names):
            right[transfer.target.kind] = names[source.at]
    left = [name for name in names if name not in right.values()]
    absent = [kind for kind in order if kind not in right]
    if len(names) != len(order) or len(left) != len(absent) or len(left) > 1:
        return None
    right.update(zip(absent, left, strict=True))
    text = ", ".join(right[kind] for kind in order)
    return Fix(
        UNSAFE,
        f"unpack the weights as {text}",
        (ReplaceValue(context.module.span(place), text),),
        "other code may use the variables under the names they have",
    )


def _by_names(context: Context, found: Sequence[Copy], done: set[ast.AST]) -> Iterator[Finding]:
    """Report four variables whose names say another order than the list they come from or go to."""
    module, order = context.module, listed_order()
    arrays = Arrays(context.evaluator, module)
    used = {t.source.node for copy in found for t in copy.transfers if t.source is not None}
    for copy in found:
        listed = [t for t in copy.transfers if t.target.at >= 0]
        given = listed[0].target.node if listed else None
        if given is None or given in done or any(t.source is not None for t in listed):
            continue
        names = [module.source(t.value) for t in listed]
        if _is_other_order(names, order):
            yield _named(context, given, names, "given as all weights")
    for call in (c for name in arrays.listing for c in module.calls_by_name.get(name, ())):
        statement = module.parents[call]
        if call in done or call in used or not isinstance(statement, ast.Assign):
            continue
        target = statement.targets[0]
        if isinstance(target, (ast.Tuple, ast.List)) and arrays.lists_all(call.func):
            names = [module.source(element) for element in target.elts]
            if _is_other_order(names, order):
                yield _named(context, call, names, f"taken from {last_name(call.func)}")


def _is_other_order(names: Sequence[str], order: Sequence[str]) -> bool:
    said = [array_named(name) for name in names]
    return len(set(said)) == len(order) == len(said) and said != list(order) and all(said)


def _named(context: Context, where: ast.expr, names: Sequence[str], how: str) -> Finding:
    order = ", ".join(CALLED[kind] for kind in listed_order())
    return context.report(
        RULE,
        where,
        f"{', '.join(map(as_said, names))} are {how} in this order, and a layer has {order}",
        help="put them into the order of the layer",
        confidence="medium",
        trial=trial_of_arrays(
            context.frameworks,
            "",
            [
                (kind, said)
                for kind, said in zip(listed_order(), map(array_named, names), strict=False)
                if said != kind
            ],
        ),
    )
