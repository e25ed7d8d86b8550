"""Defaults that a file contradicts: layers of the same API that it sets up for callers to choose.

Where a layer class is a parameter (``norm_layer=nn.BatchNorm2d``), its default says little if the
same file makes ``partial(nn.BatchNorm2d, eps=1e-3)`` for callers to pass: what reaches the call is
then not in view.
"""

from __future__ import annotations

from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.arguments import match
from bnlint.semantics.values.domain import Evaluate, Partial, Symbol


def is_contradicted_default(ev: Evaluate, site: Site, role: str) -> bool:
    """Tell whether the argument in ``role`` is only a presumed default, which the file contradicts.

    It does with a ``partial`` of the same API that gives this argument, or may give it, and that
    does not lead to this call.
    """
    if not site.presumed:
        return False
    name = site.api.roles[role]
    for call in site.module.calls_by_name.get("partial", ()):
        if any(r.holder is call for r in site.resolutions):
            continue
        for candidate in ev.evaluate(site.module, call):
            found = candidate.object
            if not isinstance(found, Partial):
                continue
            target = found.target.object
            if isinstance(target, Symbol) and site.api in ev.frameworks.by_alias.get(
                target.path, ()
            ):
                matched = match(site.api.signature, found.arguments)
                if name in matched.given or name in matched.unclear:
                    return True
    return False
