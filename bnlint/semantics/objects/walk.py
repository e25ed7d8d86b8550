"""What is found out about one object while it is followed, in whatever file."""

from __future__ import annotations

import ast

from bnlint.semantics.names.scopes import Binding
from bnlint.semantics.objects.events import Use
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import ClassRef, Evaluate, FunctionRef, Instance
from bnlint.startup.typed import NamedTuple, Protocol


class Owner:
    """An object of class ``cls``, made by ``call``, and the attributes in which it keeps another.

    ``stores`` are the places where the object that is followed is put into one, ``written`` those
    where something is, outside of methods too.
    """

    def __init__(self, cls: ClassRef, module: Module, call: ast.Call) -> None:
        self.cls = cls
        self.instance = Instance(cls, module, call)
        self.is_open = True
        self.attributes: set[str] = set()
        self.stores: set[ast.AST] = set()
        self.written: list[tuple[Module, ast.Attribute]] = []


#: An owner, which holds the object in an attribute, is followed as itself.
What = str | Owner


class Variable(NamedTuple):
    """A name in a scope that holds the object, or what comes of it."""

    name: str
    scope: ast.AST
    what: What


class Walk:
    """What has been found out about one object so far."""

    def __init__(self, ev: Evaluate) -> None:
        self.ev = ev
        self.uses: list[Use] = []
        self.escapes = ""
        self.entered = 0
        self.owners: list[Owner] = []
        self.switches = {
            method
            for framework in ev.frameworks.frameworks.values()
            for method, _ in (*framework.modes.to_inference, *framework.modes.to_training)
        }


class Follows(Protocol):
    """What follows an object in one file or function, as those see it that it asks."""

    walk: Walk
    ev: Evaluate
    module: Module
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    #: The name of the parameter that is an owner of the object, and that owner.
    me: tuple[str, Owner] | None
    holders: dict[Variable, list[Binding]]

    def note(self, kind: str, node: ast.expr, name: str = "") -> None:
        """Note a use."""

    def escape(self, why: str, node: ast.expr) -> None:
        """Note that the view ends at ``node``."""

    def hold(self, name: str, target: ast.AST, statement: ast.AST, what: What) -> None:
        """Note that ``statement`` binds ``name``, as written at ``target``, to the object."""

    def owner(self, name: str, node: ast.AST) -> ast.AST | None:
        """Return the scope in which ``name``, used at ``node``, is bound."""

    def use(self, node: ast.expr, what: What) -> None:
        """Note what is done with the value of ``node``."""

    def assigned(
        self, statement: ast.Assign | ast.AnnAssign | ast.NamedExpr, node: ast.expr, what: What
    ) -> None:
        """Follow what is assigned."""

    def enter(
        self,
        function: FunctionRef,
        at: ast.expr,
        names: list[str],
        what: What,
        given: ast.expr | None = None,
        me: tuple[str, Owner] | None = None,
    ) -> None:
        """Follow the object into a function that ``at`` calls, where it is called ``names``."""
