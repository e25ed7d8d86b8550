"""Which release of a framework an import path means, where a project says which it needs.

One path can mean several APIs of the tables, one for each range of releases. All of them are
considered, and a rule speaks only where they agree, unless the project requires releases that leave
only some of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from bnlint.frameworks.records import Api
from bnlint.frameworks.tables import Frameworks, catalogue
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

#: For a distribution, what each file that requires it allows: specifiers of which one must hold.
Required = tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]

Alternatives = Sequence[Sequence["SpecifierSet"]]


@lru_cache(maxsize=64)
def of_releases(
    frameworks: Frameworks, required: Required, newest: frozenset[str] = frozenset()
) -> Frameworks:
    """Return the tables without the APIs that what a project requires leaves no room for.

    Where that leaves none of a path, what is required is taken for a mistake, and all stay. Of the
    frameworks called ``newest``, the newest release is meant, whatever is required.
    """
    packages: dict[str, list[Sequence[SpecifierSet]]] = {}
    for distribution, files in required:
        package = catalogue().distributions.get(distribution, "")
        packages.setdefault(package, []).extend(map(_specifiers, files))
    references = {frameworks.reference(name).id for name in newest}
    from copy import copy

    narrowed = copy(frameworks)
    narrowed.by_alias = {**frameworks.by_alias}
    for path, apis in frameworks.by_alias.items():
        old = frameworks.old.get(path, ())
        if len(apis) > 1 or old:
            narrowed.by_alias[path] = (
                tuple(api for api in apis if api.id in references)
                or _left(path, apis, packages)
                or _left(path, old, packages)
                or apis
            )
    return narrowed


def _left(
    path: str, apis: tuple[Api, ...], packages: Mapping[str, Alternatives]
) -> tuple[Api, ...]:
    """Return those of the APIs that ``path`` may mean."""
    root = path.partition(".")[0]
    required = packages.get(root)
    if required is None:
        return apis
    return tuple(api for api in apis if _has_room(api, root, required, packages.keys()))


def _has_room(api: Api, root: str, required: Alternatives, there: Collection[str]) -> bool:
    """Tell whether a release in which paths below ``root`` mean ``api`` is allowed."""
    ranges = [row for row in api.releases if row["module"] == root]
    return not ranges or any(
        row.get("or_with", "") in there or _meet(_range(row), required) for row in ranges
    )


def _meet(wanted: SpecifierSet, required: Alternatives) -> bool:
    """Tell whether a version is in ``wanted`` and allowed by one alternative of each file.

    Versions that meet begin where one of the ranges does, so that it is enough to try the numbers
    that are named, and what comes directly after each.
    """
    named = {
        spec.version.removesuffix(".*")
        for some in (wanted, *(one for file in required for one in file))
        for spec in some
    }
    tried = ["0.0.0.1", *named, *(f"{number}.0.0.1" for number in named)]
    return any(
        wanted.contains(version, prereleases=True)
        and all(any(one.contains(version, prereleases=True) for one in file) for file in required)
        for version in tried
    )


def _range(row: Mapping[str, str]) -> SpecifierSet:
    from packaging.specifiers import SpecifierSet

    low, high = row.get("at_least"), row.get("below")
    return SpecifierSet(",".join([f">={low}"] * bool(low) + [f"<{high}"] * bool(high)))


def _specifiers(alternatives: Sequence[str]) -> Sequence[SpecifierSet]:
    """Return the specifiers; what cannot be read as one allows every release."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    found = []
    for text in alternatives:
        try:
            found.append(SpecifierSet(text))
        except InvalidSpecifier:
            found.append(SpecifierSet())
    return found
