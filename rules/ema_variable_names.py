"""Averages that a checkpoint has of other variables than code asks of it.

What it does
------------
Compares which variables ``tf.train.ExponentialMovingAverage`` averages in training (``apply()``)
with those whose averages are read back (``variables_to_restore()``). Reported is a call that reads
the averages of what is trained where all variables were averaged, running statistics among them,
and the reverse.

Both must be in view, in one file or two of a project, and take ``tf.trainable_variables()``, which
is the default of both, or all variables. Nothing is said where lists are put together in another
way, where a project averages now the ones and now the others, or where no batch normalisation is in
view.

Why it matters
--------------
With averaged weights and plain statistics, each layer normalises with statistics of other weights
than it has. In the other direction nothing is found under the name that is asked for, and restoring
fails.

Example
-------
Hazard:

    import tensorflow as tf

    def train(x, training):
        x = tf.layers.batch_normalization(x, training=training)
        averages = tf.train.ExponentialMovingAverage(0.999)
        return averages.apply(tf.global_variables())

    def evaluate(path, session):
        averages = tf.train.ExponentialMovingAverage(0.999)
        saver = tf.train.Saver(averages.variables_to_restore())
        saver.restore(session, path)

Clean:

    import tensorflow as tf

    def train(x, training):
        x = tf.layers.batch_normalization(x, training=training)
        averages = tf.train.ExponentialMovingAverage(0.999)
        return averages.apply(tf.trainable_variables())

    def evaluate(path, session):
        averages = tf.train.ExponentialMovingAverage(0.999)
        saver = tf.train.Saver(averages.variables_to_restore())
        saver.restore(session, path)

Fix
---
None. Which of the two is meant is not known.

Numbers
-------
Of a layer with gamma and moving_mean, ``variables_to_restore()`` asks for
gamma/ExponentialMovingAverage and moving_mean; given all variables, for the averages of both.

References
----------
Measured with TensorFlow 2.21 in graph mode (``tf.compat.v1``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.graph_steps import layers_of_graph
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Instance, Symbol

RULE = Rule("BN406", "ema-variable-names", "warning", confidence="medium", default=False)

_TRAINED, _ALL, _UNKNOWN = "what is trained", "all variables", ""


def check_file(context: Context) -> Iterator[Finding]:
    """Report averages that are read back of other variables than are averaged."""
    module = context.module
    restored = list(_calls(module, "restoring_methods", context))
    if not restored or not layers_of_graph(context.project, module, context.sites):
        return
    averaged = [
        (there, call)
        for there in _with_averages(context)
        for call in _calls(there, "averaging_methods", context)
    ]
    kinds = {_variables(there, call, context) for there, call in averaged}
    if len(kinds) != 1 or _UNKNOWN in kinds:
        return
    (kind,) = kinds
    there, first = averaged[0]
    where = f"line {first.lineno}" if there is module else f"{there.path}:{first.lineno}"
    for call in restored:
        asked = _variables(module, call, context)
        if asked in (kind, _UNKNOWN):
            continue
        wrong = (
            "weights are averages, and running statistics are not"
            if kind == _ALL
            else "no average of running statistics is in the checkpoint"
        )
        yield context.report(
            RULE,
            call,
            f"{last_name(call.func)}() asks for the averages of {asked}, and {where} averages "
            f"{kind}: {wrong}",
            help="give both the same variables",
        )


def _with_averages(context: Context) -> Iterator[Module]:
    """Yield the files of the project that speak of averages of variables, this one first."""
    names = {path.rpartition(".")[2] for path in context.frameworks.word("variable_averages")}
    pattern = rf"\b(?:{'|'.join(sorted(names))})\("
    return context.project.saying(context.module, pattern)


def _calls(module: Module, word: str, context: Context) -> Iterator[ast.Call]:
    """Yield the calls of a method that ``word`` names, of objects that average variables."""
    words = context.frameworks
    for name in words.word(word):
        for call in module.calls_by_name.get(name, ()):
            if not isinstance(call.func, ast.Attribute):
                continue
            values = context.evaluator.evaluate(module, call.func.value)
            if values and all(
                isinstance(made := value.object, Instance)
                and isinstance(made.cls, Symbol)
                and words.means(made.cls.path, "variable_averages")
                for value in values
            ):
                yield call


def _variables(module: Module, call: ast.Call, context: Context) -> str:
    """Return which variables a call is given, as messages say it."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if not given:
        return _TRAINED
    return _kind(module, given[0], context) if len(given) == 1 else _UNKNOWN


def _kind(module: Module, node: ast.expr, context: Context) -> str:
    ev = context.evaluator
    if isinstance(node, ast.Name):
        states = reaching(ev.scope(module, module.scope_node(node)), node.id, node)
        value = states[0].binding.value if len(states) == 1 else None
        node = value if isinstance(value, ast.expr) else node
    if not isinstance(node, ast.Call) or node.args or node.keywords:
        return _UNKNOWN
    paths = [v.object.path for v in ev.evaluate(module, node.func) if isinstance(v.object, Symbol)]
    for word, kind in (("without_statistics", _TRAINED), ("all_variables", _ALL)):
        if paths and all(context.frameworks.means(path, word) for path in paths):
            return kind
    return _UNKNOWN
