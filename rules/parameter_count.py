"""Two counts of parameters that are held equal, and count other things.

What it does
------------
Reports comparisons of the number of parameters of a Keras model, by ``count_params()``, with that
of a PyTorch model, by ``numel()`` over its ``parameters()``, in files that build batch
normalisation.

Why it matters
--------------
Keras counts the running mean and variance of each layer, PyTorch does not have them among its
parameters. The counts of a right port differ, by two for each channel of each batch normalisation.

Example
-------
Hazard:

    import torch.nn as nn
    from tensorflow import keras
    from tensorflow.keras import layers

    def check():
        port = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8, 1e-3, 0.01))
        conv = layers.Conv2D(8, 3, use_bias=False)
        reference = keras.Sequential([conv, layers.BatchNormalization()])
        reference.build((None, 32, 32, 3))
        mine = sum(p.numel() for p in port.parameters())
        assert mine == reference.count_params()

Clean:

    import torch.nn as nn
    from tensorflow import keras
    from tensorflow.keras import layers

    def check():
        port = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8, 1e-3, 0.01))
        conv = layers.Conv2D(8, 3, use_bias=False)
        reference = keras.Sequential([conv, layers.BatchNormalization()])
        reference.build((None, 32, 32, 3))
        mine = sum(p.numel() for p in port.parameters())
        mine += sum(b.numel() for n, b in port.named_buffers() if "running" in n)
        assert mine == reference.count_params()

Fix
---
None. Compare trainable weights with trainable weights, or add the buffers that hold running
statistics.

Numbers
-------
A layer of C channels is 4C to ``count_params()`` of Keras, 2C to ``parameters()`` of PyTorch, and
4C + 1 to its ``state_dict()``, with ``num_batches_tracked``.

References
----------
Measured with Keras 3.15.1 and torch 2.13.0; the counts of others stand in the framework tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import Finding
from bnlint.rule import Context, Rule
from bnlint.semantics.hints.purposes import is_assertion
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.project.marks import mentions_api
from bnlint.semantics.syntax.module import last_name

RULE = Rule("BN409", "parameter-count", "info", confidence="medium", default=False)


def check_file(context: Context) -> Iterator[Finding]:
    """Report counts of parameters that are compared and count other things."""
    module = context.module
    words = context.frameworks
    counting = [n for n in words.word("counts_all") if n in module.calls_by_name]
    if not counting or not mentions_api(module.text):
        return
    for sides in _compared(context):
        counts = [_count(side, context) for side in sides]
        if sorted(counts) == ["all", "trainable"]:
            yield context.report(
                RULE,
                sides[counts.index("all")],
                f"{counting[0]}() counts running means and variances, "
                f"{module.source(sides[counts.index('trainable')])} does not: of a layer of C "
                "channels, one side has 4C and the other 2C",
                help="compare trainable weights, or add the buffers",
            )


def _compared(context: Context) -> Iterator[list[ast.expr]]:
    """Yield the pairs of expressions that the file compares, or states to be equal."""
    for node in ast.walk(context.module.tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            if isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
                yield [node.left, *node.comparators]
        elif (
            isinstance(node, ast.Call)
            and len(node.args) >= 2
            and is_assertion(last_name(node.func))
        ):
            yield node.args[:2]


def _count(node: ast.expr, context: Context) -> str:
    """Return what a number counts: ``all`` weights, ``trainable`` ones, or nothing known."""
    module, words = context.module, context.frameworks
    if isinstance(node, ast.Name):
        states = reaching(context.evaluator.scope(module, module.scope_node(node)), node.id, node)
        value = states[0].binding.value if len(states) == 1 else None
        if states and states[0].binding.kind != "assign":
            return ""
        node = value if isinstance(value, ast.expr) else node
    if isinstance(node, ast.Call) and last_name(node.func) in words.word("counts_all"):
        return "all"
    called = {last_name(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    if called & set(words.word("counts_elements")) and called & set(
        words.word("without_statistics")
    ):
        return "" if called & set(words.word("gives_buffers")) else "trainable"
    return ""
