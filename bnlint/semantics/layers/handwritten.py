"""Classes of the project that compute batch normalisation themselves, read as records of an API.

What such a class does with its momentum stands in the update of its running statistics:
``self.mean = m * self.mean + (1 - m) * mean`` gives the old value the weight ``m``. What plays
the part of eps stands beside the variance under a root. All else is taken to be as in the layer of
the framework that the class belongs to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import Api
from bnlint.semantics.layers.constructors import given_attributes, signature_of
from bnlint.semantics.syntax.module import last_name
from bnlint.semantics.values.domain import ClassRef, Evaluate
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import class_framework
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.frameworks.records import Convention

OLD: Convention = "old-weight"
NEW: Convention = "new-weight"

#: What is asked of the tables: functions of tensors, and methods that change one in place.
_WORDS = ("square_roots", "same_values", "stores_into", "moves_towards", "scales", "sums")


#: What is left of the weight of one value for the other: ``1 - m``, ``(1.0 - m)``. A pattern that
#: begins with a plain character is searched ten times as fast.
_TAKEN_FROM_ONE = lazy(r"1(?<![\w.]1)(?:\.0*)?\s*-")


class Update(NamedTuple):
    """An update of a running statistic; ``weight`` is that of the old value, or of the new one.

    ``node`` is the statement or call that makes it.
    """

    statistic: str
    weight: ast.expr
    convention: Convention
    node: ast.Assign | ast.Call


_KNOWN: Memo[ast.ClassDef, Api | None] = Memo()


def handwritten(ev: Evaluate, cls: ClassRef) -> Api | None:
    """Return what ``cls`` is as an API, if it keeps running statistics and normalises with them.

    Both the mean and the variance must be updated by one parameter, in one way.
    """
    known = _KNOWN.of(ev)
    if cls.node not in known:
        known[cls.node] = _read(ev, cls)
    return known[cls.node]


def updates_of(ev: Evaluate, cls: ClassRef) -> list[Update]:
    """Return the updates of running statistics in a class that keeps two: a mean and a variance."""
    words = _Reader(ev)
    if not words.may_be_in(cls.module.source(cls.node)):
        return []
    found = list(words.updates(cls.node))
    return found if len({update.statistic for update in found}) > 1 else []


def _read(ev: Evaluate, cls: ClassRef) -> Api | None:
    found = updates_of(ev, cls)
    if not found:
        return None
    ways = {(ast.unparse(update.weight), update.convention) for update in found}
    eps = _Reader(ev).eps(cls.node)
    framework = class_framework(ev, cls) if len(ways) == 1 and eps is not None else None
    if framework is None:
        return None
    like, signature = ev.frameworks.reference(framework.name), signature_of(cls.node)
    given = given_attributes(cls.node)
    named = {"momentum": found[0].weight, "eps": eps}
    roles = {
        role: given[node.attr]
        for role, node in named.items()
        if isinstance(node, ast.Attribute) and node.attr in given
    }
    if "momentum" not in roles:
        return None
    return like._replace(
        id=f"{cls.module.name}.{cls.node.name}".lstrip("."),
        aliases=(),
        bases=(),
        signature=signature,
        roles=roles,
        convention=found[0].convention,
        estimator_when=(),
        statistics={},
        training_statistics_when=(),
        variance_formula_when=(),
        attributes=None,
        inert=frozenset(),
        like=like.id,
        declared=frozenset(parameter.name for parameter in signature),
        own_names={name: like.roles[role] for role, name in roles.items()},
    )


# ---------------------------------------------------------------------------------- updates


class _Reader:
    """Reads what a class does with tensors, in the words of the frameworks that it may use."""

    def __init__(self, ev: Evaluate) -> None:
        self._words = {
            word: {path.rpartition(".")[2] for path in ev.frameworks.word(word)} for word in _WORDS
        }

    def may_be_in(self, text: str) -> bool:
        """Tell, by what the text of a class holds, whether it may average and take a root.

        To walk through its tree costs a hundred times as much.
        """
        averages = _TAKEN_FROM_ONE.search(text) or any(
            word in text for word in self._words["moves_towards"]
        )
        return bool(averages) and any(word in text for word in ("**", *self._words["square_roots"]))

    def _is(self, node: ast.Attribute, word: str) -> bool:
        return node.attr in self._words[word]

    def updates(self, cls: ast.ClassDef) -> Iterator[Update]:
        """Yield the updates of what is kept from one call to the next."""
        for node in ast.walk(cls):
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                found = self._average(node, node.targets[0], node.value)
            elif isinstance(node, ast.Call):
                found = self._in_place(node)
            else:
                continue
            if found is not None:
                yield found

    def _average(
        self, node: ast.Assign | ast.Call, target: ast.expr, value: ast.expr
    ) -> Update | None:
        """Return the update that ``node`` is where it stores a weighted mean of it and another."""
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
            return None
        kept = self._text(target)
        for old, new in ((value.left, value.right), (value.right, value.left)):
            for of, weight in _factors(old):
                if self._text(of) != kept:
                    continue
                for other, _ in _factors(new):
                    found = _update(node, kept, weight, other)
                    if found is not None:
                        return found
        return None

    def _in_place(self, call: ast.Call) -> Update | None:
        """Return the update that a method of a running statistic makes.

        That is ``mean.copy_(...)`` of a weighted mean, ``mean.mul_(1 - m).add_(m * new)`` with the
        weight before the new value or as ``alpha``, or ``mean.lerp_(new, m)``.
        """
        func = call.func
        if not isinstance(func, ast.Attribute) or not call.args:
            return None
        if self._is(func, "stores_into"):
            return self._average(call, func.value, call.args[0])
        if self._is(func, "moves_towards") and len(call.args) == 2:
            return Update(self._text(func.value), call.args[1], NEW, call)
        before = func.value
        if (
            self._is(func, "sums")
            and isinstance(before, ast.Call)
            and isinstance(before.func, ast.Attribute)
            and self._is(before.func, "scales")
            and len(before.args) == 1
        ):
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            others = [named.get("alpha", call.args[0])]
            others += [factor for factor, _ in _factors(call.args[-1])]
            found = (
                _update(call, self._text(before.func.value), before.args[0], other)
                for other in others
            )
            return next(filter(None, found), None)
        return None

    def _text(self, node: ast.expr) -> str:
        """Return how a running statistic is written, without what hands it on as it is."""
        while True:
            if isinstance(node, ast.Call) and not node.args:
                node = node.func
            elif isinstance(node, ast.Attribute) and self._is(node, "same_values"):
                node = node.value
            else:
                return ast.unparse(node)

    def eps(self, cls: ast.ClassDef) -> ast.expr | None:
        """Return what is added to the variance under a root."""
        for node in ast.walk(cls):
            inside = None
            if isinstance(node, ast.Call) and last_name(node.func) in self._words["square_roots"]:
                inside = node.args[0] if node.args else getattr(node.func, "value", None)
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                inside = node.left
            if isinstance(inside, ast.BinOp) and isinstance(inside.op, ast.Add):
                first_is_own = last_name(getattr(inside.left, "value", inside.left)) == "self"
                return inside.left if first_is_own else inside.right
        return None


def _update(
    node: ast.Assign | ast.Call, statistic: str, weight: ast.expr, other: ast.expr
) -> Update | None:
    """Return the update with ``weight`` before the old value and ``other`` before the new one."""
    if _rest(other) == ast.dump(weight):
        return Update(statistic, weight, OLD, node)
    if _rest(weight) == ast.dump(other):
        return Update(statistic, other, NEW, node)
    return None


def _rest(weight: ast.expr) -> str:
    """Return what is taken from 1 in ``1 - m``, as a dump; empty where ``weight`` is no such."""
    if isinstance(weight, ast.BinOp) and isinstance(weight.op, ast.Sub):
        if getattr(weight.left, "value", None) == 1:
            return ast.dump(weight.right)
    return ""


def _factors(term: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each factor of a product, and the other one."""
    if isinstance(term, ast.BinOp) and isinstance(term.op, ast.Mult):
        yield term.left, term.right
        yield term.right, term.left
