"""A functional batch normalisation whose training flag does not follow the module.

What it does
------------
Looks at functional calls that are given running statistics. In a module that trains its scale, it
reports a call that leaves the training flag at its default (inference), and a call that sets it to
a constant True.

Calls without running statistics, calls on weights (weight standardisation), on a batch folded
into channels (adaptive instance normalisation), classes and functions that are named frozen, fused,
folded, eval or for adaptation, and classes that look at their own mode or move the statistics
themselves are left alone: there the flag is what it should be.

Why it matters
--------------
The functional form does not know the module's mode. Left at its default, the statistics never move
and training normalises with their initial values; fixed to True, evaluation normalises with the
batch, and moves the statistics.

Example
-------
Hazard:

    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    class Norm(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_var", torch.ones(channels))

        def forward(self, x):
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)

Clean:

    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    class Norm(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_var", torch.ones(channels))

        def forward(self, x):
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.training
            )

Fix
---
Writes ``training=self.training``.

Fix safety
----------
Safe in a method of a module that sets up its running statistics itself, always as tensors: they
then move in training and are used in inference.

Unsafe for a constant True where the statistics are inherited or may be ``None``: a layer without
statistics has to normalise with the batch. Unsafe, too, where the call passes on keywords of its
caller, who may give the flag.

Not written where a constant True is not written in the call itself.

Numbers
-------
With the default, the running mean after a training step is its initial value.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.engine.trials import layer_of
from bnlint.finding import MANUAL, SAFE, UNSAFE, Finding, Fix, ReplaceValue
from bnlint.fixes.build import rewrite
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import is_frozen, names_around
from bnlint.semantics.hints.purposes import keeps_one_mode_on_purpose
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import takes_weight
from bnlint.semantics.values.classes import attribute_stores, outside_bases, sets_up
from bnlint.semantics.values.domain import ClassRef, Instance, Symbol
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework
from bnlint.semantics.values.value import Value
from bnlint.trial import INFERENCE, OUTPUT, STATISTICS, TRAINING, Trial

RULE = Rule("BN205", "functional-training-default", "warning")


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report a functional call whose flag is the default, or a constant True."""
    api = site.api
    flag, mean = site.value("training"), site.value("running_mean")
    if not site.is_direct or not flag.is_known or (mean.is_known and mean.value is None):
        return
    if takes_weight(site) or _folds_batch(site, context) or is_frozen(site.module, site.call):
        return
    if any(map(keeps_one_mode_on_purpose, names_around(site.module, site.call))):
        return
    if not (flag.value is True or (flag.value is False and flag.from_default)):
        return
    cls = _module_with_scale(site, context)
    if cls is None or not _own_statistics(site, cls, context) or _handles_mode(site, cls):
        return
    name = api.roles["training"]
    attribute = api.framework.modes.attribute
    text = f"{_receiver(site)}.{attribute}"
    if flag.value is True:
        message = (
            f"{name}=True normalises with the batch and moves the running statistics whatever the "
            f"mode of {cls.name} is"
        )
        fix = _instead(site, cls, flag, text, context)
    else:
        message = (
            f"{api.short_name}() without {name}= infers (its default is False): the running "
            f"statistics of {cls.name} never move, in training neither"
        )
        fix = rewrite(context, site, "training", text, SAFE)
    yield context.report(
        RULE,
        context.given(site, flag) or site.call,
        message,
        help=f"write {name}={text}",
        fix=fix,
        site=site,
        argument="training",
    )


def _instead(site: Site, cls: ast.ClassDef, flag: Value, text: str, context: Context) -> Fix:
    """Return the fix that writes ``text`` over a flag that is True."""
    advice = f"write {site.api.roles['training']}={text}"
    given = context.given(site, flag)
    if given is None or given not in set(ast.walk(site.call)):
        # Where the value is written, the object may be unknown or another one.
        return Fix(MANUAL, advice, (), "the flag is not written in the call")
    intent = ReplaceValue(context.module.span(given), text)
    if _may_lack_statistics(site, cls, context):
        why = "without running statistics the layer has to normalise with the batch"
        return Fix(UNSAFE, advice, (intent,), why)
    return Fix(SAFE, advice, (intent,))


def _may_lack_statistics(site: Site, cls: ast.ClassDef, context: Context) -> bool:
    """Tell whether the running statistics may be ``None``: inherited, or not surely a tensor."""
    node = site.resolutions[0].matched.given[site.api.roles["running_mean"]].node
    assert isinstance(node, ast.Attribute)
    if node.attr in _inherited(cls, "statistics", context):
        return True
    values = [
        getattr(site.module.statement(store), "value", None)
        for store in attribute_stores(site.module, cls, node.attr, every=True)
    ]
    values += [call.args[1] for call in _registrations(site, cls, node.attr, context)]
    return not all(isinstance(value, ast.Call) for value in values)


def _folds_batch(site: Site, context: Context) -> bool:
    """Tell whether the input is reshaped so that samples stand in the channel axis."""
    reshapes = context.frameworks.word("reshapes")
    argument = site.resolutions[0].matched.given.get(site.api.roles.get("input", ""))
    node = argument.node if argument is not None else None
    if not isinstance(node, ast.Name):
        return node is not None and _reshapes(node, reshapes)
    function = site.module.enclosing_function(site.call) or site.module.tree
    known = _RESHAPED.of(context.evaluator)
    if function not in known:
        known[function] = {
            target.id
            for statement in ast.walk(function)
            if isinstance(statement, ast.Assign) and _reshapes(statement.value, reshapes)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
    return node.id in known[function]


#: The variables of a function that are given something reshaped.
_RESHAPED: Memo[ast.AST, set[str]] = Memo()


def _reshapes(node: ast.expr, reshapes: Collection[str]) -> bool:
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in reshapes
        and any(isinstance(a, ast.BinOp) for a in part.args)
        for part in ast.walk(node)
    )


def _handles_mode(site: Site, cls: ast.ClassDef) -> bool:
    """Tell whether the class asks for its mode, or moves its statistics, beside the call."""
    given = site.resolutions[0].matched.given
    inside = set(ast.walk(site.call))
    passed = [given.get(site.api.roles[role]) for role in ("running_mean", "running_var")]
    statistics = {a.node.attr for a in passed if a and isinstance(a.node, ast.Attribute)}
    mode = site.api.framework.modes.attribute
    for method in cls.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        for part in ast.walk(method):
            if not isinstance(part, ast.Attribute) or part in inside:
                continue
            if part.attr == mode or (part.attr in statistics and not sets_up(method)):
                return True
    return False


def _module_with_scale(site: Site, context: Context) -> ast.ClassDef | None:
    """Return the module class around the call, if it has a trainable scale of its own."""
    cls = site.module.enclosing_class(site.call)
    if cls is None or class_framework(context.evaluator, ClassRef(site.module, cls)) is None:
        return None
    weight = site.resolutions[0].matched.given.get(site.api.roles.get("weight", ""))
    if weight is None or not isinstance(weight.node, ast.Attribute):
        return None
    if weight.node.attr in _inherited(cls, "trainable", context):
        return cls
    for store in attribute_stores(site.module, cls, weight.node.attr):
        value = getattr(site.module.statement(store), "value", None)
        made = context.evaluator.evaluate(site.module, value) if value is not None else ()
        for candidate in made:
            match candidate.object:
                case Instance(cls=Symbol(path)) if context.frameworks.means(path, "parameters"):
                    return cls
    return None


def _own_statistics(site: Site, cls: ast.ClassDef, context: Context) -> bool:
    """Tell whether the running statistics are attributes that ``cls`` sets up."""
    argument = site.resolutions[0].matched.given.get(site.api.roles["running_mean"])
    node = argument.node if argument is not None else None
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    if node.value.id != _receiver(site):
        return False
    if attribute_stores(site.module, cls, node.attr):
        return True
    if node.attr in _inherited(cls, "statistics", context):
        return True
    return any(True for _ in _registrations(site, cls, node.attr, context))


def _registrations(
    site: Site, cls: ast.ClassDef, name: str, context: Context
) -> Iterator[ast.Call]:
    """Yield the calls in ``cls`` that register a buffer called ``name``."""
    for method in context.frameworks.word("buffers"):
        for call in site.module.calls_by_name.get(method, ()):
            if site.module.enclosing_class(call) is cls and len(call.args) > 1:
                if isinstance(call.args[0], ast.Constant) and call.args[0].value == name:
                    yield call


def _inherited(cls: ast.ClassDef, kind: str, context: Context) -> set[str]:
    """Return the state of ``kind`` that a batch normalisation layer among the bases brings."""
    return {
        name
        for base in outside_bases(context.evaluator, ClassRef(context.module, cls))
        if isinstance(base, Symbol)
        for api in context.frameworks.by_alias.get(base.path, ())
        for name in api.state.get(kind, ())
    }


def _receiver(site: Site) -> str:
    """Return what the method around the call names its object (``self``), or nothing."""
    function = site.module.enclosing_function(site.call)
    if function is None or not function.args.args:
        return ""
    return function.args.args[0].arg


def experiment(finding: Finding, site: Site, context: Context) -> Trial | None:
    """Compare a step of training with a call that is told to train, or inference with the other."""
    if (port := layer_of(site, "training")) is None:
        return None
    flag = site.value("training").value
    if flag is True:
        fixed = port._replace(mode=INFERENCE).without(site.api.roles["training"])
        port = fixed._replace(mode=TRAINING)
        return Trial(OUTPUT, port, fixed, fixed, about="output in inference")
    fixed = port._replace(mode=TRAINING).without(site.api.roles["training"])
    return Trial(STATISTICS, fixed._replace(mode=""), fixed, fixed, about="running statistics")
