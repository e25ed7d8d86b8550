"""What a project shows of the framework that each of its files was ported from.

The programs are in ``tests/cases/origins``, a file for each module of ``bnlint.semantics.origins``.
Files that are no Python are read for what sentences, citations and credits say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from written import Program, programs

from bnlint.engine.facts import resolver
from bnlint.frameworks.records import BATCH
from bnlint.semantics.origins.concern import builds_layers
from bnlint.semantics.origins.search import (
    OTHER,
    hint_for,
    layered,
    may_tell_source,
    origin_of,
    signs_for,
    sources_around,
    twins_of,
)
from bnlint.semantics.origins.signs import Sign, own_signs, said_in
from bnlint.semantics.origins.words import (
    citations_in,
    credits_in,
    layer_names,
    other_layer_names,
    sentences_in,
    speeches,
)
from bnlint.semantics.syntax.module import parse

PROGRAMS = programs("origins")


@pytest.mark.parametrize("name", PROGRAMS)
def test_shown(name: str, tmp_path: Path) -> None:
    PROGRAMS[name].hold(told_of(PROGRAMS[name], tmp_path))


def told_of(program: Program, folder: Path) -> Iterator[str]:
    """Yield what is shown of each file of a program, and what texts in it say."""
    program.lay_out(folder)
    for name, text in program.files.items():
        lines = _of_file(str(folder / name), text) if name.endswith(".py") else _of_text(text)
        for line in lines:
            yield f"{name}: {line.replace(f'{folder}/', '')}"


def _of_file(file: str, text: str) -> Iterator[str]:
    around = resolver()
    module = parse(file, text)
    module.file = file
    for ecosystem, speech in speeches().items():
        for norm, names in ((BATCH, layer_names), (OTHER, other_layer_names)):
            if not builds_layers(around, file, ecosystem, norm == BATCH):
                continue
            kind = f"{speech.title}{'' if norm == BATCH else ', other layers'}"
            yield from _signs(f"{kind}: project", signs_for(around, file, norm))
            own = own_signs(module, ecosystem, names(ecosystem))
            yield from _signs(f"{kind}: itself", own)
            for family in speech.families:
                for one in [BATCH] if norm == BATCH else ["layer", "group"]:
                    found = origin_of(around, module, family, one)
                    if found is not None:
                        yield f"{family} {one} is ported from {found.title}, {found.family}"
                        assert all(sign.source != ecosystem for sign in found.signs)
                if (hint := hint_for(around, file, family)) is not None:
                    row = f"{hint.file}:{hint.row}"
                    yield f"{family} may be ported from {hint.family}: {row} {hint.said}"
            if norm == BATCH and file not in layered(around, file, ecosystem):
                yield f"{kind}: not one of its files with layers"
    if may_tell_source(around, file, text):
        yield "may tell of other layers"
    if twins := twins_of(around, file):
        yield f"is called as {', '.join(twins)}"
    if sources := sources_around(around, file):
        yield f"around it is code of {', '.join(sorted(sources))}"


def _signs(whose: str, signs: Iterable[Sign]) -> Iterator[str]:
    for sign in signs:
        flags = " weak" * sign.weak + " exact" * sign.exact
        behind = f", imports {', '.join(sign.imported)}" if sign.imported else ""
        yield (
            f"{whose}: {sign.file}:{sign.row} {sign.told} "
            f"({sign.source} to {sign.target}, {sign.family}{flags}{behind})"
        )


def _of_text(text: str) -> Iterator[str]:
    for match, family in sentences_in(text):
        yield f"{family}: sentence {' '.join(match[0].split())!r}"
    for match, family in citations_in(text):
        yield f"{family}: citation {' '.join(match[0].split())!r} of {match[1]}"
    for words, at, family in credits_in(text):
        yield f"{family}: credit {words!r} at {at}"
    if (said := said_in(text)) is not None:
        yield f"says {said[0].words} of {said[0].family} in row {said[0].row}, itself {said[1]}"
