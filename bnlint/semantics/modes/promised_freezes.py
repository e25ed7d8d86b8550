"""Functions that take a flag to freeze batch normalisation, freeze weights, and ignore the flag."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.semantics.hints.purposes import freezes, rests_norms
from bnlint.semantics.hints.things import is_norm
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.freezing import normalising_framework
from bnlint.semantics.modes.frozen_weights import weight_freezes
from bnlint.semantics.modes.moving_statistics import Drift
from bnlint.semantics.modes.switches import switches
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Evaluate

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def promised(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Drift]:
    """Yield what a function freezes by its gradients, though it takes a flag for the statistics.

    The flag is never read, and nothing that the function calls may see to the statistics. Whether
    the model is trained need not be in view: who asks for frozen statistics does not get them.
    """
    for freeze in weight_freezes(ev, module):
        function = module.enclosing_function(freeze.node)
        if not isinstance(function, _DEFINITIONS) or freeze.tests:
            continue
        flag = _flag(function)
        if not flag:
            continue
        framework = normalising_framework(ev, sites, module, freeze.owner)
        if framework is None or not freeze.counts_in(framework):
            continue
        if not any(_may_rest(call, switches(framework)) for call in _calls(function)):
            yield Drift(freeze, framework, module, flag=flag)


def _flag(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return the parameter that promises frozen statistics and is never read, if there is one."""
    arguments = function.args
    if arguments.kwarg is not None or arguments.vararg is not None:
        return ""  # what is written for another signature
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    promises = [a.arg for a in named if freezes(a.arg) and (is_norm(a.arg) or "stat" in a.arg)]
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    if "locals" in read:
        return ""
    return next((name for name in promises if name not in read), "")


def _calls(function: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _may_rest(call: ast.Call, switching: frozenset[str]) -> bool:
    """Tell whether a call may put batch normalisation to rest, or leave that to a base class."""
    name = last_name(call.func)
    return name in (*switching, "super", "apply") or rests_norms(name)
