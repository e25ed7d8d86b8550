"""A TensorFlow 1 graph that is trained, and whose running statistics nothing updates.

What it does
------------
In graphs of TensorFlow 1, ``tf.layers`` and TF-Slim put the updates of the running statistics into
a collection, and somebody must run them with each training step. Reported are

- ``minimize()`` or ``apply_gradients()`` of an optimiser where nothing in the project reads that
  collection, in a file that builds such layers for training, takes them from other files, or is
  used beside them;
- updates that are read from the collection and never used after it;
- ``session.run()`` inside ``tf.control_dependencies(updates)``, which changes nothing: an operation
  gets its dependencies where it is made;
- Keras layers in such a graph, whose updates are in no collection but in ``model.updates``.

A project that runs the updates in any way (``slim.learning.create_train_op``,
``updates_collections=None``) is left alone, and so are graphs whose layers are always told to
train: nothing reads their statistics.

Why it matters
--------------
Training normalises with the batch and looks well. In inference the moving mean is 0 and the moving
variance 1, as they were made.

Example
-------
Hazard:

    import tensorflow as tf

    def train_op(x, y, is_training):
        x = tf.layers.dense(x, 32)
        x = tf.layers.batch_normalization(x, training=is_training)
        loss = tf.losses.mean_squared_error(y, tf.layers.dense(x, 1))
        step = tf.train.AdamOptimizer(1e-3).minimize(loss)
        return step

Clean:

    import tensorflow as tf

    def train_op(x, y, is_training):
        x = tf.layers.dense(x, 32)
        x = tf.layers.batch_normalization(x, training=is_training)
        loss = tf.losses.mean_squared_error(y, tf.layers.dense(x, 1))
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(updates):
            step = tf.train.AdamOptimizer(1e-3).minimize(loss)
        return step

Fix
---
Groups the training step with the updates: ``step = tf.group(step, *tf.get_collection(...))``.

Fix safety
----------
Unsafe always: a collection of the whole graph may hold updates that need other inputs.

Not written where the step or TensorFlow has no name, and for Keras layers.

Numbers
-------
10 steps of gradient descent on N(3, 4): the moving mean stays at 0.0, also where the session runs
inside the block of dependencies. It goes to 0.32 with the dependencies around ``minimize()``, or
with ``tf.group``. The collection holds 2 operations for a layer of ``tf.layers``, and 0 for one of
Keras.

References
----------
Measured with TensorFlow 2.15.1 in graph mode.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import MANUAL, UNSAFE, Finding, Fix, InsertStatement
from bnlint.rule import Context, Rule
from bnlint.semantics.layers.graph_steps import layers_of_graph, step_makers, training_steps
from bnlint.semantics.layers.imported_layers import imported_by
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import training_flag
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.tensors.applications import imported_as
from bnlint.semantics.values.value import PRESUMED
from bnlint.trial import INFERENCE, STATISTICS, TRAINING

RULE = Rule("BN603", "update-ops", "error", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report training steps without updates, and updates that are not run."""
    words = context.frameworks
    if not words.word("graph_optimizers"):
        return
    yield from _unused(context)
    yield from _too_late(context)
    steps = list(training_steps(context.evaluator, context.module))
    if not steps:
        return
    sites = layers_of_graph(context.project, context.module, context.sites)
    if not sites or _runs_updates(context, sites):
        return
    in_graph = [site for site in sites if site.api.kind == "function" and _may_train(site)]
    if in_graph and any(_may_infer(site) for site in in_graph):
        for step in steps:
            yield _report(step, in_graph[0], context)
    elif not in_graph and _is_graph(context):
        layers = [site for site in sites if site.api.framework.modes.forwards]
        for step in steps if layers else ():
            yield _report_layers(step, layers[0], context)


def _may_train(site: Site) -> bool:
    """Tell whether a layer of a graph may be one whose statistics are to move."""
    flag = training_flag(site)
    return flag.value is not False and not any(k.arg == "trainable" for k in site.call.keywords)


def _may_infer(site: Site) -> bool:
    """Tell whether a layer of a graph is not always told to train: it may infer, too."""
    flag = training_flag(site)
    return flag.value is not True or (flag.kind == PRESUMED and not flag.from_default)


def _collections(context: Context) -> str:
    """Return a pattern for a call that reads the updates out of their collection."""
    names = "|".join(sorted(context.frameworks.word("update_collections")))
    return rf"get_collection(?:_ref)?\([^)]*(?:{names})"


def _runs_updates(context: Context, sites: Collection[Site]) -> bool:
    """Tell whether anything in the project runs the updates of ``sites``, by the text.

    What a layer is told of its updates counts only where a file with layers, or with the step,
    has it or imports it: the others tell other layers.
    """
    module, resolver, words = context.module, context.project.resolver, context.frameworks
    runners = "|".join(sorted(words.word("runs_updates")))
    anywhere = rf"{_collections(context)}|(?:\.|\bimport )(?:{runners})\b"
    arguments = "|".join(sorted(words.word("updates_arguments")))
    beside = rf"\b(?:{arguments})\W{{1,4}}None"
    texts = [there.text for there in {module, *(site.module for site in sites)}]
    if any(re.search(rf"{anywhere}|{beside}", text) is not None for text in texts):
        return True
    if resolver is None:
        return False
    search = resolver.sources.search
    if search(module.file, anywhere):
        return True
    files = {module.file, *(site.module.file for site in sites)}
    told = search(module.file, beside)
    near = (other for file in files for other in imported_by(resolver, file))
    return not set(told).isdisjoint(near)


def _is_graph(context: Context) -> bool:
    """Tell whether the file runs a graph in a session."""
    names = {path.rpartition(".")[2] for path in context.frameworks.word("sessions")}
    return any(name in context.module.calls_by_name for name in names)


# ---------------------------------------------------------------------------------- collected


def _reads(context: Context) -> Iterator[ast.Call]:
    """Yield the calls that read the updates out of their collection."""
    module = context.module
    for call in module.calls_by_name.get("get_collection", ()):
        if re.search(_collections(context), module.source(call)):
            yield call


def _unused(context: Context) -> Iterator[Finding]:
    """Report updates that are read, and whose name is used nowhere, where no other reads them."""
    module = context.module
    idle = {call: _idle(call, module) for call in _reads(context)}
    used = {module.enclosing_function(call) for call, name in idle.items() if not name}
    for call, name in idle.items():
        if module.enclosing_function(call) not in used:
            yield context.report(
                RULE,
                call,
                f"{name} holds the updates of running statistics, and is never used: nothing runs "
                "them",
                help=f"make the training step inside tf.control_dependencies({name})",
                confidence="high",
            )


def _idle(read: ast.Call, module: Module) -> str:
    """Return the variable that holds what ``read`` gives, if it is used nowhere."""
    match module.parents[read]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            uses = [use for use in module.uses.of(name) if isinstance(use, ast.Name)]
            return "" if any(isinstance(use.ctx, ast.Load) for use in uses) else name
    return ""


def _too_late(context: Context) -> Iterator[Finding]:
    """Report sessions that run inside a block of dependencies, in which nothing is made."""
    module = context.module
    scopes, methods, groups = (
        {path.rpartition(".")[2] for path in context.frameworks.word(word)}
        for word in ("dependency_scopes", "session_methods", "groups")
    )
    for scope in (c for name in sorted(scopes) for c in module.calls_by_name.get(name, ())):
        item = module.parents[scope]
        block = module.parents[item] if isinstance(item, ast.withitem) else None
        if not isinstance(block, ast.With) or not _is_of_updates(scope, context):
            continue
        calls = [c for c in ast.walk(block) if isinstance(c, ast.Call) and c is not scope]
        runs = [c for c in calls if last_name(c.func) in methods]
        makers = {*step_makers(context.frameworks), *groups}
        made = [c for c in calls if last_name(c.func) in makers]
        made += [c for c in calls if dotted(c.func).partition(".")[0] == _tensorflow(context)]
        if runs and not made:
            yield context.report(
                RULE,
                scope,
                f"{module.source(scope)} around {module.source(runs[0].func)}() adds nothing: what "
                "is run was made before, and the updates of running statistics are not run",
                help="put the block around minimize(), where the training step is made",
                confidence="high",
            )


def _is_of_updates(scope: ast.Call, context: Context) -> bool:
    """Tell whether ``scope`` is given what was read out of the collection."""
    module = context.module
    held = {
        target.id
        for call in _reads(context)
        if isinstance(statement := module.parents[call], ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return any(isinstance(a, ast.Name) and a.id in held for a in scope.args)


# ---------------------------------------------------------------------------------- reports


def _tensorflow(context: Context) -> str:
    """Return how the file names TensorFlow: ``tf``."""
    return imported_as(context.module, ("tensorflow.compat.v1", "tensorflow")) or "tf"


def _report(step: ast.Call, site: Site, context: Context) -> Finding:
    module, tf = context.module, _tensorflow(context)
    where = (
        f"line {site.call.lineno}"
        if site.module is module
        else (f"{site.module.path}:{site.call.lineno}")
    )
    method = last_name(step.func)
    read = f"{tf}.get_collection({tf}.GraphKeys.UPDATE_OPS)"
    advice = f"write with {tf}.control_dependencies({read}): around {method}()"
    statement = module.statement(step)
    fix = Fix(MANUAL, advice, (), "the training step has no name")
    if (
        isinstance(statement, ast.Assign)
        and statement.value is step
        and len(statement.targets) == 1
        and (name := dotted(statement.targets[0]))
    ):
        text = f"{name} = {tf}.group({name}, *{read})"
        intent = InsertStatement(module.span(statement), text, "after")
        why = "the collection may hold updates that need other inputs"
        fix = Fix(UNSAFE, f"insert {text}", (intent,), why)
        if tf.partition(".")[0] not in module.defined:
            fix = Fix(MANUAL, advice, (), "the file has no name for TensorFlow")
    return context.report(
        RULE,
        step,
        f"nothing runs the updates of running statistics with this step: those of "
        f"{site.api.short_name} ({where}) stay at 0 and 1",
        help=advice,
        fix=fix,
        trial=trial_of_modes(site.api.framework, STATISTICS, INFERENCE, TRAINING),
    )


def _report_layers(step: ast.Call, site: Site, context: Context) -> Finding:
    where = (
        f"line {site.call.lineno}"
        if site.module is context.module
        else (f"{site.module.path}:{site.call.lineno}")
    )
    return context.report(
        RULE,
        step,
        f"nothing runs the updates of running statistics with this step: those of Keras layers "
        f"({where}) are in no collection of the graph",
        help="run model.updates with each step, in a group with it",
        trial=trial_of_modes(site.api.framework, STATISTICS, INFERENCE, TRAINING),
    )
