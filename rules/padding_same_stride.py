"""A strided convolution that pads on the other side than its reference does.

What it does
------------
Compares the convolution that feeds a layer with those of the reference, where both are written
down: ``padding="same"`` with a stride on one side, as many rows before as after on the other
(``padding=1`` for a kernel of 3). The partner is the convolution before the layer's own partner;
where layers are not paired one by one, all convolutions of the reference with this kernel and
stride must agree, and stand in one file.

Why it matters
--------------
``same`` in Keras, TensorFlow and MindSpore pads what is needed for an output of the input's size
divided by the stride, and puts the odd row at the end. For a kernel of 3 and a stride of 2 that is
0 before and 1 after where the size is even, and 1 and 1 only where it is odd. A port that pads 1 on
both sides gives an output of the same shape, taken one row and one column further up and left:
nothing fails, and the numbers have little to do with the reference's.

Example
-------
Hazard:

    import keras
    import torch.nn as nn

    reference = keras.Sequential([
        keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
        keras.layers.BatchNormalization(),
    ])
    port = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(8, eps=1e-3, momentum=0.01),
    )

Clean:

    import keras
    import torch.nn as nn

    reference = keras.Sequential([
        keras.layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False),
        keras.layers.BatchNormalization(),
    ])
    port = nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(3, 8, 3, stride=2, bias=False),
        nn.BatchNorm2d(8, eps=1e-3, momentum=0.01),
    )

Fix
---
Pads what the reference pads in front of the convolution, where that is applied, and takes the
padding of the convolution itself away.

Fix safety
----------
Unsafe always: it is right for inputs whose size the stride divides, such as 224; for others it
would be wrong where the old padding was right.

Not written where the convolution is not applied in one place in view, where no name for a padding
function is imported, and where the port is the side that says ``same``.

Numbers
-------
Kernel 3, stride 2, on 224 x 224: both give 112 x 112, and the root of the mean square of their
difference is about 1.4 times that of the reference, as for two unrelated outputs (the root of 2);
after the fix it is 7e-8. On 225 x 225 they agree.

References
----------
Measured with torch 2.13.0, Keras 3.15.1, tf_slim 1.1.0 and MindSpore 2.10.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import MANUAL, UNSAFE, Comparison, Finding, Fix, Intent, ReplaceValue
from bnlint.rule import Context, Rule, where_reference
from bnlint.semantics.hints.around import is_padded
from bnlint.semantics.layers.alignment import NAMES, ORDER
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.tensors.applications import application, imported_as
from bnlint.semantics.tensors.convolutions import TIMES, Convolution, Pads, convolution, rows_padded
from bnlint.semantics.tensors.neighbours import Before, linear_before
from bnlint.semantics.values.evaluator import Evaluator
from bnlint.startup.typed import NamedTuple

RULE = Rule("BN501", "padding-same-stride", "error", "medium", needs_reference=True)


class Found(NamedTuple):
    """A convolution in view: where it is, its numbers, and who evaluates its file."""

    before: Before
    numbers: Convolution


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a strided convolution that pads evenly where the reference pads at the end, or v.v."""
    reference = context.reference(site)
    if reference is None or reference.site is None:
        return
    mine = _convolution(context.evaluator, site)
    if mine is None or not context.owns(mine.before.call):
        return
    if is_padded(context.module, mine.before.call):
        return
    if not mine.numbers.is_strided or not mine.numbers.kernel or mine.numbers.dilated:
        return
    theirs = _partner(site, mine, reference, context)
    if theirs is None:
        return
    sizes = mine.numbers.kernel, mine.numbers.stride
    here, there = (rows_padded(found.numbers, *sizes) for found in (mine, theirs))
    axis = _first_difference(here, there, mine.numbers)
    if axis is None:
        return
    kernel, stride = mine.numbers.kernel[axis], mine.numbers.stride[axis]
    where = theirs.before
    title = where.neighbour.framework.title
    name, other = last_name(mine.before.call.func), last_name(where.call.func)
    counterpart = reference._replace(
        site=reference.site._replace(module=where.module, call=where.call)
    )
    yield context.report(
        RULE,
        _written_here(mine, context) or mine.before.call,
        f"{name} pads {_said(here[axis])} ({_written(mine)}), {other} of the {title} reference "
        f"{_said(there[axis])} ({_written(theirs)}){where_reference(counterpart)}: "
        f"kernel {kernel}, stride {stride}, for {_sizes(stride)}",
        help=_advice(mine, there, context),
        fix=_fix(mine, there, context),
        reference=counterpart,
        values=(Comparison("padding", _said(here[axis]), _said(there[axis])),),
        site=site,
        argument="padding",
    )


def _convolution(ev: Evaluator, site: Site) -> Found | None:
    """Return the convolution before ``site``, if one is in view."""
    found = linear_before(ev, site)
    numbers = convolution(ev, found) if found is not None else None
    return Found(found, numbers) if found is not None and numbers is not None else None


def _partner(site: Site, mine: Found, reference: Counterpart, context: Context) -> Found | None:
    """Return the reference's convolution: that of the layer's partner, else what others agree on.

    The partner counts where layers are paired by their names, or by their order if it has the
    kernel and the stride. Else those with this kernel and stride, where there are any; else those
    of which these are not known must agree.
    """
    how = next((pair.how for pair in context.named if pair.port is site), "")
    found: list[Found] = []
    for side in context.sides(reference):
        for other in side.sites:
            theirs = _convolution(side.project.evaluator, other)
            if theirs is None or not _may_be_alike(theirs, mine):
                continue
            if other is reference.site and (how == NAMES or (how == ORDER and _sized(theirs))):
                return _agreed([theirs])
            if how != NAMES:
                found.append(theirs)
    return _agreed([theirs for theirs in found if _sized(theirs)] or found)


def _agreed(found: list[Found]) -> Found | None:
    """Return one of the convolutions, if all of them pad in one way, which is known.

    What several files agree on says little: they may well be other models.
    """
    if len({theirs.before.module.path for theirs in found}) > 1:
        return None
    if not all(map(_says_enough, found)):
        return None
    ways = {(theirs.numbers.at_end, theirs.numbers.pads) for theirs in found}
    return found[0] if len(ways) == 1 else None


def _sized(found: Found) -> bool:
    return bool(found.numbers.kernel and found.numbers.stride)


def _may_be_alike(theirs: Found, mine: Found) -> bool:
    """Tell whether kernel and stride are, as far as they are known, those of the port's."""
    numbers, wanted = theirs.numbers, mine.numbers
    return (
        numbers.axes == wanted.axes
        and numbers.kernel in ((), wanted.kernel)
        and numbers.stride in ((), wanted.stride)
    )


def _says_enough(theirs: Found) -> bool:
    """Tell whether the padding is known, and all of it the convolution's own.

    Where the kernel or the stride is not, it must be padding at the end, which any can have.
    """
    numbers = theirs.numbers
    if numbers.dilated or not (numbers.at_end or numbers.pads):
        return False
    if is_padded(theirs.before.module, theirs.before.call):
        return False
    return _sized(theirs) or numbers.at_end


def _first_difference(
    here: tuple[Pads, ...], there: tuple[Pads, ...], numbers: Convolution
) -> int | None:
    """Return the first axis along which the same shape comes of other rows."""
    if not here:
        return None
    differing = None
    for axis, (mine, theirs) in enumerate(zip(here, there, strict=True)):
        kernel, stride = numbers.kernel[axis], numbers.stride[axis]
        size = TIMES * stride
        shapes = {(size + sum(pads) - kernel) // stride for pads in (mine, theirs)}
        if len(shapes) > 1:
            return None
        if differing is None and mine != theirs:
            differing = axis
    return differing


def _said(pads: Pads) -> str:
    return f"{pads[0]} before and {pads[1]} after"


def _written(found: Found) -> str:
    value = found.numbers.padding
    name = found.before.neighbour.roles[found.numbers.said_by]
    return f"{name}={value.value!r}" + (", the default" if value.from_default else "")


def _sizes(stride: int) -> str:
    return "even heights and widths" if stride == 2 else f"sizes that are multiples of {stride}"


def _written_here(mine: Found, context: Context) -> ast.expr | None:
    """Return the expression of this file that says how the convolution pads, if one does."""
    argument = mine.numbers.padding.argument
    return argument if context.owns(argument) else None


def _advice(mine: Found, there: tuple[Pads, ...], context: Context) -> str:
    flat = ", ".join(str(n) for pads in reversed(there) for n in pads)
    pad = _padding_function(mine, context)
    if mine.numbers.at_end or not pad:
        rows = " and ".join(str(n) for n in there[0])
        return f"pad {rows} in a layer of its own, and let the convolution pad nothing"
    return f"write {pad}(x, ({flat})) in front of the convolution, and padding=0 in it"


def _padding_function(mine: Found, context: Context) -> str:
    """Return how the port may call what pads: as it imports it, else by its whole path."""
    own = mine.before.neighbour.framework
    words = context.frameworks.word("pads")
    paths = [path for path in words if words[path] is own]
    return imported_as(context.module, paths) or next(iter(paths), "")


def _fix(mine: Found, there: tuple[Pads, ...], context: Context) -> Fix:
    """Return the fix: pad where the convolution is applied, and nowhere else."""
    advice = _advice(mine, there, context)
    argument = _written_here(mine, context)
    own = mine.before.neighbour.framework
    pads = context.frameworks.word("pads")
    pad = imported_as(context.module, [path for path in pads if pads[path] is own])
    given = application(context.evaluator, context.module, mine.before.call)
    if mine.numbers.at_end or argument is None:
        return Fix(MANUAL, advice, (), "the port says how to pad by a word")
    if given is None or not pad:
        return Fix(MANUAL, advice, (), "where the convolution is applied is not in view")
    flat = ", ".join(str(n) for pads in reversed(there) for n in pads)
    intents: tuple[Intent, ...] = (
        ReplaceValue(context.module.span(argument), "0"),
        ReplaceValue(
            context.module.span(given), f"{pad}({context.module.source(given)}, ({flat}))"
        ),
    )
    return Fix(UNSAFE, advice, intents, "it is right for sizes that the stride divides")
