"""The two sides of a comparison run in different modes.

What it does
------------
In a file that builds a model or layer in two frameworks and runs both, follows each object to its
first call. PyTorch layers start in training mode, Keras and MindSpore layers in inference: where
neither is switched, or only one, the two calls compute different things, and this is reported. A
call of ``predict`` is one in inference, whatever the mode; ready-made models count on either side.

Both lives must be in view up to the call. Where ``fit`` or ``evaluate`` decide the mode, or the
object is passed to other code, nothing is reported.

Why it matters
--------------
One side normalises with the batch, the other with its running statistics. The outputs differ by
orders more than any eps can explain, and both are right.

Example
-------
Hazard:

    import keras
    import numpy as np
    import torch

    reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
    port = torch.nn.BatchNorm1d(3)
    x = np.ones((2, 3), "float32")
    print(reference(x), port(torch.from_numpy(x)))

Clean:

    import keras
    import numpy as np
    import torch

    reference = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
    port = torch.nn.BatchNorm1d(3).eval()
    x = np.ones((2, 3), "float32")
    print(reference(x), port(torch.from_numpy(x)))

Fix
---
Switches the later side to the mode of the other.

Fix safety
----------
Unsafe always: which of the two modes is meant is not known.

Not written where the later side takes its mode as an argument of each call.

Numbers
-------
Ones through a fresh layer: PyTorch in training mode gives 0.0, in inference 0.999995, Keras in
inference 0.9995004.

References
----------
Measured with torch 2.13.0, Keras 3.15.1 and MindSpore 2.10.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import layer_of_family
from bnlint.finding import UNSAFE, Finding, Fix, InsertStatement
from bnlint.frameworks.tables import Framework, Modes
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.purposes import tells_of_mode
from bnlint.semantics.modes.histories import History
from bnlint.semantics.modes.switches import (
    INFERENCE,
    TRAINING,
    feeds_gradient,
    mode_after,
    runs,
    switches,
)
from bnlint.semantics.objects.allocations import Made
from bnlint.semantics.objects.events import CALL, ESCAPE, METHOD, PART, READ, WRITE, Life, Use
from bnlint.semantics.syntax.module import dotted
from bnlint.semantics.values.callers import callers
from bnlint.semantics.values.value import settle
from bnlint.startup.typed import NamedTuple

#: Of two findings about the mode of one object, the one that has a reference is kept.
from bnlint.trial import OUTPUT, Trial

RULE = Rule("BN211", "modes-differ", "error", precedence=50)


class Run(NamedTuple):
    """What an object is run as: its first call whose result is used, and the modes of all.

    ``why`` says what put it into the mode, if anything did. What ``predicts`` gives plain arrays.
    """

    made: Made
    call: ast.Call
    model: ast.expr
    scope: ast.AST
    modes: frozenset[str]
    why: str
    predicts: bool

    @property
    def mode(self) -> str:
        """The mode of all runs."""
        return next(iter(self.modes))


def check_file(context: Context) -> Iterator[Finding]:
    """Report the later of two objects that run in different modes."""
    frameworks = context.frameworks.frameworks.values()
    ecosystems = {framework.ecosystem for framework in frameworks}
    if len(ecosystems) < 2 or _sets_phase(context):
        return
    found = sorted(_runs(context), key=lambda r: (r.call.lineno, r.call.col_offset))
    for first, second in _pairs(found, context):
        if first.modes & second.modes:
            continue  # so it is, too, where one of them runs in both
        # One side that is trained and one that is only run are no comparison.
        if _is_trained(first, context) is _is_trained(second, context):
            yield _report(context, first, second)


def _is_trained(run: Run, context: Context) -> bool:
    """Tell whether gradients are taken of what the run gives: arrays have none."""
    return not run.predicts and feeds_gradient(context.evaluator, context.module, run.call)


def _sets_phase(context: Context) -> bool:
    return any(
        path.rpartition(".")[2] in context.module.calls_by_name
        for path in context.frameworks.word("phase_setters")
    )


def _pairs(runs: list[Run], context: Context) -> Iterator[tuple[Run, Run]]:
    """Yield what is compared: the first runs of a scope, and its n-th where there are as many."""
    by_scope: dict[ast.AST, dict[str, list[Run]]] = {}
    for run in runs:
        sides = by_scope.setdefault(run.scope, {})
        sides.setdefault(run.made.framework.ecosystem, []).append(run)
    paired = False
    for sides in by_scope.values():
        one, *others = sides.values()
        for other in others:
            paired = True
            count = len(one) if len(one) == len(other) else 1
            yield from zip(one[:count], other[:count], strict=True)
    if not paired and len(runs) == 2 and len(by_scope) == 2:
        first, second = runs
        if first.made.framework.ecosystem != second.made.framework.ecosystem:
            if _callers(first, context) & _callers(second, context):
                yield first, second


def _callers(run: Run, context: Context) -> set[ast.AST]:
    """Return the scopes in which the function that holds a run is called."""
    if not isinstance(run.scope, ast.FunctionDef):
        return {run.scope}
    found = callers(context.evaluator, context.module, run.scope)
    return {_scope(context, call) for call, _ in found}


def _scope(context: Context, node: ast.AST) -> ast.AST:
    return context.module.enclosing_function(node) or context.module.tree


# ---------------------------------------------------------------------------------- one object


def _runs(context: Context) -> Iterator[Run]:
    ways = ("object", "call-argument")
    for history in context.histories(shows=True, switches=ways, whole=False):
        run = _run(context, history) if history.follows_its_mode() else None
        if run is not None:
            yield run


def _run(context: Context, history: History) -> Run | None:
    """Follow the object in order through its calls; ``None`` if a mode is not known."""
    made, life = history.made, _as_the_file_shows(history.life, context)
    ran = {use: call for use in life.uses if (call := _output(use, made, context)) is not None}
    calls = list(ran.values())
    if not calls or (life.escapes and not any(u.kind == ESCAPE for u in life.uses)):
        return None
    scope = _scope(context, calls[0])
    mode, why = made.framework.modes.initial, ""
    found: set[str] = set()
    known: dict[int, int] = {}
    for use in _in_order(life, made, scope, context):
        if use.kind == ESCAPE or _is_opaque(use, made, context):
            break
        new = mode_after(use, made.framework) if use.kind == METHOD else None
        if new is not None:
            if not new or not _always_before(use.node, calls, context, known):
                break
            mode, why = new, "switched"
        if use in ran:
            asked: str | None = ""
            if _infers(use, made.framework, context):
                asked, why = INFERENCE, f"{use.name}() infers"
            elif made.framework.modes.switch == "call-argument":
                asked = _flag(ran[use], made.framework.modes, context)
                why = "switched" if asked else why
            if asked is None or (asked or mode) not in (TRAINING, INFERENCE):
                break
            found.add(asked or mode)
    # Where something was done that may switch it, what was run before then still counts.
    first = next(iter(ran))
    predicts = _infers(first, made.framework, context)
    if not found:
        return None
    return Run(made, calls[0], first.model, scope, frozenset(found), why, predicts)


def _output(use: Use, made: Made, context: Context) -> ast.Call | None:
    """Return the call that a use is if it runs the object, and what that gives is used."""
    call = use.node
    if not isinstance(call, ast.Call) or isinstance(context.module.parents[call], ast.Expr):
        return None
    gives = runs(context.evaluator, use) or _infers(use, made.framework, context)
    return call if gives else None


def _infers(use: Use, framework: Framework, context: Context) -> bool:
    """Tell whether a method of the framework's runs the object in inference, whatever its mode."""
    return use.kind == METHOD and context.frameworks.shares(
        use.name, "inference_methods", framework
    )


def _as_the_file_shows(life: Life, context: Context) -> Life:
    """Return the life with what code elsewhere does, if it does anything, as an escape."""
    words = [context.frameworks.word(w) for w in ("weights_attributes", "load_methods", "keeps")]
    changing = {n for f in context.frameworks.frameworks.values() for n in switches(f)}
    uses: list[Use] = []
    for use in life.uses:
        if not use.via:
            uses.append(use)
        elif use.name in changing or not (
            use.kind in (READ, PART)
            or (use.kind == METHOD and any(use.name in names for names in words))
        ):
            uses.append(Use(ESCAPE, use.here, context.module, "code elsewhere"))
    return life._replace(uses=tuple(uses))


def _in_order(life: Life, made: Made, scope: ast.AST, context: Context) -> list[Use]:
    """Return the uses in the order in which they happen; none if that is not known.

    Those of the function that makes the object come before those of the function that runs it.
    """
    home = _scope(context, made.call)
    places = [_scope(context, use.node) for use in life.uses]
    ran = [use.kind == CALL or _output(use, made, context) is not None for use in life.uses]
    changing = {
        place
        for use, place in zip(life.uses, places, strict=True)
        if use.kind != CALL and (use.kind != METHOD or use.name in switches(made.framework))
    }
    is_factory = home is not scope and home not in context.module.ancestors(scope)
    known = {scope} | ({home} if is_factory else set())
    if changing - known or any(
        is_run and place is not scope for is_run, place in zip(ran, places, strict=True)
    ):
        return []
    earlier = [u for u, place in zip(life.uses, places, strict=True) if place is not scope]
    return earlier + [u for u, place in zip(life.uses, places, strict=True) if place is scope]


def _is_opaque(use: Use, made: Made, context: Context) -> bool:
    """Tell whether a use may leave the object in a mode that is not known."""
    framework, words = made.framework, context.frameworks.word
    if use.kind == METHOD:
        if use.name in switches(framework) or _infers(use, framework, context):
            return False
        names = (*words("driver_methods"), *words("walks"), *words("visits"))
        return use.name in names or tells_of_mode(use.name)
    if use.kind == WRITE and framework.modes.switch == "call-argument":
        return True  # trainable = False keeps a layer in inference
    own = {*switches(framework), framework.modes.attribute} - {""}
    return use.kind in (READ, WRITE, PART) and use.name in own


def _always_before(
    switch: ast.expr, calls: list[ast.Call], context: Context, known: dict[int, int]
) -> bool:
    """Tell whether a switch happens whenever one of the calls after it does.

    ``known`` keeps, by the block of a switch, the last line of a call that stands outside of it.
    """
    module = context.module
    block = module.place(module.statement(switch)).block
    if id(block) not in known:
        scope, inside = _scope(context, switch), set(block)
        outside = (
            call.lineno
            for call in calls
            if _scope(context, call) is scope and inside.isdisjoint(module.ancestors(call))
        )
        known[id(block)] = max(outside, default=0)
    return known[id(block)] < switch.lineno


def _flag(call: ast.Call, modes: Modes, context: Context) -> str | None:
    """Return the mode a call asks for, ``""`` if it asks for none, ``None`` if not known."""
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        if keyword.arg in (modes.argument, modes.inference_argument):
            value = settle(context.evaluator.evaluate(context.module, keyword.value), keyword.value)
            if value.kind != "known" or not isinstance(value.value, bool):
                return None if value.value is not None or not value.is_known else ""
            return TRAINING if value.value is (keyword.arg == modes.argument) else INFERENCE
    return "" if len(call.args) == 1 else None


def _report(context: Context, first: Run, second: Run) -> Finding:
    module = context.module
    modes = second.made.framework.modes
    names = [dotted(run.model) or module.source(run.model) for run in (first, second)]
    said = [as_said(name) for name in names]
    message = (
        f"{said[1]} runs in {second.mode} mode ({_how(second)}), {said[0]} on line "
        f"{first.call.lineno} in {first.mode} mode ({_how(first)}): one normalises with the batch, "
        "the other with running statistics"
    )
    fix = None
    advice = f"run both in {first.mode} mode, or both in {second.mode} mode"
    to_first = modes.to_inference if first.mode == INFERENCE else modes.to_training
    if modes.switch == "object":
        method, argument = to_first[0]
        text = f"{names[1]}.{method}({'' if argument is None else argument})"
        advice = f"write {text} before the call, or switch {said[0]} to {second.mode} mode"
        statement = module.statement(second.call)
        fix = Fix(
            UNSAFE,
            f"insert {text}",
            (InsertStatement(module.span(statement), text),),
            "which of the two modes is meant is not known",
        )
    trial = _trial(first, second)
    finding = context.report(RULE, second.call, message, help=advice, fix=fix, trial=trial)
    # The object of which another rule may speak that needs no reference.
    objects = [r for r in (first, second) if r.made.framework.modes.switch == "object"]
    started = [r for r in objects if r.made.framework.modes.initial == INFERENCE]
    subject = (started or objects or [second])[0].made.call
    return finding._replace(subject=module.span(subject).start, argument="mode")


def _how(run: Run) -> str:
    return run.why or f"as {run.made.framework.title} starts"


def _trial(first: Run, second: Run) -> Trial:
    """Compare the two sides in the modes they run in, and then in one; with one eps."""
    reference = layer_of_family(first.made.framework.name, first.mode, eps=_EPS)
    port = layer_of_family(second.made.framework.name, second.mode, eps=_EPS)
    fixed = port._replace(mode=first.mode)
    return Trial(OUTPUT, port, reference, fixed, about="output")


#: The eps of both sides of an experiment that is about the mode alone.
_EPS = 1e-3
