"""The learning phase of Keras, which its newest release does not have.

What it does
------------
Reports ``set_learning_phase()`` and ``learning_phase_scope()`` of the Keras backend in a file that
uses what only TensorFlow 2 has: gradient tapes and ``tf.function``.

Graphs of TensorFlow 1, where the phase decides for layers that are not told, are left alone.

Why it matters
--------------
Keras 3, which ``tf.keras`` is from TensorFlow 2.16 on, raises AttributeError. Before that, ``fit``,
``evaluate`` and ``predict`` say the mode themselves, so that the phase is not what decides there.

Example
-------
Hazard:

    import tensorflow as tf
    from tensorflow.keras import backend as K

    K.set_learning_phase(0)
    bn = tf.keras.layers.BatchNormalization()

    @tf.function
    def features(x):
        return bn(x)

Clean:

    import tensorflow as tf

    bn = tf.keras.layers.BatchNormalization()

    @tf.function
    def features(x):
        return bn(x, training=False)

Fix
---
None. Say the mode where layers and models are called.

Numbers
-------
``keras.backend`` of Keras 3.15 has none of ``learning_phase``, ``set_learning_phase`` and
``learning_phase_scope``.

References
----------
Measured with Keras 3.15.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.around import in_test
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.domain import Symbol

RULE = Rule("BN210", "learning-phase", "warning", confidence="medium")


def check_file(context: Context) -> Iterator[Finding]:
    """Report the learning phase in code of TensorFlow 2."""
    module, words = context.module, context.frameworks
    setters = words.word("phase_setters")
    calls = [
        call
        for name in sorted({path.rpartition(".")[2] for path in setters})
        for call in module.calls_by_name.get(name, ())
    ]
    if not calls or _runs_graphs(context) or not _is_eager(context):
        return
    for call in calls:
        values = context.evaluator.evaluate(module, call.func)
        if in_test(module, call) or not all(
            isinstance(v.object, Symbol) and v.object.path in setters for v in values
        ):
            continue
        yield context.report(
            RULE,
            call,
            f"{dotted(call.func)}() raises in Keras 3, and in Keras 2 decides for no model that is "
            "run by fit, evaluate or predict",
            help="say training= where a model or layer is called",
        )


def _runs_graphs(context: Context) -> bool:
    """Tell whether the file runs graphs of TensorFlow 1 in a session, or names that release."""
    words, module = context.frameworks.word, context.module
    names = {path.rpartition(".")[2] for path in words("sessions")}
    return any(name in module.uses for name in names) or any(
        path in module.text for path in words("graph_paths")
    )


def _is_eager(context: Context) -> bool:
    """Tell whether the file uses what only TensorFlow 2 has."""
    words = context.frameworks
    names = {path.rpartition(".")[2] for path in words.word("tapes")}
    if any(name in context.module.uses for name in names):
        return True
    return any(
        words.means(getattr(v.object, "path", ""), "compilers")
        for path in words.word("compilers")
        for use in context.module.uses.of(path.rpartition(".")[2])
        for v in context.evaluator.evaluate(context.module, use)
    )
