"""Evidence in a file that something is trained."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints import things
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate

#: Vocabulary words whose call means that gradients are taken or weights are handed out for it.
_WORDS = ("gradients", "apply_methods", "weights_attributes", "drivers", "driver_methods")


def trains(ev: Evaluate, module: Module) -> bool:
    """Tell whether the file takes gradients, hands weights to an optimiser or switches to training.

    The test is on the last part of names, so it errs on the side of yes.
    """
    names = {path.rpartition(".")[2] for word in _WORDS for path in ev.frameworks.word(word)}
    names -= things.COMMON
    if any(name in module.calls_by_name for name in names):
        return True
    for framework in ev.frameworks.frameworks.values():
        for method, argument in framework.modes.to_training:
            for call in module.calls_by_name.get(method, ()):
                if argument is None and not call.args and not call.keywords:
                    return True
                if argument is not None and call.args and _is_constant(call.args[0], argument):
                    return True
    return False


def _is_constant(node: ast.expr, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def takes_gradients(ev: Evaluate, module: Module) -> bool:
    """Tell whether the file takes gradients: it calls what the tables list for that."""
    names = {path.rpartition(".")[2] for path in ev.frameworks.word("gradients")}
    return any(name in module.calls_by_name for name in names)


def is_trained(ev: Evaluate, module: Module, framework: Framework) -> bool:
    """Tell whether the file trains in ``framework``: takes gradients, or has a model do it."""
    return any(
        path.rpartition(".")[2] in module.calls_by_name
        and ev.frameworks.shares(path, word, framework)
        for word in ("gradients", "training_methods")
        for path in ev.frameworks.word(word)
    )
