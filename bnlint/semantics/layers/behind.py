"""Layers that other files build for a class or function, with the settings that it gives them.

A model of a package hands its normalisation to blocks of other files
(``Conv2dNormActivation(..., norm_layer=partial(BatchNorm2d, eps=1e-3))``). Seen from their own
files such layers may have any setting; here the calls are followed from the model inwards, each
with its arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from bnlint.semantics.layers.attribute_writes import apply_stores
from bnlint.semantics.layers.external_writes import unsettled, without
from bnlint.semantics.layers.parts import named
from bnlint.semantics.layers.resolution import distinct
from bnlint.semantics.layers.sites import Site, site_under
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.index import Definition
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.arguments import arguments_of, bind, merge
from bnlint.semantics.values.classes import base_constructor, lineage, method
from bnlint.semantics.values.domain import (
    Argument,
    Arguments,
    Candidate,
    ClassRef,
    Decide,
    Env,
    Evaluate,
    FunctionRef,
    Instance,
    Partial,
)
from bnlint.semantics.values.value import agreed

#: So many calls are followed into one another, and so many in all.
_MAX_DEPTH, _MAX_CALLS = 16, 4_000

_WITH_BODY = (ast.FunctionDef, ast.AsyncFunctionDef)

_NOTHING = Arguments((), {})
_LATER = Arguments((), {}, "what it is called with", "what it is called with")


def layers_behind(project: Project, module: Module, part: str = "") -> dict[Module, list[Site]]:
    """Return the layers that other files build for ``module``, or a part of it, by their files."""
    walk = _Walk(project, module)
    start = named(module, part)
    if start is None:
        walk.through(module, module.tree, None, 0)
    else:
        walk.make(start)
    found: dict[Module, list[Site]] = {}
    for sites in walk.found.values():
        found.setdefault(sites[0].module, []).append(_joined(sites))
    return {other: _settled(project, other, sites) for other, sites in found.items()}


class _Walk:
    """Follows the calls of one file into others; ``found`` are the layers there, by their calls."""

    def __init__(self, project: Project, start: Module) -> None:
        self.found: dict[ast.Call, list[Site]] = {}
        self._ev = project.evaluator
        self._start = start
        self._followed = 0
        self._calls: dict[ast.AST, list[ast.Call]] = {}

    def make(self, start: Definition) -> None:
        """Follow what a class of the file makes, or a function, when nothing is given to it."""
        if isinstance(start, ast.ClassDef):
            self._construct(ClassRef(self._start, start), _NOTHING, None, 0)
        else:
            self._run(FunctionRef(self._start, start), _NOTHING, None, 0)

    def through(self, module: Module, node: ast.AST, env: Env | None, depth: int) -> None:
        """Follow the calls in ``node``, whose parameters ``env`` binds."""
        decide = self._ev.decide(module, env) if env is not None else None
        for call in self._calls_in(node):
            if decide is not None and not _may_run(module, call, node, decide):
                continue
            site = site_under(self._ev, module, call, env)
            if site is None:
                self._follow(module, call, env, depth + 1)
            elif module is not self._start:
                self.found.setdefault(call, []).append(site)

    def _calls_in(self, node: ast.AST) -> list[ast.Call]:
        if node not in self._calls:
            body = node.body if isinstance(node, _WITH_BODY) else [node]  # no decorators
            walked = (part for statement in body for part in ast.walk(statement))
            self._calls[node] = [part for part in walked if isinstance(part, ast.Call)]
        return self._calls[node]

    def _follow(self, module: Module, call: ast.Call, env: Env | None, depth: int) -> None:
        if depth > _MAX_DEPTH:
            return
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr == "__init__":
            callees, arguments = base_constructor(self._ev, module, call, env)
            me = _own(self._ev, module, call, env)
            for callee in callees if me is not None else ():
                if isinstance(callee.object, ClassRef):
                    found = method(self._ev, callee.object, "__init__")
                    if found is not None:
                        self._run(FunctionRef(found[0].module, found[1], me), arguments, env, depth)
            return
        callees = self._ev.evaluate(module, func, env)
        known = [c for c in callees if isinstance(c.object, (ClassRef, FunctionRef, Partial))]
        if len(known) > 1 and any(c.module is not self._start for c in known):
            return  # which of them the model has is chosen by what is not in view
        if known:
            arguments = arguments_of(self._ev, module, call, env)
            for callee in known:
                self._enter(callee, arguments, env, depth)

    def _enter(self, callee: Candidate, arguments: Arguments, env: Env | None, depth: int) -> None:
        match callee.object:
            case ClassRef():
                self._construct(callee.object, arguments, env, depth)
            case FunctionRef():
                self._run(callee.object, arguments, env, depth)
            case Partial(target, given):
                self._enter(target, merge(given, arguments), env, depth)

    def _construct(
        self, cls: ClassRef, arguments: Arguments, outer: Env | None, depth: int
    ) -> None:
        """Follow what the constructor of a class calls, and what its other methods do."""
        given: dict[tuple[ast.AST, str], Argument] = {}
        env = Env(given, outer)
        me = Instance(cls, cls.module, None, env)
        found = method(self._ev, cls, "__init__")
        if found is not None:
            owner, init = found
            if outer is not None and outer.binds(init):
                return
            given |= bind(owner.module, init, arguments, Candidate(me, owner.module, init))
            self._within(owner.module, init, env, depth)
        for ancestor in lineage(self._ev, cls):
            for function in ancestor.node.body:
                if isinstance(function, ast.FunctionDef) and function.name != "__init__":
                    bound = FunctionRef(ancestor.module, function, me)
                    self._run(bound, _LATER, env, depth)

    def _run(
        self, function: FunctionRef, arguments: Arguments, env: Env | None, depth: int
    ) -> None:
        """Follow the calls of a function that is called with ``arguments``."""
        node, module = function.node, function.module
        if env is not None and env.binds(node):
            return
        me = None
        if function.receiver is not None:
            me = Candidate(function.receiver, module, node)
        outer = function.env if function.env is not None else env
        self._within(module, node, Env(bind(module, node, arguments, me), outer), depth)

    def _within(self, module: Module, node: ast.AST, env: Env, depth: int) -> None:
        self._followed += 1
        if self._followed <= _MAX_CALLS:
            with self._ev.keeping(env):
                self.through(module, node, env, depth)


def _own(ev: Evaluate, module: Module, call: ast.Call, env: Env | None) -> Instance | None:
    """Return the object whose constructor ``call``, which runs another one, stands in."""
    match module.enclosing_function(call):
        case ast.FunctionDef(args=ast.arguments(args=[ast.arg(arg=name), *_])) as function:
            argument = env.find(function, name) if env is not None else None
            values = ev.argument(argument) if argument is not None else ()
            return next((v.object for v in values if isinstance(v.object, Instance)), None)
    return None


def _may_run(module: Module, call: ast.Call, within: ast.AST, decide: Decide) -> bool:
    """Tell whether a call may run: no test around it fails for certain."""
    inner: ast.AST = call
    for around in module.ancestors(call):
        if around is within:
            break
        if isinstance(around, (ast.If, ast.IfExp)) and inner is not around.test:
            body = around.body if isinstance(around, ast.If) else [around.body]
            answer = decide(around.test)
            if answer is not None and answer is not (inner in body):
                return False
        inner = around
    return True


def _joined(sites: Sequence[Site]) -> Site:
    """Return a layer as all the calls make it that lead to it."""
    reached = distinct(resolution for site in sites for resolution in site.resolutions)
    roles = dict.fromkeys(role for site in sites for role in site.values)
    values = {role: agreed([site.value(role) for site in sites]) for role in roles}
    doubt = next((site.doubt for site in sites if site.doubt), "")
    return sites[0]._replace(resolutions=reached, values=values, doubt=doubt)


def _settled(project: Project, module: Module, sites: Sequence[Site]) -> list[Site]:
    """Return the layers of a file with what is set of them later."""
    in_order = sorted(sites, key=lambda site: (site.call.lineno, site.call.col_offset))
    changed = apply_stores(project, module, in_order)
    return [without(site, unsettled(project, site)) for site in changed]
