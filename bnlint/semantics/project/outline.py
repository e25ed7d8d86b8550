"""What the text of a file shows at a glance: which names it binds, and out of what.

Most files of a project mention no batch normalisation at all; what such a file passes on from
others is read off its text, which takes a fiftieth of the time of parsing it. Names that are bound
in a function, or further in than one level of ``if`` or ``try``, are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

_IMPORT = lazy(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n(]*(?:\\\r?\n[^\n]*)*)"
    r"|import[ \t]+([^\n]*(?:\\\r?\n[^\n]*)*))",
    re.MULTILINE,
)
_ALIAS = lazy(r"([\w.]+)(?:[\s\\]+as[\s\\]+(\w+))?")
_COMMENT = lazy(r"#[^\n]*")
_WORD = lazy(r"[A-Za-z_]\w*")

#: Where the next outermost statement begins.
_NEXT = lazy(r"\n(?=[A-Za-z_@])")

#: How the line begins that binds a name.
_BEGINNINGS = tuple(
    f"\n{indent}{keyword}" for indent in ("", "    ") for keyword in ("class ", "def ", "")
)


class Imports(NamedTuple):
    """What a file imports, wherever in it.

    ``names`` maps a name to the modules it is imported from and what it is called there;
    ``modules`` maps one to the modules it stands for. ``stars`` are the modules from which
    everything is imported.
    """

    names: Mapping[str, tuple[tuple[str, str], ...]]
    modules: Mapping[str, tuple[str, ...]]
    stars: tuple[str, ...]


class Glance:
    """A file that has been looked at, and not parsed.

    ``mentions`` tells whether it mentions an API of any framework, once somebody has asked;
    ``answers`` holds what other questions came to.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.mentions: bool | None = None
        self.answers: dict[object, bool] = {}
        self._imports: Imports | None = None
        self._words: frozenset[str] | None = None
        self._used: frozenset[str] | None = None
        self._statements: dict[str, str] = {}

    @property
    def imports(self) -> Imports:
        """What the file imports."""
        if self._imports is None:
            self._imports = imports_in(self.text)
        return self._imports

    @property
    def words(self) -> frozenset[str]:
        """The identifiers (and keywords) in the text."""
        if self._words is None:
            self._words = frozenset(words(self.text))
        return self._words

    @property
    def used(self) -> frozenset[str]:
        """The identifiers in the text outside of its imports."""
        if self._used is None:
            self._used = frozenset(words(_IMPORT.sub("", self.text)))
        return self._used

    def binds(self, name: str) -> bool:
        """Tell whether the file binds ``name`` by itself."""
        found = self.imports
        return name in found.names or name in found.modules or bool(self.statement(name))

    def is_function(self, name: str) -> bool:
        """Tell whether the file defines the function ``name``."""
        return f"\ndef {name}(" in self.text

    def is_own_class(self, name: str) -> bool:
        """Tell whether the file defines the class ``name``, and no base of it is a plain name.

        Only a plain name could be imported from another file of the project.
        """
        if f"\nclass {name}(" not in self.text:
            return False
        bases = self.statement(name).partition(":")[0].partition("(")[2]
        return bool(bases) and all("." in base for base in bases.split(","))

    def statement(self, name: str) -> str:
        """Return the text of the first statement that defines or assigns ``name``, if there is one.

        What follows it up to the next outermost statement is taken along.
        """
        found = self._statements.get(name)
        if found is None:
            found = self._statements[name] = self._statement(name)
        return found

    def _statement(self, name: str) -> str:
        text = self.text
        for beginning in _BEGINNINGS:
            start = f"{beginning}{name}"
            at = text.find(start)
            while at >= 0:
                rest = text[at + len(start) : at + len(start) + 40].lstrip(" ")
                is_whole = (
                    rest[:1] in ("(", ":") if beginning.endswith(" ") else rest[:1] in ("=", ":")
                )
                if is_whole and not rest.startswith("=="):
                    end = _NEXT.search(text, at + 1)
                    return text[at : end.start() if end is not None else len(text)].strip()
                at = text.find(start, at + 1)
        return ""

    def behind(self, name: str) -> list[str]:
        """Return the other names of the file out of which it makes ``name``, in order.

        A class is made of its bases, a variable of what is assigned to it.
        """
        statement = self.statement(name)
        if not statement or statement.startswith("def "):
            return []
        if statement.startswith("class "):
            statement = statement.partition(":")[0]
        found = dict.fromkeys(_WORD.findall(statement))
        return [word for word in found if word != name and self.binds(word)]


def words(text: str) -> set[str]:
    """Return the identifiers (and keywords) in ``text``."""
    return set(_WORD.findall(text))


def imports_in(text: str) -> Imports:
    """Return what a file with this ``text`` imports."""
    imported: dict[str, tuple[tuple[str, str], ...]] = {}
    modules: dict[str, tuple[str, ...]] = {}
    stars: list[str] = []
    for origin, listed, plain in _IMPORT.findall(text):
        if not origin:
            for name, alias in _ALIAS.findall(_COMMENT.sub("", plain)):
                bound = alias or name.partition(".")[0]
                modules[bound] = (*modules.get(bound, ()), name)
            continue
        if "*" in listed:
            stars.append(origin)
        for name, alias in _ALIAS.findall(_COMMENT.sub("", listed)):
            bound = alias or name
            imported[bound] = (*imported.get(bound, ()), (origin, name))
    return Imports(imported, modules, tuple(stars))
