"""One constructor call to the equal call in other frameworks, with every argument accounted for."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bnlint.frameworks.tables import UNKNOWN, Api, Frameworks, Source, catalogue
from bnlint.semantics.calling import Matched, arguments_of, match
from bnlint.semantics.module import dotted, parse
from bnlint.semantics.numbers import close, complement, shown
from bnlint.semantics.objects import Argument
from bnlint.semantics.project import Project
from bnlint.semantics.values import DEFAULT, Value, settle


class TranslateError(ValueError):
    """The call cannot be translated; the message says why and what to do."""


class Translation(NamedTuple):
    """The equal call in one framework.

    ``call`` is source text; what the source call does not hold stands in angle brackets
    (``<channels>``). ``notes`` account for every argument and default that the text does not show.
    """

    family: str
    title: str
    api: str
    call: str
    notes: tuple[str, ...]


class Given(NamedTuple):
    """The source call: its API, and what each role and each other parameter is given."""

    api: Api
    roles: dict[str, Value]
    others: dict[str, str]
    texts: dict[str, str]


def translate(text: str, source: str | None, targets: Sequence[str]) -> list[Translation]:
    """Translate the call ``text`` from family ``source`` into the families ``targets``.

    ``source`` may be ``None`` where the name says which framework it is; no targets means all.

    Raises:
        TranslateError: the text is no call of a known API, or its framework is not clear.
    """
    frameworks = catalogue().load(catalogue().families)
    given = _read(text, source, frameworks)
    wanted = list(targets) or [f for f in frameworks.frameworks if f != given.api.framework.name]
    return [_translation(given, frameworks, family) for family in wanted]


def _read(text: str, source: str | None, frameworks: Frameworks) -> Given:
    try:
        module = parse("<call>", text.strip())
    except (SyntaxError, ValueError, RecursionError) as error:
        raise TranslateError(f"not a Python expression: {text!r} ({error})") from None
    body = module.tree.body
    if (
        len(body) != 1
        or not isinstance(body[0], ast.Expr)
        or not isinstance(body[0].value, ast.Call)
    ):
        raise TranslateError(f"give one call, such as 'torch.nn.BatchNorm2d(64)', not {text!r}")
    call = body[0].value
    path = dotted(call.func)
    api = _named(path, source, frameworks)
    ev = Project({}, frameworks).evaluator
    matched = match(api.signature, arguments_of(ev, module, call, None))
    _check_arguments(api, matched)
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
        if not isinstance(parameter.default, Source):
            roles[role] = Value(DEFAULT, parameter.default, from_default=True)
    return Given(api, roles, others, texts)


def _written(argument: Argument) -> str:
    return ast.unparse(argument.node) if argument.node is not None else "..."


def _extra(api: Api, call: ast.Call) -> list[tuple[str, str]]:
    return [
        (k.arg, ast.unparse(k.value))
        for k in call.keywords
        if k.arg in api.extra_keywords and k.arg
    ]


def _check_arguments(api: Api, matched: Matched) -> None:
    strangers = [name for name in matched.strangers if not api.accepts(name)]
    if strangers:
        names = ", ".join(p.name for p in api.signature if p.kind != "extra")
        raise TranslateError(f"{api.id} has no argument {strangers[0]}; it has {names}")
    if matched.surplus:
        raise TranslateError(f"{api.id} does not take that many positional arguments")
    if matched.unclear:
        raise TranslateError("* and ** are not translated: write the arguments out")


def _named(path: str, source: str | None, frameworks: Frameworks) -> Api:
    """Return the API that a name as people write it stands for: the whole path, or its end."""
    found: dict[str, tuple[int, Api]] = {}
    for family, ending in _spellings(path, frameworks):
        for alias, apis in frameworks.by_alias.items():
            if alias != ending and not alias.endswith(f".{ending}"):
                continue
            # The nearest path wins: nn.BatchNorm2d is mindspore.nn before mindspore.mint.nn.
            distance = alias.count(".") - ending.count(".")
            for api in apis:
                name = api.framework.name
                if source not in (None, name) or family not in (None, name):
                    continue
                if distance < found.get(name, (99, api))[0]:
                    found[name] = (distance, api)
    if not found:
        where = f" in {source}" if source else ""
        raise TranslateError(f"{path or 'this'} is no batch normalisation API known{where}")
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


def _translation(given: Given, frameworks: Frameworks, family: str) -> Translation:
    target, notes = _target(given.api, frameworks, family)
    arguments: list[str] = []
    done: set[str] = set()
    for parameter in target.signature:
        if parameter.kind == "extra":
            continue
        role = next((r for r, name in target.roles.items() if name == parameter.name), None)
        if role is None:
            if parameter.required:
                arguments.append(f"<{parameter.name}>")
            continue
        text, said = _argument(given, target, role)
        done.add(role)
        notes += said
        if text is None:
            continue
        if parameter.required and parameter.kind == "positional" and not _has_keyword(arguments):
            arguments.append(text)
        else:
            arguments.append(f"{parameter.name}={text}")
    flag, said = _statistics(given, target)
    arguments += flag
    notes += said
    notes += _left_over(given, target, done)
    notes += _meanings(given, target)
    name = _call_name(given.api, target)
    return Translation(
        family, target.framework.title, target.id, f"{name}({', '.join(arguments)})", tuple(notes)
    )


def _has_keyword(arguments: list[str]) -> bool:
    return any("=" in argument for argument in arguments)


def _target(api: Api, frameworks: Frameworks, family: str) -> tuple[Api, list[str]]:
    """Return the API of ``family`` that takes the same tensors, and what is to be said of it."""
    reference = frameworks.reference(family)
    candidates = [a for a in frameworks.apis.values() if a.framework.name == family]
    same_kind = [a for a in candidates if (a.kind == "functional") == (api.kind == "functional")]
    notes: list[str] = []
    if not same_kind:
        notes.append(f"{reference.framework.title} has no functional form here: a layer is written")
        return reference, notes
    if reference in same_kind:
        same_kind.remove(reference)
        same_kind.insert(0, reference)
    twins = [a for a in same_kind if _stem(a) == _stem(reference)]
    exact = [a for a in twins if a.ranks == api.ranks]
    return (exact or same_kind)[0], notes


def _stem(api: Api) -> str:
    """Return the id without the digit that tells BatchNorm1d from BatchNorm2d."""
    return "".join(c for c in api.id if not c.isdigit())


def _call_name(source: Api, target: Api) -> str:
    """Return the name to write; the digit that says the rank stays open where it is not known."""
    name = target.aliases[0]
    if isinstance(target.ranks, tuple) and not isinstance(source.ranks, tuple):
        last = target.short_name
        digits = [c for c in last if c.isdigit()]
        if len(digits) == 1 and last[-2:-1].isdigit():
            return name[: -len(last)] + last.replace(digits[0], "<rank>")
    return name


def _argument(given: Given, target: Api, role: str) -> tuple[str | None, list[str]]:
    """Return the text for one role of the target (``None``: leave it out), and notes."""
    parameter = target.parameter(target.roles[role])
    if parameter is None:
        return None, []
    if role in ("input", "running_mean", "running_var", "weight", "bias"):
        if role in given.texts:
            return given.texts[role], []
        return (f"<{parameter.name}>" if parameter.required else None), []
    if role in ("affine", "scale", "center"):
        return _affine(given, target, role)
    if role in ("axis", "data_format"):
        return None, []
    value = given.roles.get(role)
    if value is None or (not value.is_known and role not in given.texts):
        return (f"<{role}>" if parameter.required else None), []
    if role == "momentum":
        return _momentum(given, target, value)
    if not value.is_known:
        return given.texts[role], []
    default = None if parameter.required else parameter.default
    if not parameter.required and _same(value.value, default):
        return None, []
    text = given.texts.get(role) if not value.from_default else None
    return text or shown(value.value), []


def _same(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return close(float(left), float(right))
    return left == right


def _momentum(given: Given, target: Api, value: Value) -> tuple[str | None, list[str]]:
    source = given.api
    parameter = target.parameter(target.roles["momentum"])
    assert parameter is not None
    name, here = source.roles["momentum"], target.roles["momentum"]
    if UNKNOWN in (source.convention, target.convention):
        return None, [f"{name}: which weight it is has not been measured: not translated"]
    flips = source.convention != target.convention
    if value.is_known and value.value is None:
        if target.momentum_none == "cumulative":
            return "None", []
        return None, [f"{name}=None (the cumulative average) has no counterpart"]
    if value.number is None:
        text = given.texts["momentum"]
        return (f"1 - {_operand(text)}" if flips else text), []
    number = complement(value.number) if flips else shown(value.number)
    notes = []
    if flips:
        kept = shown(value.number) if source.convention == "old-weight" else number
        notes.append(
            f"{name}={shown(value.number)} keeps {kept} of the old running value per step; "
            f"here that is {here}={number}"
        )
    if not parameter.required and isinstance(parameter.default, (int, float)):
        default = parameter.default
        if close(1 - float(number), 1 - default) and close(float(number), default):
            return None, [n + " (the default)" for n in notes]
    return number, notes


def _operand(text: str) -> str:
    """Return an expression as it can stand right of a minus."""
    plain = isinstance(ast.parse(text, mode="eval").body, (ast.Name, ast.Attribute, ast.Call))
    return text if plain else f"({text})"


def _switches(given: Given) -> tuple[bool, bool] | None:
    """Return whether the source layer has gamma and beta; ``None`` if that is not known."""
    roles = given.roles
    if "affine" in given.api.roles:
        pair = (roles.get("affine"), roles.get("affine"))
    elif "scale" in given.api.roles and "center" in given.api.roles:
        pair = (roles.get("scale"), roles.get("center"))
    else:
        return None
    if any(v is None or not isinstance(v.value, bool) for v in pair):
        return None
    return bool(pair[0] and pair[0].value), bool(pair[1] and pair[1].value)


def _affine(given: Given, target: Api, role: str) -> tuple[str | None, list[str]]:
    switches = _switches(given)
    if switches is None:
        return None, []
    scale, center = switches
    if role == "affine":
        if scale is not center:
            which = "gamma" if scale else "beta"
            note = (
                f"one switch stands for gamma and beta here: only {which} is wanted, the other "
                "has to be kept at its initial value"
            )
            return None, [note]
        wanted = scale
    else:
        wanted = scale if role == "scale" else center
    return (None if target.default(role) is wanted else repr(wanted)), []


def _left_over(given: Given, target: Api, done: set[str]) -> list[str]:
    """Say of every argument that the target does not show what became of it."""
    notes: list[str] = []
    title = target.framework.title
    for name, text in given.others.items():
        if name != given.api.statistics.get("argument"):
            notes.append(f"{name}={text} has no counterpart in {title}")
    for role, text in given.texts.items():
        if role in done or role in ("affine", "scale", "center", "axis", "data_format"):
            continue
        name = given.api.roles[role]
        if role == "channels":
            notes.append(f"{name}={text}: the layer takes the number of channels from its input")
        elif role == "training":
            notes.append(f"{name}={text}: the mode is switched elsewhere in {title}")
        elif role == "input":
            notes.append(f"{name}={text}: call the layer with it")
        else:
            notes.append(f"{name}={text} has no counterpart in {title}")
    return notes


def _statistics(given: Given, target: Api) -> tuple[list[str], list[str]]:
    """Return the argument that the flag which fixes the statistics becomes, and notes."""
    name = given.api.statistics.get("argument", "")
    text = given.others.get(name)
    if text is None:
        return [], []
    for which in ("always_batch", "always_running"):
        if which in given.api.statistics and repr(given.api.statistics[which]) == text:
            if which in target.statistics:
                argument, value = target.statistics["argument"], target.statistics[which]
                return [f"{argument}={value!r}"], []
            return [], [f"{name}={text} has no counterpart in {target.framework.title}"]
    return [], []  # the layer follows its mode, as it does in the target by default


def _axis_of(given: Given) -> int | None:
    """Return the channel axis of the source call, where it is known."""
    api = given.api
    for role in ("axis", "data_format"):
        value = given.roles.get(role)
        if value is not None and value.is_known:
            axis = value.value if role == "axis" else api.data_formats.get(str(value.value))
            return axis if isinstance(axis, int) else None
    return api.channel_axis if isinstance(api.channel_axis, int) else None


def _meanings(given: Given, target: Api) -> list[str]:
    """Say what differs though no argument shows it."""
    notes: list[str] = []
    source, axis = given.api, _axis_of(given)
    if axis is None:
        notes += [
            f"{source.roles[role]}={given.texts[role]}: its axis is not known"
            for role in ("axis", "data_format")
            if role in given.texts
        ]
    elif isinstance(target.channel_axis, int) and axis != target.channel_axis:
        same = (
            f" ({target.roles['axis']}={axis} keeps the layout)" if "axis" in target.roles else ""
        )
        notes.append(f"channels are in axis {target.channel_axis} here, in {axis} there{same}")
    if {source.default_mode, target.default_mode} == {"training", "inference"}:
        notes.append(f"a new layer is in {target.default_mode} mode here")
    if isinstance(source.estimator, str) and isinstance(target.estimator, str):
        if {source.estimator, target.estimator} == {"biased", "unbiased"}:
            notes.append(
                f"the running variance is {target.estimator} here: it differs by n / (n - 1)"
            )
    return notes
