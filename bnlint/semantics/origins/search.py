"""Which files of a project were ported from where, by all that the project shows of it.

Converters are looked for in the texts of the project, once for a project. Files are parsed only
where code of another framework may be left in them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bnlint.frameworks.records import BATCH
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.purposes import is_for_tests, often_sets_own_eps, sets_own_eps
from bnlint.semantics.origins.concern import MAX_FILES, builds_layers, concerned_files
from bnlint.semantics.origins.remains import may_have_remains
from bnlint.semantics.origins.signs import (
    Sign,
    converter_signs,
    ecosystems_in,
    left_signs,
    own_signs,
    said_in,
)
from bnlint.semantics.origins.words import (
    are_of_two,
    bare_name,
    citations_in,
    ecosystem_of,
    layer_names,
    other_layer_names,
    said_of_files,
    sentences_in,
    speeches,
)
from bnlint.semantics.project.outline import imports_in
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.syntax.module import tree_of
from bnlint.semantics.values.memo import ONE_FILE, Memo
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.syntax.module import Module

#: The kinds of normalisation that are not batch normalisation have their converters in common.
OTHER = ""

_IMPORTED = lazy(r"(?m)^[ \t]*(?:from|import)[ \t]+(\w+)")

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

    ``said`` is what stands in the line ``row`` of ``file``. A ``weak`` hint is an address that
    credit is given to.
    """

    source: str
    family: str
    file: str
    row: int
    said: str
    weak: bool


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
    signs = [s for s in signs_for(resolver, module.file, norm) if s.target == target]
    signs += own_signs(module, target, names(target))
    if norm != BATCH and not signs:
        signs = _hinted(resolver, module.file, target)
    sources = {sign.source for sign in signs}
    if len(sources) != 1 or sources == {target} or speeches()[signs[0].source].vetoes:
        return None
    if norm != BATCH:
        # What tells the framework alone is enough where no other has the eps of these layers.
        signs = [sign._replace(weak=False) for sign in _agreeing(signs, norm)]
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
    said = (*sentences_in(text), *citations_in(text))
    if said or signs_for(resolver, file, OTHER):
        return True
    if _shown(resolver, file).hint is not None:
        return True
    own = {ecosystem_of(family) for family in imported if family in catalogue().own_eps}
    return any(may_have_remains(text, target) for target in own)


def _hinted(resolver: Resolver, file: str, target: str) -> list[Sign]:
    """Return what the introduction of a project says of layers which normalise otherwise.

    Of these it counts where nothing else does: the eps of theirs that only one framework has by
    default is wrong in a port, whatever it was ported from.
    """
    hint = _shown(resolver, file).hint
    if hint is None:
        return []
    told = f"says {hint.said}"
    return [Sign(hint.source, target, hint.family, hint.file, hint.row, told)]


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
    if resolver is not None:
        path = module.file.removeprefix(resolver.sources.root(module.file))
    return " ".join([path, *(node.name for node in (*module.classes, *module.functions))])


def hint_for(resolver: Resolver, file: str, family: str) -> Hint | None:
    """Return what the introduction of a project says of ``file``, with layers of ``family``.

    Where it is no port, or one that leaves eps where ``family`` does, nothing is returned.
    """
    hint = _shown(resolver, file).hint
    if (
        hint is None
        or hint.weak
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
    return layered_below(resolver, resolver.sources.root(file), ecosystem)


def layered_below(resolver: Resolver, root: str, ecosystem: str) -> Sequence[str]:
    """Return the files of the project in the folder ``root`` that have layers of ``ecosystem``."""
    with resolver.sources.asking("layered", root, ecosystem):
        files = resolver.sources.below(root)
        files = [path for path in files if not is_for_tests(path.removeprefix(root))]
        return [path for path in files if builds_layers(resolver, path, ecosystem)]


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
    shown = {path: _signs_in(resolver, path) for path in files}
    found, left = ({p: signs[i] for p, signs in shown.items() if signs[i]} for i in (0, 1))
    ours, others = (concerned_files(resolver, files, found, left, batch) for batch in (True, False))
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


_SIGNS: Memo[str, tuple[Sequence[Sign], Sequence[Sign]]] = Memo(ONE_FILE)


def _signs_in(resolver: Resolver, path: str) -> tuple[Sequence[Sign], Sequence[Sign]]:
    """Return what a file shows as a converter, and what is left in it of the code of its source."""
    known = _SIGNS.of(resolver)
    if path not in known:
        text = resolver.sources.text(path) if _may_convert(resolver, path) else None
        known[path] = ((), ())
        if text:
            imports = imports_in(text)
            converts = [*converter_signs(path, text, imports)]
            known[path] = converts, _left_in(path, text, ecosystems_in(imports))
    return known[path]


def _left_in(path: str, text: str, imported: Collection[str]) -> Sequence[Sign]:
    """Return what a file of one ecosystem still has of the code of another."""
    if len(imported) != 1 or not may_have_remains(text, target := next(iter(imported))):
        return ()
    try:
        tree = tree_of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return [*left_signs(path, text, tree, target)]


def _hint(resolver: Resolver, file: str, files: Sequence[str]) -> Hint | None:
    """Return what the introduction of a project says, unless that is a collection of models."""
    path, text = resolver.sources.readme(file)
    said = said_in(text)
    if said is None:
        return None
    if sum(resolver.sources.marks(other).apis for other in files) > _MAX_HINTED:
        return None
    (family, row, words), is_told = said
    return Hint(ecosystem_of(family), family, path, row, words, weak=not is_told)


def _may_convert(resolver: Resolver, path: str) -> bool:
    """Tell whether a file speaks of two ecosystems, or is named for carrying over."""
    if are_of_two(resolver.sources.held(path)):
        return True
    name = path.rpartition("/")[2]
    return ("2" in name or "to" in name.lower()) and said_of_files().search(name) is not None
