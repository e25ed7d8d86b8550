"""Traits of a layer: whether it normalises a weight, keeps running statistics, follows its mode."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.hints.things import is_weight
from bnlint.semantics.layers.sites import STATISTICS, Site
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.value import DEFAULT, KNOWN, Value


def takes_weight(site: Site) -> bool:
    """Tell whether the call normalises a weight tensor, not activations (weight standardisation).

    Such a call uses batch normalisation as arithmetic: eps, momentum and mode mean nothing of
    what they mean for a layer.
    """
    if site.api.kind == "layer":
        return False
    name = site.api.roles.get("input", "")
    given = site.resolutions[0].matched.given.get(name)
    node = given.node if given is not None else None
    return node is not None and any(map(is_weight, _identifiers(node, site.module)))


def keeps_statistics(site: Site) -> bool:
    """Tell whether the layer can have running statistics that momentum moves.

    It has none where buffers of ``None`` are passed or tracking is off, and they never move where
    the API only infers or the call is an inference call.
    """
    api = site.api
    if api.default_mode == "inference" and api.mode_switch == "none":
        return False
    if always_uses_batch(site):
        return bool(api.statistics.get("updates_in_inference"))
    if always_uses_running(site):
        return False
    if api.kind == "layer":
        return True
    mean = site.value("running_mean")
    if mean.is_known and mean.value is None:
        return False
    training = training_flag(site)
    return training.kind not in (KNOWN, DEFAULT) or training.value is not False


def training_flag(site: Site) -> Value:
    """Return what is known of the argument that says whether to train, true to train.

    Where the argument says whether to infer instead, its value is turned round.
    """
    if not any("inference" in api.roles for api in site.apis):
        return site.value("training")
    flag = site.value("inference")
    return flag._replace(value=not flag.value) if isinstance(flag.value, bool) else flag


def _is_always(site: Site, which: str) -> bool:
    setting = site.api.statistics.get(which)
    return setting is not None and site.value(STATISTICS).value == setting


def always_uses_batch(site: Site) -> bool:
    """Tell whether the layer normalises with batch statistics even in inference mode."""
    return _is_always(site, "always_batch")


def always_uses_running(site: Site) -> bool:
    """Tell whether the layer normalises with running statistics even in training mode."""
    return _is_always(site, "always_running")


def runs_itself(ev: Evaluate, site: Site) -> bool:
    """Tell whether the layer is of a class that normalises by a method of its own.

    What the arguments of the API mean is then up to that method.
    """
    for resolution in site.resolutions:
        framework = resolution.api.framework
        if resolution.through is None:
            continue
        for name in ev.frameworks.word("forward"):
            if not ev.frameworks.shares(name, "forward", framework):
                continue
            found = method(ev, resolution.through, name)
            if found is not None and not any(
                isinstance(part, ast.Name) and part.id == "super" for part in ast.walk(found[1])
            ):
                return True
    return False


def _identifiers(node: ast.expr, module: Module) -> Iterator[str]:
    """Yield the identifiers of what is normalised: ``x`` of ``x.view(b, c, h, w)``, no argument."""
    imported = {a.asname or a.name.partition(".")[0] for s in module.imports for a in s.names}
    rest = [node]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Name):
            yield node.id.lower()
        elif isinstance(node, ast.Attribute):
            yield node.attr.lower()
            rest.append(node.value)
        elif isinstance(node, (ast.Subscript, ast.Starred)):
            rest.append(node.value)
        elif isinstance(node, ast.BinOp):
            rest += (node.left, node.right)
        elif isinstance(node, ast.Call):
            # A method works on its object, a function of a package on its first argument.
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            if owner is not None and not (isinstance(owner, ast.Name) and owner.id in imported):
                rest.append(node.func)
            elif node.args:
                rest.append(node.args[0])
