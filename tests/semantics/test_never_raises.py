"""Whatever valid Python a file holds, checking it raises nothing and no part of bnlint crashes.

Programs come from two sources: hypothesmith writes any Python there is, and pieces of real batch
normalisation code are put together with expressions and statements of each other in odd places.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
import warnings

import pytest
import test_reads_calls
import test_reads_names
import test_reads_values
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from bnlint.engine.documentation import page
from bnlint.engine.facts import is_interesting
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules

if sys.version_info < (3, 14):
    import hypothesmith
else:
    hypothesmith = pytest.importorskip("hypothesmith")

RULES = load_rules()
ALL = frozenset(rule.code for rule in RULES)

SLOW = settings(
    max_examples=120,
    # To explain a failure takes minutes for programs of this size.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def problems(code: str, from_family: str | None) -> list[str]:
    """Return what went wrong when ``code`` was checked under every rule."""
    options = Options(ALL, ALL, min_confidence="low", from_family=from_family)
    result = check(code.encode("utf-8", "surrogatepass"), "x.py", RULES, options)
    return [problem.message for problem in result.problems]


def _tables() -> list[str]:
    found: list[str] = []
    for tests in (test_reads_names, test_reads_values, test_reads_calls):
        for value in vars(tests).values():
            if isinstance(value, list):
                found += [case.values[0] for case in value if hasattr(case, "values")]
    return found


def _examples() -> list[str]:
    # That of the rule about unreadable files does not parse.
    rules = [rule for rule in RULES if "check_unreadable" not in rule.checks]
    return [example.code for rule in rules for example in page(rule.module).examples]


#: Batch normalisation code that parses.
PIECES = [*dict.fromkeys([*_tables(), *_examples()])]
TREES = [ast.parse(piece) for piece in PIECES]


def _expressions(tree: ast.AST) -> list[ast.expr]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
    ]


EXPRESSIONS = [node for tree in TREES for node in _expressions(tree)]
STATEMENTS = [node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.stmt)]


class _Graft(ast.NodeTransformer):
    """Puts other nodes in the place of some."""

    def __init__(self, places: dict[int, ast.AST]) -> None:
        self.places = places

    def visit(self, node: ast.AST) -> ast.AST:
        new = self.places.get(id(node))
        return copy.deepcopy(new) if new is not None else self.generic_visit(node)


@st.composite
def grafted(draw: st.DrawFn) -> str:
    """Return a piece in which some expressions and statements are those of other pieces."""
    tree = copy.deepcopy(draw(st.sampled_from(TREES)))
    places: dict[int, ast.AST] = {}
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            old = draw(st.sampled_from(_expressions(tree)))
            places[id(old)] = draw(st.sampled_from(EXPRESSIONS))
        else:
            old_statement = draw(
                st.sampled_from([n for n in ast.walk(tree) if isinstance(n, ast.stmt)])
            )
            places[id(old_statement)] = draw(st.sampled_from(STATEMENTS))
    changed = _Graft(places).visit(tree)
    try:
        code = ast.unparse(changed)
        ast.parse(code)
    except (SyntaxError, ValueError, AttributeError, TypeError):
        assume(False)
    return code


@given(code=grafted(), from_family=st.sampled_from([None, "keras", "torch"]))
@settings(SLOW, max_examples=400)
def test_code_in_odd_places(code: str, from_family: str | None) -> None:
    assert problems(code, from_family) == []


@pytest.mark.parametrize(
    "code",
    ["match x:\n    case False: pass", "match x:\n    case [None, {1: True, **y}] | z: pass"],
)
def test_patterns(code: str) -> None:
    assert problems(f"{PIECES[0]}\n{code}\n", None) == []


@pytest.mark.parametrize("piece", PIECES)
def test_pieces(piece: str) -> None:
    for from_family in (None, "keras"):
        assert problems(piece, from_family) == []


NUMBER = re.compile(r"(?<![\w.\"'])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.\"'])")
ODD = ["0", "-1", "0.0", "-1e-4", "1e-320", "1e308", "1e999", "float('nan')", "10**400", "-10**400",
       "True", "None", "1j", "''", "()", "(0, 0)", "{}", "1 << 70"]  # fmt: skip


@given(piece=st.sampled_from([p for p in PIECES if NUMBER.search(p)]), data=st.data())
@settings(SLOW, max_examples=250)
def test_odd_numbers(piece: str, data: st.DataObject) -> None:
    """Nothing divides by a number of the code, or takes its root or logarithm, unasked."""
    odd = data.draw(st.sampled_from(ODD))
    places = [match.span() for match in NUMBER.finditer(piece)]
    for start, end in data.draw(st.sampled_from([*([place] for place in places), places[::-1]])):
        piece = f"{piece[:start]}({odd}){piece[end:]}"
    try:
        ast.parse(piece)
    except SyntaxError:
        assume(False)
    assert problems(piece, "keras") == []


@given(
    code=hypothesmith.from_node(),
    before=st.sampled_from(PIECES),
    after=st.sampled_from(PIECES),
)
@SLOW
def test_any_python_around_pieces(code: str, before: str, after: str) -> None:
    _check_together(before, code, after)


@given(code=hypothesmith.from_grammar(), before=st.sampled_from(PIECES))
@SLOW
def test_any_grammatical_python_after_a_piece(code: str, before: str) -> None:
    _check_together(before, code, "")


def _check_together(*parts: str) -> None:
    code = "\n".join(parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what hypothesmith compares with "is"
        try:
            ast.parse(code)
        except (SyntaxError, ValueError):
            assume(False)
        if not is_interesting(code):
            code += "\n# BatchNorm"
        assert problems(code, "keras") == []
