"""For which of its files with layers counts what other files of a project show of their source.

A converter counts for files that it has to do with, and never for a whole collection of models.
Neither does code of the source that is left in a file which a collection imports.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bnlint.semantics.origins.signs import Sign
from bnlint.semantics.origins.words import (
    layer_names,
    other_layer_names,
    speeches,
    words_of_speeches,
)
from bnlint.semantics.project.resolver import Resolver
from bnlint.semantics.values.memo import ONE_FILE, Memo

#: For more files than this, a converter counts for none: they are a collection of models.
MAX_FILES = 12


def concerned_files(
    resolver: Resolver,
    files: Sequence[str],
    found: Mapping[str, Sequence[Sign]],
    left: Mapping[str, Sequence[Sign]],
    batch: bool,
) -> Mapping[str, tuple[Sign, ...]]:
    """Return for each file what others show of its layers, of batch normalisation or others.

    ``found`` is what converters show, ``left`` what is left in files of the code of their source.
    """
    by_file: dict[str, list[Sign]] = {}
    targets = {sign.target for signs in (*found.values(), *left.values()) for sign in signs}
    layered = {
        target: {f for f in files if builds_layers(resolver, f, target, batch)}
        for target in sorted(targets)
    }
    for path, signs in (*found.items(), *left.items()):
        for target in sorted({sign.target for sign in signs}):
            if path in found:
                concerned = _concerned(resolver, path, files, layered[target], target, batch)
            else:
                concerned = _beside(resolver, path, layered[target])
            behind = tuple(_behind(resolver, path)) if path in found else ()
            for other in concerned if len(concerned) <= MAX_FILES else ():
                by_file.setdefault(other, []).extend(
                    sign._replace(imported=behind) for sign in signs if sign.target == target
                )
    return {path: tuple(signs) for path, signs in by_file.items()}


def _concerned(
    resolver: Resolver,
    converter: str,
    files: Sequence[str],
    layered: set[str],
    target: str,
    batch: bool,
) -> Collection[str]:
    """Return those of the ``layered`` files that a converter has to do with.

    They are the converter itself; or those that it imports, in two steps; or those that import it;
    or those of its folder, if layers of any kind are built there; or all there are. Of the last
    two, files that no other of ``files`` imports are left out where some are imported: nothing
    shows what they are for.
    """
    if converter in layered and _calls_layer(resolver, converter, target, batch):
        return (converter,)
    imported = [path for path in _behind(resolver, converter) if path in layered]
    if imported:
        return imported
    importing = [p for p in sorted(layered) if converter in resolver.imported(p)]
    if importing:
        return importing
    near = [path for path in _around(resolver, converter, files, target) if path in layered]
    if not 1 < len(near) <= MAX_FILES:
        return near
    used = {found for path in files for found in resolver.imported(path) if found != path}
    return [path for path in near if path in used] or near


def _around(resolver: Resolver, converter: str, files: Sequence[str], target: str) -> Sequence[str]:
    """Return the files of the folder of ``converter``, if others build layers there, or else all.

    Layers of any kind count: the folder is then one of a model, whose layers these are.
    """
    folder = converter.rpartition("/")[0] + "/"
    near = [path for path in files if path.startswith(folder) and path != converter]
    if any(builds_layers(resolver, p, target, batch) for p in near for batch in (True, False)):
        return near
    return [path for path in files if path != converter]


def _behind(resolver: Resolver, file: str) -> Sequence[str]:
    """Return the files that the imports of ``file`` lead to in two steps."""
    known: dict[str, None] = {}
    near: Sequence[str] = [file]
    for _ in range(2):
        near = [found for path in near for found in resolver.imported(path) if found not in known]
        known |= dict.fromkeys(near)
    return list(known)


def _beside(resolver: Resolver, file: str, layered: Collection[str]) -> Sequence[str]:
    """Return those of the ``layered`` files that import ``file``, or that it imports."""
    ahead = resolver.imported(file)
    others = sorted(path for path in layered if path != file)
    return [path for path in others if path in ahead or file in resolver.imported(path)]


_BUILDS: Memo[str, frozenset[str]] = Memo(ONE_FILE)


def builds_layers(resolver: Resolver, path: str, target: str, batch: bool = True) -> bool:
    """Tell whether a file imports a framework of ``target`` and names one of its layers.

    With ``batch``, they are those of batch normalisation, else all others that normalise.
    """
    if not batch:
        text = _text(resolver, path)
        roots = words_of_speeches().found_in(text).anywhere & speeches()[target].roots
        return bool(roots) and any(name in text for name in other_layer_names(target))
    known = _BUILDS.of(resolver)
    if path not in known:
        found = words_of_speeches().found_in(_text(resolver, path)).anywhere
        known[path] = frozenset(
            name
            for name, speech in speeches().items()
            if not found.isdisjoint(speech.roots) and not found.isdisjoint(layer_names(name))
        )
    return target in known[path]


def _text(resolver: Resolver, path: str) -> str:
    """Return what stands in a file: nothing, if it is no text."""
    return resolver.sources.text(path) or ""


def _calls_layer(resolver: Resolver, path: str, target: str, batch: bool) -> bool:
    """Tell whether a file calls a layer of ``target``, and does not only ask for its class."""
    text = _text(resolver, path)
    names = layer_names(target) if batch else other_layer_names(target)
    return any(f"{name}(" in text for name in names)
