"""Follows the parts of an object, and what its methods give."""

from __future__ import annotations

import ast

from bnlint.semantics.names.flow import reaching
from bnlint.semantics.objects.entering import Entering
from bnlint.semantics.objects.events import (
    LOOKED_AT,
    METHOD,
    PART,
    READ,
    RESULT,
    SOME,
    WHOLE,
    WRITE,
)
from bnlint.semantics.objects.flows import loads
from bnlint.semantics.values.arguments import arguments_of, parameters_given
from bnlint.semantics.values.domain import FunctionRef, Symbol

#: Builtins that look at an object and change nothing.
LOOK = frozenset(
    {"print", "len", "type", "id", "repr", "str", "isinstance", "hasattr", "dir", "int", "float"}
)

#: Vocabulary words for what takes parts of one model and makes another of them.
_COMBINES = ("sequential", "layer_lists", "functional_models", "modules")

#: What holds a part that stands in it.
_HOLDS = (
    ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp,
)  # fmt: skip


class Parts(Entering):
    """A view that follows parts of the object."""

    def attribute(self, attribute: ast.Attribute, what: str) -> None:
        """Note what is done with an attribute, or by a method."""
        name = attribute.attr
        parent = self.module.parents[attribute]
        weights = self.ev.frameworks.word("weights_attributes")
        if not isinstance(attribute.ctx, ast.Load):
            self.note(WRITE, attribute, name)
        elif isinstance(parent, ast.Call) and parent.func is attribute:
            self.note(METHOD if what == WHOLE else PART, parent, name)
            if name in self.trace.itself:
                if what != WHOLE:
                    self.part(parent, what)
                elif not self.is_alias(parent, whole=True):  # a method of its own may give anything
                    self.part(parent, SOME)
            elif name not in weights:
                self.part(parent, RESULT)
        else:
            self.note(READ if what == WHOLE else PART, attribute, name)
            if name not in weights and name not in self.ev.frameworks.word("plain_attributes"):
                self.part(attribute, RESULT if what == RESULT else SOME)

    # ------------------------------------------------------------------ parts

    def part(self, node: ast.expr, what: str) -> None:
        """Note what is done with a part of the object, or with what a method of it gave."""
        if (node, what) in self.parts:
            return
        self.parts.add((node, what))
        parent = self.module.parents[node]
        call = self.module.parents[parent] if isinstance(parent, ast.keyword) else parent
        if isinstance(parent, ast.Attribute):
            self.attribute(parent, what)
        elif isinstance(parent, ast.Subscript) and parent.value is node:
            if isinstance(parent.ctx, ast.Load):  # model.classifier[1] = layer puts one into it
                self.part(parent, what)
        elif isinstance(parent, ast.Call) and parent.func is node:
            return
        elif isinstance(parent, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            for target in targets(parent):
                if isinstance(target, ast.Name):
                    self.part_bound(target, parent, what)
                elif what != RESULT:
                    self.escape(f"line {node.lineno} stores it", node)
        elif isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node:
            loop = self.loop(parent)
            for name in ast.walk(parent.target):
                if isinstance(name, ast.Name):
                    self.part_bound(name, loop, what)
        elif what == RESULT:
            return
        elif isinstance(call, ast.Call):
            self.part_passed(node, call, what)
        elif isinstance(parent, _HOLDS):  # {"classifier": model.fc}, [b for b in model.blocks]
            self.part(parent, what)
        elif not isinstance(parent, (*LOOKED_AT, ast.BinOp)):
            self.hand_on(node)

    def part_bound(self, target: ast.Name, statement: ast.AST, what: str) -> None:
        """Follow a part through the variable that ``statement`` binds it to."""
        for use in self.reached(target, statement):
            self.part(use, what)

    def part_passed(self, node: ast.expr, call: ast.Call, what: str) -> None:
        """Follow a part into a call."""
        frameworks = self.ev.frameworks
        for callee in self.values(call.func):
            found = callee.object
            if isinstance(found, Symbol):
                path = found.path
                if path.startswith("builtins."):
                    if path[9:] not in LOOK:  # list(model.layers), enumerate(model.blocks)
                        self.part(call, what)
                    continue
                if frameworks.means(path, "wrappers"):
                    self.part(call, what)
                    continue
                if not any(frameworks.means(path, word) for word in _COMBINES):
                    if frameworks.has_root(path):  # Linear(model.fc.in_features, 10)
                        continue
            elif isinstance(found, FunctionRef) and not callee.presumed:
                if self.part_entered(found, call, node, what):
                    continue
            self.escape(f"line {node.lineno} passes it to {ast.unparse(call.func)}()", node)

    def part_entered(
        self, function: FunctionRef, call: ast.Call, node: ast.expr, what: str
    ) -> bool:
        """Follow a part into a function; tell whether that can be done."""
        names = parameters_given(self.ev, self.module, function, call, node)
        if not names:
            return False
        arguments = arguments_of(self.ev, self.module, call, self.env)
        with self.inside(function, call, arguments, node) as there:
            scope = self.ev.scope(function.module, function.node)
            if there is not None:
                for name in names:
                    for use in loads(self.ev, there.module, name).get(scope.node, ()):
                        bindings = [r.binding for r in reaching(scope, name, use)]
                        if any(binding.kind == "param" for binding in bindings):
                            there.part(use, what)
        return True


def targets(statement: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> list[ast.expr]:
    """Return what a statement assigns to."""
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]
