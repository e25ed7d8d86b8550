"""The two sides of a port respond to other neighbours, or to the same ones otherwise.

What it does
------------
Compares local response normalisation with the reference: how many channels are in the window around
each, what their squares count, the exponent, and what is added to their sum. The reference is the
layer of a named reference, a layer of another framework in the same file, or the defaults of the
framework given with ``--from``. What is compared is what each side computes, not what its arguments
say: a window counted by its radius is brought to its size, and an alpha that a framework divides by
the size of the window is divided before it is compared.

Under ``--from`` alone, only what is left at its default is compared, with one exception of low
confidence: an alpha that is the default of the other framework to the digit, where one of the two
divides it and the other does not.

Nothing is said where a size or a number is not known, and nothing of where the channels are: that
follows from the layout of a framework.

Why it matters
--------------
The arguments are called alike and mean other things, and nothing fails. PyTorch, Paddle, MXNet and
ONNX take the size of the window and divide alpha by it; TensorFlow and MindSpore take its radius,
so that 5 is 11 channels, and Chainer its size, and these three do not divide alpha. What is added
is 1 by default, and 2 in MXNet and Chainer; TensorFlow and MindSpore have an alpha of 1 and an
exponent of 0.5, the others 1e-4 and 0.75.

Example
-------
Hazard (from torch):

    import tensorflow as tf

    def respond(x):
        return tf.nn.lrn(x, 2, bias=1.0, alpha=1e-4)

Clean (from torch):

    import tensorflow as tf

    def respond(x):
        return tf.nn.lrn(x, 2, bias=1.0, alpha=2e-5, beta=0.75)

Fix
---
Writes the arguments that compute what the reference computes, under the names that they have here.

Fix safety
----------
Safe where the reference was read and is known to be one.

Unsafe under ``--from`` alone, and where which side is the port is not declared.

Not written where no size has the window of the reference, an even one in TensorFlow say.

Numbers
-------
The layer of AlexNet, 5 channels, k 2, alpha 1e-4 and exponent 0.75 in PyTorch, and the same
numbers in TensorFlow (a radius of 5, and alpha not divided): outputs differ by 26 on inputs of
deviation 30, by 19 with the right radius. The defaults of TensorFlow beside those of PyTorch for 5
channels differ by 3.1 on inputs of deviation 1.

References
----------
Measured with torch 2.13.0, TensorFlow 2.21.0, MindSpore 2.10.0, PaddlePaddle 3.3.1, MXNet 1.9.1,
Chainer 7.8.1 and onnxruntime 1.31.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bnlint.finding import MANUAL, SAFE, UNSAFE, Comparison, Finding, Fix
from bnlint.fixes.build import rewrite_all
from bnlint.frameworks.records import Api
from bnlint.frameworks.responses import Response, response, spelled
from bnlint.rule import Context, Rule, called, lower, where_reference
from bnlint.semantics.layers.references import Counterpart
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.numbers import close, shown
from bnlint.semantics.values.value import Value, assumption
from bnlint.trial import LARGE_VARIANCES, OUTPUT, Layer, Literal, Trial

RULE = Rule(
    "BN115",
    "local-response-differs",
    "error",
    default=False,
    needs_reference=True,
    norms=("local",),
)

_ROLES = ("size", "alpha", "beta", "k")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a layer that computes something else than its reference, with all that differs."""
    reference = context.reference(site)
    if reference is None:
        return
    wanted = _wanted(site, reference)
    roles = [role for role in _ROLES if _differs(site, reference, role, wanted)]
    if not roles:
        return
    numbers = spelled(site.api, wanted)
    here = ", ".join(_said(site.api, role, site.value(role)) for role in roles)
    there = ", ".join(_said(reference.api, role, reference.value(role)) for role in roles)
    values = [v for role in roles for v in (site.value(role), reference.value(role))]
    yield context.report(
        RULE,
        site.call,
        f"{called(site.api)} has {here}, the {reference.api.framework.title} "
        f"{'default' if reference.is_assumed else 'layer'}{where_reference(reference)} has {there}"
        f"{assumption(*values)}",
        help=_advice(site.api, numbers, roles, wanted),
        severity=None if reference.is_read else "warning",
        confidence=_confidence(site, reference, roles, values),
        fix=_fix(context, site, {role: numbers[role] for role in roles}, reference),
        reference=reference,
        values=tuple(
            Comparison(role, mine, number)
            for role in roles
            if (mine := site.value(role).number) is not None
            and (number := numbers[role]) is not None
        ),
        site=site,
    )


def _wanted(site: Site, reference: Counterpart) -> Response:
    """Return what the reference computes; of one that was not read, with the window of the port."""
    theirs = response(reference.api, _of(reference.value))
    if theirs.window is None and reference.is_assumed:
        window = response(site.api, _of(site.value)).window
        size = spelled(reference.api, Response(window, None, None, None))["size"]
        theirs = response(
            reference.api,
            lambda role: size if role == "size" else _of(reference.value)(role),
        )
    return theirs


def _of(value_of: Callable[[str], Value]) -> Callable[[str], object]:
    def of(role: str) -> object:
        value = value_of(role)
        return value.value if value.is_known else None

    return of


def _differs(site: Site, reference: Counterpart, role: str, wanted: Response) -> bool:
    """Tell whether an argument is known to give something else than what is wanted."""
    mine = site.value(role)
    if mine.number is None:
        return False
    if reference.is_assumed and not mine.from_default and not _is_copied(site, reference, role):
        return False
    if role == "size":
        window = response(site.api, _of(site.value)).window
        return None not in (window, wanted.window) and window != wanted.window
    number = spelled(site.api, wanted)[role]
    return number is not None and not close(mine.number, number)


def _is_copied(site: Site, reference: Counterpart, role: str) -> bool:
    """Tell whether an alpha was taken over, which one of two frameworks divides by the size."""
    mine, theirs = site.value(role).number, reference.value(role).number
    return role == "alpha" and mine == theirs


def _said(api: Api, role: str, value: Value) -> str:
    """Return how a message says an argument, and what becomes of an alpha."""
    divided = " (divided by the size)" if role == "alpha" and api.alpha_divided else ""
    return f"{api.roles[role]}={shown(value.value)}{divided}"


def _confidence(
    site: Site, reference: Counterpart, roles: Sequence[str], values: Sequence[Value]
) -> str:
    left = any(site.value(role).from_default for role in roles)
    if reference.is_assumed and not left:
        return "low"
    doubt = reference.unsure or ("" if reference.is_read else reference.doubt)
    return lower(RULE.confidence, values, doubt)


def _advice(
    api: Api, numbers: Mapping[str, float | None], roles: Sequence[str], wanted: Response
) -> str:
    texts = [f"{api.roles[r]}={shown(numbers[r])}" for r in roles if numbers[r] is not None]
    advice = f"write {', '.join(texts)}" if texts else "sum the squares by hand"
    match wanted.window:
        case (before, after) if "size" in roles:
            why = f"{before} channels before and {after} after each are in the window there"
            none = "" if numbers["size"] is not None else f", which no {api.roles['size']} says"
            return f"{advice}: {why}{none}"
    return advice


def _fix(
    context: Context, site: Site, wanted: Mapping[str, float | None], reference: Counterpart
) -> Fix:
    texts = {role: shown(number) for role, number in wanted.items() if number is not None}
    if len(texts) < len(wanted):
        return Fix(MANUAL, "sum the squares by hand", (), "no size has this window here")
    written = ", ".join(f"{site.api.roles[role]}={text}" for role, text in texts.items())
    reason = reference.doubt
    fix = Fix(UNSAFE if reason else SAFE, f"write {written}", (), reason)
    return rewrite_all(context, site, texts, fix)


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare outputs where inputs are large, since alpha is small."""
    reference = context.reference(site)
    if reference is None:
        return None
    theirs = _wanted(site, reference)
    # What is not known of the reference is as in AlexNet.
    usual = Response((2, 2), 2e-5, 0.75, 2.0)
    wanted = Response(
        theirs.window or usual.window,
        usual.weight if theirs.weight is None else theirs.weight,
        usual.beta if theirs.beta is None else theirs.beta,
        usual.k if theirs.k is None else theirs.k,
    )
    right = spelled(site.api, wanted)
    changed = {value.argument: site.value(value.argument).number for value in finding.values}
    port = _layer(site.api, {**right, **changed})
    against = _layer(reference.api, spelled(reference.api, wanted))
    fixed = _layer(site.api, right)
    if port is None:
        return None
    return Trial(OUTPUT, port, against, fixed, LARGE_VARIANCES, about="output")


def _layer(api: Api, numbers: Mapping[str, float | None]) -> Layer | None:
    """Return a layer with all its numbers; ``None`` where one is not known."""
    given: dict[str, Literal] = {}
    for role, number in numbers.items():
        if number is None:
            return None
        given[api.roles[role]] = int(number) if role == "size" else number
    return Layer(api.in_tables, tuple(sorted(given.items())))
