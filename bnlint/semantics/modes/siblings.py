"""Functions that do the same job with the same model, of which one switches it and one does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.frameworks.tables import Framework
from bnlint.semantics.hints.purposes import (
    runs_forward,
    runs_in_training_on_purpose,
    tells_of_mode,
)
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.modes.inference import infers_by_name
from bnlint.semantics.modes.switches import INFERENCE, mode_after, switches
from bnlint.semantics.objects.decorators import sees_through
from bnlint.semantics.objects.events import METHOD, Use
from bnlint.semantics.objects.history import switching_files
from bnlint.semantics.objects.models import may_normalise
from bnlint.semantics.syntax.module import Module, dotted, last_name
from bnlint.semantics.values.classes import sets_up
from bnlint.semantics.values.domain import Evaluate
from bnlint.startup.typed import NamedTuple

_Function = ast.FunctionDef | ast.AsyncFunctionDef

#: Methods are followed into each other this far.
_MAX_CALLS = 3


class Sibling(NamedTuple):
    """A run of ``model`` (as written, ``self.model``) in ``function``, for inference.

    ``switching`` is the function beside it that switches the model, at ``switch``, and then runs it
    for inference too.
    """

    run: ast.Call
    model: str
    function: _Function
    switching: _Function
    switch: ast.Call
    framework: Framework


class _Found:
    """What a method, and those of its own that it calls, do with a model that ``self`` holds.

    ``run`` is the first run of it, ``switch`` the first switch to inference if that comes before.
    ``is_clear`` tells that nothing else may switch it.
    """

    def __init__(self, is_clear: bool) -> None:
        self.run: ast.Call | None = None
        self.switch: ast.Call | None = None
        self.is_clear = is_clear


def siblings(ev: Evaluate, module: Module, sites: Sequence[Site]) -> Iterator[Sibling]:
    """Yield runs for inference in methods that do not switch a model as others of the class do.

    Whoever makes the object may have switched the model before. So nothing that sets the object up
    may switch it, nor what calls the method, in any file.
    """
    for framework in _frameworks(ev, module):
        for cls in module.classes:
            yield from _Class(ev, module, cls, framework).siblings(sites)


def _frameworks(ev: Evaluate, module: Module) -> Iterator[Framework]:
    for framework in ev.frameworks.frameworks.values():
        modes = framework.modes
        if modes.switch == "object" and modes.initial == "training":
            if any(module.calls_by_name.get(method) for method, _ in modes.to_inference):
                yield framework


class _Class:
    """The methods of one class, and what they do with one attribute that holds a model."""

    def __init__(
        self, ev: Evaluate, module: Module, cls: ast.ClassDef, framework: Framework
    ) -> None:
        self.ev = ev
        self.module = module
        self.cls = cls
        self.framework = framework
        self.methods = {
            part.name: part
            for part in cls.body
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
        }

    def siblings(self, sites: Sequence[Site]) -> Iterator[Sibling]:
        """Yield what :func:`siblings` yields, of this class."""
        inferring = [m for name, m in self.methods.items() if infers_by_name(name)]
        if len(inferring) < 2:
            return
        for attribute in self.switched():
            deeds = {method: self.deed(method, attribute, 0) for method in inferring}
            pairs = [(m, d.switch) for m, d in deeds.items() if d.switch is not None and d.run]
            silent = [(m, d.run) for m, d in deeds.items() if d.switch is None and d.is_clear]
            if not pairs or self.is_set_up_switched():
                continue
            for method, run in silent:
                if run is None or not self.stands_alone(method, attribute):
                    continue
                held = self.held(run, attribute)
                if held is not None and may_normalise(
                    self.ev, sites, self.module, held, self.framework
                ):
                    switching, switch = pairs[0]
                    model = f"self.{attribute}"
                    yield Sibling(run, model, method, switching, switch, self.framework)

    def switched(self) -> list[str]:
        """Return the attributes of ``self`` that methods switch to inference."""
        return list(
            dict.fromkeys(
                call.func.value.attr
                for method in self.methods.values()
                for call in ast.walk(method)
                if isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and isinstance(call.func.value, ast.Attribute)
                and dotted(call.func.value.value) == "self"
                and self.switches_to_inference(call)
            )
        )

    def switches_to_inference(self, call: ast.Call) -> bool:
        assert isinstance(call.func, ast.Attribute)
        use = Use(METHOD, call, self.module, call.func.attr)
        return mode_after(use, self.framework) == INFERENCE

    def deed(self, method: _Function, attribute: str, depth: int) -> _Found:
        """Return what ``method`` does with ``self.attribute``, in the order of its text."""
        found = _Found(sees_through(self.ev, self.module, method))
        calls = [part for part in ast.walk(method) if isinstance(part, ast.Call)]
        for call in sorted(calls, key=lambda c: (c.lineno, c.col_offset)):
            self.note(call, f"self.{attribute}", depth, found)
        if any(
            isinstance(part, ast.Attribute)
            and part.attr == attribute
            and not isinstance(part.ctx, ast.Load)
            for part in ast.walk(method)
        ):
            found.is_clear = False  # the method makes or replaces the model
        return found

    def note(self, call: ast.Call, model: str, depth: int, found: _Found) -> None:
        """Add to ``found`` what one call does with ``model``, as it is written."""
        func = call.func
        owner, _, name = dotted(func).rpartition(".")
        given = any(dotted(argument) == model for argument in call.args)
        if dotted(func) == model or (owner == model and self.is_run(name)):
            found.run = found.run or call
        elif isinstance(func, ast.Attribute) and func.attr in switches(self.framework):
            if owner == model and found.run is None and self.switches_to_inference(call):
                found.switch = found.switch or call
            found.is_clear = False
        elif owner == "self" and name in self.methods:
            if depth >= _MAX_CALLS:
                found.is_clear = False
                return
            inner = self.deed(self.methods[name], model.partition(".")[2], depth + 1)
            if found.run is None:
                found.switch = found.switch or inner.switch
            found.is_clear = found.is_clear and inner.is_clear
            if inner.run is not None or self.runs_given(self.methods[name], call, model):
                found.run = found.run or call
        elif tells_of_mode(name or owner) and (given or owner in ("self", model)):
            found.is_clear = False
        elif given and not isinstance(self.module.parents.get(call), ast.Expr):
            if not self.ev.frameworks.has_root(self.path_of(func)):
                found.is_clear = False

    def is_run(self, method: str) -> bool:
        """Tell whether a method of the model runs it."""
        return method in self.ev.frameworks.word("forward") or runs_forward(method)

    def path_of(self, func: ast.expr) -> str:
        """Return the import path of what is called; empty if it is none, or not known."""
        values = self.ev.evaluate(self.module, func)
        return str(getattr(values[0].object, "path", "")) if len(values) == 1 else ""

    def runs_given(self, method: _Function, call: ast.Call, text: str) -> bool:
        """Tell whether ``method`` runs the parameter that ``call`` gives the model for."""
        names = [a.arg for a in (*method.args.posonlyargs, *method.args.args)][1:]
        given = {n for n, a in zip(names, call.args, strict=False) if dotted(a) == text}
        inner = [part for part in ast.walk(method) if isinstance(part, ast.Call)]
        return any(
            dotted(c.func) in given
            or (dotted(c.func).partition(".")[0] in given and self.is_run(last_name(c.func)))
            for c in inner
        )

    def is_set_up_switched(self) -> bool:
        """Tell whether a method that sets the object up may switch the model to inference."""
        return any(
            isinstance(part, ast.Call)
            and (
                last_name(part.func) in switches(self.framework)
                or tells_of_mode(last_name(part.func))
            )
            for method in self.methods.values()
            if sets_up(method)
            for part in ast.walk(method)
        )

    def stands_alone(self, method: _Function, attribute: str) -> bool:
        """Tell whether no caller of ``method`` may switch the model for it.

        Another file can that names the class, or the attribute in which the model is kept.
        """
        if runs_in_training_on_purpose(method.name):
            return False
        if any(
            isinstance(call.func, ast.Attribute) and dotted(call.func.value) in ("self", "super()")
            for call in self.module.calls_by_name.get(method.name, ())
        ):
            return False  # part of what another method does
        resolver = getattr(self.ev.project, "resolver", None)
        if resolver is None or not self.module.file:
            return True
        found = set(switching_files(resolver, self.module, self.framework))
        for pattern in (rf"\.{method.name}\(", rf"\b{self.cls.name}\b|\.{attribute}\b"):
            found &= set(resolver.sources.search(self.module.file, pattern))
        return not found - {self.module.file}

    def held(self, run: ast.Call, attribute: str) -> ast.expr | None:
        """Return the model as it is written in a call that runs it."""
        for part in ast.walk(run):
            if isinstance(part, ast.Attribute) and dotted(part) == f"self.{attribute}":
                return part
        return None
