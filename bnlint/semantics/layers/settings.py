"""Settings that are written where no layer is made: stored in layers, or held by a ``partial``.

``for m in model.modules(): if isinstance(m, nn.BatchNorm2d): m.momentum = 0.99`` sets what layers
of any file have, and ``partial(nn.BatchNorm2d, momentum=0.99)`` is handed to who makes them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Api
from bnlint.semantics.layers.attribute_writes import (
    Store,
    loop_of,
    stores,
    tests_before,
    walk_of,
)
from bnlint.semantics.layers.resolution import Resolution
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import Matched, match
from bnlint.semantics.values.domain import Partial, Symbol
from bnlint.semantics.values.value import Value, settle
from bnlint.startup.typed import NamedTuple


class Setting(NamedTuple):
    """An argument of layers of ``api`` that is written at ``where``, apart from their calls.

    ``is_stored`` tells one that is stored in layers after these have been made.
    """

    api: Api
    value: Value
    where: ast.expr
    is_stored: bool


def settings_in(
    project: Project, module: Module, sites: Sequence[Site], role: str
) -> Iterator[Setting]:
    """Yield what ``module`` writes for ``role`` apart from its layers, in source order.

    What is known to be that of one of its ``sites`` is left out: it is a setting of that layer.
    """
    taken = {value.node for site in sites if (value := site.value(role)).is_known}
    found = [*_held(project, module, sites, role), *_stored(project, module, role)]
    found.sort(key=lambda setting: (setting.where.lineno, setting.where.col_offset))
    for setting in found:
        if setting.value.node not in taken:
            yield setting


def _held(project: Project, module: Module, sites: Sequence[Site], role: str) -> Iterator[Setting]:
    """Yield the settings that partials of an API hold for who calls them.

    What a call in view may replace is left out.
    """
    ev = project.evaluator
    for call in module.calls_by_name.get("partial", ()):
        values = ev.evaluate(module, call)
        held = values[0].object
        if len(values) > 1 or not isinstance(held, Partial):
            continue
        target = held.target.object
        apis = ev.frameworks.by_alias.get(target.path, ()) if isinstance(target, Symbol) else ()
        if len(apis) != 1:
            continue
        name = apis[0].roles.get(role, "")
        argument = match(apis[0].signature, held.arguments).given.get(name)
        if argument is None or argument.node is None or argument.module is not module:
            continue
        arrived = [
            r.matched.given.get(name)
            for site in sites
            for r in site.resolutions
            if r.holder is call
        ]
        if all(a is not None and a.node is argument.node for a in arrived):
            value = settle(ev.argument(argument), argument.node)
            yield Setting(apis[0], value, argument.node, is_stored=False)


def _stored(project: Project, module: Module, role: str) -> Iterator[Setting]:
    """Yield the settings that are stored in layers which a test or a loop tells to be such."""
    layers = project.frameworks.apis.values()
    names = {api.attribute(role) for api in layers}
    for store in stores(module, names):
        if store.value is None:
            continue
        mine = [api for api in layers if api.attribute(role) == store.attribute]
        api = _layer_of(project, store, mine)
        if api is not None:
            value = settle(project.evaluator.evaluate(module, store.value), store.value)
            yield Setting(api, value, store.value, is_stored=True)


def _layer_of(project: Project, store: Store, layers: Sequence[Api]) -> Api | None:
    """Return an API whose layers a store is on: one that is asked for, or of the loop's framework.

    Of what a loop over all parts of a model meets, only layers that have the attribute are meant:
    without a test, those of the framework whose method gives the parts.
    """
    tests, module = tests_before(project, store), store.module
    if tests.ask_for_class:
        return next((api for api in layers if tests.passed_by(_made(api, module)) is True), None)
    walk = walk_of(project, loop_of(store))
    if walk is None:
        return None
    framework = project.frameworks.word("walks")[walk.attr]
    return next((api for api in layers if api.framework is framework), None)


def _made(api: Api, module: Module) -> Resolution:
    """Return the resolution of a plain layer of ``api``, for tests of its class."""
    return Resolution(api, Matched({}, {}, (), ()), module, None, module, module.tree)
