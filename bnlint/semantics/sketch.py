"""What the text of a file shows at a glance: which names it binds, and out of what.

Most files of a project mention no batch normalisation at all; what such a file passes on from
others is read off its lines, which takes a fiftieth of the time of parsing it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bnlint.patterns import lazy
from bnlint.typed import NamedTuple

#: Statements that are indented further stand in a function or a method.
_OUTERMOST = 4

_ALIAS = lazy(r"([\w.]+)(?:\s+as\s+(\w+))?")
_WORD = lazy(r"[A-Za-z_]\w*")

#: Where the next outermost statement begins.
_NEXT = lazy(r"\n(?=[A-Za-z_@])")


class Sketch(NamedTuple):
    """The names that a file binds, and what they may come from.

    ``made_of`` maps classes, functions and variables to the text behind them on the same line.
    ``imported`` maps a name to the modules it is imported from and what it is called there;
    ``modules`` maps one to the modules it stands for. ``stars`` are the modules from which
    everything is imported.
    """

    made_of: Mapping[str, str]
    imported: Mapping[str, tuple[tuple[str, str], ...]]
    modules: Mapping[str, tuple[str, ...]]
    stars: tuple[str, ...]

    def binds(self, name: str) -> bool:
        """Tell whether the file binds ``name`` by itself."""
        return name in self.made_of or name in self.imported or name in self.modules

    def behind(self, name: str) -> list[str]:
        """Return the other names of the file out of which it makes ``name``, in order."""
        words = dict.fromkeys(_WORD.findall(self.made_of.get(name, "")))
        return [word for word in words if word != name and self.binds(word)]


class Glance:
    """A file that has been looked at, and not parsed.

    ``mentions`` tells whether it mentions an API of any framework, once somebody has asked.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.mentions: bool | None = None
        self._sketch: Sketch | None = None

    @property
    def sketch(self) -> Sketch:
        """What the text shows at a glance."""
        if self._sketch is None:
            self._sketch = sketch(self.text)
        return self._sketch

    def is_function(self, name: str) -> bool:
        """Tell whether the file defines the function ``name``."""
        return f"\ndef {name}(" in self.text

    def statement(self, name: str) -> str:
        """Return the text of the first outermost statement that defines or assigns ``name``.

        It is empty where there is none that begins a line.
        """
        for start in (f"\nclass {name}", f"\ndef {name}", f"\n{name} =", f"\n{name}="):
            at = self.text.find(start)
            following = self.text[at + len(start) : at + len(start) + 1]
            if at >= 0 and not (following.isalnum() or following == "_"):
                end = _NEXT.search(self.text, at + 1)
                return self.text[at + 1 : end.start() if end is not None else len(self.text)]
        return ""

    def is_own_class(self, name: str) -> bool:
        """Tell whether the file defines the class ``name``, and no base of it is a plain name.

        Only a plain name could be imported from another file of the project.
        """
        start = self.text.find(f"\nclass {name}(")
        if start < 0:
            return False
        bases = self.text[start : self.text.find(":", start)].partition("(")[2]
        return bool(bases) and all("." in base for base in bases.split(","))


def words(text: str) -> set[str]:
    """Return the identifiers (and keywords) in ``text``."""
    return set(_WORD.findall(text))


def sketch(text: str) -> Sketch:
    """Return what ``text`` shows at a glance."""
    made_of: dict[str, str] = {}
    imported: dict[str, tuple[tuple[str, str], ...]] = {}
    modules: dict[str, tuple[str, ...]] = {}
    stars: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        start = line.lstrip()
        keyword, _, rest = start.partition(" ")
        if keyword == "from" and " import" in rest:
            origin, _, names = rest.partition(" import")
            names = _whole(names, lines)
            if "*" in names:
                stars.append(origin.strip())
            for name, alias in _ALIAS.findall(names):
                bound = alias or name
                imported[bound] = (*imported.get(bound, ()), (origin.strip(), name))
        elif keyword == "import":
            for name, alias in _ALIAS.findall(_whole(rest, lines)):
                bound = alias or name.partition(".")[0]
                modules[bound] = (*modules.get(bound, ()), name)
        elif len(line) - len(start) <= _OUTERMOST:
            for name, behind in _definition(keyword, rest, start):
                made_of[name] = f"{made_of.get(name, '')} {behind}"
    return Sketch(made_of, imported, modules, tuple(stars))


def _definition(keyword: str, rest: str, line: str) -> Iterator[tuple[str, str]]:
    """Yield the name that a line binds by a definition or an assignment, and what is behind it."""
    if keyword in ("class", "def"):
        name, _, bases = rest.partition("(")
        yield name.strip().rstrip(":"), bases if keyword == "class" else ""
    elif keyword == "async" and rest.startswith("def "):
        yield rest[4:].partition("(")[0].strip(), ""
    elif "=" in line:
        left, _, right = line.partition("=")
        name = left.partition(":")[0].strip()
        if name.isidentifier() and not right.startswith("="):
            yield name, right


def _whole(names: str, lines: Iterator[str]) -> str:
    """Return the names of an import that may go on over the following ``lines``."""
    found = [names.partition("#")[0]]
    if "(" in found[0]:
        while ")" not in found[-1]:
            found.append(next(lines, ")").partition("#")[0])
    while found[-1].endswith("\\"):
        found[-1] = found[-1][:-1]
        found.append(next(lines, "").partition("#")[0])
    return " ".join(found).partition(")")[0]
