"""How code that moves weights, and sentences about it, speak of each framework: by the tables."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple
from bnlint.startup.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Speech(NamedTuple):
    """How code and people speak of the families of one ecosystem.

    ``families`` are the families, ``roots`` the packages that code imports, ``own_roots`` the one
    of each family itself, ``marks`` what stands
    in code that has to do with any of them, ``title`` what people call them all. ``statistics`` are
    the names of running statistics by which the families are known, ``shared_statistics`` those
    that tell nothing, ``reads`` and ``fills`` pieces of code that reads weights (by the family they
    are of) or fills a model with them, ``exports`` pieces of code that writes models for other
    programs. A class whose name has one of ``pads`` and a word for a layer pads as
    these families do by themselves. Addresses of weights that were published for them end in one of
    ``published``. ``words`` are what sentences call each family, and ``addresses`` what stands in
    the addresses, and in the names of modules, of code that is made with it. Where an ecosystem
    ``vetoes``, its ports set their own numbers, and nothing follows from it.
    """

    ecosystem: str
    families: tuple[str, ...]
    roots: frozenset[str]
    own_roots: frozenset[str]
    marks: tuple[str, ...]
    title: str
    short: tuple[str, ...]
    statistics: tuple[str, ...]
    shared_statistics: tuple[str, ...]
    reads: Mapping[str, str]
    fills: tuple[str, ...]
    exports: tuple[str, ...]
    pads: tuple[str, ...]
    published: tuple[str, ...]
    words: Mapping[str, str]
    addresses: Mapping[str, str]
    vetoes: bool

    def family_in(self, text: str) -> str:
        """Return the family that ``text`` names first: any of them is of the same ecosystem."""
        found = [(at, name) for word, name in self.words.items() if (at := text.find(word)) >= 0]
        return min(found)[1] if found else self.families[0]


@lru_cache(maxsize=1)
def speeches() -> Mapping[str, Speech]:
    """Return how each ecosystem is spoken of, as far as its tables say it."""
    tables = catalogue().tables
    groups: dict[str, list[str]] = {}
    for family, table in tables.items():
        groups.setdefault(table["framework"]["ecosystem"], []).append(family)
    found: dict[str, Speech] = {}
    for ecosystem, families in groups.items():
        said = {family: tables[family].get("porting", {}) for family in families}

        def all_of(key: str, said: Mapping[str, Mapping[str, list[str]]] = said) -> tuple[str, ...]:
            words = [word for rows in said.values() for word in rows.get(key, ())]
            return tuple(dict.fromkeys(words))

        roots = {root for family in families for root in tables[family]["framework"]["imports"]}
        first = [root for f in families for root in tables[f]["framework"]["imports"][:1]]
        titles = [str(rows["title"]) for rows in said.values() if "title" in rows]
        titles.append(str(tables[families[0]]["framework"]["title"]))
        found[ecosystem] = Speech(
            ecosystem,
            tuple(families),
            frozenset(roots),
            frozenset(first),
            tuple(dict.fromkeys([*first, *all_of("statistics")])),
            titles[0],
            all_of("short"),
            all_of("statistics"),
            all_of("shared_statistics"),
            {word: family for family, rows in said.items() for word in rows.get("reads", ())},
            all_of("fills"),
            all_of("exports"),
            all_of("pads"),
            all_of("published"),
            {word: family for family, rows in said.items() for word in rows.get("words", ())},
            {mark: family for family, rows in said.items() for mark in rows.get("addresses", ())},
            any(rows.get("vetoes", False) for rows in said.values()),
        )
    return found


def ecosystem_of(family: str) -> str:
    """Return the ecosystem that ``family`` belongs to."""
    return str(catalogue().tables[family]["framework"]["ecosystem"])


@lru_cache(maxsize=16)
def layer_names(ecosystem: str) -> frozenset[str]:
    """Return what the layers of an ecosystem are called, without the packages they are in."""
    return frozenset(
        alias.rpartition(".")[2]
        for family in speeches()[ecosystem].families
        for row in catalogue().tables[family]["api"]
        for alias in row["aliases"]
    )


@lru_cache(maxsize=16)
def other_layer_names(ecosystem: str) -> frozenset[str]:
    """Return what layers of an ecosystem are called that normalise otherwise than by batches."""
    return frozenset(
        alias.rpartition(".")[2]
        for family in speeches()[ecosystem].families
        for row in json.loads(catalogue().tables[family]["norm"])
        for alias in row["aliases"]
    )


@lru_cache(maxsize=1)
def words_of_speeches() -> Words:
    """Return what finds in a text the words by which ecosystems are known, and their layers."""
    said = [
        (*s.marks, *s.roots, *s.statistics, *s.fills, *s.words, *s.addresses)
        for s in speeches().values()
    ]
    return Words(word for words in (*said, *map(layer_names, speeches())) for word in words)


@lru_cache(maxsize=256)
def are_of_two(words: frozenset[str]) -> bool:
    """Tell whether ``words`` are those of two ecosystems."""
    return sum(not words.isdisjoint(speech.marks) for speech in speeches().values()) > 1


@lru_cache(maxsize=1)
def _framework_words() -> frozenset[str]:
    short = {word for speech in speeches().values() for word in speech.short}
    heads = [table["framework"] for table in catalogue().tables.values()]
    packages = {root for head in heads for root in head["imports"]}
    return frozenset({*short, *packages, "port", "ref"})


@lru_cache(maxsize=4096)
def bare_name(path: str) -> str:
    """Return the name of a file without words for frameworks, case, ends and underscores.

    ``resnet_keras.py`` and ``ResNet.py`` are called alike.
    """
    stem = path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0].lower()
    return "".join(word for word in stem.split("_") if word not in _framework_words())


@lru_cache(maxsize=1)
def said_of_files() -> re.Pattern[str]:
    """Return what finds a converter by its name: ``tf2torch``, ``convert_keras_to_pytorch``."""
    short = {s for speech in speeches().values() for s in speech.short}
    words = "|".join(map(re.escape, sorted(short, reverse=True)))
    things = "(?:_?(?:weights?|model|ckpt|checkpoint|params?|npz))?"
    return re.compile(rf"(?:^|_)({words}){things}_?(?:2|to)_?({words})(?![a-z])", re.IGNORECASE)


@lru_cache(maxsize=1)
def ecosystem_by_short() -> Mapping[str, str]:
    """Return the ecosystem that each short name stands for in the names of files."""
    return {short: name for name, speech in speeches().items() for short in speech.short}


#: What sentences say of a port: ``ported from``, ``a PyTorch port of``, ``converted from``.
_VERBS = (
    r"[Pp]ort(?:ed|ing|s)?|[Cc]onvert(?:ed|s)?|[Cc]onversion|[Tt]ranslat(?:ed|ion)|[Mm]igrat(?:ed|ion)"
    r"|[Rr]e-?implement(?:ed|ation|s)?|[Rr]ewrit(?:e|ten)|[Tt]ransplant(?:ed)?|[Tt]ransferr?ed"
)

#: How many characters of a sentence at most stand before the framework.
_LONGEST = 128


def sentences_in(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield the sentences that say what code was ported from, each with the family it names.

    Between the verb and the framework stands ``from`` or ``of``, and no other sentence.
    """
    names = words_of_speeches().found_in(text).beginning.intersection(_names())
    end = 0
    for start, after in sorted(span for name in names for span in _places(name, text)):
        # To try the pattern on the whole text would take longer than all else that is asked of it.
        least = max(end, start - _LONGEST)
        if not any(word in text[least:start] for word in ("from", "of")):
            continue
        match = _sentence().search(text, least, after + 1)
        if match is not None:
            end = match.end()
            for speech in speeches().values():
                if (family := speech.words.get(match[1])) is not None:
                    yield match, family


def citations_in(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield where the source of code is cited, with the family of the address or module (group 1).

    What is cited may be the source of anything, and what is said of it is often little.
    """
    if _HOST not in text and not any(mark in text for mark in _module_marks()):
        return
    for start, end in _beside_addresses(text):
        for match in _CITES.finditer(text, start, end):
            if (family := _family_at(match[1])) is not None:
                yield match, family


def _beside_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yield the pieces of ``text`` in which an address or module may be cited, each once.

    To try the pattern of citations on the whole text would take a hundred times as long.
    """
    end = 0
    for at in sorted({*_addresses_in(text), *_dotted_in(text)}):
        found, start = _CITED_PLACE.match(text, at), max(end, at - _BEFORE_ADDRESS)
        if found is not None and any(stem in text[start:at] for stem in _CITING_STEMS):
            end = found.end()
            yield start, end


#: Where code is published that people cite.
_HOST = "github.com"


@lru_cache(maxsize=1)
def _module_marks() -> tuple[str, ...]:
    """Return what stands in the names of modules of each family, and not in addresses alone."""
    return tuple(mark for mark in _marks_of_addresses() if mark.endswith("_"))


def _addresses_in(text: str) -> Iterator[int]:
    """Yield where addresses of code may begin in ``text``."""
    for at, _ in _places(_HOST, text):
        for scheme in ("https://", "http://"):
            if text.endswith(scheme, 0, at):
                yield at - len(scheme)
        yield at


def _dotted_in(text: str) -> Iterator[int]:
    """Yield where names of three parts or more may begin in ``text``."""
    at = text.find(".")
    while at >= 0:
        further = _TWO_PARTS.match(text, at)
        if further is not None:
            start = at
            while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
                start -= 1
            yield start
        at = text.find(".", at + 1 if further is None else further.end())


#: Two further parts of a dotted name.
_TWO_PARTS = lazy(r"\.\w+\.\w+")

#: An address of code, or the name of a module.
_CITED = r"(?:https?://)?github\.com[/:][\w.-]+/[\w./-]+|(?<![\w./])(?!www\.)\w+(?:\.\w+){2,}"
_CITED_PLACE = lazy(_CITED)

#: How many characters of a citation at most stand before the address, and what one of them must be.
_BEFORE_ADDRESS = 80
_CITING_STEMS = (
    "dapt", "odif", "orrow", "opy", "opied", "aken", "akes", "erived", "btained", "ased", "ort",
    "onverted", "ranslated", "efer", "ource", "riginal", "fficial", "mplementation",
)  # fmt: skip

#: What sentences say of a source that they cite: its address, or its module.
_CITES = lazy(
    r"\b(?:[Aa]dapt(?:ed|ation)|[Mm]odif(?:ied|ication)|[Bb]orrow(?:ed|s)?|[Cc]op(?:y|ied)|[Tt]ak(?:en|es)"
    r"|[Dd]erived|[Oo]btained|[Bb]ased|[Pp]ort(?:ed)?|[Cc]onverted|[Tt]ranslated|[Rr]efer(?:ence|s)?"
    r"|[Ss]ource|[Oo]riginal(?:ly)?|[Oo]fficial|[Ii]mplementation)\b[^.;]{0,60}?"
    rf"({_CITED})"
)


def credits_in(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield the addresses that the introduction of a project gives credit to.

    That is what is said there, where in the text, and the family of the address.
    """
    for match in _CREDITS.finditer(text):
        for address in _ADDRESS.finditer(match[2]):
            if (family := _family_at(address[0])) is not None:
                yield f"{match[1]}: {address[0]}", match.start(), family


#: What introductions say of code that theirs is made after, and what may stand before its address.
_CREDITS = lazy(
    r"\b([Aa]cknowledge?ments?|[Cc]redits?|[Rr]eferences?|[Ii]nspired|[Aa]dapted|[Bb]ased|[Bb]orrowed"
    r"|[Mm]odified|[Cc]op(?:ied|ies)|[Pp]ort(?:ed)?|[Rr]efer(?:red)?|[Ii]mplementations?)\b(.{0,240})",
    re.DOTALL,
)
_ADDRESS = lazy(r"github\.com[/:][\w.-]+/[\w.-]+")


def _family_at(address: str) -> str | None:
    """Return the family whose mark an address has: the longest mark, if no other has one alike."""
    lowered = address.lower()
    found = {
        (len(mark), family)
        for mark, family in _marks_of_addresses().items()
        if mark in lowered
        and re.search(rf"(?<![a-z]){re.escape(mark)}(?:(?<=_)|(?![a-z]))", lowered)
    }
    best = {family for length, family in found if length == max(found)[0]}
    return best.pop() if len(best) == 1 else None


@lru_cache(maxsize=1)
def _marks_of_addresses() -> Mapping[str, str]:
    """Return what addresses of code of each family have in them."""
    return {mark: family for s in speeches().values() for mark, family in s.addresses.items()}


def _places(word: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where ``word`` begins and ends in ``text``."""
    at = text.find(word)
    while at >= 0:
        yield at, at + len(word)
        at = text.find(word, at + len(word))


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """Return what sentences call frameworks."""
    return frozenset(word for speech in speeches().values() for word in speech.words)


@lru_cache(maxsize=1)
def _sentence() -> re.Pattern[str]:
    named = "|".join(map(re.escape, sorted(_names(), reverse=True)))
    return re.compile(
        rf"\b(?:{_VERBS})\b[^.;]{{0,40}}?\b(?:from|of)\b"
        rf"(?:(?!\b(?:to|into|in|for|with|using|on)\b)[^.;]){{0,50}}?"
        rf"(?<![\w./-])({named})(?![\w-])",
    )
