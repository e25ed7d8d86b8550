"""Enters functions that an object is passed to, or that make it."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from bnlint.semantics.objects.aliases import aliases_in, key_of
from bnlint.semantics.objects.carried import made_by_calls
from bnlint.semantics.objects.decorators import sees_through
from bnlint.semantics.objects.events import CallSite
from bnlint.semantics.objects.flows import Carrier
from bnlint.semantics.objects.view import View
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import arguments_of, bind, has_decorator, parameters_given
from bnlint.semantics.values.domain import (
    MAX_CANDIDATES,
    Argument,
    Arguments,
    Candidate,
    Env,
    FunctionRef,
    Instance,
)
from bnlint.semantics.values.parameters import parameter_values
from bnlint.semantics.values.predicates import is_dead
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

#: Functions that are entered one out of another at most, and those entered in all.
_MAX_STEPS = 6
_MAX_ENTERED = 60


class Entering(View, ABC):
    """A view that leads into functions."""

    @abstractmethod
    def run(self) -> None:
        """Note what is done with the object."""

    def made_by(self, call: ast.Call) -> None:
        """Enter the function of another file that makes the object and gives it to ``call``."""
        arguments = (*call.args, *(keyword.value for keyword in call.keywords))
        if any(self.is_alias(argument, whole=False) for argument in arguments):
            return  # it is entered where it is passed
        for callee in self.values(call.func):
            found = callee.object
            if isinstance(found, FunctionRef) and not self.is_in_view(found):
                self.enter(found, call, arguments_of(self.ev, self.module, call, self.env))

    def is_given(self, function: FunctionRef, call: ast.Call, node: ast.expr) -> bool:
        """Tell whether a function of the file finds what it is given under its parameters."""
        definition = function.node
        assert not isinstance(definition, ast.Lambda)
        if not sees_through(self.ev, self.module, definition):
            return False
        names = parameters_given(self.ev, self.module, function, call, node)
        spec = definition.args
        by_name = {a.arg: a for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
        wanted = (*self.trace.made, *self.trace.holders)
        if not names:
            own = 0 if function.receiver is None else 1  # ``self`` is what a call makes, or is of
            told = list(by_name.values())[own:]
            return _unpacks(call, node) and any(self.arrives(definition, p, wanted) for p in told)
        return all(self.arrives(definition, by_name[name], wanted) for name in names)

    def arrives(self, function: ast.AST, parameter: ast.arg, wanted: Collection[ast.AST]) -> bool:
        """Tell whether a parameter of a function of the file may be one of ``wanted``."""
        values = parameter_values(self.ev, self.module, function, parameter, None)
        if len({key_of(value) or value.node for value in values}) > MAX_CANDIDATES:
            return False  # where its name is used, it is not known what it is
        if any(key_of(value) in wanted for value in values):
            return True
        return any(  # a wrapper of it
            isinstance(value.object, Instance)
            and any(value.object.call in self.found.of.get(key, ()) for key in self.trace.made)
            for value in values
        )

    def enter_given(self, function: FunctionRef, call: ast.Call, node: ast.expr) -> bool:
        """Enter a function that ``call`` gives the object to; tell whether it takes it."""
        names = parameters_given(self.ev, self.module, function, call, node)
        if not names and not _unpacks(call, node):
            return False
        self.enter(function, call, arguments_of(self.ev, self.module, call, self.env), node)
        return True

    def enter(
        self,
        function: FunctionRef,
        at: ast.expr,
        arguments: Arguments,
        given: ast.expr | None = None,
    ) -> None:
        """Follow the object in a function that ``at`` calls, if the code comes to ``at``."""
        if self.env is not None and is_dead(self.ev, self.module, at, self.env):
            return
        with self.inside(function, at, arguments, given) as there:
            if there is not None:
                there.run()

    @contextmanager
    def inside(
        self,
        function: FunctionRef,
        at: ast.expr,
        arguments: Arguments,
        given: ast.expr | None = None,
    ) -> Iterator[Self | None]:
        """Yield a follower for ``function``, called at ``at``; ``None`` where the view ends."""
        node, trace = function.node, self.trace
        trace.entered += 1
        if isinstance(node, ast.Lambda) or not sees_through(self.ev, function.module, node):
            self.escape(f"line {at.lineno} passes it to a decorated function or a lambda", at)
        elif has_decorator(node, "cache", "lru_cache"):
            self.escape(f"line {at.lineno} is given the same as all who ask", at)
        elif len(self.via) >= _MAX_STEPS or trace.entered > _MAX_ENTERED:
            trace.escapes = trace.escapes or "it is passed on too far to follow"
            trace.is_lost = True
        elif node in self.chain:
            self.escape(f"line {at.lineno} passes it in a circle", at)
        else:
            outer = function.env if function.env is not None else self.env
            me = None
            if function.receiver is not None:
                me = Candidate(function.receiver, function.module, node)
            bound = bind(function.module, node, arguments, me)
            env = Env(bound, outer, (outer.depth if outer else 0) + 1)
            via = (*self.via, CallSite(self.module, at, given))
            seeds = self.seeds(function.module, node, bound, makes=given is None)
            with self.ev.keeping(env):
                budget = trace.end - self.ev.steps
                found = aliases_in(self.ev, function.module, node, env, seeds, budget)
                if found.left:
                    self.escape(f"line {at.lineno} calls what is too long to follow", at)
                yield type(self)(trace, function.module, node, env, via, (*self.chain, node), found)
            return
        yield None

    def seeds(
        self,
        module: Module,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        bound: Mapping[tuple[ast.AST, str], Argument],
        *,
        makes: bool,
    ) -> Iterator[Carrier]:
        """Yield what the object, or what holds it, is known by in a function that is entered.

        ``makes`` tells that the function may make the object itself, or call what does.
        """
        for (_, name), argument in bound.items():
            if argument.node is None or self.holds(argument.node):
                yield Carrier(name, function, is_maker=False)
        for name in self.trace.attributes:
            yield Carrier(name, None, is_maker=False)
        inside = (part for part in ast.walk(function) if isinstance(part, ast.Call))
        yield from made_by_calls(self.ev, module, inside if makes else ())

    def holds(self, node: ast.expr) -> bool:
        """Tell whether the object, or what holds it, is ``node`` or stands in it."""
        return any(self.is_alias(part, whole=False) for part in ast.walk(node))


def _unpacks(call: ast.Call, node: ast.expr) -> bool:
    """Tell whether a call is given the items of ``node``: ``f(**node)``."""
    return any(keyword.arg is None and keyword.value is node for keyword in call.keywords)
