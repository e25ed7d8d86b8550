"""What an expression may stand for: the small object domain of the static evaluator.

An expression evaluates to :data:`ValueSet`, the candidates it may be, in source order. An empty
tuple never stands for "unknown": that is one candidate holding :class:`Unknown`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager

from bnlint.startup.typed import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from typing import Any

    from bnlint.frameworks.tables import Frameworks
    from bnlint.semantics.names.scopes import Scope
    from bnlint.semantics.syntax.module import Module
    from bnlint.semantics.values.memo import Memo


class Constant(NamedTuple):
    """A number, string, boolean, ``None``, ``...`` or bytes."""

    value: object


class Symbol(NamedTuple):
    """Something outside the project, known by its import path."""

    path: str


class ModuleRef(NamedTuple):
    """A module of the project."""

    module: Module


class FunctionRef(NamedTuple):
    """A function or lambda of the project; ``receiver`` is set for a bound method.

    ``env`` is the environment the function closes over.
    """

    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    receiver: Instance | None = None
    env: Env | None = None


class ClassRef(NamedTuple):
    """A class of the project."""

    module: Module
    node: ast.ClassDef


class Sequence(NamedTuple):
    """A tuple or list display; ``items`` are its elements.

    ``open`` says why there may be more of them (empty: there are none).
    """

    items: tuple[Argument, ...]
    open: str = ""


class Dictionary(NamedTuple):
    """A dictionary; ``items`` pairs literal keys with what stands under them.

    ``open`` says why there may be other keys (empty: there are none).
    """

    items: tuple[tuple[object, Argument], ...]
    open: str = ""


class Partial(NamedTuple):
    """``functools.partial(target, ...)``; ``call`` is where it stands.

    One that may hold one of several is as many candidates.
    """

    target: Candidate
    arguments: Arguments
    module: Module
    call: ast.Call


class Instance(NamedTuple):
    """An object made by calling a class.

    ``call`` is ``None`` for ``self`` in a method, whose construction is not in view.
    """

    cls: ClassRef | Symbol
    module: Module
    call: ast.Call | None
    env: Env | None = None


class Record(NamedTuple):
    """A named tuple; ``values`` are its fields.

    ``open`` says why a field may hold something else, or one that is not listed (empty: none).
    """

    values: Mapping[str, Argument]
    open: str = ""


class Unknown(NamedTuple):
    """Nothing is known, and why."""

    reason: str


Object = (
    Constant
    | Symbol
    | ModuleRef
    | FunctionRef
    | ClassRef
    | Sequence
    | Dictionary
    | Partial
    | Instance
    | Record
    | Unknown
)


class Candidate(NamedTuple):
    """One candidate for what an expression is.

    ``module`` and ``node`` are where it is written (the literal behind a name). ``presumed`` is
    empty, or says on what the candidate rests that a caller may override. ``computed`` tells that
    arithmetic was involved.
    """

    object: Object
    module: Module
    node: ast.AST
    presumed: str = ""
    computed: bool = False


ValueSet = tuple[Candidate, ...]


class Argument(NamedTuple):
    """An argument of a call or an element of a display, evaluated when asked for.

    Either ``node`` in ``module`` under ``env``, or ready ``values``. ``presumed`` is what the
    container it came out of rests on, if it may be replaced by a caller.
    """

    node: ast.expr | None
    module: Module
    env: Env | None = None
    values: ValueSet = ()
    presumed: str = ""


class Arguments(NamedTuple):
    """The arguments of a call, with ``*`` and ``**`` of known contents spread out.

    ``open_positional`` and ``open_keywords`` say why there may be more (empty: there are none).
    ``overridable`` says on what it rests, if a caller may override it, that there are no more.
    """

    positional: tuple[Argument, ...]
    keywords: Mapping[str, Argument]
    open_positional: str = ""
    open_keywords: str = ""
    overridable: str = ""


class Env(NamedTuple):
    """What the parameters of functions are bound to in one particular chain of calls.

    An attribute of an object is bound by the class of the object, where it is told what it holds.
    """

    bound: Mapping[tuple[ast.AST, str], Argument]
    outer: Env | None = None
    depth: int = 0

    def find(self, function: ast.AST, name: str) -> Argument | None:
        """Return what parameter ``name`` of ``function`` is bound to, if this chain binds it."""
        env: Env | None = self
        while env is not None:
            argument = env.bound.get((function, name))
            if argument is not None:
                return argument
            env = env.outer
        return None

    def binds(self, function: ast.AST) -> bool:
        """Tell whether this chain calls ``function``."""
        env: Env | None = self
        while env is not None:
            if any(node is function for node, _ in env.bound):
                return True
            env = env.outer
        return False

    def binds_any(self, module: Module, node: ast.AST) -> bool:
        """Tell whether this chain calls a function whose body holds ``node``."""
        return any(
            self.binds(around)
            for around in module.ancestors(node)
            if isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        )


class Imports(Protocol):
    """What the evaluator asks of the project around a module."""

    def resolve(self, module: Module, symbol: str) -> Module | tuple[Module, str] | None:
        """Return the project module, or the name in one, that ``module`` imports as ``symbol``."""

    def module(self, importer: Module, symbol: str) -> Module | None:
        """Return the project module that ``importer`` imports as ``symbol``."""

    def may_export(self, importer: Module, origin: str, name: str) -> bool:
        """Tell, without parsing, whether ``from origin import name`` may give something."""

    def may_be_used(self, module: Module) -> bool:
        """Tell, by the text of imports, whether another file may use what ``module`` binds."""

    def users(self, module: Module, name: str) -> Collection[tuple[Module, str]] | None:
        """Return the modules that use what ``module`` binds as ``name``, and its name in each.

        ``None`` is returned for a name that is used all over the project.
        """

    def carriers(self, module: Module) -> Collection[str]:
        """Return the identifiers through which ``module`` may call an API."""

    def symbol(self, module: Module, symbol: str) -> str:
        """Return the import path of ``symbol``, as written in ``module``, seen from outside."""

    def may_make_models(self, module: Module) -> bool:
        """Tell, by the text of files, whether batch normalisation may be in what a file makes."""

    def hands_over_models(self, module: Module) -> bool:
        """Tell, by the text of files, whether ``module`` deals with code that switches modes."""

    def submodule(self, module: Module, name: str) -> Module | None:
        """Return the project module ``module.name``, if ``module`` is a package that has it."""


class Decide(Protocol):
    """Settles tests under what one call is given; ``rests_on`` is on what that rests."""

    rests_on: str

    def __call__(self, test: ast.expr) -> bool | None:
        """Return whether ``test`` holds, where that is known."""


class Evaluate(Protocol):
    """The evaluator, as its parts see it."""

    frameworks: Frameworks
    project: Imports
    #: What has been found out on top of it.
    memos: dict[Memo[Any, Any], dict[Any, Any]]
    #: The steps that all questions have taken so far.
    steps: int
    #: Whether what files give that import a function or class counts among what callers give.
    asks_users: bool

    @property
    def wide(self) -> Evaluate:
        """The evaluator of the same modules that takes callers in other files into account."""

    def evaluate(self, module: Module, node: ast.expr, env: Env | None = None) -> ValueSet:
        """Return what ``node`` may be."""

    def argument(self, argument: Argument) -> ValueSet:
        """Return what an argument may be."""

    def member(self, base: Candidate, name: str, module: Module, node: ast.AST) -> ValueSet:
        """Return what attribute ``name`` of ``base`` may be."""

    def scope(self, module: Module, node: ast.AST) -> Scope:
        """Return the scope that ``node`` (a function, class, module ...) opens."""

    def decide(self, module: Module, env: Env | None) -> Decide:
        """Return what settles tests whose value is certain."""

    def truth(self, value: Candidate) -> bool | None:
        """Return whether ``value`` is true, where that is known."""

    def is_code(self, found: object) -> bool:
        """Tell whether an object is a function, class or module, which is true and not None."""

    def returned(self, function: FunctionRef, node: ast.AST) -> ValueSet:
        """Return what a method without arguments (a property) returns."""

    def keeping(self, env: Env) -> AbstractContextManager[None]:
        """Remember what is worked out under ``env`` from one question to the next."""

    def construction(
        self, cls: ast.AST, call: ast.AST, outer: Env | None, make: Callable[[], Env]
    ) -> Env:
        """Return the environment of the constructor that ``call``, under ``outer``, runs."""

    def within(self, steps: int) -> AbstractContextManager[None]:
        """Give a question up after so many steps."""

    def is_whole(self) -> bool:
        """Tell whether what is being worked out rests on nothing that is itself unfinished."""

    def guard(self, key: object) -> AbstractContextManager[bool]:
        """Enter ``key``; yields ``False`` if it has been entered already (a cycle)."""


#: More candidates than this are no knowledge, and why.
MAX_CANDIDATES = 12
TOO_MANY = "there are too many possibilities"

#: Why nothing is known of what an object gives when it is called.
APPLIED = "the result of calling an object is not followed"

#: Why nothing is known of a layer that an object of the project holds under a computed name, and
#: of one that a list of layers holds. Calling these runs them: they are no classes.
HELD = "a layer under a computed name is not followed"
LISTED = "an element of a list of layers is not followed"


def unknown(reason: str, module: Module, node: ast.AST) -> ValueSet:
    """Return the one candidate that says nothing is known."""
    return (Candidate(Unknown(reason), module, node),)


def reason(values: ValueSet) -> str:
    """Return the reason of the first unknown candidate, or an empty string."""
    for value in values:
        if isinstance(value.object, Unknown):
            return value.object.reason
    return ""


def presumed(values: ValueSet, why: str) -> ValueSet:
    """Return ``values`` resting on ``why`` (where they do not rest on something already)."""
    return tuple(v if v.presumed else v._replace(presumed=why) for v in values)
