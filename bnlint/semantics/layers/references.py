"""What each site is compared with: a named reference, a twin in its file, declared defaults."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from bnlint.frameworks.tables import Api, SourceText, catalogue
from bnlint.semantics.layers.alignment import LIKENESS, Pair, site_name, uniform
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.syntax.module import Module
from bnlint.semantics.syntax.numbers import close
from bnlint.semantics.values.value import DEFAULT, Value, absent
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.origins.search import Origin

SAME_FILE, DECLARED, NAMED, INFERRED = "same-file", "declared", "named", "inferred"


_GUESSED = "the layers are paired by likeness, and another may be meant"


class Counterpart(NamedTuple):
    """The reference a site is compared with.

    ``site`` is the twin in the file, ``None`` for a declared or inferred framework. ``directed``
    tells that it is known which side is the port. ``unsure`` says why another layer may be meant.
    ``origin`` is what an inferred framework was inferred from. ``own`` are layers of a declared or
    inferred framework that stand elsewhere in the project: they come before its defaults.
    """

    kind: str
    api: Api
    site: Site | None
    directed: bool
    unsure: str = ""
    origin: Origin | None = None
    own: Sequence[Site] = ()

    @property
    def is_read(self) -> bool:
        """Whether the layer itself is in view, and not only the framework it is made with."""
        return self.site is not None

    @property
    def is_assumed(self) -> bool:
        """Whether all that is known of the reference is what its framework has by default."""
        return not (self.is_read or self.own)

    @property
    def is_weak(self) -> bool:
        """Whether what a framework was inferred from tells little of the numbers."""
        return self.origin is not None and all(sign.weak for sign in self.origin.signs)

    @property
    def doubt(self) -> str:
        """Why the port need not be made as the reference is; empty where it need."""
        if self.own:
            return "the layers were not paired with those of the reference"
        if not self.is_read:
            return "the reference was not read, and may set its own"
        return (
            self.unsure
            if self.directed
            else "which side is the port is not declared (--from would)"
        )

    def value(self, role: str) -> Value:
        """Return what is known of the reference's argument in ``role``."""
        if self.site is not None:
            return self.site.value(role)
        if self.own:
            return _common(self.own, role)
        parameter = self.api.parameter(self.api.roles.get(role, ""))
        if parameter is None or parameter.required or isinstance(parameter.default, SourceText):
            why = f"{self.api.short_name} has no default for it"
            return absent(why)._replace(from_default=True)
        return Value(DEFAULT, parameter.default, from_default=True)


def _common(sites: Sequence[Site], role: str) -> Value:
    """Return what all ``sites`` have in ``role``; nothing is known where they do not agree."""
    values = [site.value(role) for site in sites]
    numbers = [value.number for value in values if value.number is not None]
    if len(numbers) < len(values) or any(not close(n, numbers[0]) for n in numbers):
        return absent("the layers of the reference do not agree")
    return values[0]


class Side(NamedTuple):
    """A file, or a part of one, that another is compared with, and all its layers.

    ``part`` is the class or function that counts; empty, all of the file does.
    """

    project: Project
    module: Module
    sites: Sequence[Site]
    part: str = ""


def counterparts(
    sites: Sequence[Site],
    from_family: str | None,
    named: Sequence[Pair] = (),
) -> Mapping[ast.Call, Counterpart]:
    """Return the reference of every site that has one.

    ``from_family`` is the family that the code is declared to be ported from, if any, ``named`` the
    pairs with a named reference. A named reference is the strongest, and where there is one,
    nothing else is looked at; a twin in the file is stronger than the defaults of a declared
    framework.
    """
    found: dict[ast.Call, Counterpart] = {}
    if named:
        for pair in named:
            port, reference_side = pair.port, pair.reference
            if port is not None and reference_side is not None:
                unsure = _GUESSED if pair.how == LIKENESS else ""
                found[port.call] = Counterpart(
                    NAMED, reference_side.api, reference_side, directed=True, unsure=unsure
                )
        return found
    if from_family is not None:
        # Code of another framework need not import the one it was ported from.
        tables = catalogue().load((from_family,))
        for site in sites:
            reference = tables.reference_of(from_family, norm) if (norm := norm_of(site)) else None
            if reference and all(api.framework.name != from_family for api in site.apis):
                found[site.call] = Counterpart(DECLARED, reference, None, directed=True)
    for port, reference_site, directed in _pairs(sites, from_family):
        found[port.call] = Counterpart(SAME_FILE, reference_site.api, reference_site, directed)
        if directed:
            found.pop(reference_site.call, None)
    return found


def norm_of(site: Site) -> str:
    """Return the kind of normalisation of a site; empty if it may be of several."""
    kinds = {api.norm for api in site.apis}
    return kinds.pop() if len(kinds) == 1 else ""


def has_eps_of_its_own(api: Api) -> bool:
    """Tell whether layers of no other ecosystem have the default eps of ``api``, or often set it.

    Whatever a port of one of these has for a reference, that has another eps.
    """
    own = catalogue().own_eps.get(api.framework.name, {}).get(api.norm)
    return own is not None and own == api.default_eps


def _pairs(sites: Sequence[Site], from_family: str | None) -> list[tuple[Site, Site, bool]]:
    """Return (port, reference, directed) for sites of two ecosystems in one file.

    Only like is paired with like: what holds its arrays with what does, of one kind of
    normalisation.
    """
    kinds: dict[tuple[bool, str], dict[str, list[Site]]] = {}
    for site in sites:
        ecosystems = {api.framework.ecosystem for api in site.apis}
        if len(ecosystems) == 1 and not site.presumed:
            sides = kinds.setdefault((site.api.takes_arrays, norm_of(site)), {})
            sides.setdefault(ecosystems.pop(), []).append(site)
    pairs: list[tuple[Site, Site, bool]] = []
    for present in map(dict.values, kinds.values()):
        declared = [s for s in present if any(a.framework.name == from_family for a in s[0].apis)]
        # Without a direction, the side that stands first in the file is named as the reference.
        reference = [*declared, *present][0]
        for side in present:
            if side is not reference:
                pairs += [(p, r, bool(declared)) for p, r in _aligned(side, reference)]
    return pairs


def _aligned(port: list[Site], reference: list[Site]) -> list[tuple[Site, Site]]:
    """Pair the sites of two sides by name, else by order; uniform sides need no alignment."""
    if len(port) == len(reference):
        names = {name: site for site in reference if (name := site_name(site))}
        if len(names) == len(reference) and {site_name(s) for s in port} == names.keys():
            return [(site, names[site_name(site)]) for site in port]
        return [(site, reference[at]) for at, site in enumerate(port)]
    if uniform(port) and uniform(reference):
        return [(site, reference[0]) for site in port]
    return []
