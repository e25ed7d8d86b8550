"""References that a project has itself: layers of the family it was ported from, and whole files.

A file and its twin, which has the same name but for the framework's, are a pair. Which of the two
is the port is known where a family is declared, or where a converter that loads weights of the one
imports the other; else the pair is only offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bnlint.engine.facts import Facts, ReferenceFile, facts_of, resolver
from bnlint.engine.packages import PACKAGES
from bnlint.files.display import current, displayed
from bnlint.semantics.layers.alignment import NAMES, ORDER, align, uniform
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.origins.search import MAX_FILES, layered, signs_for, sources_around, twins_of
from bnlint.semantics.origins.words import ecosystem_of
from bnlint.semantics.values.memo import Memo

_LAYERS: Memo[tuple[str, str], Sequence[Site]] = Memo()


def family_layers(file: str, family: str) -> Sequence[Site]:
    """Return the layers of the ecosystem of ``family`` in the other files of a project.

    Of a project with many such files nothing is returned: which of them is meant is not known.
    """
    ecosystem = ecosystem_of(family)
    known = _LAYERS.of(resolver())
    key = resolver().sources.root(file), ecosystem
    if key not in known:
        files = layered(resolver(), file, ecosystem)
        known[key] = [
            site
            for path in (files if len(files) <= MAX_FILES else ())
            for site in _sites(path)
            if site.api.framework.ecosystem == ecosystem
        ]
    return [site for site in known[key] if site.module.file != file]


def twin_of(facts: Facts, from_family: str | None) -> ReferenceFile | None:
    """Return the file that a file is surely a port of, if the project shows one."""
    file = facts.module.file
    ecosystems = {site.api.framework.ecosystem for site in facts.sites}
    if not file or len(ecosystems) != 1:
        return None
    if from_family is not None:
        sources = {ecosystem_of(from_family)}
    else:
        target = next(iter(ecosystems))
        signs = [sign for sign in signs_for(resolver(), file) if sign.target == target]
        sources = {sign.source for sign in signs} if any(s.imports(file) for s in signs) else set()
    found = [twin for twin, ecosystem in _twins(facts) if sources == {ecosystem}]
    if len(found) != 1:
        return None
    data = PACKAGES.tree.read(found[0])
    return ReferenceFile(displayed(found[0], current()), data, "", found[0].rpartition("/")[0])


def offers(facts: Facts) -> Iterator[str]:
    """Yield the comparisons of a file that may be worth while, as commands.

    What is surely a port of a twin is compared with it anyway.
    """
    here = displayed(facts.module.file, current())
    sources = sources_around(resolver(), facts.module.file)
    for twin, ecosystem in _twins(facts):
        if any(site.api.framework.ecosystem in sources for site in facts.sites):
            continue
        both = [displayed(twin, current()), here]
        first, second = both if ecosystem in sources else sorted(both)
        yield f"bnlint compare {first} {second}"


def _twins(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the files that are twins of a file, and their ecosystems.

    They are called alike and have layers of another framework that can be paired with those of the
    file one by one, or all layers of each are alike.
    """
    file = facts.module.file
    if not file or not facts.sites:
        return
    mine = {site.api.framework.ecosystem for site in facts.sites}
    for twin in twins_of(resolver(), file):
        sites = _sites(twin)
        theirs = {site.api.framework.ecosystem for site in sites}
        if len(theirs) != 1 or len(mine) != 1 or theirs == mine:
            continue
        made = {pair.how for pair in align(facts.sites, sites)}
        if made <= {NAMES, ORDER} or (uniform(facts.sites) and uniform(sites)):
            yield twin, theirs.pop()


def _sites(file: str) -> Sequence[Site]:
    """Return the layers of a file of the project."""
    text = resolver().sources.text(file)
    if text is None:
        return ()
    found = facts_of(text.encode(), displayed(file, current()), file.rpartition("/")[0] or "/")
    return found.sites if isinstance(found, Facts) else ()
