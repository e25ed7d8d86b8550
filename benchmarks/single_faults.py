"""Single faults: the ways in which one place of a Python file can be wrong, as changes of its text.

Comparisons are turned, `and` and `or` exchanged, `not` taken away, numbers moved by one and names
spelt otherwise, branches taken always or never, early exits, arguments and statements left out,
results made `None`. What only humans read (messages, documentation, annotations) is left alone, and
so is what asserts: `assert`, and `strict` of `zip`, which tells whether lengths that differ raise.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator
from typing import NamedTuple

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip

#: Comparisons for which a constant matters only where it is, or may be, the one that is met.
_FOUND = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)

#: A string that a program compares or looks up, rather than says.
_WORD = re.compile(r"[A-Za-z_][\w.-]+")

#: The fields of nodes that hold what is no expression to compute, or nothing that runs.
_PASSED_OVER = {
    ast.AnnAssign: ("annotation",),
    ast.arg: ("annotation",),
    ast.FunctionDef: ("decorator_list", "returns", "args", "body"),
    ast.ClassDef: ("decorator_list", "bases", "keywords", "body"),
    ast.match_case: ("pattern",),
    ast.MatchValue: ("value",),
    ast.Assert: ("test", "msg"),
    ast.Raise: ("exc", "cause"),
}


#: A place in a file: first row and column, last row and column, as nodes of a tree have them.
Place = tuple[int, int, int, int]


class Fault(NamedTuple):
    """A change of a file: what stands at ``place`` is replaced by ``text``.

    ``block`` is the mark of the run of statements it stands in (see :func:`marked`), or -1 if it
    runs while the file is imported. If ``outcomes`` has marks, it makes no difference where none of
    them is set. ``is_statement`` tells that a whole statement goes.
    """

    place: Place
    kind: str
    text: str
    block: int
    outcomes: tuple[int, ...] = ()
    is_statement: bool = False


class _Reader:
    """Walks a file once: its blocks and conditions, and the faults at each node."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.faults: dict[Place, list[Fault]] = {}
        self.blocks: list[tuple[list[ast.stmt], int, int]] = []
        self.conditions: dict[ast.expr, int] = {}
        self.compared: dict[ast.expr, tuple[ast.expr, bool]] = {}
        self.marks = 0
        self.block = -1
        self._statements(self.tree.body, in_function=False, nested=False)

    # ------------------------------------------------------------------ statements

    def _statements(self, body: list[ast.stmt], *, in_function: bool, nested: bool) -> None:
        first = int(_is_documentation(body[0])) if body else 0
        for index, statement in enumerate(body[first:], first):
            # What stands before a statement with others in it may have left.
            if in_function and (index == first or hasattr(body[index - 1], "body")):
                self.block = self.marks
                self.blocks.append((body, index, self.block))
                self.marks += 1
            self._statement(statement, in_function=in_function, nested=nested)

    def _statement(self, node: ast.stmt, *, in_function: bool, nested: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            if isinstance(node, ast.FunctionDef):
                for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                    self._expression(default)
            before = self.block
            is_function = isinstance(node, ast.FunctionDef)
            self._statements(node.body, in_function=is_function or in_function, nested=False)
            self.block = before
            return
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        is_call = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
        if nested and isinstance(node, (ast.Return, ast.Continue, ast.Break)):
            self._add(node, "an exit is left out", "pass", is_statement=True)
        elif is_call and in_function:
            self._add(node, "a statement is left out", "pass", is_statement=True)
        elif isinstance(node, ast.AugAssign) and type(node.op) in _COMPUTED:
            changed = copy.copy(node)
            changed.op = _COMPUTED[type(node.op)]()
            self._add(node, "computed otherwise", ast.unparse(changed), is_statement=True)
        before = self.block
        for name, value in ast.iter_fields(node):
            if name in _PASSED_OVER.get(type(node), ()):
                continue
            if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                self._statements(value, in_function=in_function, nested=True)
                self.block = before
            elif name in ("handlers", "cases"):
                for part in value:
                    if isinstance(part, ast.match_case) and part.guard is not None:
                        self._condition(part.guard)
                    self._statements(part.body, in_function=in_function, nested=True)
                    self.block = before
            elif name == "test" and isinstance(value, ast.expr):
                self._condition(value, is_loop=isinstance(node, ast.While))
            elif isinstance(value, ast.expr):
                if isinstance(node, ast.Return) and not _is_nothing(value):
                    self._add(value, "the result is None", "None")
                self._expression(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.withitem):
                        self._expression(item.context_expr)
                    elif isinstance(item, ast.expr):
                        self._expression(item)

    # ------------------------------------------------------------------ expressions

    def _condition(self, node: ast.expr, *, is_loop: bool = False) -> None:
        self._add(node, "never taken", "False", (self._outcome(node, True),))
        if not is_loop:
            self._add(node, "always taken", "True", (self._outcome(node, False),))
        self._expression(node)

    def _outcome(self, node: ast.expr, holds: bool) -> int:
        """Return the mark that a condition sets where it holds, or where it does not."""
        if node not in self.conditions:
            self.conditions[node] = self.marks
            self.marks += 2
        return self.conditions[node] + holds

    def _expression(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr):
            return  # a message
        if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store):
            for kind, text, decisive in _changed(node):
                if isinstance(node, ast.Constant) and node in self.compared:
                    decisive = [self.compared[node]]
                outcomes = tuple(self._outcome(*outcome) for outcome in decisive)
                self._add(node, kind, text, outcomes)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], _FOUND):
            right = node.comparators[0]
            for constant in getattr(right, "elts", [right]) if len(node.ops) == 1 else ():
                self.compared[constant] = node, isinstance(node.ops[0], (ast.Eq, ast.In))
        if isinstance(node, ast.IfExp):
            self._add(node.test, "never taken", "False", (self._outcome(node.test, True),))
            self._add(node.test, "always taken", "True", (self._outcome(node.test, False),))
        for name, value in ast.iter_fields(node):
            if name in _PASSED_OVER.get(type(node), ()):
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.Call) and _is_cast(node) and item is node.args[0]:
                    continue
                if isinstance(item, ast.keyword) and item.arg == "strict":
                    continue
                if isinstance(node, ast.comprehension) and name == "ifs":
                    self._add(item, "always taken", "True", (self._outcome(item, False),))
                if isinstance(item, ast.AST) and not isinstance(item, ast.expr_context):
                    self._expression(item)

    def _add(
        self,
        node: ast.AST,
        kind: str,
        text: str,
        outcomes: tuple[int, ...] = (),
        *,
        is_statement: bool = False,
    ) -> None:
        place = _place(node)
        if any(isinstance(part, ast.NamedExpr) for part in ast.walk(node)):
            outcomes = ()  # it also gives a name its value
        fault = Fault(place, kind, text, self.block, outcomes, is_statement)
        self.faults.setdefault(place, []).append(fault)


def _place(node: ast.AST) -> Place:
    assert isinstance(node, (ast.expr, ast.stmt))
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _changed(node: ast.expr) -> Iterator[tuple[str, str, list[tuple[ast.expr, bool]]]]:
    """Yield what an expression may wrongly be, and by which outcomes of conditions it matters."""
    other = copy.copy(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        assert isinstance(other, ast.Compare)
        other.ops = [_COMPARED[type(node.ops[0])]()]
        yield "compared otherwise", ast.unparse(other), []
    elif isinstance(node, ast.BoolOp):
        assert isinstance(other, ast.BoolOp)
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        decides = isinstance(node.op, ast.Or)
        yield "and for or", ast.unparse(other), [(value, decides) for value in node.values]
        for index in range(len(node.values)):
            rest = [*node.values[:index], *node.values[index + 1 :]]
            left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            outcome = (node.values[index], decides)
            yield "a condition is left out", ast.unparse(left), [outcome]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "not turned", ast.unparse(node.operand), []
    elif isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED and not _is_text(node):
        assert isinstance(other, ast.BinOp)
        other.op = _COMPUTED[type(node.op)]()
        yield "computed otherwise", ast.unparse(other), []
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "another constant", repr(not node.value), []
        elif isinstance(node.value, (int, float)):
            yield "off by one", repr(node.value + 1), []
        elif isinstance(node.value, str) and _WORD.fullmatch(node.value):
            yield "another name", repr(f"{node.value}x"), []
    elif isinstance(node, ast.Call):
        assert isinstance(other, ast.Call)
        for index, keyword in enumerate(node.keywords):
            if keyword.arg not in (None, "strict"):
                other.keywords = [*node.keywords[:index], *node.keywords[index + 1 :]]
                yield "an argument is left out", ast.unparse(other), []


def _is_cast(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "cast"


def _is_nothing(node: ast.expr) -> bool:
    """Tell whether ``None`` in the place of a result would show in no test of it."""
    return isinstance(node, ast.Constant) and not node.value


def _is_documentation(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)))
        or (isinstance(side, ast.BinOp) and _is_text(side))
        for side in (node.left, node.right)
    )


def faults(text: str) -> list[list[Fault]]:
    """Return the faults of a file, those at one place together."""
    return list(_Reader(text).faults.values())


def changed(text: str, fault: Fault) -> str:
    """Return the text of a file with a fault."""
    row, column, last_row, last_column = fault.place
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: row - 1])) + column
    end = sum(map(len, lines[: last_row - 1])) + last_column
    data = text.encode()
    new = fault.text if fault.is_statement else f"({fault.text})"
    return (data[:start] + new.encode() + data[end:]).decode()


def users(text: str, fault: Fault) -> tuple[int, ...]:
    """Return the marks of blocks that name what a fault at import changes, or what is of it."""
    reader = _Reader(text)
    statements = [node for node in reader.tree.body if not hasattr(node, "body")]
    names: set[str] = set()
    made = {
        name.id
        for node in statements
        if node.lineno <= fault.place[0] <= (node.end_lineno or node.lineno)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    while made - names:
        names |= made
        made = {
            name.id
            for node in statements
            if _names(node) & names
            for name in ast.walk(node)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
    return tuple(
        mark
        for body, index, mark in reader.blocks
        if any(_names(node) & names for node in body[index:])
    )


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def marked(text: str, first: int) -> tuple[ast.Module, int]:
    """Return a file that notes what of it runs, and how many marks it has.

    A block is a run of statements that run together, within a function. The file sets
    ``_bnlint_ran[first + mark]``, and that of each condition by ``_bnlint_held``, whose mark is the
    one after where it holds.
    """
    reader = _Reader(text)
    for body, index, block in reversed(reader.blocks):
        mark = ast.parse(f"_bnlint_ran[{first + block}] = 1").body[0]
        body.insert(index, ast.copy_location(mark, body[index]))
    tree = _Marker(reader.conditions, first).visit(reader.tree)
    return ast.fix_missing_locations(tree), reader.marks


class _Marker(ast.NodeTransformer):
    def __init__(self, conditions: dict[ast.expr, int], first: int) -> None:
        self.conditions, self.first = conditions, first

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if not isinstance(node, ast.expr) or node not in self.conditions:
            return node
        mark = ast.Constant(self.first + self.conditions[node])
        call = ast.Call(ast.Name("_bnlint_held", ast.Load()), [mark, node], [])
        return ast.copy_location(call, node)


def switched(text: str, chosen: dict[Fault, int]) -> ast.Module:
    """Return a file with ``chosen`` faults; that is there whose number is ``_bnlint_fault``."""
    by_place: dict[Place, list[tuple[Fault, int]]] = {}
    for fault, number in chosen.items():
        by_place.setdefault(fault.place, []).append((fault, number))
    tree: ast.Module = _Switcher(by_place).visit(ast.parse(text))
    return ast.fix_missing_locations(tree)


class _Switcher(ast.NodeTransformer):
    def __init__(self, chosen: dict[Place, list[tuple[Fault, int]]]) -> None:
        self.chosen = chosen

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if not isinstance(node, (ast.expr, ast.stmt)):
            return node
        place, is_statement = _place(node), isinstance(node, ast.stmt)
        old = node
        for fault, number in self.chosen.get(place, ()):
            if fault.is_statement != is_statement:
                continue
            test = ast.parse(f"_bnlint_fault == {number}", mode="eval").body
            new: ast.expr | ast.stmt
            if isinstance(node, ast.stmt):
                new = ast.If(test, ast.parse(fault.text).body, [node])
            else:
                new = ast.IfExp(test, ast.parse(fault.text, mode="eval").body, node)
            node = ast.copy_location(new, old)
        return node
