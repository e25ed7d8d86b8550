"""Which files of a project were ported from where, by all that the project shows of it.

Converters are looked for in the texts of the project, once for a project; no file is parsed for it.
A converter counts for files that it has to do with, and never for a whole collection of models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import is_for_tests, often_sets_own_eps, sets_own_eps
from bnlint.semantics.origins.signs import Sign, converter_signs, own_signs, said_in
from bnlint.semantics.origins.words import (
    bare_name,
    ecosystem_of,
    layer_names,
    marks_of_speeches,
    said_of_files,
    speeches,
    words_of_speeches,
)
from bnlint.semantics.project.outline import imports_in
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.values.memo import ONE_FILE, Memo
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.syntax.module import Module

#: For more files than this, a converter counts for none: they are a collection of models.
MAX_FILES = 12

#: Of more files with layers than this, the introduction of a project says nothing.
_MAX_HINTED = 60

#: Projects of more files are not searched.
_MAX_PROJECT = 4_000


class Origin(NamedTuple):
    """The framework that a file was ported from: one of its families, and what shows it."""

    family: str
    title: str
    signs: tuple[Sign, ...]


class Hint(NamedTuple):
    """What the introduction of a project says that it is a port of: a hint, and no more.

    ``said`` is what stands in the line ``row`` of ``file``.
    """

    source: str
    family: str
    file: str
    row: int
    said: str


class _Shown(NamedTuple):
    """What a project shows: the signs that count for each of its files, and a hint for all.

    ``sources`` are the ecosystems that anything of it was ported from, ``by_name`` has its files by
    their names without those of frameworks.
    """

    by_file: Mapping[str, tuple[Sign, ...]] = {}
    hint: Hint | None = None
    sources: frozenset[str] = frozenset()
    by_name: Mapping[str, tuple[str, ...]] = {}


_SHOWN: Memo[str, _Shown] = Memo()


def origin_of(resolver: Resolver, module: Module, family: str) -> Origin | None:
    """Return what a file that builds layers of ``family`` was ported from, if one thing is shown.

    Two sources for one file are none, and neither is one that leaves eps where ``family`` does.
    """
    target = ecosystem_of(family)
    signs: list[Sign] = []
    if module.file:
        signs = [s for s in signs_for(resolver, module.file) if s.target == target]
    signs += own_signs(module, target)
    sources = {sign.source for sign in signs}
    if len(sources) != 1 or sources == {target} or speeches()[signs[0].source].vetoes:
        return None
    first = signs[0]
    if _eps(first.family) == _eps(family) or _eps(family) is None:
        return None
    names = names_in(resolver, module)
    if sets_own_eps(names):
        return None
    if often_sets_own_eps(names):
        signs = [sign._replace(weak=True) for sign in signs]
    return Origin(first.family, speeches()[first.source].title, tuple(signs))


def names_in(resolver: Resolver | None, module: Module) -> str:
    """Return the path of a file in its project, and what its classes and functions are called."""
    path = module.path
    if resolver is not None and module.file:
        path = module.file.removeprefix(resolver.sources.root(module.file))
    return " ".join([path, *(node.name for node in (*module.classes, *module.functions))])


def hint_for(resolver: Resolver, file: str, family: str) -> Hint | None:
    """Return what the introduction of a project says of ``file``, with layers of ``family``.

    Where it is no port, or one that leaves eps where ``family`` does, nothing is returned.
    """
    hint = _shown(resolver, file).hint
    if (
        hint is None
        or speeches()[hint.source].vetoes
        or hint.source == ecosystem_of(family)
        or _eps(hint.family) == _eps(family)
    ):
        return None
    return hint


def signs_for(resolver: Resolver, file: str) -> Sequence[Sign]:
    """Return what the converters of the project around ``file`` show of it."""
    return _shown(resolver, file).by_file.get(file, ())


def sources_around(resolver: Resolver, file: str) -> Collection[str]:
    """Return the ecosystems that files of the project around ``file`` were ported from."""
    return _shown(resolver, file).sources


def twins_of(resolver: Resolver, file: str) -> Sequence[str]:
    """Return the files that are called as ``file`` is, but for the name of a framework."""
    name = bare_name(file)
    found = _shown(resolver, file).by_name.get(name, ()) if name else ()
    return [path for path in found if path != file] if len(found) <= MAX_FILES else ()


def layered(resolver: Resolver, file: str, ecosystem: str) -> Sequence[str]:
    """Return the files of the project around ``file`` that have layers of ``ecosystem``."""
    if ecosystem not in speeches():
        return ()
    root = resolver.sources.root(file)
    return layered_below(resolver, root, ecosystem)


def layered_below(resolver: Resolver, root: str, ecosystem: str) -> Sequence[str]:
    """Return the files of the project in the folder ``root`` that have layers of ``ecosystem``."""
    with resolver.sources.asking("layered", root, ecosystem):
        files = resolver.sources.below(root)
        files = [path for path in files if not is_for_tests(path.removeprefix(root))]
        return [path for path in files if _builds_layers(resolver, path, ecosystem)]


def digest(resolver: Resolver, file: str) -> str:
    """Return what tells all that a project shows of ``file`` from anything else it may show."""
    shown = _shown(resolver, file)
    parts = (signs_for(resolver, file), shown.hint, sorted(shown.sources), twins_of(resolver, file))
    return repr(parts)


def _shown(resolver: Resolver, file: str) -> _Shown:
    with resolver.sources.asking("origin", file):
        root = resolver.sources.root(file)
        known = _SHOWN.of(resolver)
        if root not in known:
            known[root] = _search(resolver, file)
        return known[root]


def _eps(family: str) -> object:
    """Return the eps that layers of ``family`` have by default."""
    row = catalogue().reference_row(family)
    name = row["roles"].get("eps")
    return next((default for other, _, default in row["signature"] if other == name), None)


def _search(resolver: Resolver, file: str) -> _Shown:
    files = resolver.sources.files(file)
    if len(files) > _MAX_PROJECT:
        return _Shown()
    root = resolver.sources.root(file)
    files = [path for path in files if not is_for_tests(path.removeprefix(root))]
    found: dict[str, Sequence[Sign]] = {}
    for path in files:
        signs = _signs_in(resolver, path)
        if signs:
            found[path] = signs
    by_file: dict[str, list[Sign]] = {}
    layered: dict[str, set[str]] = {}
    for path, signs in found.items():
        for target in sorted({sign.target for sign in signs}):
            if target not in layered:
                layered[target] = {f for f in files if _builds_layers(resolver, f, target)}
            concerned = _concerned(resolver, path, layered[target], target)
            behind = tuple(_behind(resolver, path))
            for other in concerned if len(concerned) <= MAX_FILES else ():
                by_file.setdefault(other, []).extend(
                    sign._replace(imported=behind) for sign in signs if sign.target == target
                )
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(bare_name(path), []).append(path)
    return _Shown(
        {path: tuple(signs) for path, signs in by_file.items()},
        _hint(resolver, file, files),
        frozenset(sign.source for signs in by_file.values() for sign in signs),
        {name: tuple(paths) for name, paths in by_name.items() if len(paths) > 1},
    )


_SIGNS: Memo[str, Sequence[Sign]] = Memo(ONE_FILE)


def _signs_in(resolver: Resolver, path: str) -> Sequence[Sign]:
    """Return what a file shows as a converter; nothing if it is none."""
    known = _SIGNS.of(resolver)
    if path not in known:
        text = resolver.sources.text(path)
        converts = text is not None and _may_convert(path, text)
        known[path] = [*converter_signs(path, text, imports_in(text))] if text and converts else ()
    return known[path]


def _hint(resolver: Resolver, file: str, files: Sequence[str]) -> Hint | None:
    """Return what the introduction of a project says, unless that is a collection of models."""
    path, text = resolver.sources.readme(file)
    said = said_in(text)
    if said is None:
        return None
    marks = [resolver.sources.marks(other) for other in files]
    if sum(found is not None and found.apis for found in marks) > _MAX_HINTED:
        return None
    source, family, row, words = said
    return Hint(source, family, path, row, words)


def _may_convert(path: str, text: str) -> bool:
    """Tell whether a text speaks of two ecosystems, or its file is named for carrying over."""
    found = marks_of_speeches().found_in(text).anywhere
    spoken = sum(not found.isdisjoint(speech.marks) for speech in speeches().values())
    return spoken > 1 or said_of_files().search(path.rpartition("/")[2]) is not None


def _concerned(
    resolver: Resolver, converter: str, layered: set[str], target: str
) -> Collection[str]:
    """Return those of the ``layered`` files that a converter has to do with.

    They are the converter itself; or those that it imports, in two steps; or those that import it;
    or all there are, if these are few.
    """
    if converter in layered and _calls_layer(resolver, converter, target):
        return (converter,)
    imported = [path for path in _behind(resolver, converter) if path in layered]
    if imported:
        return imported
    importing = [
        path
        for path in sorted(layered)
        if (outline := resolver.outline(path)) is not None
        and converter in resolver.imported(resolver.place(path), outline)
    ]
    return importing or sorted(layered - {converter})


def _behind(resolver: Resolver, file: str) -> Sequence[str]:
    """Return the files that the imports of ``file`` lead to in two steps."""
    found: dict[str, None] = {}
    near = [file]
    for _ in range(2):
        further: list[str] = []
        for path in near:
            outline = resolver.outline(path)
            if outline is not None:
                further += resolver.imported(resolver.place(path), outline)
        near = [path for path in further if path not in found]
        found |= dict.fromkeys(near)
    return list(found)


_BUILDS: Memo[str, frozenset[str]] = Memo(ONE_FILE)


def _builds_layers(resolver: Resolver, path: str, target: str) -> bool:
    """Tell whether a file imports a framework of ``target`` and names one of its layers."""
    known = _BUILDS.of(resolver)
    if path not in known:
        found = words_of_speeches().found_in(resolver.sources.text(path) or "").anywhere
        known[path] = frozenset(
            name
            for name, speech in speeches().items()
            if not found.isdisjoint(speech.roots) and not found.isdisjoint(layer_names(name))
        )
    return target in known[path]


def _calls_layer(resolver: Resolver, path: str, target: str) -> bool:
    """Tell whether a file calls a layer of ``target``, and does not only ask for its class."""
    text = resolver.sources.text(path) or ""
    return any(f"{name}(" in text for name in layer_names(target))
