"""An eps that is taken of a configuration: ``eps=config.layer_norm_eps``, by what it is called."""

from __future__ import annotations

import ast

from bnlint.frameworks.tables import Api
from bnlint.semantics.hints.things import is_configuration, is_eps
from bnlint.semantics.layers.sites import Site
from bnlint.startup.typed import NamedTuple


class Configured(NamedTuple):
    """What an eps is taken of: the ``key`` of a configuration, and the expression, as written.

    ``root`` is the name that the expression begins with, ``holder`` what the key is taken of.
    """

    key: str
    text: str
    root: str
    holder: str

    def is_key_of(self, other: Configured) -> bool:
        """Tell whether two configurations call it alike, ``epsilon`` for ``eps`` apart."""
        return _plain(self.key) == _plain(other.key)


def configured_eps(site: Site) -> Configured | None:
    """Return of what key of a configuration the eps of a layer is taken, if it is."""
    api = site.api
    argument = site.resolutions[0].matched.given.get(api.roles.get("eps", ""))
    if argument is None or argument.node is None:
        return None
    return configured(argument.node)


def written_eps(call: ast.Call, api: Api) -> ast.expr | None:
    """Return what a call of ``api`` gives as eps, by keyword or by place, as it is written."""
    name = api.roles.get("eps")
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    order = [p.name for p in api.signature if p.kind == "positional"]
    at = order.index(name) if name in order else len(order)
    return call.args[at] if at < len(call.args) else None


def configured(node: ast.expr) -> Configured | None:
    """Return the key of a configuration that an expression is, if it is one for an eps."""
    if isinstance(node, ast.Attribute):
        key, inner = node.attr, node.value
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        key, inner = str(node.slice.value), node.value
    else:
        return None
    last = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
    root: ast.expr = inner
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name) or not is_eps(key) or not is_configuration(last):
        return None
    return Configured(key, ast.unparse(node), root.id, ast.unparse(inner))


def _plain(key: str) -> str:
    return key.lower().replace("epsilon", "eps")
