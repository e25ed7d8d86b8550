"""Batch normalisation that is written by hand, and computes something else than the library's.

What it does
------------
Looks at classes that update a running mean and a running variance themselves, and reports

- an average the wrong way round: the momentum of a library layer is taken for the weight of the
  old value where it is that of the new one, or the other way round;
- a variance over n - 1 that normalises the batch: library layers normalise with that over n, and
  only keep the other;
- eps outside the root: ``sqrt(var) + eps`` instead of ``sqrt(var + eps)``.

It is off by default: it rests on how such code is usually written. Classes whose momentum is a
parameter of their own are read as layers, and judged by BN101 to BN107.

Why it matters
--------------
Weights and statistics of a library layer mean something else there. A momentum of 0.1 taken the
wrong way keeps a tenth of what was learned at each step.

Example
-------
Hazard:

    import torch
    import torch.nn as nn

    class Norm(nn.BatchNorm1d):
        def forward(self, x):
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
            return (x - mean) / torch.sqrt(var + self.eps)

Clean:

    import torch
    import torch.nn as nn

    class Norm(nn.BatchNorm1d):
        def forward(self, x):
            mean, var = x.mean(0), x.var(0, unbiased=False)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
            return (x - mean) / torch.sqrt(var + self.eps)

Fix
---
None. Which of the two was meant is the author's to say.

Numbers
-------
One step at momentum 0.1: the running mean moves 9 times as far. At n = 8, a variance over n - 1
scales the output by 0.94. At a variance of 1e-4 and eps 1e-5, eps outside the root makes it 1.048
times as large as inside.

References
----------
Measured with torch 2.13.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.frameworks.tables import Api, catalogue
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test_or_comparison
from bnlint.semantics.layers.handwritten import Update, updates_of
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.classes import outside_bases
from bnlint.semantics.values.domain import ClassRef, Instance, Object, Symbol
from bnlint.semantics.values.modules import class_framework

RULE = Rule("BN504", "handwritten-bn", "warning", confidence="medium", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report what classes that normalise by hand do otherwise than the library."""
    ev, module = context.evaluator, context.module
    roots = _last_names("square_roots", context)
    if not any(name in module.uses for name in roots):
        return
    for node in module.classes:
        cls = ClassRef(module, node)
        if in_test_or_comparison(module, node) or not (updates := updates_of(ev, cls)):
            continue
        if class_framework(ev, cls) is None:
            continue
        yield from _averages(cls, updates, context)
        yield from _variances(node, context)
        yield from _eps(node, roots, context)


def _last_names(word: str, context: Context) -> frozenset[str]:
    return frozenset(path.rpartition(".")[2] for path in context.frameworks.word(word))


def _averages(cls: ClassRef, updates: list[Update], context: Context) -> Iterator[Finding]:
    """Report the first update that takes the momentum of a library layer the wrong way."""
    for update in updates:
        api = _owner(cls, update.weight, context)
        if api is None or {api.convention, update.convention} != {"old-weight", "new-weight"}:
            continue
        mine, theirs = (side.convention.partition("-")[0] for side in (update, api))
        text = context.module.source(update.weight)
        yield context.report(
            RULE,
            update.node,
            f"{text} is taken for the weight of the {mine} value here; the momentum of "
            f"{api.short_name} is that of the {theirs} one",
            help=f"write 1 - {text} for the {mine} value, and {text} for the {theirs} one",
        )
        return


def _owner(cls: ClassRef, weight: ast.expr, context: Context) -> Api | None:
    """Return the API of the layer whose momentum ``weight`` is: of a part, or of the base class."""
    ev = context.evaluator
    if not isinstance(weight, ast.Attribute):
        return None
    for path in _classes(cls, weight.value, context):
        for api in ev.frameworks.by_alias.get(path, ()):
            if api.attribute("momentum") == weight.attr:
                return api
    return None


def _classes(cls: ClassRef, owner: ast.expr, context: Context) -> Iterator[str]:
    """Yield the import paths of what an object may be of: what it was made by, or is said to be."""
    ev, module = context.evaluator, context.module
    if isinstance(owner, ast.Name) and owner.id == "self":
        for base in outside_bases(ev, cls):
            yield from _path(base)
        return
    for value in ev.evaluate(module, owner):
        yield from _path(value.object)
    for function, store in module.own_stores.get((cls.node, last_name(owner)), []):
        given = getattr(module.parents[store], "value", None)
        for parameter in ast.walk(function):
            match given, parameter:
                case ast.Name(id=name), ast.arg(annotation=ast.expr() as said) if (
                    parameter.arg == name
                ):
                    for value in ev.evaluate(module, said):
                        yield from _path(value.object)


def _path(made: Object) -> Iterator[str]:
    """Yield the import path of what a class outside of the project is, or has made."""
    match made:
        case Symbol(path=path) | Instance(cls=Symbol(path=path)):
            yield path


def _variances(node: ast.ClassDef, context: Context) -> Iterator[Finding]:
    """Report a variance over n - 1 that is put under the root of the batch."""
    words, roots = (_last_names(word, context) for word in ("unbiased_variances", "square_roots"))
    under = {
        part.id
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and last_name(call.func) in roots
        for part in ast.walk(call)
        if isinstance(part, ast.Name)
    }
    for statement in ast.walk(node):
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        pairs = [(target, statement.value)]
        if isinstance(target, ast.Tuple) and isinstance(statement.value, ast.Tuple):
            pairs = list(zip(target.elts, statement.value.elts, strict=False))
        for name, value in pairs:
            if not isinstance(name, ast.Name) or name.id not in under:
                continue
            call = _innermost(value, words)
            if call is not None and not _is_biased(call):
                yield context.report(
                    RULE,
                    call,
                    f"{context.module.source(call)} divides by n - 1, and {name.id} normalises the "
                    "batch: library layers divide by n there",
                    help="write unbiased=False, and n / (n - 1) of it for the running variance",
                )
                return


def _innermost(value: ast.expr, words: frozenset[str]) -> ast.Call | None:
    """Return the call of a variance that ``value`` is, whatever shape it is brought into."""
    while isinstance(value, ast.Call):
        if last_name(value.func) in words:
            return value
        if not isinstance(value.func, ast.Attribute):
            return None
        value = value.func.value
    return None


def _is_biased(call: ast.Call) -> bool:
    """Tell whether a variance is told to divide by n, or may be."""
    told = {k.arg for k in call.keywords}
    if None in told or told & catalogue().names("estimator_arguments"):
        return True
    return any(isinstance(a, ast.Constant) and isinstance(a.value, bool) for a in call.args)


def _eps(node: ast.ClassDef, roots: frozenset[str], context: Context) -> Iterator[Finding]:
    """Report the first sum of a root and what is called eps."""
    names = catalogue().parameter_names("eps")
    for part in ast.walk(node):
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add):
            continue
        for root, eps in ((part.left, part.right), (part.right, part.left)):
            if not isinstance(root, ast.Call) or last_name(root.func) not in roots:
                continue
            name = last_name(eps) if isinstance(eps, (ast.Name, ast.Attribute)) else ""
            if name in names:
                yield context.report(
                    RULE,
                    part,
                    f"{name} is added to the root here; library layers add it to the variance, "
                    "under the root",
                    help=f"write sqrt(variance + {name})",
                )
                return
