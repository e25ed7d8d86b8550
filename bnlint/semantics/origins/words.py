"""How code that moves weights, and sentences about it, speak of each framework: by the tables."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from bnlint.frameworks.tables import catalogue
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple
from bnlint.startup.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Speech(NamedTuple):
    """How code and people speak of the families of one ecosystem.

    ``families`` are the families, ``roots`` the packages that code imports, ``marks`` what stands
    in code that has to do with any of them, ``title`` what people call them all. ``statistics`` are
    the names of running statistics by which the families are known, ``shared_statistics`` those
    that tell nothing, ``reads`` and ``fills`` pieces of code that reads weights (by the family they
    are of) or fills a model with them, ``exports`` pieces of code that writes models for other
    programs. A class whose name has one of ``pads`` and a word for a layer pads as
    these families do by themselves. Addresses of weights that were published for them end in one of
    ``published``. ``words`` are what sentences call each family. Where an
    ecosystem ``vetoes``, its ports set their own numbers, and nothing follows from it.
    """

    ecosystem: str
    families: tuple[str, ...]
    roots: frozenset[str]
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
    vetoes: bool

    def family_in(self, text: str) -> str:
        """Return the family that ``text`` names first: any of them is of the same ecosystem."""
        found = [(at, name) for word, name in self.words.items() if (at := text.find(word)) >= 0]
        return min(found)[1] if found else self.families[0]


@lru_cache(maxsize=1)
def speeches() -> Mapping[str, Speech]:
    """Return how each ecosystem is spoken of, for those whose tables say it."""
    tables = catalogue().tables
    groups: dict[str, list[str]] = {}
    for family, table in tables.items():
        groups.setdefault(table["framework"]["ecosystem"], []).append(family)
    found: dict[str, Speech] = {}
    for ecosystem, families in groups.items():
        said = {family: tables[family].get("porting", {}) for family in families}
        if not any(said.values()):
            continue

        def all_of(key: str, said: Mapping[str, Mapping[str, list[str]]] = said) -> tuple[str, ...]:
            words = [word for rows in said.values() for word in rows.get(key, ())]
            return tuple(dict.fromkeys(words))

        roots = {root for family in families for root in tables[family]["framework"]["imports"]}
        first = [root for f in families for root in tables[f]["framework"]["imports"][:1]]
        titles = [str(rows["title"]) for rows in said.values() if "title" in rows]
        found[ecosystem] = Speech(
            ecosystem,
            tuple(families),
            frozenset(roots),
            tuple(dict.fromkeys([*first, *all_of("statistics")])),
            titles[0] if titles else str(tables[families[0]]["framework"]["title"]),
            all_of("short"),
            all_of("statistics"),
            all_of("shared_statistics"),
            {word: family for family, rows in said.items() for word in rows.get("reads", ())},
            all_of("fills"),
            all_of("exports"),
            all_of("pads"),
            all_of("published"),
            {word: family for family, rows in said.items() for word in rows.get("words", ())},
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
    said = [(*s.marks, *s.roots, *s.statistics, *s.fills, *s.words) for s in speeches().values()]
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
    short = sorted({s for speech in speeches().values() for s in speech.short}, key=len)[::-1]
    words = "|".join(map(re.escape, short))
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


def sentences_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the sentences that say what code was ported from; group 1 is the framework.

    Between the verb and the framework stands ``from`` or ``of``, and no other sentence.
    """
    names = words_of_speeches().found_in(text).beginning.intersection(_names())
    end = 0
    for start, after in sorted(span for name in names for span in _places(name, text)):
        # To try the pattern on the whole text would take longer than all else that is asked of it.
        least = max(end, start - _LONGEST)
        if text.find("from", least, start) < 0 and text.find("of", least, start) < 0:
            continue
        match = _sentence().search(text, least, after + 1)
        if match is not None:
            end = match.end()
            yield match


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
    named = "|".join(map(re.escape, sorted(_names(), key=len, reverse=True)))
    return re.compile(
        rf"\b(?:{_VERBS})\b[^.;]{{0,40}}?\b(?:from|of)\b"
        rf"(?:(?!\b(?:to|into|in|for|with|using|on)\b)[^.;]){{0,50}}?"
        rf"(?<![\w./-])({named})(?![\w-])",
    )
