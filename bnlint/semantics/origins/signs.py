"""What one file shows of the framework that code was ported from.

All of it is found in the text, of files that were never parsed. What is found is evidence, with a
place that a person can look at.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import lru_cache

from bnlint.semantics.origins.remains import Remain, remains_in
from bnlint.semantics.origins.words import (
    Speech,
    citations_in,
    credits_in,
    ecosystem_by_short,
    ecosystem_of,
    said_of_files,
    sentences_in,
    speeches,
    words_of_speeches,
)
from bnlint.semantics.syntax.module import rows_of
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.project.outline import Imports
    from bnlint.semantics.syntax.module import Module


class Sign(NamedTuple):
    """One piece of evidence that code of one ecosystem was ported from another.

    ``source`` and ``target`` are ecosystems, ``family`` is the one of ``source`` that is spoken of.
    ``file`` is the absolute path and ``row`` the line where it stands, ``told`` what it says there
    (``loads TensorFlow weights``). ``imported`` are the files that its imports lead to. A
    ``weak`` sign tells the framework, and little of the numbers: code pads for many reasons. An
    ``exact`` one speaks of its family by name, or by code of it, and not only of the ecosystem.
    """

    source: str
    target: str
    family: str
    file: str
    row: int
    told: str
    imported: tuple[str, ...] = ()
    weak: bool = False
    exact: bool = False

    def imports(self, file: str) -> bool:
        """Tell whether the file of the sign imports ``file``."""
        return file in self.imported


class Said(NamedTuple):
    """What a text says of its source: the family that it names, in which line, and the words."""

    family: str
    row: int
    words: str


def converter_signs(file: str, text: str, imports: Imports) -> Iterator[Sign]:
    """Yield what shows that ``file`` carries weights from one framework into another, one way.

    A file carries weights into a framework that it imports and fills models of, if it fills none of
    the other and writes nothing for other programs. One that speaks of a framework whose ports set
    their own numbers may carry its weights, by way of the other.
    """
    imported = ecosystems_in(imports)
    folder, _, stem = file.rpartition(".")[0].rpartition("/")
    named = _named(stem)
    if named is None and (around := _named(folder.rpartition("/")[2])) is not None:
        # A folder called so may hold the code of one side as well.
        named = around if imported.issuperset(around) else None
    if len(imported) < 2 and named is None and not _foreign_statistics(text, imported):
        return
    if _speaks_of_veto(text):
        return
    spoken = speeches()
    targets = sorted(imported | ({named[1]} if named is not None else set()))
    for target in targets:
        into = spoken[target]
        if any(word in text for word in into.exports):
            continue
        for source, origin in spoken.items():
            if source == target or _fills(origin, text):
                continue
            if named == (source, target):
                family = origin.family_in(stem.lower())
                told, exact = f"carries {origin.title} weights over", family in stem.lower()
                yield Sign(source, target, family, file, 1, told, exact=exact)
                continue
            if target not in imported:
                continue
            at = _statistics(origin, {target, *imported}, text, source in imported)
            if at is not None and source not in imported and _carries_out(into, origin, text):
                where, told = _first(into.reads, text), f"loads {into.title} weights"
                assert where is not None
                family = into.reads[text[slice(*where)]]
                yield Sign(target, source, family, file, _row(text, where[0]), told, exact=True)
            elif at is not None:
                family = origin.family_in(text)
                told = f"reads {text[slice(*at)]} of {origin.title}"
                yield Sign(source, target, family, file, _row(text, at[0]), told)
            elif source in imported and _fills(into, text) and not _first(into.reads, text):
                at = _first(origin.reads, text)
                if at is not None:
                    told = f"loads {origin.title} weights"
                    family = origin.reads[text[slice(*at)]]
                    yield Sign(source, target, family, file, _row(text, at[0]), told, exact=True)


def own_signs(module: Module, target: str, layers: Collection[str]) -> Iterator[Sign]:
    """Yield what a file that builds layers of the ecosystem ``target`` says of its own origin.

    The layers that it is asked of are called by one of ``layers``.

    That is a sentence in a comment or in a docstring, code of another framework in one of them, or
    a class that pads as the layers of another framework do. The framework of the file itself may be
    named as well: that it was ported from elsewhere is then open. Sentences in a file that names
    the address of weights for its own framework tell of these weights, whose results were taken
    with the layers as they stand.
    """
    text, file = module.text, module.file
    found = words_of_speeches().found_in(text).anywhere
    foreign = [s for name, s in speeches().items() if name != target]
    named = any(not found.isdisjoint({*speech.words, *speech.addresses}) for speech in foreign)
    said = [(match, family, False) for match, family in sentences_in(text)] if named else []
    said += [(match, family, True) for match, family in citations_in(text)] if named else []
    for match, family, weak in said:
        if not _is_prose(module, match.start()) or not _is_of_layers(module, match, layers):
            continue
        if _publishes(target, text):
            break
        told, row = f"says {_quoted(match[0])}", _row(text, match.start())
        exact = family in match[1].lower()
        source = ecosystem_of(family)
        yield Sign(source, target, family, file, row, told, weak=weak, exact=exact)
    yield from left_signs(file, text, module.tree, target)
    if not speeches()[target].pads:
        for speech in speeches().values():
            for match in _padding(speech.pads).finditer(text) if speech.pads else ():
                told = f"pads as {speech.title} does ({match[1]})"
                row = _row(text, match.start())
                yield Sign(speech.ecosystem, target, speech.families[0], file, row, told, weak=True)
                break
            for name, row in _padding_convolutions(module, speech.pads) if speech.pads else ():
                told = f"pads as {speech.title} does ({name})"
                yield Sign(speech.ecosystem, target, speech.families[0], file, row, told, weak=True)
                break


def left_signs(file: str, text: str, tree: ast.Module, target: str) -> Iterator[Sign]:
    """Yield what code of other ecosystems a file of ``target`` still has in what nothing runs.

    One piece of each ecosystem is enough.
    """
    first: dict[str, Remain] = {}
    for left in remains_in(text, tree, target):
        first.setdefault(left.origin.ecosystem, left)
    for source, left in first.items():
        told = f"keeps {left.origin.title} code in a comment ({left.code})"
        family = left.origin.family_in(left.root)
        yield Sign(source, target, family, file, left.row, told, weak=True)


def said_in(text: str) -> tuple[Said, bool] | None:
    """Return what a text without code says that it is a port of, if that is one framework.

    Beside it stands whether the text says so itself, and does not only give credit to an address.
    """
    told = [Said(f, _row(text, m.start()), _quoted(m[0])) for m, f in sentences_in(text)]
    named = [Said(f, _row(text, m.start()), _quoted(m[0])) for m, f in citations_in(text)]
    named += [Said(f, _row(text, at), f"'{words}'") for words, at, f in credits_in(text)]
    if len({ecosystem_of(said.family) for said in (*told, *named)}) != 1:
        return None
    return (told or named)[0], bool(told)


#: What makes statistics of one's own, whatever they are called.
_MADE = lazy(r"register_buffer|add_weight|get_variable|add_variable|self\.param\(|Parameter\(")


def ecosystems_in(imports: Imports) -> set[str]:
    """Return the ecosystems that a file imports."""
    names = {origin for found in imports.names.values() for origin, _ in found}
    names.update(path for found in imports.modules.values() for path in found)
    names.update(imports.stars)
    roots = {name.partition(".")[0] for name in names}
    return {name for name, speech in speeches().items() if not roots.isdisjoint(speech.roots)}


def _named(stem: str) -> tuple[str, str] | None:
    """Return the source and the target of a file that is called ``tf2torch``."""
    match = said_of_files().search(stem)
    if match is None:
        return None
    by_short = ecosystem_by_short()
    return by_short[match[1].lower()], by_short[match[2].lower()]


def _speaks_of_veto(text: str) -> bool:
    """Tell whether a text names a framework whose ports set their own numbers."""
    return any(
        word in text and re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", text)
        for speech in speeches().values()
        if speech.vetoes
        for word in speech.words
    )


def _foreign_statistics(text: str, imported: Collection[str]) -> bool:
    found = words_of_speeches().found_in(text).anywhere
    foreign = [s for ecosystem, s in speeches().items() if ecosystem not in imported]
    return any(not found.isdisjoint(speech.statistics) for speech in foreign)


def _fills(speech: Speech, text: str) -> bool:
    return not words_of_speeches().found_in(text).anywhere.isdisjoint(speech.fills)


def _carries_out(origin: Speech, into: Speech, text: str) -> bool:
    """Tell whether a file that imports ``origin`` alone reads its weights for ``into``.

    It loads them, names the statistics of both, and fills no model of its own framework.
    """
    return (
        _first(origin.reads, text) is not None
        and not _fills(origin, text)
        and _statistics(origin, {into.ecosystem}, text, imported=True) is not None
    )


def _first(words: Collection[str], text: str) -> tuple[int, int] | None:
    """Return where the first of ``words`` stands in the code of ``text``: below its docstring."""
    start = text.find("import ")
    found = [(at, at + len(word)) for word in words if (at := text.find(word, start)) >= 0]
    return min(found) if found else None


def _statistics(
    origin: Speech, others: Collection[str], text: str, imported: bool
) -> tuple[int, int] | None:
    """Return where a file reads statistics by names that ``origin`` has for them, not ``others``.

    They stand in a string, as in checkpoints, or are attributes of a layer of ``origin``, if it is
    ``imported``. A layer of one's own may have statistics of that name.
    """
    spoken = [speeches()[name] for name in others if name != origin.ecosystem]
    own = {name for s in spoken for name in (*s.statistics, *s.shared_statistics)}
    names = [name for name in origin.statistics if name not in own]
    if not names or not any(name in text for name in names):
        return None
    for match in _reading(tuple(names), imported).finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if _MADE.search(text, start, match.end()) is None:
            return match.start(1), match.end(1)
    return None


@lru_cache(maxsize=16)
def _reading(names: tuple[str, ...], imported: bool) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, names))
    before = r"['\"](?:[^'\"\n]*[/.:_-])?"
    if imported:
        before = rf"(?:{before}|(?<!self)\.)"
    return re.compile(rf"{before}({listed})(?!\w)")


@lru_cache(maxsize=4)
def _padding(words: tuple[str, ...]) -> re.Pattern[str]:
    same, layer = "|".join(words), "Pad|Conv|Pool"
    return re.compile(
        rf"^[ \t]*class[ \t]+(\w*(?:(?:{layer})\w*(?:{same})|(?:{same})\w*(?:{layer}))\w*)",
        re.MULTILINE,
    )


def _padding_convolutions(module: Module, words: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield imported names of convolutions that pad by themselves, and where they are imported.

    Not those of pooling, which some models of any framework have so.
    """
    for statement in module.imports:
        for name in (alias.name for alias in statement.names):
            spoken = name.rpartition(".")[2].lower()
            if "conv" in spoken and any(word.lower() in spoken for word in words):
                yield name, statement.lineno


def _is_of_layers(module: Module, match: re.Match[str], layers: Collection[str]) -> bool:
    """Tell whether a sentence is about code that may build one of ``layers``.

    One in a class or function, or in the lines above it, is about that class or function.
    """
    lines = module.text.split("\n")
    row = _row(module.text, match.end())
    while row < len(lines) and lines[row].lstrip().startswith(("#", "@")):
        row += 1
    around = [node for node in (*module.classes, *module.functions) if row + 1 in rows_of(node)]
    if not around:
        return True
    told = min(around, key=lambda node: len(rows_of(node)))
    body = "\n".join(lines[told.lineno - 1 : told.end_lineno])
    return any(name in body for name in layers)


def _publishes(target: str, text: str) -> bool:
    """Tell whether a file names the address of weights that were published for ``target``."""
    published = speeches()[target].published
    return bool(published) and _addresses(published).search(text) is not None


@lru_cache(maxsize=8)
def _addresses(endings: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, endings))
    return re.compile(rf"https?://[^\s'\"]+(?:{listed})(?![\w.])")


def _row(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _quoted(text: str) -> str:
    """Return what a sentence says in one line."""
    return f"'{' '.join(text.replace('#', ' ').split())}'"


def _is_prose(module: Module, at: int) -> bool:
    """Tell whether the place ``at`` in the text of a file is in a comment or a docstring."""
    text = module.text
    start = text.rfind("\n", 0, at) + 1
    if "#" in text[start:at]:
        return True
    row = _row(text, at)
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                if row in rows_of(first):
                    return True
    return False
