"""What is done with an object, and by which calls the code that does it is reached."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.semantics.syntax.module import Module
from bnlint.startup.typed import NamedTuple

CALL, METHOD, PART, READ, WRITE, WRAP, SAVE, EXPORT, ESCAPE = (
    "call", "method", "part", "read", "write", "wrap", "save", "export", "escape",
)  # fmt: skip

#: What is followed: the object, a part of it (``model.layer1``), or what a method of it gave,
#: which is followed only to see what is called on it.
WHOLE, SOME, RESULT = "whole", "part", "result"

#: Nodes that only look at an object.
LOOKED_AT = (
    ast.Expr, ast.Compare, ast.Assert, ast.Delete, ast.FormattedValue, ast.If, ast.While,
    ast.UnaryOp,
)  # fmt: skip


class CallSite(NamedTuple):
    """What leads from one function into the next: ``node`` in ``module``, a call or a property.

    ``given`` is the object as it is written there, if it is an argument.
    """

    module: Module
    node: ast.expr
    given: ast.expr | None = None


class Use(NamedTuple):
    """One thing done with an object.

    ``kind`` is ``call`` (``model(x)``), ``method`` (``model.name(...)``), ``part`` (attribute or
    method ``name`` of a part of it), ``read`` and ``write`` (an attribute ``name``), ``wrap``,
    ``save`` and ``export`` (given to what does so, whose import path is ``name``) or ``escape``.
    ``node`` is the call, attribute or expression, in
    ``module``. ``via`` are the steps that lead there from the file whose object it is; there are
    none where the file does it itself. With ``within`` it is done with a model that the object is a
    part of.
    """

    kind: str
    node: ast.expr
    module: Module
    name: str = ""
    via: tuple[CallSite, ...] = ()
    within: bool = False

    @property
    def here(self) -> ast.expr:
        """The node of the file itself that does it, or that calls what does."""
        return self.via[0].node if self.via else self.node

    @property
    def model(self) -> ast.expr:
        """What is run by a call or a method, as it is written: ``model`` of ``model.f(x)``."""
        func: ast.expr = getattr(self.node, "func", self.node)
        return getattr(func, "value", func) if self.kind == METHOD else func

    @property
    def route(self) -> tuple[CallSite, ...]:
        """The steps that lead to the use, and the use itself as the last one."""
        return (*self.via, CallSite(self.module, self.node))

    def seen_from(self, other: Module) -> str:
        """Return how a message in file ``other`` names the place: a line, or file and line."""
        row = self.node.lineno
        return f"line {row}" if self.module is other else f"{self.module.path}:{row}"


class Life(NamedTuple):
    """The uses of an object in source order, and why some may be missing (empty: none are).

    What is done in a function that the object is passed to, in another file or in a method, stands
    where it is passed.
    """

    uses: tuple[Use, ...]
    escapes: str = ""
    #: Names by which other files can get at it, and whether each is a variable of the file.
    known_as: tuple[tuple[str, bool], ...] = ()
    #: Where uses are missing only in functions outside of the project: what these are called.
    outside: tuple[str, ...] = ()

    def methods(self, *names: str) -> Iterator[Use]:
        """Yield the calls of methods called one of ``names``."""
        for use in self.uses:
            if use.kind == METHOD and use.name in names:
                yield use

    def nowhere(self, method: str, module: Module, *makers: Module) -> str:
        """Return how a message of file ``module`` says that nothing calls ``method`` of the object.

        It names the files that were looked at. Where one of them calls such a method of anything,
        it is not said that there is none.
        """
        modules = dict.fromkeys((module, *makers, *(use.module for use in self.uses)))
        others = list(dict.fromkeys(other.path for other in modules if other is not module))
        where = f"in this file or in {', '.join(others)}" if others else "in this file"
        if any(method in other.calls_by_name for other in modules):
            return f"nothing {where} calls {method}() of it"
        return f"no {method}() {where}"


class Frame(NamedTuple):
    """A function (or the file itself) with what is done with an object in it and in what it calls.

    Uses of one frame can be put in order: their ``here`` all stand in ``module``. ``outer`` are the
    steps that lead to the frame, none to the file itself.
    """

    module: Module
    life: Life
    outer: tuple[CallSite, ...] = ()

    def anchor(self, node: ast.expr) -> ast.expr:
        """Return the node of the file itself that stands for ``node`` of the frame."""
        return self.outer[0].node if self.outer else node


def frames(module: Module, life: Life) -> Iterator[Frame]:
    """Yield the frame of the file ``module`` itself, then those that its calls lead to."""
    yield Frame(module, life)
    seen: set[tuple[ast.expr, ...]] = set()
    for use in life.uses:
        for length in range(1, len(use.via) + 1):
            outer = use.via[:length]
            key = tuple(step.node for step in outer)
            if key in seen:
                continue
            seen.add(key)
            inside = [u for u in life.uses if tuple(s.node for s in u.via[:length]) == key]
            there = inside[0].route[length].module
            cut = tuple(
                u._replace(via=u.via[length:])
                for u in inside
                if u.route[length].module is there  # one call may lead to several functions
            )
            yield Frame(there, Life(cut, life.escapes), outer)


def in_order(use: Use) -> tuple[tuple[int, int], ...]:
    """Return a key that sorts the uses of one object: by where the file itself does them."""
    return tuple((step.node.lineno, step.node.col_offset) for step in use.route)
