"""What code that is not of the project does with an object, as far as tables tell."""

from __future__ import annotations

import ast

from bnlint.semantics.objects.aliases import COPIES
from bnlint.semantics.objects.events import CALL, EXPORT, SAVE, WRAP
from bnlint.semantics.objects.parts import LOOK, Parts
from bnlint.semantics.values.domain import (
    Candidate,
    Evaluate,
    Instance,
    Object,
    Symbol,
    Unknown,
)

#: What puts what it is given into an object that holds it.
_HOLD = frozenset(
    {
        "builtins.dict", "builtins.list", "builtins.tuple", "functools.partial",
        "types.SimpleNamespace", "argparse.Namespace",
    }
)  # fmt: skip


def is_traced_otherwise(ev: Evaluate, call: ast.Call) -> bool:
    """Tell whether an argument of a call that writes a model has it ignore what mode it is told."""
    return any(
        keyword.arg in ev.frameworks.word("tracing_switches")
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for keyword in call.keywords
    )


class Understanding(Parts):
    """Follows the parts of an object, and knows what is done by what lies outside the project."""

    def is_outside(self, call: ast.Call, callee: Candidate) -> bool:
        """Tell whether ``call`` hands the object to code outside of the project, and that is all.

        What gives something back may hold it, and what frameworks do is known.
        """
        if not isinstance(self.module.parents[call], ast.Expr):
            return False
        found = callee.object
        if isinstance(found, Unknown) and isinstance(call.func, ast.Attribute):
            owners = [value.object for value in self.values(call.func.value)]
        else:
            owners = [found]
        return all(self.is_of_package(owner) for owner in owners)

    def is_of_package(self, found: Object) -> bool:
        """Tell whether ``found`` is of a package that is neither Python's nor a framework's."""
        made = found.cls if isinstance(found, Instance) else found
        return (
            isinstance(made, Symbol)
            and not made.path.startswith("builtins.")
            and not self.ev.frameworks.has_root(made.path)
        )

    def is_inspected(self, call: ast.Call) -> bool:
        """Tell whether ``call`` is of a method of an object out of view that only looks.

        What an inspector makes, as an average of models, only looks at what it is given.
        """
        func = call.func
        if not isinstance(func, ast.Attribute):
            return False
        if isinstance(func.value, ast.Constant):  # "{}".format(model)
            return True
        if all(self.is_inspector(value.object) for value in self.values(func.value)):
            return True
        if func.attr not in self.ev.frameworks.word("inspecting_methods"):
            return False
        return all(isinstance(value.object, (Unknown, Symbol)) for value in self.values(func))

    def keeps_mode(self, call: ast.Call) -> bool:
        """Tell whether a call that writes a model is told to write the mode that it is in."""
        given = [value.object for k in call.keywords for value in self.values(k.value)]
        means = self.ev.frameworks.means
        if not any(isinstance(o, Symbol) and means(o.path, "keeping_values") for o in given):
            return False
        return not is_traced_otherwise(self.ev, call)

    def is_inspector(self, found: Object) -> bool:
        """Tell whether ``found`` is an object that an inspector makes."""
        cls = found.cls if isinstance(found, Instance) else None
        return isinstance(cls, Symbol) and bool(self.ev.frameworks.means(cls.path, "inspectors"))

    def understood(self, path: str, call: ast.Call, *, whole: bool) -> bool:
        """Note what is done by something outside the project, if it is known to switch nothing."""
        frameworks = self.ev.frameworks
        if path.startswith("builtins.") and path[9:] in LOOK:
            return True
        if path == "builtins.getattr":
            return not self.may_be_anything(call)
        if path in COPIES:
            return self.is_alias(call, whole=False)
        if path in _HOLD:
            if call in self.found.of:
                self.trace.holders.setdefault(call)
                return True
            return False
        if frameworks.means(path, "savers"):
            self.note(SAVE, call, path)
            return True
        if frameworks.means(path, "inspectors"):
            if whole and self.keeps_mode(call):
                self.note(EXPORT, call, path)
            return True
        if not whole:
            return False
        if frameworks.means(path, "wrappers") or self.is_part_of(call):
            self.note(WRAP, call, path)
            return self.is_alias(call, whole=True)
        if frameworks.means(path, "exporters"):
            self.note(EXPORT, call, path)
            return True
        if frameworks.means(path, "gradients"):
            self.note(CALL, call)
            return True
        return frameworks.means(path, "loaders") is not None

    def is_part_of(self, call: ast.Call) -> bool:
        """Tell whether ``call`` makes a model that is followed since it runs the object."""
        return any(
            self.found.of[key][call].within
            for key in self.trace.made
            if call in self.found.of.get(key, ())
        )
