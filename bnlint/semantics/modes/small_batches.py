"""How large batches are, and which layers see one value of each channel for an example."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.hints.around import in_test_or_comparison
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.switches import takes_gradient
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.tensors.layouts import layout_before
from bnlint.semantics.tensors.neighbours import argument, layer_before, linear_before
from bnlint.semantics.values.domain import Evaluate, Symbol
from bnlint.semantics.values.value import Value, settle


def loaders(ev: Evaluate, module: Module) -> list[ast.Call]:
    """Return the calls of a file that make batches of a data set."""
    words = ev.frameworks
    collates = words.word("collate_arguments")
    return [
        call
        for name in {path.rpartition(".")[2] for path in words.word("batch_loaders")}
        for call in module.calls_by_name.get(name, ())
        if len(call.args) < 2
        and not any(k.arg is None or k.arg in collates for k in call.keywords)
        and not in_test_or_comparison(module, call)
        and all(
            isinstance(v.object, Symbol) and words.means(v.object.path, "batch_loaders")
            for v in ev.evaluate(module, call.func)
        )
    ]


def given(ev: Evaluate, module: Module, call: ast.Call, word: str) -> Value | None:
    """Return the argument of a loader that ``word`` names, ``None`` where it is not given."""
    names = ev.frameworks.word(word)
    for keyword in call.keywords:
        if keyword.arg in names:
            return settle(ev.evaluate(module, keyword.value), keyword.value)
    return None


def batch_size(ev: Evaluate, module: Module, call: ast.Call) -> float | None:
    """Return how many examples a batch of a loader has; without a word of it, it is one."""
    size = given(ev, module, call, "batch_size_arguments")
    if size is None:
        return None if given(ev, module, call, "drop_arguments") is not None else 1
    return size.number


def training_loop(ev: Evaluate, module: Module, call: ast.Call) -> ast.For | None:
    """Return the loop over a loader that takes gradients, in the file that makes the loader."""
    parent = module.parents[call]
    names: set[str] = set()
    if isinstance(parent, ast.Assign):
        names = {t.id for t in parent.targets if isinstance(t, ast.Name)}
    for name in names:
        for use in module.uses.of(name):
            for around in module.ancestors(use):
                if isinstance(around, ast.For) and any(n is use for n in ast.walk(around.iter)):
                    if any(takes_gradient(ev, part) for part in ast.walk(around)):
                        return around
    return None


def fitted_sizes(ev: Evaluate, module: Module) -> Iterator[tuple[ast.keyword, int]]:
    """Yield the arguments that say in how large batches a model is trained, as written down."""
    methods, names = (ev.frameworks.word(w) for w in ("training_methods", "batch_size_arguments"))
    for method in methods:
        for call in module.calls_by_name.get(method, ()):
            for keyword in call.keywords:
                size = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in names and isinstance(size, int):
                    if not in_test_or_comparison(module, call):
                        yield keyword, size


def sees_single_values(ev: Evaluate, site: Site) -> bool:
    """Tell whether a layer sees one value of each channel for an example."""
    if site.api.kind != "layer" or site.presumed:
        return False
    found = layout_before(ev, site)
    if found is not None and found.rank == 2:
        return True
    linear = linear_before(ev, site)
    if linear is None:
        return False
    if linear.neighbour.kind == "dense":
        ranks = site.api.ranks
        return not isinstance(ranks, tuple) or 2 in ranks
    kernel = argument(ev, linear, "kernel").value
    if kernel != 1 and kernel != (1, 1):
        return False
    pooled = layer_before(ev, linear.module, linear.call)
    size = argument(ev, pooled, "size").value if pooled is not None else None
    return size in (1, (1, 1))
