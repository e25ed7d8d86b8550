"""Batch normalisation that is told its mode: by a constant, or by a parameter of a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.frameworks.tables import Api
from bnlint.semantics.hints.purposes import asks_for_mode, says_mode, says_to_infer
from bnlint.semantics.objects.order import running_in
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.values.domain import Evaluate, Instance, Symbol
from bnlint.semantics.values.memo import Memo
from bnlint.startup.typed import NamedTuple

#: The value of each role that says to train.
ROLES = {"training": True, "inference": False}


class Told(NamedTuple):
    """A keyword by which batch normalisation is told its mode.

    ``role`` is what it is to ``api``, and ``trains`` the value that says to train. ``built`` tells
    that it is given when the layer is built, and not when it is called.
    """

    call: ast.Call
    keyword: ast.keyword
    api: Api
    role: str
    trains: bool
    built: bool


def told(ev: Evaluate, module: Module, *kinds: str) -> Iterator[Told]:
    """Yield the keywords by which APIs of the ``kinds`` are told their mode, in source order."""
    names = {
        api.roles[role]
        for api in ev.frameworks.apis.values()
        for role in ROLES
        if role in api.roles and api.kind in kinds
    }
    for call in module.calls:
        for keyword in call.keywords:
            if keyword.arg in names:
                found = _told(ev, module, call, keyword, kinds)
                if found is not None:
                    yield found


def _told(
    ev: Evaluate, module: Module, call: ast.Call, keyword: ast.keyword, kinds: tuple[str, ...]
) -> Told | None:
    """Return what ``keyword`` tells the layer that is called or built, or the function."""
    apis: list[Api] = []
    built = False
    for candidate in ev.evaluate(module, call.func):
        made = candidate.object
        if isinstance(made, Symbol):
            cls, built = made, True
        elif isinstance(made, Instance) and isinstance(made.cls, Symbol):
            cls = made.cls
        else:
            return None
        found = ev.frameworks.by_alias.get(cls.path, ())
        if not found:
            return None
        apis += found
    for role, value in ROLES.items():
        if all(_takes(api, role, str(keyword.arg), built, kinds) for api in apis):
            return Told(call, keyword, apis[0], role, value, built and apis[0].kind == "layer")
    return None


def _takes(api: Api, role: str, name: str, built: bool, kinds: tuple[str, ...]) -> bool:
    """Tell whether the mode of the API is said by ``name``, where it is built or called."""
    if api.kind not in kinds or api.roles.get(role) != name:
        return False
    if api.kind != "layer":
        return built
    if built:  # a mode that has a default is only that of a new layer
        return api.default_mode == "required" and api.parameter(name) is not None
    return any(parameter.name == name for parameter in api.call_signature)


def is_in_one_branch(ev: Evaluate, module: Module, flag: Told) -> bool:
    """Tell whether a test around the call asks for the mode, or it is told otherwise beside.

    That is the other branch of ``K.in_train_phase(...)``, ``tf.cond(...)`` and the like.
    """
    for around in module.ancestors(flag.call):
        if isinstance(around, (ast.If, ast.IfExp)) and asks_for_mode(ast.unparse(around.test)):
            return True
    if flag.built:
        return False  # another layer, which may be told another mode
    function = running_in(module, flag.call)
    while isinstance(function, ast.Lambda):
        function = running_in(module, function)
    said_there = _SAID.once(ev, function, lambda: set(_said(function)))
    value = flag.keyword.value
    said = value.value if isinstance(value, ast.Constant) else flag.trains
    written = ast.dump(flag.call.func), flag.keyword.arg
    others = [other for other in (True, False, None) if other is not said]
    return any((*written, other) in said_there for other in others)


#: What is called in a function with a constant under a keyword: the callee, the keyword and the
#: value, which is ``None`` for what is no switch.
_SAID: Memo[ast.AST, set[tuple[str, str | None, bool | None]]] = Memo()


def _said(function: ast.AST) -> Iterator[tuple[str, str | None, bool | None]]:
    for call in ast.walk(function):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                if isinstance(keyword.value, ast.Constant):
                    value = keyword.value.value
                    yield (
                        ast.dump(call.func),
                        keyword.arg,
                        value if isinstance(value, bool) else None,
                    )


class ModeParameter(NamedTuple):
    """A parameter of a function that says in which mode it runs; ``trains`` if true to train."""

    function: ast.FunctionDef | ast.AsyncFunctionDef
    name: str
    trains: bool

    def saying(self, trains: bool) -> str:
        """Return the text of an argument that is to say whether to train, or to infer."""
        return self.name if trains is self.trains else f"not {self.name}"


def mode_parameter(module: Module, node: ast.AST) -> ModeParameter | None:
    """Return the parameter of a function around ``node`` that says the mode.

    The innermost function that has one decides. One that is changed there is none.
    """
    for function in module.definitions(node):
        if isinstance(function, ast.ClassDef):
            continue
        found = mode_parameter_of(function)
        if found is not None:
            return None if _is_changed(found) else found
    return None


def mode_parameter_of(
    function: ast.FunctionDef | ast.AsyncFunctionDef,
) -> ModeParameter | None:
    """Return the parameter of ``function`` that says in which mode it runs."""
    spec = function.args
    for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        if says_mode(parameter.arg):
            return ModeParameter(function, parameter.arg, not says_to_infer(parameter.arg))
    return None


def _is_changed(parameter: ModeParameter) -> bool:
    return any(
        isinstance(part, ast.Name)
        and part.id == parameter.name
        and not isinstance(part.ctx, ast.Load)
        for part in ast.walk(parameter.function)
    )
