"""A pretrained model that is unfrozen for fine-tuning, and its statistics with it.

What it does
------------
Follows a ready-made Keras model with pretrained weights. If it is frozen (``trainable = False``),
unfrozen later (``trainable = True``, for all of it or for some of its layers) and trained after
that, and its batch normalisation layers are not kept frozen, the unfreezing is reported. What is
done with a model that is built on it, and shares its layers, is done with it.

Left alone are models built without pretrained weights, code that tests layers for batch
normalisation before it sets ``trainable``, and models that are called with ``training=False``.

Why it matters
--------------
``trainable`` of a batch normalisation layer is two switches in one: off, the layer also infers
whatever the model does. On again, it normalises with the small batches of fine-tuning and moves the
statistics that the pretrained weights were learned with, which can undo what they know.

``base(x, training=False)`` keeps the statistics in Keras 2. In Keras 3 it does not: the flag of
``fit`` wins over it. Keeping the layers themselves untrainable holds in both.

Example
-------
Hazard:

    from tensorflow import keras

    base = keras.applications.Xception(include_top=False, pooling="avg")
    base.trainable = False
    inputs = keras.Input((299, 299, 3))
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs)))
    model.compile("adam", "mse")
    model.fit(dataset)

    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "mse")
    model.fit(dataset)

Clean:

    from tensorflow import keras

    base = keras.applications.Xception(include_top=False, pooling="avg")
    base.trainable = False
    inputs = keras.Input((299, 299, 3))
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs)))
    model.compile("adam", "mse")
    model.fit(dataset)

    base.trainable = True
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-5), "mse")
    model.fit(dataset)

Fix
---
Keeps the batch normalisation layers untrainable after the unfreezing.

Fix safety
----------
Unsafe always: that the statistics adapt to new data may be meant.

Not written where the model has no name at that place.

Numbers
-------
10 steps of ``fit`` at learning rate 0, on data that the statistics do not fit, take the moving mean
10 % of the way to the new data, and change predictions though no weight has changed. With
``training=False`` that is so in Keras 3, and not in Keras 2; with untrainable layers in neither.

References
----------
Measured with Keras 3.15.1 and tf_keras 2.21.0; keras-team/keras issue 20285.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.records import Freeze
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.layers.class_tests import guards
from bnlint.semantics.modes.freezing import asks_for_norm, drift
from bnlint.semantics.objects.allocations import Made, variable_of
from bnlint.semantics.objects.events import CALL, WRITE, Life, Use
from bnlint.semantics.syntax.module import Module, dotted
from bnlint.semantics.values.domain import Instance, Symbol
from bnlint.trial import STATISTICS

#: A model that has a ready-made one as a single layer has fewer layers.
_MANY = 10

RULE = Rule("BN255", "unfreeze-trains-statistics", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report pretrained models that are unfrozen with their statistics."""
    if _keeps_norm_layers(context.module, context):
        return
    shows, frameworks = _may_unfreeze(context), context.frameworks.frameworks.values()
    ways = {f.modes.switch for f in frameworks if any(row.statistics for row in f.modes.freezes)}
    for history in context.histories(shows=shows, switches=tuple(ways), whole=False):
        made = history.made
        row = next((r for r in made.framework.modes.freezes if r.statistics), None)
        if row is None or not _is_pretrained(made, context):
            continue
        life = history.life
        unfreeze = _unfreeze(life, row)
        if unfreeze is None or not _is_trained_after(unfreeze, context):
            continue
        others = dict.fromkeys(use.module for use in life.uses)
        if any(_keeps_norm_layers(module, context) for module in others):
            continue
        if not _is_called_to_infer(life, made.framework):
            yield _report(unfreeze, made, row, context)


def _may_unfreeze(context: Context) -> bool:
    """Tell at little cost whether the file sets what freezes a layer in any framework."""
    stored = {store.attr for store in context.module.stores}
    return any(
        row.name in stored
        for framework in context.frameworks.frameworks.values()
        for row in framework.modes.freezes
        if row.statistics
    )


def _is_pretrained(made: Made, context: Context) -> bool:
    """Tell whether a ready-made model comes with weights."""
    match made.candidate.object:
        case Instance(cls=Symbol(path=path), call=ast.Call(keywords=keywords)):
            asks = context.frameworks.word("weights_arguments")
            given = [k.value for k in keywords if k.arg in asks]
            return (
                context.frameworks.means(path, "builders") is not None
                and not any(isinstance(v, ast.Constant) and v.value is None for v in given)
                and not any(keyword.arg is None for keyword in keywords)
            )
    return False


def _keeps_norm_layers(module: Module, context: Context) -> bool:
    """Tell whether a file decides by the class of a layer whether to train it."""
    names = {
        row.name
        for framework in context.frameworks.frameworks.values()
        for row in framework.modes.freezes
        if row.statistics
    }
    return any(
        store.attr in names
        and any(
            asks_for_norm(part)
            for part in (
                *(
                    g.test
                    for g in guards(
                        module,
                        module.statement(store),
                        module.enclosing_function(store) or module.tree,
                    )
                ),
                getattr(module.statement(store), "value", store),
            )
        )
        for store in module.stores
    )


def _unfreeze(life: Life, row: Freeze) -> Use | None:
    """Return where the model, or part of it, is trained again after it was frozen."""
    frozen = False
    for use in life.uses:
        if use.kind != WRITE or use.name != row.name or (use.within and not _is_of_layers(use)):
            continue
        statement = use.module.statement(use.node)
        value = statement.value if isinstance(statement, ast.Assign) else None
        if not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
            return None
        if value.value is row.value:
            frozen = True
        elif frozen and not in_test(use.module, use.node):
            return use
    return None


def _is_of_layers(use: Use) -> bool:
    """Tell whether a use is of the layers that a model shares with the one that it is built on.

    A loop goes through them, and not through the last ones alone. To set the flag of the model
    around reaches the layers in Keras 2 and not in Keras 3.
    """
    assert isinstance(use.node, ast.Attribute)
    layer = ast.unparse(use.node.value)
    for around in use.module.ancestors(use.node):
        if isinstance(around, ast.For) and ast.unparse(around.target) == layer:
            return not isinstance(around.iter, ast.Subscript) or _is_body(around.iter.slice)
    return False


def _is_body(part: ast.expr) -> bool:
    """Tell whether a slice of layers has more than the last of them."""
    if not isinstance(part, ast.Slice):
        return False
    first = part.lower.value if isinstance(part.lower, ast.Constant) else None
    if part.lower is None or first == 0:
        return True
    return isinstance(first, int) and first >= _MANY


def _is_trained_after(unfreeze: Use, context: Context) -> bool:
    module = context.module
    function = module.enclosing_function(unfreeze.here)
    return any(
        call.lineno > unfreeze.here.lineno and module.enclosing_function(call) is function
        for name in context.frameworks.word("training_methods")
        for call in module.calls_by_name.get(name, ())
    )


def _is_called_to_infer(life: Life, framework: Framework) -> bool:
    """Tell whether a call of the model chooses its mode."""
    for use in life.uses:
        if use.kind == CALL:
            assert isinstance(use.node, ast.Call)
            if any(k.arg in (framework.modes.argument, None) for k in use.node.keywords):
                return True
    return False


def _report(unfreeze: Use, made: Made, row: Freeze, context: Context) -> Finding:
    framework = made.framework
    statement = unfreeze.module.statement(unfreeze.node)
    text = unfreeze.module.source(statement)
    if unfreeze.module is not context.module:
        text = f"{text} ({unfreeze.seen_from(context.module)})"
    layer = re.sub(r"\d[dD]$", "", framework.reference.rpartition(".")[2])
    return context.report(
        RULE,
        unfreeze.here,
        f"{text} wakes batch normalisation too: it normalises with the batches of fine-tuning, and "
        f"{drift(framework, context.frameworks)}, though the pretrained weights were learned with "
        "the old ones",
        help=f"set {row.name} = {row.value} for its {layer} layers after this",
        fix=None if unfreeze.via else _fix(unfreeze, layer, made, row, context),
        trial=trial_of_modes(framework, STATISTICS),
    )


def _fix(unfreeze: Use, layer: str, made: Made, row: Freeze, context: Context) -> Fix | None:
    module, framework = context.module, made.framework
    assert isinstance(unfreeze.node, ast.Attribute)
    anchor: ast.stmt = module.statement(unfreeze.node)
    model: ast.expr = unfreeze.node.value
    for around in module.ancestors(anchor):
        if isinstance(around, ast.For):
            anchor, model = around, around.iter
        elif isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.If)):
            break
    walks = [w for w, f in context.frameworks.word("walks").items() if f is framework]
    while isinstance(model, ast.Subscript) or (
        isinstance(model, ast.Attribute) and model.attr in walks
    ):
        model = model.value
    # A model that is built on this one may have it as one layer.
    name = variable_of(module, made.call) if unfreeze.within else dotted(model)
    if not name:
        return None
    text = (
        f"for layer in {name}.{walks[0]}:\n"
        f'    if "{layer}" in type(layer).__name__:\n'
        f"        layer.{row.name} = {row.value}"
    )
    return Fix(
        UNSAFE,
        f"keep the batch normalisation layers of {name} as they are",
        (InsertStatement(module.span(anchor), text, "after"),),
        "that the statistics adapt may be meant",
    )
