"""Checks what fixes did to a file, and that the rest of it held.

They share nothing with ``bnlint/fixing/promises.py``: they know neither findings nor edits, only
the bytes before and after.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

#: What a fix may add to, remove from or change in a call.
_ARGUMENTS = frozenset(
    (
        "eps",
        "epsilon",
        "variance_epsilon",
        "momentum",
        "decay",
        "decay_rate",
        "affine",
        "scale",
        "center",
        "axis",
        "training",
        "is_training",
        "track_running_stats",
        "use_batch_statistics",
        "use_global_stats",
        "num_features",
        "num_channels",
        "channels",
    )
)

#: The first parameters of what the packages call, in order; a call must not give one twice.
_ORDERS = {
    "BatchNorm1d": ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    "BatchNorm2d": ("num_features", "eps", "momentum", "affine", "track_running_stats"),
    "BatchNormalization": ("axis", "momentum", "epsilon", "center", "scale"),
}
_SWITCHES = frozenset({"eval", "train", "set_train"})


def violations(before: bytes, after: bytes) -> list[str]:
    """Return what fixes did to a file that they must not do; nothing if all is well."""
    old, new = (data.decode("utf-8-sig") for data in (before, after))
    found = []
    try:
        trees = ast.parse(old), ast.parse(new)
    except SyntaxError as error:
        return [f"does not parse: {error}"]
    rows: tuple[set[int], set[int]] = (set(), set())
    for pair in _differences(*trees):
        if not _is_allowed(*pair):
            found.append(f"changed: {_shown(pair[0])} became {_shown(pair[1])}")
        for node, lines in zip(pair, rows, strict=True):
            if node is not None:
                lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    kept = [
        [line for row, line in enumerate(data.split(b"\n"), 1) if row not in touched]
        for data, touched in zip((before, after), rows, strict=True)
    ]
    if kept[0] != kept[1]:
        found.append("bytes outside the touched lines changed")
    if len(_twice(trees[1])) > len(_twice(trees[0])):
        found.append(f"given twice: {', '.join(_twice(trees[1]))}")
    if _comments(old) != _comments(new):
        found.append("comments changed")
    if before.startswith(b"\xef\xbb\xbf") != after.startswith(b"\xef\xbb\xbf"):
        found.append("the byte order mark changed")
    if _line_ends(before) != _line_ends(after):
        found.append("line ends changed")
    if before.endswith(b"\n") != after.endswith(b"\n"):
        found.append("the last line end changed")
    return found


_Pair = tuple[ast.expr | ast.stmt | None, ast.expr | ast.stmt | None]


def _differences(old: ast.AST, new: ast.AST) -> Iterator[_Pair]:
    """Yield the smallest pairs of nodes that differ; an added statement has no partner."""
    if ast.dump(old) == ast.dump(new):
        return
    same_kind = type(old) is type(new)
    if same_kind and isinstance(old, ast.Call) and isinstance(new, ast.Call):
        if _names(old) != _names(new):
            yield old, new
            yield from _differences(old.func, new.func)
            for kept in (_positional, _others):
                for left, right in zip(kept(old), kept(new), strict=False):
                    yield from _differences(left, right)
            return
    elif isinstance(old, (ast.expr, ast.stmt)) and (not same_kind or not _children(old)):
        yield old, new  # type: ignore[misc]
        return
    for field, value in ast.iter_fields(old):
        other = getattr(new, field)
        if isinstance(value, list):
            yield from _in_lists(value, other, old, new)
        elif isinstance(value, ast.AST) and isinstance(other, ast.AST):
            yield from _differences(value, other)
        elif value != other:
            yield old, new  # type: ignore[misc]


def _in_lists(old: list[ast.AST], new: list[ast.AST], *parents: ast.AST) -> Iterator[_Pair]:
    partners = list(new)
    while len(partners) > len(old):
        for index, node in enumerate(partners):
            if index >= len(old) or ast.dump(node) != ast.dump(old[index]):
                if not isinstance(node, ast.stmt):
                    yield parents  # type: ignore[misc]
                    return
                yield None, partners.pop(index)  # type: ignore[misc]
                break
    if len(partners) < len(old):
        yield parents  # type: ignore[misc]
        return
    for left, right in zip(old, partners, strict=True):
        yield from _differences(left, right)


def _names(call: ast.Call) -> list[str | None]:
    return [""] * len(call.args) + [keyword.arg for keyword in call.keywords]


def _positional(call: ast.Call) -> list[ast.expr]:
    return call.args


def _others(call: ast.Call) -> list[ast.expr]:
    """Return the values of the keywords that have nothing to do with batch normalisation."""
    return [keyword.value for keyword in call.keywords if keyword.arg not in _ARGUMENTS]


def _children(node: ast.AST) -> list[ast.AST]:
    return [
        child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.expr, ast.stmt))
    ]


def _is_allowed(old: ast.AST | None, new: ast.AST | None) -> bool:
    """Tell whether a fix may turn ``old`` into ``new``."""
    if old is None:
        return (
            isinstance(new, ast.Expr)
            and isinstance(new.value, ast.Call)
            and isinstance(new.value.func, ast.Attribute)
            and new.value.func.attr in _SWITCHES
        )
    if isinstance(old, ast.Call) and isinstance(new, ast.Call):
        return _is_fixed_call(old, new)
    if isinstance(new, ast.BinOp) and isinstance(new.op, ast.Sub):  # 1 - value
        return ast.dump(new.left) == ast.dump(ast.Constant(1)) and (
            ast.dump(new.right) == ast.dump(old)
        )
    if isinstance(new, ast.Constant):
        return isinstance(new.value, (int, float)) and not isinstance(old, ast.stmt)
    if isinstance(new, ast.UnaryOp):  # axis=-1
        return isinstance(new.op, ast.USub) and isinstance(new.operand, ast.Constant)
    if isinstance(new, ast.Name):
        return new.id == "training"
    if isinstance(new, ast.Attribute):
        return new.attr == "training"
    return (
        isinstance(new, ast.Call) and new.args == [] and ast.dump(new.func) == ast.dump(old)
    )  # model.eval


def _is_fixed_call(old: ast.Call, new: ast.Call) -> bool:
    """Tell whether only arguments of batch normalisation came, went or lost their place."""
    names = [[k.arg for k in call.keywords if k.arg not in _ARGUMENTS] for call in (old, new)]
    return len(new.args) <= len(old.args) and names[0] == names[1]


def _twice(tree: ast.AST) -> list[str]:
    """Return the arguments that calls give by position and by name."""
    found = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            placed = _ORDERS.get(name, ())[: len(call.args)]
            found += [keyword.arg for keyword in call.keywords if keyword.arg in placed]
    return [name for name in found if name is not None]


def _shown(node: ast.AST | None) -> str:
    return "nothing" if node is None else ast.unparse(node)[:120]


def _comments(text: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text.replace("\r\n", "\n")).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def _line_ends(data: bytes) -> set[bytes]:
    return set(re.findall(rb"\r\n|\r|\n", data))
