"""Where the output of a layer goes: to one place or several, known or not."""

from __future__ import annotations

import ast

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.tensors.applications import applications
from bnlint.semantics.tensors.neighbours import Before, known_layer
from bnlint.semantics.values.domain import Evaluate


def is_shared(ev: Evaluate, module: Module, found: Before) -> bool:
    """Tell whether more than one thing takes the output of the layer, or it is applied twice."""
    outputs = _outputs(ev, found)
    if not outputs:  # in a sequence, and under a name maybe in several
        return len(_uses(ev, module, found.call)) > 1
    return len(outputs) > 1 or any(len(_uses(ev, module, output)) > 1 for output in outputs)


def goes_nowhere_unknown(ev: Evaluate, found: Before) -> bool:
    """Tell whether whatever takes the output of the layer is known, and no normalisation.

    The end of a model is known: what is returned, and the last of a sequence.
    """
    module = found.module
    outputs = _outputs(ev, found)
    if not outputs:
        return _is_in_known_company(ev, found)
    uses = [use for output in outputs for use in _uses(ev, module, output)]
    return all(_is_known(ev, module, use) for use in uses)


def _outputs(ev: Evaluate, found: Before) -> list[ast.Call]:
    """Return the calls whose value is the output of the layer; none for one in a sequence."""
    if found.neighbour.roles.get("input"):
        return [found.call]
    return applications(ev, found.module, found.call)


def _uses(ev: Evaluate, module: Module, output: ast.Call) -> list[ast.expr]:
    """Return where a value is used: itself, or the loads of the variable it is assigned to."""
    parent = module.parents.get(output)
    target = parent.targets[0] if isinstance(parent, ast.Assign) else None
    if not isinstance(target, ast.Name):
        return [output]
    scope = ev.scope(module, module.scope_node(output))
    return [
        use
        for use in module.uses.of(target.id)
        if isinstance(use, ast.Name)
        and (isinstance(use.ctx, ast.Load) or isinstance(module.parents[use], ast.AugAssign))
        and any(reach.binding.value is output for reach in reaching(scope, target.id, use))
    ]


def _is_known(ev: Evaluate, module: Module, use: ast.expr) -> bool:
    parent = module.parents.get(use)
    if isinstance(parent, (ast.Return, ast.Tuple, ast.List)):
        return True
    return isinstance(parent, ast.Call) and known_layer(ev, module, parent) is not None


def _is_in_known_company(ev: Evaluate, found: Before) -> bool:
    """Tell whether what follows the layer in the list it stands in is known, or nothing does."""
    module = found.module
    parent = module.parents.get(found.call)
    items: list[ast.expr] = []
    if isinstance(parent, (ast.List, ast.Tuple)):
        items = parent.elts
    elif isinstance(parent, ast.Call):
        items = parent.args
    if found.call not in items:
        return False
    after = items[items.index(found.call) + 1 :]
    return not after or known_layer(ev, module, after[0]) is not None
