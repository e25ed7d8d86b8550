"""An eps that is taken of a configuration: ``eps=config.layer_norm_eps``, by what it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import islice

from bnlint.frameworks.tables import Api, catalogue
from bnlint.semantics.hints.things import configures, is_configuration, is_eps
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import dotted, last_name
from bnlint.semantics.syntax.numbers import close
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import ClassRef, Evaluate, Symbol
from bnlint.semantics.values.lookup import export
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
    order = [p.name for p in api.signature if p.kind == "positional"]
    given = dict(zip(order, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    return given.get(api.roles.get("eps", ""))


def configured(node: ast.expr) -> Configured | None:
    """Return the key of a configuration that an expression is, if it is one for an eps."""
    match node:
        case ast.Attribute(attr=key, value=inner):
            pass
        case ast.Subscript(slice=ast.Constant(str(key)), value=inner):
            pass
        case _:
            return None
    holder = dotted(inner)
    if not holder or not is_eps(key) or not is_configuration(last_name(inner)):
        return None
    return Configured(key, ast.unparse(node), holder.partition(".")[0], holder)


def value_of(ev: Evaluate, site: Site, key: Configured) -> float | None:
    """Return what a key that a layer takes its eps of holds unless a caller says otherwise.

    The configurations that the file imports or has itself say it, if all that have the key agree,
    or the tables do.
    """
    module = site.module
    names = [alias.asname or alias.name for s in module.imports for alias in s.names]
    names += [node.name for node in module.classes]
    found: list[float] = []
    for name in filter(configures, dict.fromkeys(names)):
        for candidate in export(ev, module, name, site.call):
            numbers: Iterable[float | None] = ()
            match candidate.object:
                case ClassRef() as cls:
                    numbers = (_held(above, key.key) for above in lineage(ev, cls))
                case Symbol(path=path):
                    numbers = [catalogue().configured(path, key.key)]
            found += islice((number for number in numbers if number is not None), 1)
    if not found or any(not close(number, found[0]) for number in found):
        return None
    return found[0]


def _held(cls: ClassRef, key: str) -> float | None:
    """Return the number that a class has for ``key``: in its body, or as a default of its own."""
    for statement in cls.node.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if key in map(last_name, targets):
                return _number(statement.value)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            arguments = statement.args
            named = [*arguments.posonlyargs, *arguments.args]
            defaults = dict(
                zip([a.arg for a in named][::-1], arguments.defaults[::-1], strict=False)
            )
            keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            defaults |= {a.arg: default for a, default in keywords if default is not None}
            if key in defaults:
                return _number(defaults[key])
    return None


def _number(node: ast.expr | None) -> float | None:
    match node:
        case ast.Constant(int() | float() as value):
            return float(value)
    return None


def _plain(key: str) -> str:
    return key.lower().replace("epsilon", "eps")
