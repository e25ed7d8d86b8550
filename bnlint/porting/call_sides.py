"""The two sides of a translation that is not of batches: what the source call says, and the target.

Both what is written and what is said of it rest on this.
"""

from __future__ import annotations

import ast

from bnlint.frameworks.records import Api
from bnlint.frameworks.responses import response, spelled
from bnlint.frameworks.together import AXES, OPEN, Together, together
from bnlint.porting.given_call import Given

#: Arguments that say whether there is a scale and a shift.
SWITCHES = ("affine", "scale", "center")


def sizes_in(text: str) -> list[str] | None:
    """Return the texts of the sizes in a shape; ``None`` where their number is not known.

    What may be a number is taken for one size.
    """
    node = ast.parse(text, mode="eval").body
    if isinstance(node, (ast.List, ast.Tuple)):
        is_open = any(isinstance(element, ast.Starred) for element in node.elts)
        return None if is_open else [ast.unparse(element) for element in node.elts] or None
    sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    return None if sliced or isinstance(node, (ast.ListComp, ast.GeneratorExp)) else [text]


class CallSides:
    """One call on its way into the words of another API.

    ``what`` the source normalises together is ``None`` where that is not known, and ``usual`` is
    what the target does where it is told nothing of axes. ``told`` is what the target has to be
    given for the ``response`` of the source. Roles of the source of which something was written are
    in ``done``.
    """

    def __init__(self, given: Given, target: Api) -> None:
        self.given, self.source, self.target = given, given.api, target
        self.title = target.framework.title
        self.notes: list[str] = []
        self.done: set[str] = set()
        self.what = self._together()
        self.usual = together(target, self._usual)
        self.response = response(self.source, self.of)
        self.told = spelled(target, self.response)

    def of(self, role: str) -> object:
        """Return the argument of the source in ``role``, or its default; ``OPEN`` if not known."""
        value = self.given.roles.get(role)
        if value is not None:
            return value.value if value.is_known else OPEN
        parameter = self.source.parameter(self.source.roles.get(role, ""))
        if parameter is None:
            return None
        return OPEN if role in self.given.texts or parameter.required else parameter.default

    def _together(self) -> Together | None:
        what = together(self.source, self.of)
        shape = self.given.texts.get("shape")
        if what is None and self.source.reduces == "trailing" and shape is not None:
            sizes = sizes_in(shape)
            if sizes is None:
                return None
            if sizes == [shape]:
                name = self.source.roles["shape"]
                self.notes.append(f"{name}={shape} is taken for one size, that of the last axis")
            return Together(AXES, tuple(range(-len(sizes), 0)))
        return what

    def _usual(self, role: str) -> object:
        parameter = self.target.parameter(self.target.roles.get(role, ""))
        if parameter is None:
            return None
        if not parameter.required:
            return parameter.default
        return {"shape": 1, "axis": -1, "groups": 1}.get(role, OPEN)

    def has(self, role: str) -> bool | str | None:
        """Return whether the source has a scale or a shift; a text is what that depends on."""
        source = self.source
        if source.kind == "functional":
            return None
        place = 0 if role == "scale" else 1
        if len(source.state["trainable"]) <= place:
            return False
        texts: list[str] = []
        for switch in ("affine", role):
            if switch not in source.roles:
                continue
            value = self.of(switch)
            if value is OPEN:
                texts.append(self.given.texts.get(switch, ""))
            elif source.leaves_on(switch, value) is False:
                return False
        return " and ".join(filter(None, texts)) if texts else True
