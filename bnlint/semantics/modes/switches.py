"""What switches a model between training and inference, and what a call of it is for."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints import purposes
from bnlint.semantics.modes.carrying import holding
from bnlint.semantics.objects.events import CALL, METHOD, PART, READ, WRITE, CallSite, Life, Use
from bnlint.semantics.objects.models import Contents, slice_back
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.arguments import default_nodes
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.domain import Constant, Env, Evaluate, FunctionRef, Instance, Symbol
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.semantics.objects.allocations import Made

TRAINING, INFERENCE = "training", "inference"

_PLAIN_ROOTS = frozenset({"builtins", "abc", "typing", "collections", "enum"})


def switches(framework: Framework) -> frozenset[str]:
    """Return the methods that switch modes."""
    modes = framework.modes
    return frozenset(method for method, _ in (*modes.to_inference, *modes.to_training))


def mode_after(use: Use, framework: Framework) -> str | None:
    """Return the mode a method call switches to, ``""`` if not known, ``None`` if it does not."""
    modes = framework.modes
    table = dict.fromkeys(modes.to_inference, INFERENCE)
    table.update(dict.fromkeys(modes.to_training, TRAINING))
    if use.name not in switches(framework):
        return None
    assert isinstance(use.node, ast.Call)
    arguments = [*use.node.args, *(k.value for k in use.node.keywords)]
    if not arguments:
        return table.get((use.name, None), "")
    first = arguments[0]
    if len(arguments) == 1 and isinstance(first, ast.Constant):
        return table.get((use.name, bool(first.value)), "")
    return ""


def mode_at(ev: Evaluate, use: Use, framework: Framework, env: Env | None) -> str | None:
    """Return what :func:`mode_after` does, with what a function around the call is given."""
    mode = mode_after(use, framework)
    if mode != "" or env is None or use.via:
        return mode
    assert isinstance(use.node, ast.Call)
    arguments = [*use.node.args, *(k.value for k in use.node.keywords)]
    found = {value.object for value in ev.evaluate(use.module, arguments[0], env)}
    flag = found.pop() if len(found) == 1 and len(arguments) == 1 else None
    if not isinstance(flag, Constant):
        return mode
    given = ast.copy_location(ast.Constant(bool(flag.value)), arguments[0])
    call = ast.Call(use.node.func, [given], [])
    return mode_after(use._replace(node=call), framework)


def switches_to(module: Module, rows: Iterable[tuple[str, bool | None]]) -> bool:
    """Tell at little cost whether ``module`` makes one of the calls ``rows`` of any object.

    A row is a method and the literal argument it is called with, if with any.
    """
    for method, wanted in rows:
        for call in module.calls_by_name.get(method, ()):
            if isinstance(call.func, ast.Attribute):
                values = [*call.args, *(keyword.value for keyword in call.keywords)]
                given = [v.value for v in values if isinstance(v, ast.Constant)]
                if (not values) if wanted is None else (wanted in given):
                    return True
    return False


def runs(ev: Evaluate, use: Use) -> bool:
    """Tell whether a use runs the model: by a call, or by a method for a forward pass."""
    if use.kind == CALL:
        return True
    return use.kind == METHOD and (
        use.name in ev.frameworks.word("forward") or purposes.runs_forward(use.name)
    )


def may_switch(ev: Evaluate, life: Life, framework: Framework, to: str) -> bool:
    """Tell whether anything in the life may put the model, or parts of it, into mode ``to``."""
    methods = switches(framework)
    visiting = {*ev.frameworks.word("walks"), *ev.frameworks.word("visits")}
    for use in life.uses:
        if use.kind == METHOD:
            if mode_after(use, framework) in (to, ""):
                return True
            if use.name in visiting:
                return True  # what is done with each of the layers may switch them
            if use.name not in methods and purposes.tells_of_mode(use.name):
                return True
        if use.kind in (PART, READ, WRITE) and use.name in (*methods, framework.modes.attribute):
            return True
    return False


def is_made_of_switched(ev: Evaluate, module: Module, made: Made) -> bool:
    """Tell whether what an object is made of may have been switched before: models in variables."""
    calls = {made.call: module}
    for candidate in made.candidates:
        match candidate.object:
            case Instance(module=place, call=ast.Call() as call):
                calls[call] = place
    methods = switches(made.framework)
    return any(_is_of_switched(ev, place, call, methods) for call, place in calls.items())


def _is_of_switched(ev: Evaluate, module: Module, made: ast.Call, methods: Collection[str]) -> bool:
    parts = [part for value in (made, *slice_back(ev, module, made)) for part in ast.walk(value)]
    if any(isinstance(part, ast.Attribute) and part.attr in methods for part in parts):
        return True
    given = set(map(dotted, parts)) - {"", "self"}
    return not given.isdisjoint(_switched(ev, module, frozenset(methods)))


_SWITCHED: Memo[tuple[Module, frozenset[str]], set[str]] = Memo()


def _switched(ev: Evaluate, module: Module, methods: frozenset[str]) -> set[str]:
    """Return what a file calls ``methods`` of, as it is written, and what that is a part of."""

    def switched() -> set[str]:
        calls = (call for method in methods for call in module.calls_by_name.get(method, ()))
        return {dotted(part) for call in calls for part in ast.walk(call.func)}

    return _SWITCHED.once(ev, (module, methods), switched)


def manages_itself(ev: Evaluate, found: Contents, framework: Framework) -> bool:
    """Tell whether the object switches its own mode, or may: not all it is made of is in view."""
    methods = switches(framework)
    flags = {framework.modes.argument, framework.modes.inference_argument} - {""}
    for base in found.outside:
        if not isinstance(base, Symbol):
            return True
        if base.path.partition(".")[0] in _PLAIN_ROOTS or ev.frameworks.has_root(base.path):
            continue
        if not ev.frameworks.means(base.path, "builders"):
            return True
    for node in found.nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and (
                part.attr in methods
                or (part.attr == framework.modes.attribute and not _is_read(part))
            ):
                return True
            if isinstance(part, ast.FunctionDef) and (
                part.name in methods or _defaults_to_flag(part, flags)
            ):
                return True
            if isinstance(part, ast.keyword) and part.arg in flags:
                if isinstance(part.value, ast.Constant) and part.value.value is not None:
                    return True
    return False


def _is_read(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.ctx, ast.Load)


def _defaults_to_flag(function: ast.FunctionDef, flags: set[str]) -> bool:
    """Tell whether a parameter named for the mode has a default that chooses one."""
    return any(
        name in flags and isinstance(default, ast.Constant) and default.value is True
        for name, default in default_nodes(function.args).items()
    )


# ---------------------------------------------------------------------------------- gradients


def is_gradient_free(ev: Evaluate, module: Module, node: ast.expr) -> bool:
    """Tell whether ``node``, entered by ``with`` or used as a decorator, switches gradients off.

    With an argument, that depends on the argument: only a plain False is understood.
    """
    target = node.func if isinstance(node, ast.Call) else node
    for candidate in ev.evaluate(module, target):
        found = candidate.object
        if isinstance(found, Symbol) and ev.frameworks.means(found.path, "gradient_free"):
            if not isinstance(node, ast.Call):
                return True
            arguments = [*node.args, *(k.value for k in node.keywords)]
            return all(isinstance(a, ast.Constant) and a.value is False for a in arguments)
    return False


def takes_gradient(ev: Evaluate, node: ast.AST) -> bool:
    """Tell whether ``node`` is a call that takes gradients, by the last part of its name."""
    return isinstance(node, ast.Call) and names_gradient(ev, last_name(node.func))


def names_gradient(ev: Evaluate, name: str) -> bool:
    """Tell whether a call takes gradients whose name has ``name`` for its last part."""
    return purposes.takes_gradients(name) or any(
        path.rpartition(".")[2] == name for path in ev.frameworks.word("gradients")
    )


def has_gradient(ev: Evaluate, node: ast.AST) -> bool:
    """Tell whether gradients are taken inside ``node``."""
    return any(takes_gradient(ev, part) for part in ast.walk(node))


def feeds_gradient(
    ev: Evaluate, module: Module, call: ast.expr, via: tuple[CallSite, ...] = ()
) -> bool:
    """Tell whether what ``call`` gives may go into something that gradients are taken of.

    Followed by names: through the function around the call, and out of it to its callers, or to
    the one that ``via`` names. What is stored where it cannot be followed counts as going there.
    """
    return _OutputTrace(ev, module, via).reaches(call, 0)


def use_feeds_gradient(ev: Evaluate, use: Use) -> bool:
    """Tell whether what a run of a model gives may go into something gradients are taken of."""
    return feeds_gradient(ev, use.module, use.node, use.via)


def gives_result(ev: Evaluate, use: Use) -> bool:
    """Tell whether what a run of a model gives is taken for a result, in the function it runs in.

    It is printed, compared, or taken out of the framework: that is what inference is for.
    """
    scope = ev.scope(use.module, running_in(use.module, use.node))
    held = holding(ev, use.node, scope)
    return held is not None and any(
        isinstance(node, ast.Call)
        and purposes.takes_result(last_name(node.func))
        and any(part in held for part in _beside_shapes(node, use.node))
        for node in held
    )


def gives_only_shape(ev: Evaluate, use: Use) -> bool:
    """Tell whether nothing but the shape of what a run of a model gives is looked at."""
    module = use.module
    looked_at: list[ast.AST] = [use.node]
    statement = module.parents[use.node]
    if isinstance(statement, ast.Assign):
        parts = [part for target in statement.targets for part in ast.walk(target)]
        names = {part.id for part in parts if isinstance(part, ast.Name)}
        scope = ev.scope(module, running_in(module, use.node))
        held = holding(ev, use.node, scope) or ()
        looked_at = [part for part in held if isinstance(part, ast.Name) and part.id in names]
    return bool(looked_at) and all(
        isinstance(above := module.parents[part], ast.Attribute) and above.attr in _SHAPES
        for part in looked_at
    )


def _beside_shapes(call: ast.Call, run: ast.expr) -> Iterator[ast.expr]:
    """Yield the names in a call, and ``run``, of which more is asked for than a shape."""
    stack: list[ast.AST] = [call]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Attribute) and part.attr in _SHAPES:
            continue
        if isinstance(part, ast.Name) or part is run:
            yield part
        stack += ast.iter_child_nodes(part)


_SHAPES = frozenset({"shape", "size", "ndim", "dim", "dtype", "device"})

_MAX_CALLS = 4


class _OutputTrace:
    """Follows a value through the bindings that may hold it, in one function at a time."""

    def __init__(self, ev: Evaluate, module: Module, via: tuple[CallSite, ...]) -> None:
        self.ev = ev
        self.module = module
        self.via = via
        self.seen: set[ast.AST] = set()

    def reaches(self, start: ast.expr, depth: int) -> bool:
        if start in self.seen:
            return False
        self.seen.add(start)
        function = self.module.enclosing_function(start)
        if isinstance(function, ast.Lambda):
            return not self.via or self.at_caller(depth)
        scope = self.ev.scope(self.module, running_in(self.module, start))
        held = holding(self.ev, start, scope)
        if held is None:
            return True
        for node in held:
            if not isinstance(node, (ast.Call, ast.Yield, ast.YieldFrom, ast.Return)):
                continue
            if isinstance(node, ast.Call):
                if takes_gradient(self.ev, node) or self.trains_with(node, held):
                    return True
            elif (
                not isinstance(function, ast.FunctionDef)
                or (not isinstance(node, ast.Return) and not self.is_called(function))
                or depth >= _MAX_CALLS
                or self.leaves_to_gradient(function, depth)
            ):
                return True
        return False

    def leaves_to_gradient(self, function: ast.FunctionDef, depth: int) -> bool:
        """Tell whether what a function returns goes there."""
        if self.via and self.module.enclosing_function(function) is None:
            return self.at_caller(depth)
        return any(
            self.reaches(caller, depth + 1) for caller, _ in callers(self.ev, self.module, function)
        )

    def is_called(self, function: ast.FunctionDef) -> bool:
        """Tell whether it is known who calls a function, a generator for instance."""
        return bool(self.via or callers(self.ev, self.module, function))

    def at_caller(self, depth: int) -> bool:
        """Tell whether what the function gives goes there from where it is called."""
        *outer, last = self.via
        return _OutputTrace(self.ev, last.module, tuple(outer)).reaches(last.node, depth)

    def trains_with(self, call: ast.Call, held: Collection[ast.AST]) -> bool:
        """Tell whether ``call`` hands the value to code that trains."""
        if not any(part in held for part in (*call.args, *(k.value for k in call.keywords))):
            return False
        for callee in self.ev.evaluate(self.module, call.func):
            if isinstance(callee.object, FunctionRef):
                return has_gradient(self.ev, callee.object.node)
        return purposes.learns(last_name(call.func))
