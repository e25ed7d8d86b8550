"""The steps with which graphs of TensorFlow 1 are trained, and the layers that stand in a graph."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from bnlint.frameworks.tables import Frameworks
from bnlint.semantics.hints.around import in_test_or_comparison
from bnlint.semantics.layers.imported_layers import sites_beside, sites_of_imports
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate, Instance, Symbol


def training_steps(ev: Evaluate, module: Module) -> Iterator[ast.Call]:
    """Yield the calls with which an optimiser of TensorFlow 1 makes the operation that trains."""
    words = ev.frameworks
    for method in step_makers(words):
        for call in module.calls_by_name.get(method, ()):
            if not isinstance(call.func, ast.Attribute) or in_test_or_comparison(module, call):
                continue
            values = ev.evaluate(module, call.func.value)
            if any(
                isinstance(made := value.object, Instance)
                and isinstance(made.cls, Symbol)
                and words.means(made.cls.path, "graph_optimizers")
                for value in values
            ):  # it may be wrapped in another
                yield call


def step_makers(words: Frameworks) -> list[str]:
    """Return the methods of optimisers of TensorFlow 1 that make the operation that trains."""
    framework = next(iter(words.word("graph_optimizers").values()), None)
    if framework is None:
        return []
    return [m for m in words.word("apply_methods") if words.shares(m, "apply_methods", framework)]


def layers_of_graph(project: Project, module: Module, sites: Collection[Site]) -> list[Site]:
    """Return the layers that ``module``, with the layers ``sites`` of its own, has in its graph.

    They are its own and those of what it imports, or where there are none, those of files that
    are imported beside it.
    """
    found = [*sites, *sites_of_imports(project, module)]
    return found or list(sites_beside(project, module, _calls(project.frameworks)))


def _calls(words: Frameworks) -> str:
    """Return a pattern for the calls of batch normalisation that puts its updates aside."""
    names = {
        alias.rpartition(".")[2]
        for api in words.apis.values()
        if api.kind == "function"
        for alias in api.aliases
    }
    return rf"\b(?:{'|'.join(sorted(names))})\("
