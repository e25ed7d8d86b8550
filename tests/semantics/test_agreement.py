"""The evaluator agrees with Python, on whatever expressions and programs hypothesis writes.

An answer may be "unknown"; it may never be another value than Python's.
"""

from __future__ import annotations

import ast
import builtins
import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from reading import NotPlainError, evaluator, last_expression, module_of, plain_value

from bnlint.semantics.values import arithmetic
from bnlint.semantics.values.domain import Unknown

NAMES = ("a", "b", "c")

_numbers = st.one_of(
    st.integers(-20, 20).map(str),
    st.sampled_from(
        ["0.1", "0.99", "1e-3", "1e-05", "0.5", "2.5", "-0.0", "1e308", "True", "False"]
    ),
)
_strings = st.sampled_from(["''", "'a'", "'0.5'", "'12'", "'b{}'", "b'x'"])
_atoms = st.one_of(_numbers, _strings, st.just("None"))
_names = st.sampled_from(NAMES)
_binary = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "|", "^", "&"])
_compare = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"])
_functions = st.sampled_from(["abs", "bool", "float", "int", "len", "round", "str"])


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, _binary, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["-", "+", "~", "not "]), inner).map(lambda t: f"({t[0]}{t[1]})"),
        st.tuples(inner, _compare, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, _compare, inner, _compare, inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(_functions, inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["max", "min", "pow", "round"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        inner.map(lambda e: f"f'x{{({e})}}y'" if "'" not in e else f"str({e})"),
        pairs.map(lambda t: f"({t[0]}, {t[1]})"),
        pairs.map(lambda t: f"[{t[0]}, {t[1]}]"),
        st.tuples(pairs, st.integers(-3, 2)).map(lambda t: f"({t[0][0]}, {t[0][1]})[{t[1]}]"),
        st.tuples(pairs, inner).map(lambda t: f"({t[0][0]}, {t[0][1]})[{t[1]}]"),
        pairs.map(lambda t: f"{{'k': {t[0]}, 'l': {t[1]}}}"),
        st.tuples(pairs, st.sampled_from(["'k'", "'l'", "'m'"])).map(
            lambda t: f"{{'k': {t[0][0]}, **{{'l': {t[0][1]}}}}}[{t[1]}]"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"{{{t[0]}: {t[1]}}}.get({t[2]}, 7)"),
        pairs.map(lambda t: f"dict({{'k': {t[0]}}}, l={t[1]})['k']"),
        inner.map(lambda e: f"(lambda x: x)({e})"),
    )


#: Expressions over constants and the names ``a``, ``b`` and ``c``.
expressions = st.recursive(st.one_of(_atoms, _names), _compound, max_leaves=12)

#: Expressions that any evaluator worth its name works out: arithmetic and tests on numbers.
arithmetical = st.recursive(
    st.sampled_from(["0", "1", "2", "-3", "0.1", "0.99", "1e-5", "True"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda e: f"(-{e})"),
        st.tuples(inner, st.sampled_from(["<", ">=", "==", "!="]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(st.sampled_from(["abs", "float", "bool"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
    ),
    max_leaves=10,
)

_ALLOWED = {name: getattr(builtins, name) for name in (*arithmetic.FUNCTIONS, "dict")}


class RaisedError(Exception):
    """Python raised an exception."""


def in_python(code: str) -> object:
    """Run ``code`` and return what its last expression is; its builtins are those followed."""
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, (ast.Expr, ast.Assign))
    scope: dict[str, object] = {"__builtins__": _ALLOWED}
    try:
        exec(compile(tree, "x", "exec"), scope)
        return eval(compile(ast.Expression(last.value), "x", "eval"), scope)
    except Exception as error:
        raise RaisedError(error) from None


def same(left: object, right: object) -> bool:
    """Tell whether two values are the same, type and sign included."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, (tuple, list)) and isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    return repr(left) == repr(right)


def check_agreement(code: str, expected: object, *, raised: bool = False) -> bool:
    """Check that Python's answer is among the evaluator's; tell whether it has only that one.

    Where Python raises, any answer will do: code after that line never runs.
    """
    module = module_of(code)
    ev = evaluator()
    found = ev.evaluate(module, last_expression(module))
    assert found
    if any(isinstance(candidate.object, Unknown) for candidate in found):
        assert all(c.object.reason for c in found if isinstance(c.object, Unknown))
        return False
    try:
        values = [plain_value(ev, candidate) for candidate in found]
    except NotPlainError:  # the elements of a container are worked out when they are asked for
        return False
    assert raised or any(same(value, expected) for value in values), (
        f"{values} instead of {expected!r}"
    )
    return len(values) == 1


def outcome(code: str) -> tuple[object, bool]:
    """Return what Python makes of ``code``, and whether it raises."""
    try:
        return in_python(code), False
    except RaisedError as error:
        return error, True


PATIENT = settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@PATIENT
@given(st.lists(st.tuples(_names, expressions), max_size=4), expressions)
def test_agrees_on_expressions_over_straight_line_code(
    bindings: list[tuple[str, str]], expression: str
) -> None:
    code = "".join(f"{name} = {value}\n" for name, value in bindings)
    assume(not outcome(code + "0")[1])
    expected, raised = outcome(code + expression)
    check_agreement(code + expression, expected, raised=raised)


@PATIENT
@given(arithmetical)
def test_works_out_arithmetic(expression: str) -> None:
    """What is known to Python is known to the evaluator, unless Python raises."""
    expected, raised = outcome(expression)
    assume(not raised)
    assert check_agreement(expression, expected), expression


def _block(draw: st.DrawFn, depth: int) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += _statement(draw, depth)
    return lines


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _statement(draw: st.DrawFn, depth: int) -> list[str]:
    name = draw(_names)
    value = draw(st.one_of(_numbers, _names, st.just("None"), arithmetical))
    kinds = ["assign", "assign", "augment", "unpack", "walrus", "or"]
    if depth > 0:
        kinds += ["if", "if none", "for", "try", "while", "function", "return", "with else"]
    kind = draw(st.sampled_from(kinds))
    if kind == "augment":
        return [f"{name} {draw(st.sampled_from(['+', '*', '-']))}= {value}"]
    if kind == "unpack":
        return [f"{name}, {draw(_names)} = {value}, {draw(_numbers)}"]
    if kind == "walrus":
        return [f"if ({name} := {value}) and {draw(_names)}: {draw(_names)} = {draw(_numbers)}"]
    if kind == "or":
        return [f"{name} = {name} or {value}"]
    if kind == "if none":
        return [f"if {name} is None:", f"    {name} = {value}"]
    if kind == "if":
        return [
            f"if {draw(_names)}:",
            *_indented(_block(draw, depth - 1)),
            "else:",
            *_indented(_block(draw, depth - 1)),
        ]
    if kind == "for":
        end = draw(st.sampled_from(["pass", "break", "continue"]))
        items = draw(st.sampled_from(["(1, 2, 3)", "(0.5,)", "[]", f"({value}, 4)"]))
        return [
            f"for {name} in {items}:",
            *_indented(_block(draw, depth - 1)),
            f"    if {draw(_names)}: {end}",
            *_indented(_block(draw, depth - 1)),
        ]
    if kind == "while":
        return ["while True:", *_indented(_block(draw, depth - 1)), "    break"]
    if kind == "try":
        return [
            "try:",
            *_indented(_block(draw, depth - 1)),
            f"    {draw(st.sampled_from(['1 / 0', 'pass', '[][0]']))}",
            *_indented(_block(draw, depth - 1)),
            "except Exception:",
            *_indented(_block(draw, depth - 1)),
            *draw(st.sampled_from([[], ["else:", f"    {name} = {value}"]])),
            *draw(st.sampled_from([[], ["finally:", f"    {draw(_names)} = 9"]])),
        ]
    if kind == "function":
        return [
            f"def f({name}={value}):",
            *draw(
                st.sampled_from([[], [f"    global {draw(_names.filter(lambda n: n != name))}"]])
            ),
            *_indented([line for line in _block(draw, 0) if ":=" not in line]),
            f"    return {draw(_names)}",
            f"{draw(_names)} = f()",
        ]
    return [f"{name} = {value}"]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Return a program that binds ``a``, ``b`` and ``c`` in all kinds of statements."""
    lines = [f"{name} = {draw(_numbers)}" for name in NAMES]
    lines += _block(draw, 2) + _block(draw, 2)
    return "\n".join([*lines, draw(_names)])


@PATIENT
@given(programs())
def test_agrees_on_programs_with_branches_and_loops(code: str) -> None:
    scope: dict[str, object] = {}
    try:
        compile(code, "x", "exec")
    except SyntaxError:
        assume(False)
    try:
        tree = ast.parse(code)
        last = tree.body.pop()
        exec(compile(tree, "x", "exec"), scope)
    except Exception:
        assume(False)
    assert isinstance(last, ast.Expr) and isinstance(last.value, ast.Name)
    assume(last.value.id in scope)
    check_agreement(code, scope[last.value.id])


_keys = st.sampled_from(["'k'", "'l'", "key"])


@st.composite
def dictionary_programs(draw: st.DrawFn) -> str:
    """Return a program that makes a dictionary, changes it in many ways and reads an element."""
    changes = [
        "d[{key}] = {value}", "d.update({{{key}: {value}}})", "d.update(k={value})",
        "d.setdefault({key}, {value})", "d.pop({key}, None)", "del d[{key}]", "d.clear()",
        "d = {{**d, {key}: {value}}}", "d = dict(d, l={value})", "d = d.copy()",
        "d[{key}] = d.get({key}, 0)", "x = d.pop({key}, {value})", "d.update({{}})",
        "if a: d[{key}] = {value}", "for _ in (1, 2): d[{key}] = {value}",
        "d |= {{{key}: {value}}}", "change()", "e = d",
    ]  # fmt: skip
    lines = [f"a = {draw(st.sampled_from(['0', '1']))}", "key = 'k'"]
    lines += ["def change():", f"    d['l'] = {draw(_numbers)}"]
    lines.append("d = " + draw(st.sampled_from(["{}", "{'k': 1}", "dict(k=1, l=2)"])))
    for _ in range(draw(st.integers(0, 5))):
        change = draw(st.sampled_from(changes))
        lines.append(change.format(key=draw(_keys), value=draw(_numbers)))
    lines.append(draw(st.sampled_from(["d['k']", "d['l']", "d.get('k')", "d.get('l', 5)"])))
    return "\n".join(lines)


@PATIENT
@given(dictionary_programs())
def test_agrees_on_dictionaries_that_change(code: str) -> None:
    scope: dict[str, object] = {}
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    try:
        exec(compile(tree, "x", "exec"), scope)
    except Exception:
        assume(False)
    try:
        expected = eval(compile(ast.Expression(last.value), "x", "eval"), scope)
    except Exception:
        check_agreement(code, None, raised=True)
    else:
        check_agreement(code, expected)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("1 - 0.99", 1 - 0.99, id="Python's own floating point"),
        pytest.param("1 < 2 < 3", True, id="a chain of comparisons"),
        pytest.param("0 or 0.9", 0.9, id="or gives an operand"),
        pytest.param("float('1e-3')", 1e-3, id="a number from a text"),
        pytest.param("f'{1}{0.5}'", "10.5", id="a formatted string"),
        pytest.param("(1, 2)[-1]", 2, id="an index from the end"),
        pytest.param("{'a': 1, **{'a': 2}}['a']", 2, id="a later key wins"),
        pytest.param("-0.0", -0.0, id="the sign of zero"),
        pytest.param("True + True", 2, id="truth values are numbers"),
    ],
)
def test_known_answers(expression: str, expected: object) -> None:
    assert check_agreement(expression, expected)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("2 ** 100000", id="a power too large"),
        pytest.param("1 << 100000", id="a shift too far"),
        pytest.param("'x' * 10**8", id="a string too long"),
        pytest.param("[0] * 10**8", id="a list too long"),
        pytest.param("'%9999999d' % 1", id="a format too wide"),
        pytest.param("0x" + "f" * 5000, id="a literal too large"),
        pytest.param("f'{0x" + "f" * 5000 + "}'", id="a literal too large, in a string"),
        pytest.param("1 / 0", id="a division by zero"),
        pytest.param("int('x')", id="no number"),
        pytest.param("max()", id="a call that raises"),
        pytest.param("1 is 1", id="identity that depends on the implementation"),
        pytest.param("open('x')", id="a function that is not pure"),
        pytest.param("undefined", id="a name that nothing binds"),
        pytest.param("[x for x in (1, 2)]", id="a comprehension"),
        pytest.param("(yield_ := print)(1)", id="a call of what prints"),
    ],
)
def test_no_answer_has_a_reason(expression: str) -> None:
    module = module_of(expression)
    found = evaluator().evaluate(module, last_expression(module))
    reasons = [c.object.reason for c in found if isinstance(c.object, Unknown)]
    assert all(reasons)
    with pytest.raises((NotPlainError, AssertionError)):
        assert not reasons
        plain_value(evaluator(), found[0])
