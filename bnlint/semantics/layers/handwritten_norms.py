"""Classes of the project that normalise over channels by themselves, read as records of an API.

Models bring such layers along: the RMS normalisation of T5, Llama and those after them, and layer
normalisation over the channels of images. What plays the part of eps stands beside the mean of the
squares, under the root or behind it; what the squares are of tells the kind. Only what divides by
that root is read, so that errors and distances are no layers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.records import UNKNOWN
from bnlint.frameworks.tables import Api, Frameworks
from bnlint.semantics.layers.constructors import given_attributes, signature_of
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.domain import ClassRef, Evaluate
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework
from bnlint.startup.typed import NamedTuple

_WORDS = (
    "square_roots", "inverse_roots", "means", "squares", "powers", "divides", "multiplies",
    "same_values",
)  # fmt: skip

_AXES = (-1, 1)

#: No method of a layer takes more roots.
_MAX_ROOTS = 8


class Formula(NamedTuple):
    """What a class divides by: the root of a mean of squares and an eps.

    ``kind`` is ``rms``, or ``layer`` where a mean is taken off before. ``place`` tells whether eps
    stands ``inside`` the root or ``outside``; ``axis`` is what the mean is over.
    """

    kind: str
    eps: ast.expr
    place: str
    axis: int


_KNOWN: Memo[ast.ClassDef, Api | None] = Memo()


def handwritten_norm(ev: Evaluate, cls: ClassRef) -> Api | None:
    """Return what ``cls`` is as an API, if it divides by a root of a mean of squares."""
    known = _KNOWN.of(ev)
    if cls.node not in known:
        known[cls.node] = _read(ev, cls)
    return known[cls.node]


def _read(ev: Evaluate, cls: ClassRef) -> Api | None:
    words = _words(ev.frameworks)
    text = cls.module.source(cls.node)
    if not any(word in text for word in words["means"]):
        return None
    found = [f for method in _methods(cls.node) for f in _Method(method, words).formulas()]
    framework = class_framework(ev, cls) if found else None
    if framework is None or len({(f.kind, f.place, ast.unparse(f.eps)) for f in found}) > 1:
        return None
    first = found[0]
    signature, given = signature_of(cls.node), given_attributes(cls.node)
    name = given.get(last_name(first.eps), "") if isinstance(first.eps, ast.Attribute) else ""
    fixed = _number(first.eps)
    layers = _layers(ev.frameworks, framework.name)
    if not layers or not (name or fixed):
        return None
    like = next((api for api in layers if api.norm == first.kind), None)
    identity = f"{cls.module.name}.{cls.node.name}".lstrip(".")
    return (like or layers[0])._replace(
        id=identity,
        framework=framework,
        aliases=(),
        bases=(),
        kind="layer",
        signature=signature,
        extra_keywords=frozenset(),
        roles={"eps": name} if name else {},
        norm=first.kind,
        eps_fixed=None if name else fixed,
        eps_none=None,
        usual_eps=(),
        place=first.place,
        reduces="channels",
        channel_axis=first.axis,
        data_formats={},
        ranks=UNKNOWN,
        attributes=None,
        statistics={},
        inert=frozenset(),
        needed=frozenset(),
        state={"trainable": (), "statistics": ()},
        like=like.id if like is not None else identity,
        declared=frozenset(parameter.name for parameter in signature),
        own_names={name: like.roles.get("eps", name)} if name and like is not None else {},
    )


def _words(frameworks: Frameworks) -> dict[str, set[str]]:
    return {word: {path.rpartition(".")[2] for path in frameworks.word(word)} for word in _WORDS}


def _layers(frameworks: Frameworks, family: str) -> list[Api]:
    """Return the layers of a family in the tables."""
    return [
        api
        for api in frameworks.apis.values()
        if api.framework.name == family and api.kind == "layer"
    ]


def _methods(cls: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in cls.body if isinstance(node, ast.FunctionDef))


class _Method:
    """Reads the formulas of one method; names stand for all that is assigned to them there."""

    def __init__(self, node: ast.FunctionDef, words: dict[str, set[str]]) -> None:
        self._words = words
        self._nodes = list(ast.walk(node))
        self._parents = {c: n for n in self._nodes for c in ast.iter_child_nodes(n)}
        self._bound: dict[str, list[ast.expr]] = {}
        for statement in self._nodes:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._bound.setdefault(statement.targets[0].id, []).append(statement.value)

    def formulas(self) -> Iterator[Formula]:
        """Yield what the method divides by, or multiplies with the inverse of."""
        roots = [(node, root) for node in self._nodes if (root := self._root(node)) is not None]
        for node, (inside, inverse) in roots if len(roots) <= _MAX_ROOTS else ():
            assert isinstance(node, ast.expr)
            if (found := self._added(inside, "inside")) and self._normalises(node, inverse):
                yield found
            elif not inverse and (mean := self._mean_of_squares(inside)):
                for around in self._uses(node):
                    found = self._added(around, "outside", {id(node): mean})
                    if found and self._normalises(around, inverse):
                        yield found

    def _root(self, node: ast.AST) -> tuple[ast.expr, bool] | None:
        """Return what a root is taken of, and whether it is the inverse of the root."""
        name = last_name(node.func) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in self._words["square_roots"]:
            inner = node.args[0] if node.args else getattr(node.func, "value", None)
            return (inner, name in self._words["inverse_roots"]) if inner is not None else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            power = _number(node.right)
            return (node.left, power < 0) if power in (0.5, -0.5) else None
        return None

    def _added(
        self, node: ast.expr, place: str, known: dict[int, tuple[str, int]] | None = None
    ) -> Formula | None:
        """Return the formula of a sum of a mean of squares, or of its root, and something else."""
        for value in self._values(node):
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
                for mean, eps in ((value.left, value.right), (value.right, value.left)):
                    if known is None:
                        found = self._mean_of_squares(mean)
                    else:
                        roots = (known[id(v)] for v in self._values(mean) if id(v) in known)
                        found = next(roots, None)
                    if found is not None:
                        return Formula(found[0], eps, place, found[1])
        return None

    def _mean_of_squares(self, node: ast.expr) -> tuple[str, int] | None:
        """Return the kind of layer that a mean of squares is part of, and the axis of the mean."""
        for call in self._values(node):
            if not isinstance(call, ast.Call) or last_name(call.func) not in self._words["means"]:
                continue
            choices = [(call.args[0], call.args[1:])] if call.args else []
            choices.append((getattr(call.func, "value", call), call.args))
            for operand, rest in choices:
                squared = self._squared(operand)
                axis = _axis(call, rest)
                if squared is not None and axis in _AXES:
                    return ("layer" if self._is_centred(squared) else "rms"), axis
        return None

    def _squared(self, node: ast.expr) -> ast.expr | None:
        for value in self._values(node):
            if isinstance(value, ast.BinOp):
                if isinstance(value.op, ast.Pow) and _number(value.right) == 2:
                    return value.left
                if isinstance(value.op, ast.Mult) and ast.dump(value.left) == ast.dump(value.right):
                    return value.left
            elif isinstance(value, ast.Call):
                name, args = last_name(value.func), value.args
                if name in self._words["powers"] and args and _number(args[-1]) == 2:
                    return args[0] if len(args) > 1 else getattr(value.func, "value", None)
                if name in self._words["squares"]:
                    return args[0] if args else getattr(value.func, "value", None)
        return None

    def _is_centred(self, node: ast.expr) -> bool:
        """Tell whether something is subtracted from a value before."""
        return any(
            isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub)
            for value in self._values(node)
        )

    def _values(self, node: ast.expr) -> Iterator[ast.expr]:
        """Yield an expression, and what it stands for: what a name is given, what is only cast."""
        queue, seen = [node], set[ast.expr]()
        for value in queue:
            if value in seen:
                continue
            seen.add(value)
            yield value
            if isinstance(value, ast.Name):
                queue += self._bound.get(value.id, ())
            elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
                if value.func.attr in self._words["same_values"]:
                    queue += (value.func.value, *value.args)

    def _uses(self, node: ast.expr) -> Sequence[ast.expr]:
        """Return the expressions around a value, and around the name that it is given."""
        above = self._parents[node]
        if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
            name = above.targets[0].id
            reads = [n for n in self._nodes if isinstance(n, ast.Name) and n.id == name]
            found = [self._parents[read] for read in reads]
        else:
            found = [above]
        return [node for node in found if isinstance(node, ast.expr)]

    def _normalises(self, node: ast.expr, inverse: bool) -> bool:
        """Tell whether something is divided by a value, or multiplied with it if it is inverse."""
        for use in self._uses(node):
            if isinstance(use, ast.BinOp):
                if (
                    isinstance(use.op, ast.Mult)
                    if inverse
                    else self._divides(use.op, use.right, node)
                ):
                    return True
            elif isinstance(use, ast.Call):
                name, last = last_name(use.func), [use, *use.args][-1]
                if name in self._words["multiplies" if inverse else "divides"]:
                    return inverse or self._stands_for(last, node)
                if name in self._words["same_values"] and self._normalises(use, inverse):
                    return True
        return False

    def _divides(self, operator: ast.operator, right: ast.expr, node: ast.expr) -> bool:
        return isinstance(operator, ast.Div) and self._stands_for(right, node)

    def _stands_for(self, node: ast.expr, wanted: ast.expr) -> bool:
        return any(value is wanted for value in self._values(node))


def _axis(call: ast.Call, rest: Sequence[ast.expr]) -> int | None:
    """Return the one axis that a mean is over, if that is a plain number."""
    named = [k.value for k in call.keywords if k.arg in ("axis", "dim", "axes")]
    for node in (*named, *rest):
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) == 1:
            node = node.elts[0]
        number = _number(node)
        if number is not None:
            return int(number)
    return None


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if type(value) in (int, float) else None
