"""Pairs the batch normalisation layers of a port with those of its reference.

The sides may be written quite differently (a functional model against a class, a helper called in
a loop against a block), so pairs are made by what both sides have: settings that never differ on
the reference's side, names, the class or function around the call, and order.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import repeat
from math import inf

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.hints.things import is_empty
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.module import last_name
from bnlint.startup.patterns import lazy
from bnlint.startup.typed import NamedTuple

#: Settings in which layers may differ; a side is uniform if it has one value for each.
SETTINGS = ("eps", "momentum", "affine", "scale", "center")

#: What local response normalisation has instead.
_OF_RESPONSES = ("size", "alpha", "beta", "k")

#: How pairs were made, from sure to unsure: all reference layers are alike; the same names; the
#: same number in the same order, by class and function if these match; the most alike in order.
UNIFORM, NAMES, ORDER, LIKENESS = "uniform", "names", "order", "likeness"

#: Pairs less alike than this are not made.
_LEAST = 0.25

_CAMEL = lazy(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = lazy(r"[a-z]+|\d+")


class Pair(NamedTuple):
    """A layer of the port and the layer of the reference it is compared with, if there is one.

    ``how`` says how the pair was made, empty for a layer without a partner.
    """

    port: Site | None
    reference: Site | None
    how: str = ""


#: What kind of layer a site is, so that those of two kinds are no pair; ``None`` if not known.
Kind = Callable[[Site], Hashable]


def _unknown(_: Site) -> None:
    return None


def align(port: Sequence[Site], reference: Sequence[Site], kind: Kind = _unknown) -> list[Pair]:
    """Return the pairs, in the order of the port; layers without a partner stand alone.

    Where all reference layers are alike, the first stands for them, and none is without partner.
    Layers of two kinds are paired by their names only.
    """
    if not port or not reference:
        return [Pair(s, None) for s in port] + [Pair(None, s) for s in reference]
    named = _by_names(port, reference)
    if named is not None:
        return named
    if len(port) == len(reference):
        pairs = _by_blocks(port, reference, kind) or _in_order(port, reference, kind)
        if not any(_differ(pair, kind) for pair in pairs):
            return pairs
    if uniform(reference):
        return [Pair(site, reference[0], UNIFORM) for site in port]
    return _by_likeness(port, reference, kind)


def _differ(pair: Pair, kind: Kind) -> bool:
    """Tell whether the two of a pair are known to be of two kinds."""
    assert pair.port is not None
    assert pair.reference is not None
    kinds = kind(pair.port), kind(pair.reference)
    return None not in kinds and kinds[0] != kinds[1]


def uniform(sites: Sequence[Site]) -> bool:
    """Tell whether all sites have the same settings, as far as these are known."""
    values = (
        {(v.is_known, repr(v.value)) for site in sites if (v := site.values.get(role))}
        for role in (*SETTINGS, *_OF_RESPONSES)
    )
    return all(len(of_role) < 2 for of_role in values)


def _by_names(port: Sequence[Site], reference: Sequence[Site]) -> list[Pair] | None:
    """Pair sides on which the same names occur, each once."""
    mine = {"".join(words(site)): site for site in port}
    theirs = {"".join(words(site)): site for site in reference}
    if mine.keys() != theirs.keys() or not len(mine) == len(port) == len(reference):
        return None
    if [*mine] == [""]:
        return None
    return [Pair(site, theirs[name], NAMES) for name, site in mine.items()]


def _in_order(port: Sequence[Site], reference: Sequence[Site], kind: Kind) -> list[Pair]:
    """Pair two sides as they stand; where that pairs two kinds, those of each kind as they stand.

    A shortcut may be built before what it goes around, or after it.
    """
    pairs = [*map(Pair, port, reference, repeat(ORDER))]
    have_same = Counter(map(kind, port)) == Counter(map(kind, reference))
    if not have_same or not any(_differ(pair, kind) for pair in pairs):
        return pairs
    partners: dict[Hashable, list[Site]] = {}
    for site in reference:
        partners.setdefault(kind(site), []).append(site)
    return [Pair(site, partners[kind(site)].pop(0), ORDER) for site in port]


def _by_blocks(port: Sequence[Site], reference: Sequence[Site], kind: Kind) -> list[Pair] | None:
    """Pair sides whose classes and functions hold as many layers each, whatever their order.

    A block may stand above the model that uses it on one side and below it on the other. Those
    that share words belong together, the most alike first; the others as they stand. ``None`` if
    they do not hold as many.
    """
    mine, theirs = _blocks(port), _blocks(reference)
    if sorted(map(len, mine)) != sorted(map(len, theirs)):
        return None
    said, there = ([frozenset(surroundings(b[0])) for b in side] for side in (mine, theirs))
    # Words that tell nothing by themselves tell SelfOutput from Output.
    called, others = ([frozenset(_called(b[0])) for b in side] for side in (mine, theirs))

    def likeness(of: tuple[int, int]) -> tuple[float, ...]:
        i, j = of
        if said[i].isdisjoint(there[j]):
            return ()
        return _overlap(said[i], there[j]), _overlap(called[i], others[j])

    as_long = [
        (i, j)
        for i, block in enumerate(mine)
        for j, other in enumerate(theirs)
        if len(block) == len(other)
    ]
    partners: dict[int, int] = {}
    for i, j in sorted(as_long, key=likeness, reverse=True):
        if i not in partners and j not in partners.values():
            partners[i] = j
    pairs: list[Pair] = []
    for i, block in enumerate(mine):
        other = theirs[partners[i]]
        named = _by_names(block, other)
        if named:
            pairs += [pair._replace(how=ORDER) for pair in named]
        else:
            pairs += _by_displays(block, other, kind)
    return pairs


def _by_displays(port: Sequence[Site], reference: Sequence[Site], kind: Kind) -> list[Pair]:
    """Pair the layers of two blocks in order: those of a ``Sequential`` with those of one as long.

    A block may build its two branches in either order.
    """
    mine, theirs = _displays(port), _displays(reference)
    if sorted(map(len, mine)) != sorted(map(len, theirs)):
        return _in_order(port, reference, kind)
    pairs: list[Pair] = []
    for display in mine:
        made = [_in_order(display, one, kind) for one in theirs if len(one) == len(display)]
        chosen = next((p for p in made if not any(_differ(pair, kind) for pair in p)), made[0])
        theirs = [one for one in theirs if one[0] not in (pair.reference for pair in chosen)]
        pairs += chosen
    return pairs


def _displays(sites: Sequence[Site]) -> list[list[Site]]:
    """Return the layers by the statement that builds them, in source order."""
    found: dict[ast.AST, list[Site]] = {}
    for site in sites:
        found.setdefault(site.module.statement(site.call), []).append(site)
    return list(found.values())


def _blocks(sites: Sequence[Site]) -> list[list[Site]]:
    """Return the layers by the class or function around them, in source order."""
    found: dict[ast.AST, list[Site]] = {}
    for site in sites:
        around = site.module.enclosing_class(site.call) or site.module.scope_node(site.call)
        found.setdefault(around, []).append(site)
    return list(found.values())


def _by_likeness(port: Sequence[Site], reference: Sequence[Site], kind: Kind) -> list[Pair]:
    """Pair the two sides in order so that the sum of likenesses is largest."""
    mine, theirs = ([_Likes.of(site) for site in side] for side in (port, reference))
    likeness = {
        (i, j): found
        for i, site in enumerate(port)
        for j, other in enumerate(reference)
        if (found := _likeness(mine[i], theirs[j], i / len(port), j / len(reference))) >= _LEAST
        and not _differ(Pair(site, other), kind)
    }

    def together(i: int, j: int) -> float:
        """Return the largest sum from a pair on, if it may be one."""
        return likeness.get((i, j), -inf) + best[i + 1, j + 1]

    best: dict[tuple[int, int], float] = defaultdict(float)
    for i in reversed(range(len(port))):
        for j in reversed(range(len(reference))):
            best[i, j] = max(together(i, j), best[i + 1, j], best[i, j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < len(port):
        if best[i, j] == together(i, j):
            pairs.append(Pair(port[i], reference[j], LIKENESS))
            i, j = i + 1, j + 1
        elif best[i, j] == best[i + 1, j]:
            pairs.append(Pair(port[i], None))
            i += 1
        else:
            pairs.append(Pair(None, reference[j]))
            j += 1
    return pairs + [Pair(None, site) for site in reference[j:]]


class _Likes(NamedTuple):
    """The words of a layer's name, and those of what is around it."""

    name: frozenset[str]
    around: frozenset[str]

    @classmethod
    def of(cls, site: Site) -> _Likes:
        return cls(frozenset(words(site)), frozenset(surroundings(site)))


def _likeness(port: _Likes, reference: _Likes, at: float, there: float) -> float:
    """Return how alike two layers are by name, surroundings and place: 0 to 1."""
    name = _overlap(port.name, reference.name)
    around = _overlap(port.around, reference.around)
    return 0.4 * name + 0.3 * around + 0.3 * (1 - abs(at - there))


def _overlap(mine: frozenset[str], theirs: frozenset[str]) -> float:
    if not mine and not theirs:
        return 0.5
    return len(mine & theirs) / len(mine | theirs)


def words(site: Site) -> list[str]:
    """Return the words and numbers of a layer's name that tell it from others."""
    return [word for word in _words(site_name(site)) if not is_empty(word)]


def surroundings(site: Site) -> list[str]:
    """Return the words of the classes and functions around a layer that tell something."""
    return [word for word in _called(site) if not is_empty(word)]


def _called(site: Site) -> list[str]:
    """Return all words of the classes and functions around a layer.

    But for methods whose names tell nothing of what stands in them, since each model has them.
    """
    found: list[str] = []
    of_all = ("__init__", "build", *catalogue().names("forward"))
    for around in site.module.ancestors(site.call):
        if isinstance(around, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if around.name not in of_all:
                found += _words(around.name)
    return found


def _words(name: str) -> list[str]:
    return _WORD.findall(_CAMEL.sub("_", name).lower())


def site_name(site: Site) -> str:
    """Return the name a layer goes by: ``bn1`` for ``self.bn1 = ...`` or ``name="bn1"``."""
    for keyword in site.call.keywords:
        if keyword.arg == "name":
            return "".join(  # name=prefix + "_bn": what is written there
                str(part.value)
                for part in ast.walk(keyword.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
    statement = site.module.statement(site.call)
    if isinstance(statement, ast.Assign) and statement.value is site.call:
        return last_name(statement.targets[0])
    return ""
