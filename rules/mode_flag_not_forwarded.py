"""A function that is told the mode, and does not tell its batch normalisation.

What it does
------------
Looks at functions with a parameter that says the mode (``is_training``, ``train``,
``deterministic``), and at the batch normalisation in them that is told its mode by an argument
(``tf.layers``, TF-Slim). It reports a call that leaves the argument at its default. So it does
where such a function, or a module of Flax, Haiku or Equinox, calls a function or module of the
project that passes its own flag on to batch normalisation, and leaves that at its default.

Left alone are Keras layers, which get the flag from the call around them; code with an
``arg_scope``, which may set it; calls behind a test of the flag; and layers that are frozen.

Why it matters
--------------
The caller asks for inference, and the layer goes on training, or the other way round: the flag has
no effect on it, and nothing fails.

Example
-------
Hazard:

    import tensorflow as tf

    def block(x, is_training):
        x = tf.layers.conv2d(x, 32, 3, use_bias=False)
        x = tf.layers.batch_normalization(x)
        return tf.nn.relu(x)

Clean:

    import tensorflow as tf

    def block(x, is_training):
        x = tf.layers.conv2d(x, 32, 3, use_bias=False)
        x = tf.layers.batch_normalization(x, training=is_training)
        return tf.nn.relu(x)

Fix
---
Passes the flag on, turned round where the one says to train and the other to infer.

Fix safety
----------
Unsafe always: what was trained with the flag left out has other statistics.

Not written where the layer is chosen in another place.

Numbers
-------
``tf.layers.batch_normalization`` on ones gives 0.9995004 in training where it is left at its
default, and 0 where it is told to train; the moving mean stays at 0.

References
----------
Measured with TensorFlow 2.15.1 and 2.21.0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.engine.trials import trial_of_modes
from bnlint.finding import UNSAFE, Finding, Fix, SetKeyword
from bnlint.fixes.build import rewrite
from bnlint.frameworks.tables import Framework
from bnlint.rule import Context, Rule, as_said
from bnlint.semantics.hints.around import is_frozen, names_around
from bnlint.semantics.hints.purposes import wants_running_statistics
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.layers.traits import training_flag
from bnlint.semantics.modes.told import (
    ModeParameter,
    mode_parameter,
    mode_parameter_of,
    told,
)
from bnlint.semantics.syntax.module import Module, last_name
from bnlint.semantics.values.arguments import arguments_of, bind, default_nodes
from bnlint.semantics.values.classes import method
from bnlint.semantics.values.domain import Candidate, ClassRef, Evaluate, FunctionRef, Instance
from bnlint.trial import INFERENCE, OUTPUT, STATISTICS, TRAINING, Trial

RULE = Rule("BN215", "mode-flag-not-forwarded", "warning")


def check_file(context: Context) -> Iterator[Finding]:
    """Report batch normalisation that is left at its default beside a flag that says the mode."""
    module = context.module
    flags = [f for f in module.functions if mode_parameter_of(f) is not None]
    if not flags or _is_scoped(context):
        return
    for site in context.sites:
        if site.api.kind == "function":
            yield from _site(site, context)
    for flag in flags:
        yield from _calls(flag, context)


def _is_scoped(context: Context) -> bool:
    """Tell whether arguments may be set for all calls in a scope, here or around this file."""
    module, resolver = context.module, context.project.resolver
    names = {path.rpartition(".")[2] for path in context.frameworks.word("scopes")}
    if any(name in module.uses for name in names):
        return True
    if resolver is None or not names:
        return False
    return bool(resolver.sources.search(module.file, rf"\b(?:{'|'.join(sorted(names))})\("))


def _flag(node: ast.AST, context: Context) -> ModeParameter | None:
    """Return the flag of the function around ``node`` that decides, if nothing does instead."""
    module = context.module
    flag = mode_parameter(module, node)
    if flag is None or is_frozen(module, node):
        return None
    if any(map(wants_running_statistics, names_around(module, node))):
        return None
    child = node
    for around in module.ancestors(node):
        if around is flag.function:
            return flag
        test = around.test if isinstance(around, (ast.If, ast.IfExp)) else None
        given = (*around.args, *around.keywords) if isinstance(around, ast.Call) else ()
        for part in (test, *(g for g in given if g is not child)):
            if part is not None and _mentions(part, flag.name):
                return None  # one branch of a test of the flag, or of tf.cond(flag, ...)
        child = around
    return None


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _site(site: Site, context: Context) -> Iterator[Finding]:
    said = training_flag(site)
    if not said.from_default:
        return
    given = [*site.call.args, *(keyword.value for keyword in site.call.keywords)]
    flag = _flag(site.call, context)
    if flag is None or any(_mentions(part, flag.name) for part in given):
        return
    if any(keyword.arg == "trainable" for keyword in site.call.keywords):
        return  # frozen
    name, does = site.api.roles["training"], "trains" if said.value else "infers"
    text = flag.saying(trains=True)
    yield context.report(
        RULE,
        site.call,
        f"{flag.function.name}() is told {as_said(flag.name)}, and this {site.api.short_name} "
        "is not: it "
        f"always {does}, the default of {name}",
        help=f"write {name}={text}",
        confidence="medium" if site.presumed else None,
        fix=rewrite(context, site, "training", text, UNSAFE, reason=_REASON),
        site=site,
        trial=_trial(site.api.framework),
    )


def _trial(framework: Framework) -> Trial:
    """Compare the mode of a bare call with the other one."""
    if framework.modes.initial == INFERENCE:
        return trial_of_modes(framework, STATISTICS, INFERENCE, TRAINING)
    return trial_of_modes(framework, OUTPUT)


_REASON = "what was trained without the flag has other statistics"


# ---------------------------------------------------------------------------------- helpers


def _calls(function: ast.FunctionDef | ast.AsyncFunctionDef, context: Context) -> Iterator[Finding]:
    """Report calls in ``function`` of what takes a flag, that leave it at its default."""
    module = context.module
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or any(k.arg is None for k in call.keywords):
            continue
        inner = _callee(call, context)
        if inner is None:
            continue
        flag = _flag(call, context)  # which looks through all of the function
        if flag is None or flag.function is not function:
            continue
        default = default_nodes(inner.function.args)[inner.name]
        text = f"{inner.name}={flag.saying(inner.trains)}"
        does = "trains" if ast.unparse(default) == str(inner.trains) else "infers"
        yield context.report(
            RULE,
            call,
            f"{function.name}() is told {as_said(flag.name)}, and {_name(call)} is not: its batch "
            f"normalisation always {does}, the default of {inner.name}",
            help=f"write {text}",
            fix=Fix(
                UNSAFE,
                f"write {text}",
                (SetKeyword(module.span(call), *text.split("=")),),
                _REASON,
            ),
        )


def _name(call: ast.Call) -> str:
    """Return what messages call what is called: ``block()``, or ``Block()(...)``."""
    made = call.func
    return (
        f"{last_name(made.func)}()(...)" if isinstance(made, ast.Call) else f"{last_name(made)}()"
    )


def _callee(call: ast.Call, context: Context) -> ModeParameter | None:
    """Return the flag of what is called, if it is left at its default and a layer is told by it."""
    ev, module = context.evaluator, context.module
    values = ev.evaluate(module, call.func)
    found = values[0].object
    if len(values) != 1 or values[0].presumed:
        return None
    if isinstance(found, Instance) and isinstance(found.cls, ClassRef):
        own = (method(ev, found.cls, name) for name in ev.frameworks.word("forward"))
        for cls, forward in filter(None, own):
            found = FunctionRef(cls.module, forward, found)
            break
    if not isinstance(found, FunctionRef) or isinstance(found.node, ast.Lambda):
        return None
    inner = mode_parameter_of(found.node)
    if inner is None or not _reaches_norm(ev, found.module, inner):
        return None
    me = Candidate(found.receiver, found.module, found.node) if found.receiver else None
    given = bind(found.module, found.node, arguments_of(ev, module, call, None), me)
    default = default_nodes(found.node.args).get(inner.name)
    is_left = given[found.node, inner.name].node is default
    return inner if is_left and _is_truth(default) else None


def _is_truth(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _reaches_norm(ev: Evaluate, module: Module, flag: ModeParameter) -> bool:
    """Tell whether batch normalisation in the function is told its mode by ``flag``."""
    inside = set(ast.walk(flag.function))
    return any(
        one.call in inside and _mentions(one.keyword.value, flag.name)
        for one in told(ev, module, "layer", "function")
        if not one.api.framework.modes.forwards
    )
