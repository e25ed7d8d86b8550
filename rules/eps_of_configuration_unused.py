"""A layer leaves its eps at the default, where the configuration at hand has one.

What it does
------------
Looks for layers that take their eps of a configuration (``eps=config.layer_norm_eps``), and for
layers of the same kind that could and do not. Two things tell that they should:

- The reference, where it was read: its layer takes the key, the layer of the port has the default
  of its framework. What the key holds by default is read in the configurations that the file of the
  reference imports or has, or known of those of transformers; where it is not known, or the same
  number, confidence is low.
- With low confidence, the layers beside it: others of its class take the key, or others of the file
  do and it takes its size of the same configuration.

Layers of other kinds, of another configuration, or whose arguments are not all in view, say
nothing. Neither does a layer with an eps of its own, nor one that a caller sets up.

What stands beside a layer tells little: of 109 such layers in transformers 5.24.0, nearly all
leave their eps aside because the code of the authors does. Of 9 in PaddleNLP 2.8.1, a port, 8 have
another eps than the layers that they were ported from.

Why it matters
--------------
Checkpoints come with a configuration: BERT's says ``layer_norm_eps`` 1e-12, that of Llama 2
``rms_norm_eps`` 1e-5, that of Llama 1 1e-6. A layer that leaves it aside is right for the
checkpoint whose eps is the default of the framework, and wrong for the next one, without a word.

Example
-------
Hazard (from torch):

    import torch.nn as nn
    from tensorflow import keras

    class OutputConfig:
        layer_norm_eps = 1e-12

    class Output(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    class Port(keras.layers.Layer):
        def __init__(self, config):
            super().__init__()
            self.norm = keras.layers.LayerNormalization()

Clean (from torch):

    import torch.nn as nn
    from tensorflow import keras

    class OutputConfig:
        layer_norm_eps = 1e-12

    class Output(nn.Module):
        def __init__(self, config):
            super().__init__()
            self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    class Port(keras.layers.Layer):
        def __init__(self, config):
            super().__init__()
            self.norm = keras.layers.LayerNormalization(epsilon=config.layer_norm_eps)

Fix
---
Writes the key as the layers beside it have it. None against a reference: what the port calls its
configuration is not known.

Fix safety
----------
Unsafe: the layer may be meant to have another eps than the others.

Numbers
-------
Layer normalisation with an eps of 1e-5 for 1e-12 changes the output by a factor 1.05 where the
variance of a sample is 1e-4, and by 3.32 at 1e-6.

References
----------
Keys and their values were read in the configurations of transformers 5.24.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.finding import UNSAFE, Finding
from bnlint.fixes.build import rewrite
from bnlint.rule import CONVENTION, Context, Rule, called, lower, where_reference
from bnlint.semantics.layers.configured import Configured, configured_eps, value_of
from bnlint.semantics.layers.references import Counterpart, norm_of
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.numbers import close, shown

RULE = Rule(
    "BN114",
    "eps-of-configuration-unused",
    "warning",
    precedence=CONVENTION,
    norms=("batch", "layer", "group", "instance", "rms"),
)


def check_file(context: Context) -> Iterator[Finding]:
    """Report layers that leave a configured eps aside, by the reference or by their neighbours."""
    keyed = [(site, key) for site in context.sites if (key := configured_eps(site)) is not None]
    for site in context.sites:
        left = _left(site)
        if left is None:
            continue
        reference = context.reference(site)
        if reference is not None and reference.site is not None and reference.directed:
            yield from _against(site, left, reference, reference.site, context)
            continue
        beside = _beside(site, keyed, context)
        if beside is not None:
            other, key, is_near = beside
            row = other.call.lineno
            said = f"the layers beside it take {key.text} (line {row})"
            if not is_near:
                said = f"other classes of the file take {key.text} (line {row})"
            yield _report(site, left, key, said, context, confidence="low", beside=True)


def _against(
    site: Site, left: float, reference: Counterpart, there: Site, context: Context
) -> Iterator[Finding]:
    """Report a layer whose reference takes its eps of a configuration."""
    key = configured_eps(there)
    if key is None or reference.value("eps").is_known:
        return
    evaluators = {side.module: side.project.evaluator for side in context.sides(reference)}
    number = value_of(evaluators.get(there.module, context.evaluator), there, key)
    confidence = lower(RULE.confidence, (site.value("eps"),), reference.unsure)
    if number is None or close(number, left):
        confidence = "low"  # perhaps only a checkpoint with another number is computed wrongly
    holds = f", by default {shown(number)}" if number is not None else ""
    said = f"the reference takes {key.text}{holds}{where_reference(reference)}"
    yield _report(site, left, key, said, context, confidence)


def _left(site: Site) -> float | None:
    """Return the default at which the call of a layer itself leaves eps, if it does."""
    if not site.is_direct or site.presumed or site.api.kind == "functional":
        return None
    value = site.value("eps")
    return value.number if value.from_default else None


def _beside(
    site: Site, keyed: Sequence[tuple[Site, Configured]], context: Context
) -> tuple[Site, Configured, bool] | None:
    """Return a layer that takes a key which ``site`` could take, and whether it is near.

    All layers of the kind that take one take the same.
    """
    alike = [
        (other, key)
        for other, key in keyed
        if norm_of(other) == norm_of(site) and other.api.framework is site.api.framework
    ]
    if len({key.text for _, key in alike}) != 1:
        return None
    around = _class_around(site, context)
    near = [(other, key) for other, key in alike if _class_around(other, context) is around]
    for other, key in near or alike:
        if _has_at_hand(site, key, other, context) and (near or _is_sized_by(site, key)):
            return other, key, bool(near)
    return None


def _is_sized_by(site: Site, key: Configured) -> bool:
    """Tell whether a layer takes its size of the configuration that ``key`` is of."""
    names = [site.api.roles.get(role) for role in ("channels", "shape")]
    sizes = [*site.call.args[:1], *(k.value for k in site.call.keywords if k.arg in names)]
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node.value) == key.holder
        for size in sizes
        for node in ast.walk(size)
    )


def _class_around(site: Site, context: Context) -> ast.AST | None:
    classes = (n for n in context.module.ancestors(site.call) if isinstance(n, ast.ClassDef))
    return next(classes, None)


def _has_at_hand(site: Site, key: Configured, other: Site, context: Context) -> bool:
    """Tell whether the function around a layer has the configuration that ``other`` takes of."""
    here = context.module.enclosing_function(site.call)
    there = context.module.enclosing_function(other.call)
    if here is there:
        return True
    if not isinstance(here, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return False
    if key.root == "self":
        return _class_around(site, context) is _class_around(other, context)
    arguments = here.args
    names = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    return key.root in names


def _report(
    site: Site,
    left: float,
    key: Configured,
    said: str,
    context: Context,
    confidence: str,
    *,
    beside: bool = False,
) -> Finding:
    api = site.api
    name = api.roles["eps"]
    fix = None
    if beside:  # they call the configuration as this one would
        reason = "it may be meant to have another eps"
        fix = rewrite(context, site, "eps", key.text, UNSAFE, reason=reason)
    advice = f"write {name}={key.text}" if fix else f"pass {key.key} of the configuration as {name}"
    return context.report(
        RULE,
        context.place(site, site.value("eps")),
        f"{called(api)} leaves {name} at {api.framework.title}'s default {shown(left)}, {said}",
        help=advice,
        confidence=confidence,
        fix=fix,
        site=site,
        argument="eps",
    )
