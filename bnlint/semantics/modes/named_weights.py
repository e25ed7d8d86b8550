"""Weights by their names: those of batch normalisation layers, and the tests that names pass.

A name is known as far as the code shows: of a ready-made model, which part a layer is in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Constant,
    Evaluate,
    Instance,
    Sequence,
)
from bnlint.startup.typed import NamedTuple

_MAX_DEPTH = 4

#: Ready-made models with numbered parts have all of these numbers.
_NUMBERS = (2, 3, 4)


class WeightName(NamedTuple):
    """The name of a weight: ``layer1.`` and whatever follows, or all of it."""

    text: str
    whole: bool = False

    def within(self, part: str) -> WeightName:
        """Return the name that the weight has in what holds its model as ``part``."""
        return WeightName(f"{part}.{self.text}", self.whole)

    def first(self) -> WeightName:
        """Return the name of the part that the weight is in."""
        text, dot, _ = self.text.partition(".")
        return WeightName(text, self.whole or bool(dot))

    def has(self, text: str) -> bool | None:
        """Tell whether ``text`` stands in the name, ``None`` if that is not known."""
        if text in self.text:
            return True
        if not self.whole and any(text.startswith(self.text[at:]) for at in range(len(self.text))):
            return None  # what follows may go on as the text does
        part = text.partition(".")[0]
        other = _matches("plain_parts", part) or (self.text and _matches("norm_parts", part))
        return False if self.whole or other else None

    def begins(self, text: str) -> bool | None:
        """Tell whether the name begins with ``text``, ``None`` if that is not known."""
        if self.text.startswith(text):
            return True
        if not text.startswith(self.text):
            return False
        return self.has(text)

    def equals(self, text: str) -> bool | None:
        """Tell whether the name is ``text``, ``None`` if that is not known."""
        return self.text == text if self.whole else self.begins(text) and None


@lru_cache(maxsize=2)
def _pattern(word: str) -> re.Pattern[str]:
    names = (name.replace("*", r"\w*") for name in sorted(catalogue().names(word)))
    return re.compile(rf"({'|'.join(names)})_?\d*", re.IGNORECASE)


def _matches(word: str, part: str) -> bool:
    return _pattern(word).fullmatch(part) is not None


def norm_weights(
    ev: Evaluate, sites: Iterable[Site], value: Candidate, words: Collection[str]
) -> Iterator[WeightName]:
    """Yield names of weights of batch normalisation layers in a model, as many as are known.

    ``words`` are what the code itself calls parts of it.
    """
    yield from _norms(ev, {site.call for site in sites}, value, words, 0)


def _norms(
    ev: Evaluate,
    calls: Collection[ast.Call],
    value: Candidate,
    words: Collection[str],
    depth: int,
) -> Iterator[WeightName]:
    made = value.object
    if not isinstance(made, Instance) or depth > _MAX_DEPTH:
        return
    if made.call in calls:
        yield WeightName("weight", whole=True)
    elif isinstance(made.cls, ClassRef):
        for name, part in _parts(ev, made.cls):
            for inner in _norms(ev, calls, part, words, depth + 1):
                yield inner.within(name)
    elif ev.frameworks.means(made.cls.path, "builders"):
        yield WeightName("")
        for part_name in dict.fromkeys(_siblings(words)):
            yield WeightName(f"{part_name}.")
    elif ev.frameworks.means(made.cls.path, "sequential"):
        for number, argument in enumerate(getattr(made.call, "args", ())):
            if isinstance(argument, ast.Starred):
                return
            for held in ev.evaluate(made.module, argument, made.env):
                for inner in _norms(ev, calls, held, words, depth + 1):
                    yield inner.within(str(number))


def _parts(ev: Evaluate, cls: ClassRef) -> Iterator[tuple[str, Candidate]]:
    """Yield what objects of a class keep in attributes, and under which names."""
    for ancestor in lineage(ev, cls):
        for store in ancestor.module.stores:
            if ancestor.module.enclosing_class(store) is not ancestor.node:
                continue
            statement = ancestor.module.statement(store)
            kept = getattr(statement, "value", None)
            if isinstance(store.value, ast.Name) and kept is not None:
                for value in ev.evaluate(ancestor.module, kept):
                    yield store.attr, value


def _siblings(words: Iterable[str]) -> Iterator[str]:
    """Yield the parts of a ready-made model that hold layers: those named, and others like them."""
    for word in words:
        part = word.partition(".")[0]
        if _matches("norm_parts", part):
            yield part
            stem = part.rstrip("0123456789")
            if stem != part:
                yield from (f"{stem}{number}" for number in _NUMBERS)


# ---------------------------------------------------------------------------------- tests


class NameTests:
    """Settles tests of the name of a weight, or of the part that it is in.

    ``variable`` is what the code calls that. What is not understood gives ``None``.
    """

    def __init__(self, ev: Evaluate, module: Module, variable: str) -> None:
        self.ev = ev
        self.module = module
        self.variable = variable

    def words(self, test: ast.expr) -> Iterator[str]:
        """Yield the texts that a test speaks of."""
        for part in ast.walk(test):
            if isinstance(part, ast.expr):
                yield from self.texts(part, {})

    def holds(self, test: ast.expr, name: WeightName, given: Mapping[str, str]) -> bool | None:
        """Tell whether ``test`` holds for the weight ``name``; ``given`` are texts in variables."""
        match test:
            case ast.UnaryOp(ast.Not(), operand):
                return _not(self.holds(operand, name, given))
            case ast.BoolOp(op, values):
                answers = [self.holds(value, name, given) for value in values]
                return _any(answers) if isinstance(op, ast.Or) else _all(answers)
            case ast.Compare(left, [op], [right]):
                return self.compared(left, op, right, name, given)
            case ast.Call():
                return self.called(test, name, given)
        return None

    def compared(
        self,
        left: ast.expr,
        op: ast.cmpop,
        right: ast.expr,
        name: WeightName,
        given: Mapping[str, str],
    ) -> bool | None:
        """Tell what a comparison gives."""
        if isinstance(op, (ast.Eq, ast.NotEq)) and self.subject(left, name) is None:
            left, right = right, left
        subject = self.subject(left, name)
        answer: bool | None = None
        if subject is not None and isinstance(op, (ast.In, ast.NotIn, ast.Eq, ast.NotEq)):
            texts = self.texts(right, given)
            answer = _any([subject.equals(text) for text in texts]) if texts else None
        elif isinstance(op, (ast.In, ast.NotIn)) and self.is_name(right):
            texts = self.texts(left, given)
            answer = name.has(texts[0]) if len(texts) == 1 else None
        return _not(answer) if isinstance(op, (ast.NotIn, ast.NotEq)) else answer

    def called(self, call: ast.Call, name: WeightName, given: Mapping[str, str]) -> bool | None:
        """Tell what ``name.startswith(...)``, or ``any(...)`` over a list of texts, gives."""
        match call:
            case ast.Call(ast.Attribute(whole, "startswith"), [begin]) if self.is_name(whole):
                answers = [name.begins(text) for text in self.texts(begin, given)]
                return _any(answers) if answers else None
            case ast.Call(
                ast.Name("any" | "all" as kind),
                [
                    ast.GeneratorExp(test, [ast.comprehension(ast.Name(each), listed, [])])
                    | ast.ListComp(test, [ast.comprehension(ast.Name(each), listed, [])])
                ],
            ):
                texts = self.texts(listed, given)
                answers = [self.holds(test, name, {**given, each: text}) for text in texts]
                if answers:
                    return _any(answers) if kind == "any" else _all(answers)
        return None

    def subject(self, node: ast.expr, name: WeightName) -> WeightName | None:
        """Return what ``node`` is: the name, or with ``.split(".")[0]`` its first part."""
        if self.is_name(node):
            return name
        match node:
            case ast.Subscript(
                ast.Call(ast.Attribute(whole, "split"), [ast.Constant("."), *_]), ast.Constant(0)
            ) if self.is_name(whole):
                return name.first()
        return None

    def is_name(self, node: ast.expr) -> bool:
        """Tell whether ``node`` is the variable that holds the name."""
        return isinstance(node, ast.Name) and node.id == self.variable

    def texts(self, node: ast.expr, given: Mapping[str, str]) -> list[str]:
        """Return the text that ``node`` is, or all of its list; nothing if that is not known."""
        if isinstance(node, ast.Name) and node.id in given:
            return [given[node.id]]
        found: list[str] = []
        values = self.ev.evaluate(self.module, node)
        if len(values) != 1 or values[0].presumed:
            return []
        whole = values[0].object
        items = whole.items if isinstance(whole, Sequence) and not whole.open else ()
        parts = [self.ev.argument(item) for item in items] or [values]
        for part in parts:
            text = part[0].object if len(part) == 1 else None
            if not isinstance(text, Constant) or not isinstance(text.value, str):
                return []
            found.append(text.value)
        return found


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    return True if True in found else None if None in found else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    return _not(_any([_not(answer) for answer in answers]))
