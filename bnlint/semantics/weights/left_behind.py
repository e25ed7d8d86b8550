"""Statistics that stay behind where code copies what a layer has learned."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from bnlint.frameworks.tables import Api, catalogue
from bnlint.semantics.layers.class_tests import guards
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import keeps_statistics
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.domain import Evaluate, Instance, Symbol
from bnlint.semantics.weights.kinds import LEARNED, STATISTICS, kind_of
from bnlint.semantics.weights.transfers import Copy, copies
from bnlint.startup.typed import NamedTuple

#: What a layer is given to, and that changes nothing in it.
_LOOKS = frozenset({"isinstance", "hasattr", "print", "type", "id", "len", "str", "repr"})


class LeftBehind(NamedTuple):
    """A layer of which ``copy`` sets gamma and beta, and not the statistics in ``kinds``."""

    copy: Copy
    kinds: tuple[str, ...]


def left_behind(ev: Evaluate, module: Module, sites: Collection[Site]) -> Iterator[LeftBehind]:
    """Yield the layers to which a file copies gamma and beta, and not all statistics."""
    for copy in copies(ev, module, sites):
        kinds = tuple(kind for kind in STATISTICS if kind not in copy.kinds)
        if not kinds or not copy.kinds.issuperset(LEARNED):
            continue
        sources = [t.source for t in copy.transfers if t.target.kind in LEARNED]
        if any(s is None or s.kind not in LEARNED or s.owner == copy.owner for s in sources):
            continue  # made or computed, and no copy
        if not (copy.names_statistics or _is_norm(ev, module, sites, copy)):
            continue  # any layer has a weight and a bias
        if _is_spoken_of(module, copy, kinds) or _is_handed_on(module, copy):
            continue
        yield LeftBehind(copy, kinds)


def _is_norm(ev: Evaluate, module: Module, sites: Collection[Site], copy: Copy) -> bool:
    """Tell whether the layer is known to keep running statistics: it is made here, or tested."""
    first = copy.transfers[0]
    made: dict[ast.Call | None, Site] = {site.call: site for site in sites}
    if first.target.layer is not None:
        values = ev.evaluate(module, first.target.layer)
        layers = [
            made.get(v.object.call) if isinstance(v.object, Instance) else None for v in values
        ]
        if all(site is not None and keeps_statistics(site) for site in layers):
            return True
    for guard in guards(module, first.statement, copy.within):
        match guard.test:
            case ast.Call(func=ast.Name("isinstance"), args=[of, tested]):
                if guard.holds and module.source(of) == copy.owner:
                    listed = tested.elts if isinstance(tested, ast.Tuple) else [tested]
                    return all(_is_norm_class(ev, module, one) for one in listed)
    return False


def _is_norm_class(ev: Evaluate, module: Module, node: ast.expr) -> bool:
    values = ev.evaluate(module, node)
    return all(
        isinstance(v.object, Symbol)
        and any(api.state.get("statistics") for api in _apis(ev, v.object.path))
        for v in values
    )


def _apis(ev: Evaluate, path: str) -> list[Api]:
    words = ev.frameworks
    return [api for api in words.apis.values() if path in api.aliases or path in api.bases]


@lru_cache(maxsize=4)
def _named(kinds: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds any name that only statistics of ``kinds`` have, or a word for all."""
    names = [re.escape(w) for w in catalogue().state_words if kind_of(w) in kinds]
    ways = catalogue().names("gives_buffers") | catalogue().names("load_methods")
    return re.compile("|".join([*names, "setattr", *map(re.escape, sorted(ways))]))


def _is_spoken_of(module: Module, copy: Copy, kinds: tuple[str, ...]) -> bool:
    """Tell whether the function names statistics of ``kinds``: it may set them in another way."""
    within = copy.within
    text = module.text if isinstance(within, ast.Module) else module.source(within)  # type: ignore[arg-type]
    return _named(kinds).search(text) is not None


def _is_handed_on(module: Module, copy: Copy) -> bool:
    """Tell whether the layer is passed to a function, which may set its statistics."""
    for call in module.calls:
        if last_name(call.func) in _LOOKS:
            continue
        if running_in(module, call) is not copy.within:
            continue
        given = (*call.args, *(k.value for k in call.keywords))
        if any(module.source(value) == copy.owner for value in given):
            return True
    return False
