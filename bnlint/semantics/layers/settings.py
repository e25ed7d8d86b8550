"""Settings that are written where no layer is made: stored in layers, or held by a ``partial``.

``for m in model.modules(): if isinstance(m, nn.BatchNorm2d): m.momentum = 0.99`` sets what layers
of any file have, and ``partial(nn.BatchNorm2d, momentum=0.99)`` is handed to who makes them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Api
from bnlint.semantics.layers.attribute_writes import (
    ROLES,
    Store,
    loop_of,
    stores,
    walk_of,
)
from bnlint.semantics.layers.class_tests import LayerTests, guards
from bnlint.semantics.layers.resolution import Resolution
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import Matched, match
from bnlint.semantics.values.domain import Partial, Symbol
from bnlint.semantics.values.value import Value, settle
from bnlint.startup.typed import NamedTuple


class Setting(NamedTuple):
    """An argument in ``role`` that is written at ``where`` for layers of ``api``.

    ``is_stored`` tells one that is stored in layers after these have been made.
    """

    api: Api
    role: str
    value: Value
    where: ast.expr
    is_stored: bool


def settings_in(project: Project, module: Module, sites: Sequence[Site]) -> Iterator[Setting]:
    """Yield the settings that ``module`` writes apart from its layers, in source order.

    What is known to be that of one of its ``sites`` is left out: it is a setting of that layer.
    """
    taken = {value.node for site in sites for role in ROLES if (value := site.value(role)).is_known}
    found = [*_held(project, module, sites), *_stored(project, module)]
    found.sort(key=lambda setting: (setting.where.lineno, setting.where.col_offset))
    for setting in found:
        if setting.value.node not in taken:
            yield setting


def _held(project: Project, module: Module, sites: Sequence[Site]) -> Iterator[Setting]:
    """Yield the settings that partials of an API hold for who calls them.

    What a call in view may replace is left out.
    """
    ev = project.evaluator
    for call in module.calls_by_name.get("partial", ()):
        for candidate in ev.evaluate(module, call):
            held = candidate.object
            if not isinstance(held, Partial) or held.call is not call or len(held.target) != 1:
                continue
            target = held.target[0].object
            apis = ev.frameworks.by_alias.get(target.path, ()) if isinstance(target, Symbol) else ()
            if len(apis) != 1:
                continue
            given = match(apis[0].signature, held.arguments).given
            used = [r for site in sites for r in site.resolutions if r.holder is call]
            for role in ROLES:
                name = apis[0].roles.get(role, "")
                argument = given.get(name)
                if argument is None or argument.node is None or argument.module is not module:
                    continue
                arrived = [r.matched.given.get(name) for r in used]
                if all(a is not None and a.node is argument.node for a in arrived):
                    value = settle(ev.argument(argument), argument.node)
                    yield Setting(apis[0], role, value, argument.node, is_stored=False)


def _stored(project: Project, module: Module) -> Iterator[Setting]:
    """Yield the settings that are stored in layers which a test or a loop tells to be such."""
    layers = [api for api in project.frameworks.apis.values() if api.kind == "layer"]
    roles = {(api.attribute(role), role) for api in layers for role in ROLES}
    names = {name for name, _ in roles if name}
    if names.isdisjoint(module.uses.nodes) and "setattr" not in module.calls_by_name:
        return
    for store in stores(module, names):
        if store.value is None or not isinstance(store.target, ast.Name):
            continue
        api = _layer_of(project, store, layers)
        role = next((r for n, r in sorted(roles) if n == store.attribute), "")
        if api is not None and api.attribute(role) == store.attribute:
            value = settle(project.evaluator.evaluate(module, store.value), store.value)
            yield Setting(api, role, value, store.value, is_stored=True)


def _layer_of(project: Project, store: Store, layers: Sequence[Api]) -> Api | None:
    """Return an API whose layers a store is on: one that is asked for, or of the loop's framework.

    Of what a loop over all parts of a model meets, only layers that have the attribute are meant:
    without a test, those of the framework whose method gives the parts.
    """
    module, target = store.module, store.target
    assert isinstance(target, ast.Name)
    loop = loop_of(store)
    end = loop or module.enclosing_function(store.statement) or module.tree
    tests = LayerTests(project.evaluator, module, guards(module, store.statement, end), target.id)
    mine = [api for api in layers if store.attribute in map(api.attribute, ROLES)]
    if tests.ask_for_class:
        return next((api for api in mine if tests.passed_by(_made(api, module)) is True), None)
    walk = walk_of(project, loop)
    if walk is None:
        return None
    framework = project.frameworks.word("walks")[walk.attr]
    return next((api for api in mine if api.framework is framework), None)


def _made(api: Api, module: Module) -> Resolution:
    """Return the resolution of a plain layer of ``api``, for tests of its class."""
    return Resolution(api, Matched({}, {}, (), ()), module, None, module, module.tree)
