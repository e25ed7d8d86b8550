"""All that an expression may be, by programs: held to what Python computes, and to what is written.

A case of ``tests/cases/programs`` is a program after ``--- `` and a name. Its last expression is
asked about: the last statement's, or where that is a function or class, what the last ``return`` in
it returns (of a method, of an object that is not in view). Lines that begin with ``>>>`` hold the
candidates, with what they rest on that a caller may override, or why nothing is known.

Where Python runs the program, what it computes must be among the candidates if all are known, and
none is what callers pass. So a wrong expectation cannot be written down, even by
``BNLINT_SAY=1 pytest FILE``, which writes anew.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from reading import NotPlainError, evaluator, module_of, plain_value
from said import RENEWS

from bnlint.semantics.values.domain import Candidate, Instance, Sequence, Symbol, Unknown
from bnlint.semantics.values.evaluator import Evaluator

FOLDER = Path(__file__).parent.parent / "cases" / "programs"

_CASE = re.compile(r"^--- (.+)\n", re.MULTILINE)
_SAID = re.compile(r"^>>> ?(.*)\n", re.MULTILINE)


class Program(NamedTuple):
    """A program: the file it stands in, its text, and what its last expression may be."""

    path: Path
    code: str
    said: list[str]


def _programs() -> Iterator[tuple[str, Program]]:
    for path in sorted(FOLDER.glob("*.txt")):
        _, *parts = _CASE.split(path.read_text("utf-8"))
        for title, text in zip(parts[::2], parts[1::2], strict=True):
            yield f"{path.stem} {title}", Program(path, _SAID.sub("", text), _SAID.findall(text))


PROGRAMS = dict(_programs())


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_the_last_expression_may_be(name: str) -> None:
    program = PROGRAMS[name]
    module = module_of(program.code)
    ev = evaluator()
    found = ev.evaluate(module, _asked(module.tree.body[-1]))
    said = [_shown(ev, candidate) for candidate in found]
    if not any(line.startswith(("?", "<")) or "; what " in line for line in said):
        for computed in _computed(program.code):
            assert computed in [line.partition("; ")[0] for line in said]
    if RENEWS:
        _renew(name, said)
    else:
        assert said == program.said


def test_each_name_is_there_once() -> None:
    assert len(list(_programs())) == len(PROGRAMS)


def _asked(statement: ast.stmt) -> ast.expr:
    """Return the last expression in a statement."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return _asked(statement.body[-1])
    assert isinstance(statement, (ast.Assign, ast.Expr, ast.Return))
    assert statement.value is not None
    return statement.value


def _shown(ev: Evaluator, candidate: Candidate) -> str:
    """Return a candidate as a line: a plain value, what it is else, or ``?`` and a reason."""
    found = candidate.object
    if isinstance(found, Unknown):
        text = f"? {found.reason}"
    else:
        try:
            text = repr(plain_value(ev, candidate))
        except NotPlainError:
            text = f"<{type(found).__name__}>"
        if isinstance(found, Symbol):
            text = f"<{found.path}>"
        elif isinstance(found, Instance):
            made = found.cls
            text = f"<{made.path if isinstance(made, Symbol) else made.node.name}()>"
        elif isinstance(found, Sequence) and not isinstance(candidate.node, (ast.Tuple, ast.List)):
            text = f"<{text}>"  # of either kind
    return f"{text}; {candidate.presumed}" if candidate.presumed else text


def _computed(code: str) -> Iterator[str]:
    """Yield what Python makes of the last expression of a program, where that is plain."""
    tree = ast.parse(code)
    last = tree.body.pop()
    if isinstance(last, ast.FunctionDef):
        tree.body.append(last)
        asked: ast.expr = ast.parse(f"{last.name}()", mode="eval").body
    elif isinstance(last, ast.ClassDef):
        tree.body.append(last)
        method = last.body[-1]
        assert isinstance(method, ast.FunctionDef)
        asked = ast.parse(f"{last.name}().{method.name}()", mode="eval").body
    else:
        asked = _asked(last)
    names: dict[str, object] = {"__name__": "program"}
    arguments, sys.argv = sys.argv, ["program"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "program", "exec"), names)
            value = eval(compile(ast.Expression(asked), "program", "eval"), names)
    except (Exception, SystemExit):
        return  # it is made of parts that are not there, or is wrong
    finally:
        sys.argv = arguments
    if isinstance(value, (int, float, str, bytes, type(None), tuple, list, dict)):
        yield repr(value)


def _renew(name: str, said: list[str]) -> None:
    """Write what an expression may be into the file of its program."""
    path = PROGRAMS[name].path
    text = path.read_text("utf-8")
    title = name.removeprefix(f"{path.stem} ")
    for match in _CASE.finditer(text):
        if match[1] == title:
            after = _CASE.search(text, match.end())
            end = after.start() if after else len(text)
            body = _SAID.sub("", text[match.end() : end])
            shown = "".join(f">>> {line}\n" for line in said)
            path.write_text(text[: match.end()] + body + shown + text[end:], "utf-8")
            return
