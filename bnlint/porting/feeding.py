"""What feeds a layer, as ``compare`` shows it: the convolution or dense layer before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from bnlint.engine.facts import Facts
from bnlint.frameworks.records import UNKNOWN
from bnlint.semantics.hints.around import is_padded
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import always_uses_batch, always_uses_running, training_flag
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.convolutions import (
    Convolution,
    activation,
    bias,
    convolution,
    rows_padded,
)
from bnlint.semantics.tensors.neighbours import linear_before
from bnlint.semantics.values.value import DEFAULT, KNOWN


class Feed(NamedTuple):
    """The layer before a site; what is not known is ``None`` or empty.

    ``padding`` is what is written there, ``padded`` tells that something in the same class or
    function may pad in front of it. ``active`` tells that an activation stands between the two.
    """

    layer: str
    numbers: Convolution | None
    padding: str
    padded: bool
    bias: bool | None
    active: bool | None


def feed_of(facts: Facts, site: Site) -> Feed | None:
    """Return what feeds ``site``, if that is in view."""
    ev = facts.project.evaluator
    found = linear_before(ev, site)
    if found is None:
        return None
    numbers = convolution(ev, found)
    value = numbers.padding.value if numbers is not None and numbers.padding.is_known else None
    return Feed(
        last_name(found.call.func),
        numbers,
        "" if value is None else str(value),
        is_padded(found.module, found.call),
        bias(ev, found),
        activation(ev, found),
    )


def differences(reference: Feed | None, port: Feed | None) -> Iterator[str]:
    """Yield the names of what differs between the layers before the two of a pair."""
    if reference is None or port is None:
        return
    left, right = reference.numbers, port.numbers
    if left is not None and right is not None:
        for name, one, other in (
            ("kernel", left.kernel, right.kernel),
            ("stride", left.stride, right.stride),
        ):
            if one and other and one != other:
                yield name
        sizes = left.kernel, left.stride
        if all(sizes) and sizes == (right.kernel, right.stride):
            rows = [rows_padded(numbers, *sizes) for numbers in (left, right)]
            if all(rows) and rows[0] != rows[1] and not (reference.padded or port.padded):
                yield "padding"
    if None not in (reference.bias, port.bias) and reference.bias is not port.bias:
        yield "bias"
    if None not in (reference.active, port.active) and reference.active is not port.active:
        yield "activation"


def is_padded_by_hand(reference: Feed | None, port: Feed | None) -> bool:
    """Tell whether the padding of two convolutions is not compared since code pads beside them."""
    both = [feed for feed in (reference, port) if feed is not None and feed.numbers is not None]
    is_wide = any(max(feed.numbers.kernel, default=1) > 1 for feed in both if feed.numbers)
    return len(both) == 2 and is_wide and any(feed.padded for feed in both)


def is_unsized(reference: Feed | None, port: Feed | None) -> bool:
    """Tell whether two convolutions are not compared since the sizes of one are not known."""
    both = [feed.numbers for feed in (reference, port) if feed is not None and feed.numbers]
    return len(both) == 2 and not all(numbers.kernel and numbers.stride for numbers in both)


#: Modes in which a layer runs: as its model is switched, or always the same.
SWITCHED, TRAINS, INFERS = "switched", "always training", "always inference"


def runs_in(site: Site) -> str:
    """Return the mode in which a layer runs; empty if that is not known.

    It is fixed where the layer ignores the mode of its model, or its call says the mode by a
    literal, or leaves a flag at its default that nothing else sets.
    """
    if always_uses_batch(site):
        return TRAINS
    if always_uses_running(site):
        return INFERS
    api = site.api
    flag = training_flag(site)
    if isinstance(flag.value, bool) and (flag.kind == KNOWN or api.mode_switch == "argument"):
        if flag.kind in (KNOWN, DEFAULT):
            return TRAINS if flag.value else INFERS
    applied = site.module.parents.get(site.call)
    if isinstance(applied, ast.Call) and applied.func is site.call:  # BatchNormalization()(x, ...)
        for keyword in applied.keywords:
            if keyword.arg == api.framework.modes.argument:
                value = getattr(keyword.value, "value", None)
                if isinstance(value, bool):
                    return TRAINS if value else INFERS
    return "" if api.mode_switch == UNKNOWN else SWITCHED


def spelled(feed: Feed, name: str) -> str:
    """Return what a layer has of one setting, by the name that :func:`differences` gives it."""
    if name == "bias":
        return "yes" if feed.bias else "no"
    if name == "activation":
        return "before it" if feed.active else "after it"
    numbers = feed.numbers
    if numbers is None:
        return "?"
    if name == "padding":
        return feed.padding or "?"
    sizes = numbers.kernel if name == "kernel" else numbers.stride
    return "x".join(map(str, sizes)) or "?"


def text(feed: Feed) -> str:
    """Return a feed in short: ``Conv2D 3x3 /2 same, no bias``."""
    parts = [feed.layer]
    if feed.numbers is not None:
        if feed.numbers.kernel:
            parts.append("x".join(map(str, feed.numbers.kernel)))
        if feed.numbers.is_strided:
            steps = dict.fromkeys(feed.numbers.stride)
            parts.append(
                "/" + "x".join(map(str, steps if len(steps) == 1 else feed.numbers.stride))
            )
        if feed.padding:
            is_number = not isinstance(feed.numbers.padding.value, str)
            parts.append(f"pad {feed.padding}" if is_number else feed.padding)
    said = " ".join(parts)
    if feed.bias is not None:
        said += ", bias" if feed.bias else ", no bias"
    return said + (", activation" if feed.active else "")
