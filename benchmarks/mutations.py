"""Breaks batch normalisation calls at random, as people do and as nobody would."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from typing import NamedTuple

#: How arguments are called, and what they are called elsewhere.
RENAMED = {
    "eps": ("epsilon", "variance_epsilon"),
    "epsilon": ("eps", "variance_epsilon"),
    "momentum": ("decay", "decay_rate"),
    "num_features": ("num_channels", "channels"),
    "training": ("is_training",),
    "affine": ("scale",),
}
MOMENTA = ("0.9", "0.99", "0.997", "0.999", "0.1", "0.01", "0.001", ".99", "9.9e-1", "(0.99)",
           "1 - 0.01", "0.5", "0", "1", "None", "-0.1", "0.9_9")  # fmt: skip
EPSILONS = ("1e-3", "1e-5", "1e-4", "2e-5", "0.001", "1.001e-5", "(1e-3)", "0.8", "0", "1e-3 * 1")
FLAGS = {
    "torch": ("affine=False", "track_running_stats=False", "training=True", "momentum=None"),
    "keras": ("scale=False", "center=False", "axis=1", "axis=-1", "axis=3", "trainable=False"),
}
COMMENTS = ("# as in the paper", "# 0.99, not 0.9!", "#", "# type: ignore", "# ünlike Keras")

_CALLED = re.compile(r"(?i)batch_?norm")


class Argument(NamedTuple):
    """One argument as it is written; ``name`` is empty, ``*``, ``**`` or the keyword."""

    name: str
    text: str


class Target(NamedTuple):
    """A call in a text, by offsets in characters."""

    start: int
    end: int
    callee: str
    arguments: tuple[Argument, ...]
    #: Where the statement starts that holds it, and its indentation, if it begins its line.
    statement: int
    indent: str | None


def targets(text: str) -> list[Target]:
    """Return the calls that make or apply batch normalisation, outermost last."""
    tree = ast.parse(text)
    place = _places(text)
    found = []
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt) or hasattr(statement, "body"):
            continue
        for call in ast.walk(statement):
            if not isinstance(call, ast.Call) or not _CALLED.search(_last(call.func)):
                continue
            start, end = place(call)
            callee = text[start : place(call.func)[1]]
            arguments = [_positional(a, text, place) for a in call.args]
            arguments += [
                Argument(k.arg or "**", text[slice(*place(k.value))]) for k in call.keywords
            ]
            line = text.rfind("\n", 0, place(statement)[0]) + 1
            before = text[line : place(statement)[0]]
            indent = before if not before.strip() else None
            found.append(Target(start, end, callee, tuple(arguments), line, indent))
    return sorted(found)


def _positional(node: ast.expr, text: str, place: Callable[..., tuple[int, int]]) -> Argument:
    if isinstance(node, ast.Starred):
        return Argument("*", text[slice(*place(node.value))])
    return Argument("", text[slice(*place(node))])


def _places(text: str) -> Callable[[ast.AST], tuple[int, int]]:
    """Return a function that gives the offsets of a node in ``text``, parentheses not included."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def offset(row: int, column: int) -> int:
        return starts[row - 1] + len(lines[row - 1].encode()[:column].decode())

    def place(node: ast.AST) -> tuple[int, int]:
        return (
            offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]
            offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]
        )

    return place


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):  # a layer that is applied at once
        return _last(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


# ---------------------------------------------------------------------------------- mutations


def mutant(text: str, family: str, chance: random.Random) -> tuple[bytes, list[str]]:
    """Return a mutant of a file as bytes, and what was done to it.

    Between one and four calls are changed; it parses if ``text`` does.
    """
    chosen = targets(text)
    chosen = chance.sample(chosen, min(len(chosen), chance.randint(1, 4)))
    done: list[str] = []
    last = len(text)
    for target in sorted(chosen, reverse=True):
        if target.end > last:  # around one that was changed
            continue
        new, before, names = _changed(target, family, chance)
        candidate = text[: target.start] + new + text[target.end :]
        if before and target.indent is not None:
            head = f"{target.indent}{before}\n"
            candidate = candidate[: target.statement] + head + candidate[target.statement :]
        try:
            ast.parse(candidate)
        except SyntaxError:  # a keyword twice, a position after a keyword
            continue
        text, last = candidate, target.start if not before else target.statement
        done += names
    return _written(text, chance, done), done


def _changed(target: Target, family: str, chance: random.Random) -> tuple[str, str, list[str]]:
    """Return a changed call, a statement to write before it, and what was done."""
    arguments = list(target.arguments)
    before, names = "", []
    is_application = target.callee.endswith(")")
    if is_application:
        kinds: list[str] = ["flag", "layout"]
    else:
        kinds = ["momentum", "eps", "rename", "position", "drop", "flag", "splat", "define"]
    for kind in chance.sample(kinds, chance.randint(1, min(3, len(kinds)))):
        if kind == "flag" and is_application:
            arguments.append(Argument("training", "True"))
        elif kind == "define":
            if target.indent is not None:
                before = f"kept = {chance.choice(MOMENTA)}"
                _set(arguments, "momentum", "kept")
        elif kind in _OPERATIONS:  # the others change the layout only
            _OPERATIONS[kind](arguments, family, chance)
        names.append(kind)
    return target.callee + _laid_out(arguments, chance, names), before, names


def _set(arguments: list[Argument], name: str, text: str) -> None:
    for index, argument in enumerate(arguments):
        if argument.name == name:
            arguments[index] = argument._replace(text=text)
            return
    splat = next((i for i, a in enumerate(arguments) if a.name == "**"), len(arguments))
    arguments.insert(splat, Argument(name, text))


def _momentum(arguments: list[Argument], _: str, chance: random.Random) -> None:
    _set(arguments, "momentum", chance.choice(MOMENTA))


def _eps(arguments: list[Argument], family: str, chance: random.Random) -> None:
    _set(arguments, "eps" if family == "torch" else "epsilon", chance.choice(EPSILONS))


def _rename(arguments: list[Argument], _: str, chance: random.Random) -> None:
    known = [i for i, a in enumerate(arguments) if a.name in RENAMED]
    if known:
        index = chance.choice(known)
        name = chance.choice(RENAMED[arguments[index].name])
        arguments[index] = arguments[index]._replace(name=name)


def _position(arguments: list[Argument], family: str, chance: random.Random) -> None:
    """Write the values without their names, in the order of one framework or another."""
    values = [chance.choice(MOMENTA[:8]), chance.choice(EPSILONS[:5])]
    chance.shuffle(values)
    first = [a for a in arguments if a.name in ("", "num_features")][:1]
    rest = [
        a for a in arguments if a.name not in ("", "num_features", "eps", "epsilon", "momentum")
    ]
    new = [a._replace(name="") for a in first] if family == "torch" else [Argument("", "-1")]
    arguments[:] = [*new, *(Argument("", v) for v in values[: chance.randint(1, 2)]), *rest]


def _drop(arguments: list[Argument], _: str, chance: random.Random) -> None:
    known = [a for a in arguments if a.name in ("eps", "epsilon", "momentum", "axis", "scale")]
    if known:
        arguments.remove(chance.choice(known))


def _flag(arguments: list[Argument], family: str, chance: random.Random) -> None:
    name, text = chance.choice(FLAGS[family]).split("=")
    _set(arguments, name, text)


def _splat(arguments: list[Argument], _: str, chance: random.Random) -> None:
    name, text = "momentum", chance.choice(MOMENTA)
    arguments[:] = [a for a in arguments if a.name not in (name, "**")]
    form = chance.choice(["dict({}={})", "{{'{}': {}}}"])
    arguments.append(Argument("**", form.format(name, text)))


_OPERATIONS: dict[str, Callable[[list[Argument], str, random.Random], None]] = {
    "momentum": _momentum,
    "eps": _eps,
    "rename": _rename,
    "position": _position,
    "drop": _drop,
    "flag": _flag,
    "splat": _splat,
}


def _laid_out(arguments: list[Argument], chance: random.Random, names: list[str]) -> str:
    """Return an argument list in one of the ways in which people write them."""
    equal = chance.choice(["=", "=", "=", " = "])
    texts = [
        a.name + a.text if a.name in ("", "*", "**") else f"{a.name}{equal}{a.text}"
        for a in arguments
    ]
    if not texts:
        return chance.choice(["()", "( )", "(\n    # nothing\n)"])
    style = chance.choice(["line", "line", "lines", "comments", "hanging", "ragged"])
    if style != "line":
        names.append(style)
    pad = " " * chance.choice([4, 8, 12])
    if style == "lines":
        comma = chance.choice([",", ""])
        return "(\n" + ",\n".join(pad + t for t in texts) + f"{comma}\n{pad[4:]})"
    if style == "comments":
        rows = [f"{pad}{t},{chance.choice(['', '  ' + chance.choice(COMMENTS)])}\n" for t in texts]
        head = chance.choice(["", f"  {chance.choice(COMMENTS)}"])
        tail = chance.choice(["", f"{pad}{chance.choice(COMMENTS)}\n"])
        return f"({head}\n{''.join(rows)}{tail}{pad[4:]})"
    if style == "hanging":
        return "(" + f",\n{pad}".join(texts) + ")"
    if style == "ragged":
        return "( " + " ,".join(texts) + chance.choice([" )", ",)", " , )"])
    return "(" + ", ".join(texts) + chance.choice(["", "", ","]) + ")"


def _written(text: str, chance: random.Random, done: list[str]) -> bytes:
    """Return the text as bytes in one of the ways in which editors save it."""
    form = chance.choice(["plain"] * 6 + ["crlf", "bom", "no last line end"])
    if form != "plain":
        done.append(form)
    if form == "crlf":
        text = text.replace("\n", "\r\n")
    elif form == "no last line end":
        text = text.rstrip("\n")
    return (b"\xef\xbb\xbf" if form == "bom" else b"") + text.encode()
