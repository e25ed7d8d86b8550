"""Settings changed after construction: ``bn.eps = 1e-3``, and loops that set them for every layer.

A store that is sure to reach a layer replaces what its constructor said. One that may reach it
makes the setting unknown, unless both agree.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence

from bnlint.semantics.layers.class_tests import LayerTests, guards
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import is_method
from bnlint.semantics.values.classes import construction, lineage
from bnlint.semantics.values.domain import ClassRef, Env, Instance
from bnlint.semantics.values.value import absent, settle
from bnlint.startup.typed import NamedTuple

#: The roles whose attributes are followed.
ROLES = ("eps", "momentum")

_LOOPS = (ast.For, ast.AsyncFor)


class Store(NamedTuple):
    """``target.attribute = value`` in a statement; ``value`` is ``None`` where it is not plain."""

    module: Module
    target: ast.expr
    attribute: str
    value: ast.expr | None
    statement: ast.stmt

    @property
    def name(self) -> str:
        """The variable that the target is; empty where it is no variable."""
        return self.target.id if isinstance(self.target, ast.Name) else ""


class Reached(NamedTuple):
    """A site that a store reaches: its position, whether that is sure, and what it was given."""

    position: int
    certain: bool
    env: Env | None = None


def apply_stores(project: Project, module: Module, sites: Sequence[Site]) -> list[Site]:
    """Return ``sites`` with the settings they have once the stores of ``module`` have run."""
    wanted = {api.attribute(role) for site in sites for api in site.apis for role in ROLES}
    changed = list(sites)
    found = [
        (store, reached)
        for store in stores(module, wanted)
        for reached in _reached(project, store, sites)
    ]
    # What may happen at another time comes last: nothing is sure to undo it.
    for store, reached in sorted(found, key=lambda pair: not pair[1].certain):
        changed[reached.position] = _apply(project, changed[reached.position], store, reached)
    return changed


def may_pass(project: Project, store: Store, site: Site) -> bool:
    """Tell whether a store of another file, on any layer of some class, may be on one of ``site``.

    What is stored on something else is left out: on what was not asked for its class, and is not
    one of all parts of a model.
    """
    tests = tests_before(project, store)
    if not tests.ask_for_class and walked(project, loop_of(store)) is None:
        return False
    return any(tests.passed_by(resolution) is not False for resolution in site.resolutions)


def tests_before(project: Project, store: Store) -> LayerTests:
    """Return the tests behind which a store stands, from the loop or function around it on."""
    module = store.module
    end = loop_of(store) or module.enclosing_function(store.statement)
    found = guards(module, store.statement, end)
    return LayerTests(project.evaluator, module, found, store.name)


def stores(module: Module, attributes: Collection[str]) -> Iterator[Store]:
    """Yield where ``module`` stores one of ``attributes`` of anything, in source order."""
    found: list[Store] = []
    for node in module.stores:
        if node.attr in attributes:
            statement = module.statement(node)
            plain = isinstance(statement, ast.Assign) and any(node is t for t in statement.targets)
            value = statement.value if plain else None  # type: ignore[attr-defined]  # an Assign
            found.append(Store(module, node.value, node.attr, value, statement))
    for call in module.calls_by_name.get("setattr", ()):
        match call.args:
            case [target, ast.Constant(str(name)), value] if name in attributes:
                found.append(Store(module, target, name, value, module.statement(call)))
    yield from sorted(found, key=lambda s: (s.statement.lineno, s.statement.col_offset))


def _reached(project: Project, store: Store, sites: Sequence[Site]) -> list[Reached]:
    """Return the sites a store reaches."""
    targets = project.evaluator.evaluate(store.module, store.target)
    made = {v.object.call for v in targets if isinstance(v.object, Instance) and v.object.call}
    if made:
        loop = loop_of(store)
        sure = len(targets) == 1 or (loop is not None and len(made) == len(targets))
        sure = sure and not any(v.presumed for v in targets)
        return [
            Reached(index, sure and _always_runs(store, site, loop))
            for index, site in enumerate(sites)
            if site.call in made
        ]
    for value in targets:
        match value.object:
            case Instance(ClassRef() as cls):
                return list(_through_class(project, store, cls, sites))
    if store.name:
        return list(_among_all(project, store, sites))
    return [
        Reached(i, False) for i, site in enumerate(sites) if _may_be_named(project, store, site)
    ]


def _through_class(
    project: Project, store: Store, cls: ClassRef, sites: Sequence[Site]
) -> Iterator[Reached]:
    """Yield the layers of a class that derives from an API and sets its own attribute."""
    function = store.module.enclosing_function(store.statement)
    at_once = (
        getattr(function, "name", "") == "__init__"
        and store.module.parents.get(store.statement) is function
        and any(
            call.lineno <= store.statement.lineno
            for call in store.module.calls_by_name.get("__init__", ())
            if store.module.enclosing_function(call) is function
        )
    )
    for index, site in enumerate(sites):
        for resolution in site.resolutions:
            through = resolution.through
            if through is None:
                continue
            if cls in lineage(project.evaluator, through):
                env = None
                called = project.evaluator.evaluate(site.module, site.call.func)
                if len(called) == 1 and called[0].object == through:
                    instance = Instance(through, site.module, site.call)
                    env = construction(project.evaluator, instance)
                yield Reached(index, at_once and len(site.resolutions) == 1, env)
            elif through in lineage(project.evaluator, cls):
                yield Reached(index, False)  # a class derived from it sets the attribute


def loop_of(store: Store) -> ast.For | ast.AsyncFor | None:
    """Return the loop around a store whose variable its target is."""
    function = store.module.enclosing_function(store.statement)
    for around in store.module.ancestors(store.statement):
        if around is function:
            break
        if isinstance(around, _LOOPS):
            names = (n.id for n in ast.walk(around.target) if isinstance(n, ast.Name))
            if store.name in names:
                return around
    return None


def _always_runs(store: Store, site: Site, loop: ast.AST | None) -> bool:
    """Tell whether the store runs whenever the layer has been made.

    It does in the same block, or directly in a loop there, with no way out in between.
    """
    module = store.module
    runs: ast.stmt = store.statement
    if isinstance(loop, _LOOPS):
        if module.parents.get(store.statement) is not loop:
            return False
        runs = loop
    return _always_follows(module, module.statement(site.call), runs)


def _always_follows(module: Module, before: ast.stmt, after: ast.stmt) -> bool:
    """Tell whether a statement runs whenever one before it in its block has run."""
    first, last = module.place(before), module.place(after)
    if first.block is not last.block:
        return False
    leaving = module.leaving(first)
    following = bisect_right(leaving, first.position)
    return following == len(leaving) or leaving[following] >= last.position


def _among_all(project: Project, store: Store, sites: Sequence[Site]) -> Iterator[Reached]:
    """Yield the sites whose layers a variable that stands for any layer may be."""
    loop, tests = loop_of(store), tests_before(project, store)
    if loop is None and not tests.ask_for_class and not _is_applied(project, store):
        return  # a parameter that may be anything: nothing says that it is a layer
    root = walked(project, loop)
    for index, site in enumerate(sites):
        answers = {tests.passed_by(resolution) for resolution in site.resolutions}
        if answers != {False}:
            covered = loop is not None and _meets(store, loop, root, site)
            if covered is not None:
                yield Reached(index, answers == {True} and covered)


def _is_applied(project: Project, store: Store) -> bool:
    """Tell whether the function around a store is handed to a method that runs it on each layer."""
    name = getattr(store.module.enclosing_function(store.statement), "name", "")
    return any(
        last_name(argument) == name
        for method in project.frameworks.word("visits")
        for call in store.module.calls_by_name.get(method, ())
        for argument in call.args
    )


def walked(project: Project, loop: ast.For | ast.AsyncFor | None) -> ast.expr | None:
    """Return the object over whose parts a loop runs, if it runs over those of one."""
    walk = walk_of(project, loop)
    return walk.value if walk is not None else None


def walk_of(project: Project, loop: ast.For | ast.AsyncFor | None) -> ast.Attribute | None:
    """Return ``model.modules`` of a loop over the parts of an object, if it is one."""
    node = loop.iter if loop is not None else None
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute) and node.attr in project.frameworks.word("walks"):
        return node
    return None


def _meets(
    store: Store, loop: ast.For | ast.AsyncFor, root: ast.expr | None, site: Site
) -> bool | None:
    """Tell whether a loop is sure to meet a layer, may meet it, or (``None``) cannot."""
    module = store.module
    function = module.enclosing_function(loop)
    if function is None or not is_method(module, function) or not isinstance(root, ast.Name):
        return False
    positional = [*function.args.posonlyargs, *function.args.args]
    if root.id not in [parameter.arg for parameter in positional[:1]]:
        return False
    cls, around = module.enclosing_class(loop), module.enclosing_class(site.call)
    if around is not cls:
        return False if around is None or _mentions(module, cls, around.name) else None
    made = module.statement(site.call)
    beside = (node for node in (made, *module.ancestors(made)) if isinstance(node, ast.stmt))
    block = module.place(loop).block
    before = next((node for node in beside if module.place(node).block is block), made)
    return (
        module.enclosing_function(site.call) is function
        and made.lineno < loop.lineno
        and _always_follows(module, before, loop)
        # Directly an attribute of the object: a loop over its immediate parts meets it, too.
        and isinstance(made, ast.Assign)
        and made.value is site.call
        and isinstance(made.targets[0], ast.Attribute)
    )


def _mentions(module: Module, cls: ast.AST | None, name: str) -> bool:
    """Tell whether class ``cls`` uses ``name``, in itself or through classes it uses."""
    queue = [name]
    for wanted in queue:
        for use in module.uses.of(wanted):
            around: ast.AST | None = module.enclosing_class(use) or module.enclosing_function(use)
            if around is cls:
                return True
            user = getattr(around, "name", "")
            if user not in queue:
                queue.append(user)
    return False


def _may_be_named(project: Project, store: Store, site: Site) -> bool:
    """Tell whether a target that is not resolved (``model.bn1``, ``self.bns[0]``) may be a layer.

    It may if its last name is the one under which the layer is kept.
    """
    target = store.target
    while isinstance(target, (ast.Subscript, ast.Call)):
        target = target.value if isinstance(target, ast.Subscript) else target.func
    nodes: list[ast.expr] = []
    match site.module.statement(site.call):
        case ast.Assign(targets=nodes):
            pass
        case ast.Expr(ast.Call(func=func)):
            nodes = [func]  # self.bns.append(...)
    names = {
        part.attr if isinstance(part, ast.Attribute) else part.id
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, (ast.Attribute, ast.Name))
    } - {"self", *project.frameworks.word("grows")}
    return last_name(target) in names


def _apply(project: Project, site: Site, store: Store, reached: Reached) -> Site:
    values = dict(site.values)
    line = store.statement.lineno
    for role in ROLES:
        if not any(api.attribute(role) == store.attribute for api in site.apis):
            continue
        new = absent("it is changed step by step")
        if store.value is not None:
            found = project.evaluator.evaluate(store.module, store.value, reached.env)
            new = settle(found, store.value)
        if not new.is_known:
            values[role] = absent(f"line {line} sets it later: {new.why}")
        elif reached.certain:
            values[role] = new
        elif new.value != values[role].value or not values[role].is_known:
            values[role] = absent(f"line {line} may set it to {new.value!r} later")
    return site._replace(values=values)
