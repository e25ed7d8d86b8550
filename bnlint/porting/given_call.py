"""A call given as text, to be translated: which API it calls, and what it gives each role."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import Api, Frameworks, SourceText
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import dotted, parse
from bnlint.semantics.values.arguments import Matched, arguments_of, match
from bnlint.semantics.values.domain import Argument, Arguments
from bnlint.semantics.values.value import DEFAULT, Value, settle
from bnlint.startup.typed import NamedTuple


class TranslateError(ValueError):
    """The call cannot be translated; the message says why and what to do."""


class Given(NamedTuple):
    """The source call: its API, and what each role and each other parameter is given.

    ``roles`` has the values of roles, defaults among them; ``texts`` has what is written for those
    that are given, ``others`` what is written for arguments without a role.
    """

    api: Api
    roles: dict[str, Value]
    others: dict[str, str]
    texts: dict[str, str]


def read(text: str, from_family: str | None, frameworks: Frameworks) -> Given:
    """Return the call ``text`` of an API of the family ``from_family``, or of one its name tells.

    Raises:
        TranslateError: the text is no call of a known API, or its framework is not clear.
    """
    try:
        module = parse("<call>", text.strip())
    except (SyntaxError, ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, SyntaxError) else error
        raise TranslateError(f"not a Python expression: {text!r} ({why})") from None
    body = module.tree.body
    if (
        len(body) != 1
        or not isinstance(body[0], ast.Expr)
        or not isinstance(body[0].value, ast.Call)
    ):
        raise TranslateError(f"give one call, such as 'torch.nn.BatchNorm2d(64)', not {text!r}")
    call = body[0].value
    path = dotted(call.func)
    api = _named(path, from_family, frameworks)
    ev = Project(frameworks).evaluator
    arguments = arguments_of(ev, module, call, None)
    matched = match(api.signature, arguments)
    _check_arguments(api, matched, arguments)
    roles: dict[str, Value] = {}
    others: dict[str, str] = {}
    texts: dict[str, str] = {}
    by_name = {name: role for role, name in api.roles.items()}
    for name, argument in matched.given.items():
        written = _written(argument)
        role = by_name.get(name)
        if role is None:
            others[name] = written
            continue
        roles[role] = settle(ev.argument(argument), argument.node)
        texts[role] = written
    others.update(_extra(api, call))
    for role, parameter_name in api.roles.items():
        parameter = api.parameter(parameter_name)
        if role in roles or parameter is None or parameter.required:
            continue
        if not isinstance(parameter.default, SourceText):
            roles[role] = Value(DEFAULT, parameter.default, from_default=True)
    return Given(api, roles, others, texts)


def _written(argument: Argument) -> str:
    return _unparsed(argument.node) if argument.node is not None else "..."


def _unparsed(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except ValueError:  # Python reads such a number in hexadecimal, and writes it in no way
        raise TranslateError("a number of thousands of digits is not translated") from None


def _extra(api: Api, call: ast.Call) -> list[tuple[str, str]]:
    return [
        (k.arg, _unparsed(k.value)) for k in call.keywords if k.arg in api.extra_keywords and k.arg
    ]


def _check_arguments(api: Api, matched: Matched, arguments: Arguments) -> None:
    positional = [p.name for p in api.signature if p.kind == "positional"]
    for name in positional[: len(arguments.positional)]:
        if name in arguments.keywords:
            raise TranslateError(f"{api.id} is given {name} twice, by place and by name")
    strangers = [name for name in matched.strangers if not api.accepts(name)]
    if strangers:
        names = ", ".join(p.name for p in api.signature if p.kind != "extra")
        raise TranslateError(f"{api.id} has no argument {strangers[0]}; it has {names}")
    if matched.surplus:
        raise TranslateError(f"{api.id} does not take that many positional arguments")
    if matched.unclear:
        raise TranslateError("* and ** are not translated: write the arguments out")


def _named(path: str, from_family: str | None, frameworks: Frameworks) -> Api:
    """Return the API that a name as people write it stands for: the whole path, or its end."""
    found: dict[str, tuple[int, Api]] = {}
    aliases = {**frameworks.norms.by_alias, **frameworks.by_alias}
    for family, ending in _spellings(path, frameworks):
        for alias, apis in aliases.items():
            if alias != ending and not alias.endswith(f".{ending}"):
                continue
            # The nearest path wins: nn.BatchNorm2d is mindspore.nn before mindspore.mint.nn.
            distance = alias.count(".") - ending.count(".")
            for api in apis:
                name = api.framework.name
                if from_family not in (None, name) or family not in (None, name):
                    continue
                if distance < found.get(name, (99, api))[0]:
                    found[name] = (distance, api)
    if not found:
        where = f" in {from_family}" if from_family else ""
        raise TranslateError(f"{path or 'this'} is no normalisation API known{where}")
    whole = [api for distance, api in found.values() if distance == 0]
    if len(whole) == 1:
        return whole[0]  # the paths of others only end so
    if len(found) > 1:
        names = " or ".join(api.framework.title for _, api in found.values())
        options = " or ".join(f"--from {family}" for family in found)
        raise TranslateError(f"{path} is {names}: say which with {options}")
    return next(iter(found.values()))[1]


def _spellings(path: str, frameworks: Frameworks) -> Iterator[tuple[str | None, str]]:
    """Yield the import paths ``path`` may be short for, each with the family it is so in."""
    if not path:
        return
    head, dot, rest = path.partition(".")
    shorthands = [
        (name, framework.shorthand[head])
        for name, framework in frameworks.frameworks.items()
        if head in framework.shorthand
    ]
    if dot and shorthands:
        for family, package in shorthands:
            yield family, f"{package}.{rest}"
    else:
        yield None, path
