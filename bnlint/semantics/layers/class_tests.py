"""Tests of a layer's class, in any of their usual spellings, and whether a layer passes them.

``isinstance(m, nn.BatchNorm2d)``, ``type(m) is ...``, ``t = type(m)`` and a test of ``t``, names
(``m.__class__.__name__.find("BatchNorm") != -1``), and what ``and``, ``or`` and ``not`` make of
them. An answer is three-valued: ``None`` says that the layer may pass or not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.frameworks.tables import Api
from bnlint.semantics.layers.resolution import Resolution
from bnlint.semantics.names.flow import reaching
from bnlint.semantics.syntax.module import LEAVES, Module, last_name
from bnlint.semantics.values.classes import lineage
from bnlint.semantics.values.domain import ClassRef, Evaluate, Symbol
from bnlint.startup.typed import NamedTuple

_CLASS_NAMES = ("__class__", "__name__", "__qualname__")
_NEGATIVE = (ast.NotEq, ast.IsNot, ast.NotIn)


class Guard(NamedTuple):
    """A test that holds, or does not, where a statement runs."""

    test: ast.expr
    holds: bool


def guards(module: Module, statement: ast.stmt, end: ast.AST | None) -> Iterator[Guard]:
    """Yield what is tested on the way from ``end``, a node around it, to ``statement``."""
    child: ast.AST = statement
    for parent in module.ancestors(statement):
        if isinstance(child, ast.stmt):
            place = module.place(child)
            for index in module.leaving(place):
                if index >= place.position:
                    break
                before = place.block[index]
                if isinstance(before, ast.If):
                    yield from _passing(before)
            if isinstance(parent, (ast.If, ast.While)):
                yield Guard(parent.test, holds=place.block is parent.body)
        if parent is end:
            return
        child = parent


def _passing(branch: ast.If) -> Iterator[Guard]:
    """Yield what must hold for code to go on behind ``branch``, some of whose branches leave."""
    for body, holds in ((branch.body, True), (branch.orelse, False)):
        if body and isinstance(body[-1], LEAVES):
            yield Guard(branch.test, holds=not holds)
            continue
        taken = branch.test if holds else ast.UnaryOp(ast.Not(), branch.test)
        for inner in body:
            for guard in _passing(inner) if isinstance(inner, ast.If) else ():
                left = ast.UnaryOp(ast.Not(), guard.test) if guard.holds else guard.test
                yield Guard(ast.BoolOp(ast.And(), [taken, left]), holds=False)


def layer_classes(ev: Evaluate, module: Module, test: ast.expr) -> Iterator[Api]:
    """Yield the layers whose classes, or base classes, are named in ``test``."""
    for part in ast.walk(test):
        if not isinstance(part, (ast.Name, ast.Attribute)):
            continue
        for candidate in ev.evaluate(module, part):
            if isinstance(candidate.object, Symbol):
                path = candidate.object.path
                named = ev.frameworks.by_alias.get(path, ())
                of_base = (api for api in ev.frameworks.apis.values() if path in api.bases)
                yield from (*named, *of_base)


class LayerTests:
    """The tests of the object called ``target`` that a statement stands behind."""

    def __init__(self, ev: Evaluate, module: Module, tests: Iterable[Guard], target: str) -> None:
        self.ev = ev
        self.module = module
        self.tests = list(tests)
        self.target = target

    @property
    def ask_for_class(self) -> bool:
        """Whether any of the tests asks for the class of the object."""
        return any(
            self._is_instance_test(part) or self._is_class(part)
            for guard in self.tests
            for part in ast.walk(guard.test)
        )

    def passed_by(self, made: Resolution) -> bool | None:
        """Tell whether a layer that is made so passes all tests."""
        return _all(
            answer if guard.holds else _not(answer)
            for guard in self.tests
            for answer in [self._answer(guard.test, made)]
        )

    def _answer(self, test: ast.expr, made: Resolution) -> bool | None:
        if isinstance(test, ast.BoolOp):
            answers = [self._answer(part, made) for part in test.values]
            return _all(answers) if isinstance(test.op, ast.And) else _any(answers)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return _not(self._answer(test.operand, made))
        if isinstance(test, ast.Call):
            return self._call(test, made)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            op, left, right = test.ops[0], test.left, test.comparators[0]
            if isinstance(left, ast.Call) and isinstance(left.func, ast.Attribute):
                if left.func.attr == "find" and left.args and self._is_class(left.func.value):
                    # != -1, >= 0 and > -1 say that it is found, == -1 and < 0 that it is not
                    found = _spelled(left.args[0], made, whole=False)
                    return _not(found) if isinstance(op, (ast.Eq, ast.Lt)) else found
            answer = self._equal(op, left, right, made)
            return _not(answer) if isinstance(op, _NEGATIVE) else answer
        return None

    def _call(self, test: ast.Call, made: Resolution) -> bool | None:
        if self._is_instance_test(test) and len(test.args) == 2:
            return self._among(test.args[1], made, exact=False)
        if last_name(test.func) == "hasattr" and len(test.args) == 2:
            name = test.args[1]
            has = isinstance(name, ast.Constant) and name.value in made.api.roles.values()
            return True if has and self._is_target(test.args[0]) else None
        if isinstance(test.func, ast.Attribute) and test.func.attr == "startswith" and test.args:
            if self._is_class(test.func.value):
                return _spelled(test.args[0], made, whole=False)
        return None

    def _equal(
        self, op: ast.cmpop, left: ast.expr, right: ast.expr, made: Resolution
    ) -> bool | None:
        if isinstance(op, (ast.In, ast.NotIn)) and self._is_class(right):
            return _spelled(left, made, whole=False)  # "BatchNorm" in the name
        if not isinstance(op, (ast.Is, ast.Eq, ast.In, *_NEGATIVE)) or not self._is_class(left):
            return None
        elements = right.elts if isinstance(right, (ast.Tuple, ast.List, ast.Set)) else [right]
        if all(isinstance(element, ast.Constant) for element in elements):
            return _any([_spelled(element, made, whole=True) for element in elements])
        return self._among(right, made, exact=True)

    def _among(self, classes: ast.expr, made: Resolution, *, exact: bool) -> bool | None:
        """Tell whether the layer is of one of ``classes``, or of a class derived from one."""
        nodes = classes.elts if isinstance(classes, (ast.Tuple, ast.List, ast.Set)) else [classes]
        answers: list[bool | None] = []
        for node in nodes:
            for candidate in self.ev.evaluate(self.module, node):
                found = candidate.object
                if isinstance(found, Symbol):
                    paths = made.api.aliases if exact else (*made.api.aliases, *made.api.bases)
                    answers.append(found.path in paths and not (exact and made.through))
                elif isinstance(found, ClassRef) and made.through is not None:
                    ours = [made.through] if exact else list(lineage(self.ev, made.through))
                    answers.append(found in ours)
                else:
                    answers.append(False if isinstance(found, ClassRef) else None)
        return _any(answers)

    def _is_target(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self.target

    def _is_instance_test(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and last_name(node.func) in ("isinstance", "issubclass")
            and bool(node.args)
            and (self._is_target(node.args[0]) or self._is_class(node.args[0]))
        )

    def _is_class(self, node: ast.AST, *, follow: bool = True) -> bool:
        """Tell whether ``node`` is the class of the object, its name, or a text made of either."""
        if isinstance(node, ast.Call):
            if last_name(node.func) in ("type", "str", "repr") and len(node.args) == 1:
                return self._is_target(node.args[0]) or self._is_class(node.args[0])
            method = node.func if isinstance(node.func, ast.Attribute) else None
            return (
                method is not None
                and method.attr in ("lower", "upper")
                and self._is_class(method.value)
            )
        if isinstance(node, ast.Attribute) and node.attr in _CLASS_NAMES:
            return self._is_target(node.value) or self._is_class(node.value)
        if isinstance(node, ast.Name) and follow and node.id != self.target:
            scope = self.ev.scope(self.module, self.module.scope_node(node))
            reaches = reaching(scope, node.id, node)
            value = reaches[0].binding.value if len(reaches) == 1 else None
            return value is not None and self._is_class(value, follow=False)
        return False


def _spelled(node: ast.expr, made: Resolution, *, whole: bool) -> bool | None:
    """Tell whether the text ``node`` is the name of the layer's class, or stands in it."""
    if not isinstance(node, ast.Constant):
        return None
    name = made.api.short_name if made.through is None else made.through.node.name
    text, name = str(node.value).lower(), name.lower()
    return text == name if whole else text in name


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _all(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return False if False in found else None if None in found else True


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return True if True in found else None if None in found else False
