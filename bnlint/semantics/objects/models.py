"""Classes and objects that are models or layers, and whether batch normalisation is in them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from bnlint.frameworks.tables import Framework
from bnlint.semantics.layers.sites import Site, sites_in
from bnlint.semantics.layers.traits import always_uses_batch, always_uses_running, training_flag
from bnlint.semantics.objects.holders import whose_parts
from bnlint.semantics.project.triage import builds_norms
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import has_decorator
from bnlint.semantics.values.classes import construction, lineage, outside_bases
from bnlint.semantics.values.domain import (
    Candidate,
    ClassRef,
    Env,
    Evaluate,
    FunctionRef,
    Instance,
    Object,
    Partial,
    Sequence,
    Symbol,
    Unknown,
)
from bnlint.semantics.values.memo import Memo
from bnlint.semantics.values.modules import MAKES_MODEL, class_framework, model_framework
from bnlint.semantics.values.predicates import is_dead
from bnlint.startup.typed import NamedTuple

_MAX_DEPTH = 8

#: A class is looked into for so many ways of making it.
_MAX_VISITS = 8


def is_forward(ev: Evaluate, module: Module, function: ast.AST) -> bool:
    """Tell whether ``function`` is what runs when a model of its class is called."""
    owner = module.parents.get(function)
    if not isinstance(owner, ast.ClassDef):
        return False
    framework = class_framework(ev, ClassRef(module, owner))
    name = getattr(function, "name", "")
    return framework is not None and ev.frameworks.shares(name, "forward", framework)


# ---------------------------------------------------------------------------------- contents


class Contents(NamedTuple):
    """What an object is made of, as far as the file shows.

    ``normalises`` tells whether batch normalisation that follows the mode is among it. ``sites``
    are the calls of APIs in it, in whatever file, whether they follow it or not. ``nodes``
    are the classes, functions and expressions it is made by, ``outside`` the base classes and
    makers that are not in the file.
    """

    normalises: bool
    nodes: tuple[ast.AST, ...]
    outside: tuple[Symbol | Unknown, ...]
    sites: tuple[Site, ...] = ()


def contents(ev: Evaluate, sites: Iterable[Site], candidate: Candidate) -> Contents:
    """Return what the object is made of."""
    search = _Search(ev, sites)
    search.add(candidate.object, 0)
    nodes, outside = tuple(search.nodes), tuple(search.outside)
    return Contents(search.found, nodes, outside, tuple(search.passed))


#: Whether what an expression makes normalises, by the expression and the class of what it makes.
_NORMALISES: Memo[tuple[ast.AST, ast.AST | str], bool] = Memo()


def normalises(ev: Evaluate, sites: Iterable[Site], candidate: Candidate) -> bool:
    """Tell whether batch normalisation that follows the mode is known to be in the object."""
    made = candidate.object
    known, key = _NORMALISES.of(ev), (candidate.node, _class_of(made))
    if key not in known:
        search = _Search(ev, sites, until_found=True)
        search.add(made, 0)
        known[key] = search.found
    return known[key]


def class_name(made: Object) -> str:
    """Return what the class of an object, or the function that makes it, is called."""
    found = _class_of(made)
    return found.rpartition(".")[2] if isinstance(found, str) else getattr(found, "name", "")


def _class_of(made: Object) -> ast.AST | str:
    """Return what tells the object that an expression makes from others that it may make."""
    cls = made.cls if isinstance(made, Instance) else made
    return cls.path if isinstance(cls, Symbol) else getattr(cls, "node", "")


def _follows_mode(site: Site) -> bool:
    """Tell whether a site does one thing in training and another in inference."""
    if always_uses_batch(site) or always_uses_running(site):
        return False
    if site.api.kind != "layer":
        switched = "training" in site.api.roles or "inference" in site.api.roles
        return switched and not training_flag(site).is_known
    return site.api.mode_switch in ("object", "call-argument")


class _Search:
    """Looks for sites in what an object is made of: its class, the classes and calls in it.

    ``until_found`` is set where nothing is asked but whether there is one.
    """

    def __init__(self, ev: Evaluate, sites: Iterable[Site], *, until_found: bool = False) -> None:
        self.ev = ev
        self.until_found = until_found
        self.sites = {site.call: site for site in sites}
        self.modules = {site.module for site in self.sites.values()}
        words = ("setup_methods", "forward")
        self.begins = {"__init__", "__new__", *(n for w in words for n in ev.frameworks.word(w))}
        self.visits: dict[ast.AST, list[Env | None]] = {}
        self.found = False
        self.passed: list[Site] = []
        self.nodes: list[ast.AST] = []
        self.outside: list[Symbol | Unknown] = []

    def add(self, found: object, depth: int) -> None:
        if self.found and self.until_found:
            return
        if isinstance(found, Instance):
            if isinstance(found.cls, ClassRef):
                self.of_class(found.cls, depth, construction(self.ev, found))
            else:
                self.made_by(found.cls)
            if found.call is not None:
                self.inside(found.module, found.call, depth, found)
                self.grown(found, depth)
        elif isinstance(found, FunctionRef):
            self.inside(found.module, found.node, depth)
        elif isinstance(found, Partial):
            self.add(found.target.object, depth + 1)
        elif isinstance(found, ClassRef):
            self.of_class(found, depth, None)
        elif isinstance(found, Symbol):
            self.made_by(found)

    def of_class(self, cls: ClassRef, depth: int, env: Env | None) -> None:
        """Note what an object of a class is made of; ``env`` is what its constructor was given."""
        for ancestor in lineage(self.ev, cls):
            self.inside(ancestor.module, ancestor.node, depth, env=env)
        for base in outside_bases(self.ev, cls):
            if isinstance(base, Symbol):
                self.made_by(base)
            else:
                self.outside.append(base)

    def made_by(self, maker: Symbol) -> None:
        """Note a class or function from outside the file."""
        self.outside.append(maker)
        if self.ev.frameworks.means(maker.path, "builders"):
            self.found = True

    def inside(
        self,
        module: Module,
        node: ast.AST,
        depth: int,
        made: Instance | None = None,
        env: Env | None = None,
    ) -> None:
        """Note the sites, and what leads to further ones, inside ``node``.

        ``made`` is the object that ``node`` makes, which may call one of several classes. What a
        constructor leaves out under ``env`` does not count.
        """
        visits = self.visits.setdefault(node, [])
        if depth > _MAX_DEPTH or env in visits or len(visits) > (_MAX_VISITS if env else 0):
            return
        if not visits:
            self.nodes.append(node)
        visits.append(env)
        if module not in self.modules:
            self.modules.add(module)
            self.sites.update((site.call, site) for site in sites_in(self.ev, module))
        for call in self.parts(node):
            if self.found and self.until_found:
                return
            if not isinstance(call, ast.Call):
                continue
            given = env if env is not None and env.binds_any(module, call) else None
            if given is not None and is_dead(self.ev, module, call, given):
                continue
            callees = [value.object for value in self.ev.evaluate(module, call.func, given)]
            site = None if given and all(map(self.is_other, callees)) else self.sites.get(call)
            if site is not None:
                self.passed.append(site)
                self.found = self.found or _follows_mode(site)
            builds = not self.until_found
            for found in callees:
                builds = builds or self.may_hold(found)
                if made is not None and call is made.call and found != made.cls:
                    continue
                if isinstance(found, ClassRef):
                    inner = construction(self.ev, Instance(found, module, call, env))
                    self.of_class(found, depth + 1, inner)
                elif isinstance(found, (FunctionRef, Partial)):
                    self.add(found, depth + 1)
                elif isinstance(found, Symbol):
                    self.called(found, module, call, depth)
            for argument in call.args if builds else ():
                self.held(module, argument, depth)

    def is_other(self, callee: object) -> bool:
        """Tell whether a function that is given what it calls is given no API here."""
        return isinstance(callee, Symbol) and callee.path not in self.ev.frameworks.by_alias

    def held(self, module: Module, argument: ast.expr, depth: int) -> None:
        """Note what an argument carries that is built elsewhere: ``[base, head]``, ``*layers``."""
        if isinstance(argument, ast.Starred):
            argument = whose_parts(self.ev, module, argument.value) or argument.value
        if isinstance(argument, (ast.List, ast.Tuple)):
            for part in argument.elts:
                self.held(module, part, depth)
        elif isinstance(argument, (ast.Name, ast.Attribute)):
            for value in self.ev.evaluate(module, argument):
                items = value.object.items if isinstance(value.object, Sequence) else ()
                for one in (value, *(v for item in items for v in self.ev.argument(item))):
                    if isinstance(one.object, Instance):
                        self.add(one.object, depth + 1)

    def may_hold(self, callee: object) -> bool:
        """Tell whether what ``callee`` makes may hold what it is given: it is no plain function."""
        if isinstance(callee, Symbol):
            words = self.ev.frameworks
            return any(words.means(callee.path, word) is not None for word in MAKES_MODEL)
        return isinstance(callee, (ClassRef, FunctionRef, Partial))

    def parts(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes inside ``node``; of a class, those that run when it is set up or run.

        Layers are built there, and in what is called there.
        """
        if not isinstance(node, ast.ClassDef):
            yield from ast.walk(node)
            return
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                is_read = has_decorator(statement, "property", "cached_property")
                if statement.name not in self.begins and not is_read:
                    continue
            yield from ast.walk(statement)

    def called(self, callee: Symbol, module: Module, call: ast.Call, depth: int) -> None:
        """Note what a call of something outside the file adds."""
        frameworks = self.ev.frameworks
        if frameworks.means(callee.path, "builders"):
            self.found = True
        if frameworks.means(callee.path, "functional_models"):
            for value in slice_back(self.ev, module, call):
                self.inside(module, value, depth + 1)

    def grown(self, made: Instance, depth: int) -> None:
        """Note what ``model.add(...)`` and its like give an object held by a variable."""
        assert made.call is not None
        module = made.module
        parent = module.parents.get(made.call)
        target = parent.targets[0] if isinstance(parent, ast.Assign) else None
        if not isinstance(target, ast.Name):
            return
        scope = module.scope_node(made.call)
        for method in self.ev.frameworks.word("grows"):
            for call in module.calls_by_name.get(method, ()):
                owner = getattr(call.func, "value", None)
                if (
                    isinstance(owner, ast.Name)
                    and owner.id == target.id
                    and module.scope_node(call) is scope
                ):
                    self.inside(module, call, depth + 1)


def may_normalise(
    ev: Evaluate, sites: Iterable[Site], module: Module, model: ast.expr, framework: Framework
) -> bool:
    """Tell whether batch normalisation is in ``model``, or may be: the project builds some."""
    values = ev.evaluate(module, model)
    if not all(isinstance(value.object, Unknown) for value in values):
        return all(
            model_framework(ev, value) is framework and normalises(ev, sites, value)
            for value in values
        )
    resolver = getattr(ev.project, "resolver", None)
    if resolver is None:
        return bool(list(sites))
    return builds_norms(resolver, module.file)


def slice_back(ev: Evaluate, module: Module, call: ast.Call) -> Iterator[ast.expr]:
    """Yield the expressions from which the arguments of ``call`` come, by names, in its scope.

    Every value that a name ever has counts, so that what is yielded may be too much.
    """
    scope = ev.scope(module, module.scope_node(call))
    names = [
        part.id
        for argument in (*call.args, *(k.value for k in call.keywords))
        for part in ast.walk(argument)
        if isinstance(part, ast.Name)
    ]
    seen: set[str] = set()
    while names:
        name = names.pop()
        if name in seen:
            continue
        seen.add(name)
        for binding in scope.bindings.get(name, ()):
            if isinstance(binding.value, ast.expr):
                yield binding.value
                names += [p.id for p in ast.walk(binding.value) if isinstance(p, ast.Name)]


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers of names and attributes inside ``node``."""
    for part in ast.walk(node):
        if isinstance(part, (ast.Name, ast.Attribute)):
            yield last_name(part)
