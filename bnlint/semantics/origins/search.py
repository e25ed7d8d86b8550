"""Which files of a project were ported from where, by all that the project shows of it.

Converters are looked for in the texts of the project, once for a project; no file is parsed for it.
A converter counts for files that it has to do with, and never for a whole collection of models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bnlint.frameworks.records import BATCH
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import is_for_tests, often_sets_own_eps, sets_own_eps
from bnlint.semantics.origins.signs import Sign, converter_signs, own_signs, said_in
from bnlint.semantics.origins.words import (
    are_of_two,
    bare_name,
    ecosystem_of,
    layer_names,
    other_layer_names,
    said_of_files,
    sentences_in,
    speeches,
    words_of_speeches,
)
from bnlint.semantics.project.outline import imports_in
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.values.memo import ONE_FILE, Memo
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.syntax.module import Module

#: The kinds of normalisation that are not batch normalisation have their converters in common.
OTHER = ""

_IMPORTED = lazy(r"(?m)^[ \t]*(?:from|import)[ \t]+(\w+)")

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

    ``others`` are the signs that count for layers which normalise otherwise than by batches.
    ``sources`` are the ecosystems that anything of it was ported from, ``by_name`` has its files by
    their names without those of frameworks.
    """

    by_file: Mapping[str, tuple[Sign, ...]] = {}
    others: Mapping[str, tuple[Sign, ...]] = {}
    hint: Hint | None = None
    sources: frozenset[str] = frozenset()
    by_name: Mapping[str, tuple[str, ...]] = {}


_SHOWN: Memo[str, _Shown] = Memo()


def origin_of(resolver: Resolver, module: Module, family: str, norm: str = BATCH) -> Origin | None:
    """Return what a file that builds layers of ``family`` was ported from, if one thing is shown.

    Two sources for one file are none, and neither is one that leaves eps where ``family`` does, in
    layers of the kind ``norm``. Families of one ecosystem differ in the eps of some kinds: then the
    family itself must be spoken of.
    """
    target = ecosystem_of(family)
    names = layer_names if norm == BATCH else other_layer_names
    signs: list[Sign] = []
    if module.file:
        signs = [s for s in signs_for(resolver, module.file, norm) if s.target == target]
    signs += own_signs(module, target, names(target))
    sources = {sign.source for sign in signs}
    if len(sources) != 1 or sources == {target} or speeches()[signs[0].source].vetoes:
        return None
    if norm != BATCH:
        signs = _agreeing(signs, norm)
    if not signs:
        return None
    first = signs[0]
    if _eps(first.family, norm) == _eps(family, norm) or _eps(family, norm) is None:
        return None
    called = names_in(resolver, module)
    if sets_own_eps(called):
        return None
    if often_sets_own_eps(called):
        signs = [sign._replace(weak=True) for sign in signs]
    return Origin(first.family, speeches()[first.source].title, tuple(signs))


def may_tell_source(resolver: Resolver, file: str, text: str) -> bool:
    """Tell, without parsing, whether it may be shown what layers of a file were ported from.

    Asked of layers that normalise otherwise than by batches, and an eps that only the framework
    has which the file imports: what else is inferred of such layers is of low confidence.
    """
    imported = catalogue().roots(_IMPORTED.findall(text))
    if catalogue().own_eps.keys().isdisjoint(imported):
        return False
    return next(sentences_in(text), None) is not None or bool(signs_for(resolver, file, OTHER))


def _agreeing(signs: Sequence[Sign], norm: str) -> list[Sign]:
    """Return the signs of one ecosystem that tell one eps of a kind of normalisation.

    Where its families differ in that, these are the signs that speak of a family itself.
    """
    families = speeches()[signs[0].source].families
    if len({_eps(family, norm) for family in families} - {None}) != 1:
        signs = [sign for sign in signs if sign.exact]
    return list(signs) if len({_eps(sign.family, norm) for sign in signs}) == 1 else []


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
        or _eps(hint.family, BATCH) == _eps(family, BATCH)
    ):
        return None
    return hint


def signs_for(resolver: Resolver, file: str, norm: str = BATCH) -> Sequence[Sign]:
    """Return what the converters of the project show of the layers of one kind in ``file``."""
    shown = _shown(resolver, file)
    return (shown.by_file if norm == BATCH else shown.others).get(file, ())


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
    signs = signs_for(resolver, file), shown.others.get(file)
    parts = (*signs, shown.hint, sorted(shown.sources), twins_of(resolver, file))
    return repr(parts)


def _shown(resolver: Resolver, file: str) -> _Shown:
    with resolver.sources.asking("origin", file):
        root = resolver.sources.root(file)
        known = _SHOWN.of(resolver)
        if root not in known:
            known[root] = _search(resolver, file)
        return known[root]


def _eps(family: str, norm: str) -> object:
    """Return the eps that layers of ``family`` have by default, of one kind of normalisation."""
    if norm != BATCH:
        api = catalogue().load((family,)).reference_of(family, norm)
        return api.default_eps if api is not None else None
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
    ours, others = (_by_file(resolver, files, found, batch) for batch in (True, False))
    by_name: dict[str, list[str]] = {}
    for path in files:
        by_name.setdefault(bare_name(path), []).append(path)
    return _Shown(
        ours,
        others,
        _hint(resolver, file, files),
        frozenset(sign.source for signs in ours.values() for sign in signs),
        {name: tuple(paths) for name, paths in by_name.items() if len(paths) > 1},
    )


def _by_file(
    resolver: Resolver, files: Sequence[str], found: Mapping[str, Sequence[Sign]], batch: bool
) -> Mapping[str, tuple[Sign, ...]]:
    """Return for each file what converters show of its layers, of batch normalisation or others."""
    by_file: dict[str, list[Sign]] = {}
    layered: dict[str, set[str]] = {}
    for path, signs in found.items():
        for target in sorted({sign.target for sign in signs}):
            if target not in layered:
                layered[target] = {f for f in files if _builds_layers(resolver, f, target, batch)}
            concerned = _concerned(resolver, path, layered[target], target, batch)
            behind = tuple(_behind(resolver, path))
            for other in concerned if len(concerned) <= MAX_FILES else ():
                by_file.setdefault(other, []).extend(
                    sign._replace(imported=behind) for sign in signs if sign.target == target
                )
    return {path: tuple(signs) for path, signs in by_file.items()}


_SIGNS: Memo[str, Sequence[Sign]] = Memo(ONE_FILE)


def _signs_in(resolver: Resolver, path: str) -> Sequence[Sign]:
    """Return what a file shows as a converter; nothing if it is none."""
    known = _SIGNS.of(resolver)
    if path not in known:
        text = resolver.sources.text(path) if _may_convert(resolver, path) else None
        known[path] = [*converter_signs(path, text, imports_in(text))] if text else ()
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


def _may_convert(resolver: Resolver, path: str) -> bool:
    """Tell whether a file speaks of two ecosystems, or is named for carrying over."""
    if are_of_two(resolver.sources.held(path)):
        return True
    name = path.rpartition("/")[2]
    return ("2" in name or "to" in name.lower()) and said_of_files().search(name) is not None


def _concerned(
    resolver: Resolver, converter: str, layered: set[str], target: str, batch: bool
) -> Collection[str]:
    """Return those of the ``layered`` files that a converter has to do with.

    They are the converter itself; or those that it imports, in two steps; or those that import it;
    or all there are, if these are few.
    """
    if converter in layered and _calls_layer(resolver, converter, target, batch):
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


def _builds_layers(resolver: Resolver, path: str, target: str, batch: bool = True) -> bool:
    """Tell whether a file imports a framework of ``target`` and names one of its layers.

    With ``batch``, they are those of batch normalisation, else all others that normalise.
    """
    if not batch:
        text = resolver.sources.text(path) or ""
        roots = words_of_speeches().found_in(text).anywhere & speeches()[target].roots
        return bool(roots) and any(name in text for name in other_layer_names(target))
    known = _BUILDS.of(resolver)
    if path not in known:
        found = words_of_speeches().found_in(resolver.sources.text(path) or "").anywhere
        known[path] = frozenset(
            name
            for name, speech in speeches().items()
            if not found.isdisjoint(speech.roots) and not found.isdisjoint(layer_names(name))
        )
    return target in known[path]


def _calls_layer(resolver: Resolver, path: str, target: str, batch: bool) -> bool:
    """Tell whether a file calls a layer of ``target``, and does not only ask for its class."""
    text = resolver.sources.text(path) or ""
    names = layer_names(target) if batch else other_layer_names(target)
    return any(f"{name}(" in text for name in names)
