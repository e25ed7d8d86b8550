"""Each model of a program: what it is made of, all that is done with it, and where the view ends.

The programs are in ``tests/cases/lives``, a file for each module of ``bnlint.semantics.objects``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from written import Program, programs

from bnlint.engine.facts import Facts
from bnlint.semantics.objects.aliases import is_copy
from bnlint.semantics.objects.allocations import Made, constructions, variable_of
from bnlint.semantics.objects.events import CALL, METHOD, Use, frames
from bnlint.semantics.objects.history import life_of, may_be_switched_elsewhere
from bnlint.semantics.objects.models import class_name

PROGRAMS = programs("lives")


@pytest.mark.parametrize("name", PROGRAMS)
def test_life(name: str, tmp_path: Path) -> None:
    PROGRAMS[name].hold(told_of(PROGRAMS[name], tmp_path))


def told_of(program: Program, folder: Path) -> Iterator[str]:
    """Yield what is known of the models that the first file of a program makes."""
    facts = program.facts(folder)
    for made in constructions(facts.project.evaluator, facts.module):
        for line in (*_made(facts, made), *_life(facts, made)):
            yield line.replace(f"{folder}/", "")


def _made(facts: Facts, made: Made) -> Iterator[str]:
    ev, module = facts.project.evaluator, facts.module
    names = [class_name(candidate.object) for candidate in made.candidates]
    names += ["another"] * made.may_be_other
    called = variable_of(module, made.call)
    yield f"{made.call.lineno} makes {' or '.join(names)}{called and f', called {called}'}"
    held = made.contents(ev, facts.sites)
    where = [f"{ast.unparse(s.call.func)} of {s.module.path}:{s.call.lineno}" for s in held.sites]
    outside = [getattr(base, "path", "") or "what is not known" for base in held.outside]
    of = ", ".join(dict.fromkeys(getattr(n, "name", type(n).__name__) for n in held.nodes))
    only = made.only_if(ev, facts.sites)
    yield f"  it {'normalises' if held.normalises else 'does not normalise'}" + (
        f", only if it is {only}" if only else ""
    )
    yield f"  it is made of {', '.join([*where, *dict.fromkeys(outside)])}, by {of}"


def _life(facts: Facts, made: Made) -> Iterator[str]:
    ev, module = facts.project.evaluator, facts.module
    life = life_of(ev, module, made.origins)
    for use in life.uses:
        yield f"  {_use(use)}{_on(facts, use)}"
    for frame in list(frames(module, life))[1:]:
        line = " > ".join(str(step.node.lineno) for step in frame.outer)
        yield f"  in {frame.module.path} by {line}: {', '.join(map(_use, frame.life.uses))}"
        assert frame.anchor(frame.life.uses[0].here) is frame.outer[0].node
    if not any(life.methods("eval")):
        yield f"  {life.nowhere('eval', module)}"
    if life.escapes:
        yield f"  the view ends: {life.escapes}"
        yield f"  code outside: {', '.join(life.outside) or 'not alone'}"
    for name, is_variable in life.known_as:
        yield f"  others know {'the variable' if is_variable else 'the class'} {name}"
    if may_be_switched_elsewhere(ev, module, life, made.framework):
        yield "  it may be switched elsewhere"


def _use(use: Use) -> str:
    way = "".join(f"{step.module.path}:{step.node.lineno} > " for step in use.via)
    given = [ast.unparse(step.given) for step in use.via if step.given is not None]
    what = f"{use.kind} {use.name}".strip()
    return (
        f"{way}{use.module.path}:{use.node.lineno} {what}{' of what it is in' * use.within}"
        f"{' as ' * bool(given)}{', '.join(given)}"
    )


def _on(facts: Facts, use: Use) -> str:
    """Return how what is run is written, if it is run."""
    if use.kind not in (CALL, METHOD):
        return ""
    copied = is_copy(facts.project.evaluator, use.module, use.model)
    return f" on {ast.unparse(use.model)}{', a copy' * copied}"
