"""The outline of a file: what it imports, what it binds and out of what, which words it holds.

An outline is made of the text in one pass, without parsing it, which takes a tenth of the time. It
holds what other files of the project may have to know of the file. Names that are bound in a
function or class, or further in than one level of ``if`` or ``try``, are no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from bnlint.semantics.project.marks import mentions_api
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

_IMPORT = lazy(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n(]*(?:\\\r?\n[^\n]*)*)"
    r"|import[ \t]+([^\n]*(?:\\\r?\n[^\n]*)*))",
    re.MULTILINE,
)
_IMPORT_WORD = lazy(r"import\b")
_ALIAS = lazy(r"([\w.]+)(?:[\s\\]+as[\s\\]+(\w+))?")
_COMMENT = lazy(r"#[^\n]*")
_WORD = lazy(r"[^\W\d]\w*")

#: Where the next outermost statement begins.
_NEXT = lazy(r"\n(?=[^\W\d]|@)")

#: A definition or an assignment at the beginning of a text.
_BINDS = r"(?:(class|def|async def) +(\w+) *[(:]|([^\W\d]\w*)(?: *=(?!=)| *:))"
_OUTERMOST = lazy(_BINDS)

#: One further in.
_FURTHER_IN = lazy(rf"^[ \t]+{_BINDS}", re.MULTILINE)

#: Statements that hold others which bind names of the file.
_BLOCKS = ("if", "try", "else", "elif", "except", "finally", "with", "for", "while")

#: How statements begin that import something.
_IMPORTING = ("import ", "import\t", "from ", "from\t")

#: With what a file may bind any name.
_OPEN = lazy(
    r"\b(?:globals|locals|vars)\(\)(?:\[[^\]\n]*\][ \t]*=[^=]|\.(?:update|setdefault)\()"
    r"|\bexec\(|\bdef __getattr__\(|\bsetattr\(|\b__dict__\b"
)

FUNCTION, CLASS, VARIABLE = "function", "class", "variable"


class Imports(NamedTuple):
    """What a file imports, wherever in it.

    ``names`` maps a name to the modules it is imported from and what it is called there;
    ``modules`` maps one to the modules it stands for. ``stars`` are the modules from which
    everything is imported.
    """

    names: Mapping[str, Sequence[tuple[str, str]]]
    modules: Mapping[str, Sequence[str]]
    stars: tuple[str, ...]


class Binding(NamedTuple):
    """One statement of a file that binds a name.

    ``kind`` is :data:`FUNCTION`, :data:`CLASS` or :data:`VARIABLE`. ``made_of`` are the other names
    of the file out of which it makes the name: a class is made of its bases, a variable of what is
    assigned to it. ``start`` and ``end`` are where it stands in the text.
    """

    kind: str
    made_of: tuple[str, ...]
    start: int
    end: int


class Outline:
    """What can be said of a file without parsing it.

    ``bindings`` are the statements that bind names. ``apis`` tells whether the file mentions an
    API. ``text`` is kept of files that do, since what they make of the API may have to be looked up
    in it, and is empty for all others.
    """

    __slots__ = ("apis", "bindings", "imports", "text")

    def __init__(
        self,
        imports: Imports,
        bindings: Mapping[str, Sequence[Binding]],
        text: str,
        *,
        apis: bool,
    ) -> None:
        self.imports = imports
        self.bindings = bindings
        self.apis = apis
        self.text = text

    def binds(self, name: str) -> bool:
        """Tell whether the file binds ``name`` by itself."""
        imports = self.imports
        return name in self.bindings or name in imports.names or name in imports.modules

    def is_function(self, name: str) -> bool:
        """Tell whether the file defines the function ``name``."""
        return any(binding.kind == FUNCTION for binding in self.bindings.get(name, ()))

    def made_of(self, name: str) -> Iterator[str]:
        """Yield the other names of the file out of which it makes ``name``."""
        for binding in self.bindings.get(name, ()):
            yield from binding.made_of


def outline_of(text: str) -> Outline:
    """Return the outline of a file with this ``text``."""
    imports = imports_in(text)
    apis = mentions_api(text)
    return Outline(imports, _bindings(text, imports), text if apis else "", apis=apis)


def _statements(text: str) -> Iterator[tuple[int, int, re.Match[str] | None]]:
    """Yield where the outermost statements of a text begin and end, imports left out.

    With each comes the match of what it binds, if it is of a plain form.
    """
    starts = [0, *(match.end() for match in _NEXT.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        if not text.startswith(_IMPORTING, start):
            match = _OUTERMOST.match(text, start)
            yield start, end, match if match is None or match[3] not in _BLOCKS else None


def _bindings(text: str, imports: Imports) -> dict[str, list[Binding]]:
    """Return what the statements of a file bind, by name."""
    found: list[tuple[str, str, int, int]] = []
    for start, end, match in _statements(text):
        if match is not None:
            found.append((*_named(match), start, end))
        elif text.startswith(_BLOCKS, start):
            inside = [*_FURTHER_IN.finditer(text, start, end)]
            ends = [*(inner.start() for inner in inside[1:]), end]
            found += [
                (*_named(inner), inner.start(), stop)
                for inner, stop in zip(inside, ends, strict=False)
            ]
    bound = {name for name, _, _, _ in found} | imports.names.keys() | imports.modules.keys()
    bindings: dict[str, list[Binding]] = {}
    for name, kind, start, end in found:
        names: tuple[str, ...] = ()
        if kind != FUNCTION:
            stop = text.find(":", start, end) if kind == CLASS else end
            said = dict.fromkeys(_WORD.findall(text, start, stop))
            names = tuple(word for word in said if word in bound and word != name)
        bindings.setdefault(name, []).append(Binding(kind, names, start, end))
    return bindings


#: The outline of a file that cannot be read: nobody sees anything of what stands in it.
UNREAD = Outline(Imports({}, {}, ()), {}, "", apis=False)


class Loose(NamedTuple):
    """What a file may bind in ways that its outline does not show.

    ``words`` are those that a statement of another form may bind (``a, b = ...``), ``is_open``
    tells that it may bind any name at all (``globals()[name] = ...``).
    """

    words: frozenset[str]
    is_open: bool

    def may_bind(self, name: str) -> bool:
        """Tell whether the file may bind ``name``."""
        return self.is_open or name in self.words


#: What a file may bind that cannot be read.
ANYTHING = Loose(frozenset(), is_open=True)


def loose_in(text: str) -> Loose:
    """Return what a file with this ``text`` may bind beyond what its outline shows."""
    found: set[str] = set()
    for start, end, match in _statements(text):
        if match is None:
            found |= words(text[start:end])
        elif match[3] and "=" in text[match.end() : end]:  # a = b = c
            found |= words(text[match.end() : end].rpartition("=")[0])
    return Loose(frozenset(found), _OPEN.search(text) is not None)


def _named(match: re.Match[str]) -> tuple[str, str]:
    """Return the name that a definition or assignment binds, and what kind of thing it is then."""
    keyword, defined, assigned = match[1], match[2], match[3]
    if keyword is None:
        return assigned, VARIABLE
    return defined, CLASS if keyword == "class" else FUNCTION


#: All characters of ASCII that can be no part of a word, and a space for each.
_BETWEEN = dict.fromkeys(
    {*range(128)} - {*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"}, " "
)


def words(text: str) -> set[str]:
    """Return the identifiers in ``text``, and what else consists of letters, digits and ``_``."""
    return set(text.translate(_BETWEEN).split())


def used_words(text: str) -> set[str]:
    """Return the identifiers in ``text`` outside of its imports."""
    return words(_IMPORT.sub("", text))


def _imports(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the parts of each import statement: from where, what, and what without a ``from``.

    To look for the word first is several times as fast as to try the pattern on each line.
    """
    end = 0
    for word in _IMPORT_WORD.finditer(text):
        if word.start() >= end:
            match = _IMPORT.match(text, text.rfind("\n", 0, word.start()) + 1)
            if match is not None:
                end = match.end()
                yield match.groups("")


def imports_in(text: str) -> Imports:
    """Return what a file with this ``text`` imports."""
    imported: dict[str, list[tuple[str, str]]] = {}
    modules: dict[str, list[str]] = {}
    stars: list[str] = []
    for origin, listed, plain in _imports(text):
        if not origin:
            for name, alias in _ALIAS.findall(_COMMENT.sub("", plain)):
                bound = alias or name.partition(".")[0]
                modules.setdefault(bound, []).append(name)
            continue
        if "*" in listed:
            stars.append(origin)
        for name, alias in _ALIAS.findall(_COMMENT.sub("", listed)):
            bound = alias or name
            imported.setdefault(bound, []).append((origin, name))
    return Imports(imported, modules, tuple(stars))
