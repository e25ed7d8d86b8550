"""References that a project has itself: layers of the family it was ported from, and whole files.

A file and its twin, which has the same name but for the framework's, are a pair. Which of the two
is the port is known where a family is declared, or where a converter that loads weights of the one
imports the other; else the pair is only offered.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bnlint.config.options import is_installed
from bnlint.engine.facts import Facts, ReferenceFile, facts_of, resolver
from bnlint.engine.packages import PACKAGES
from bnlint.files.display import current, displayed
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.alignment import NAMES, ORDER, align, uniform
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.origins.concern import MAX_FILES
from bnlint.semantics.origins.search import layered, signs_for, sources_around, twins_of
from bnlint.semantics.origins.words import ecosystem_of
from bnlint.semantics.project.project import Project, imported_roots
from bnlint.semantics.project.resolver import Grounds
from bnlint.semantics.values.domain import Symbol
from bnlint.semantics.values.memo import Memo

_LAYERS: Memo[tuple[str, str], tuple[Sequence[Site], Grounds]] = Memo()


def family_layers(file: str, family: str) -> Sequence[Site]:
    """Return the layers of the ecosystem of ``family`` in the other files of a project.

    Of a project with many such files nothing is returned: which of them is meant is not known.
    """
    ecosystem = ecosystem_of(family)

    def layers() -> Sequence[Site]:
        files = layered(resolver(), file, ecosystem)
        return [
            site
            for path in (files if len(files) <= MAX_FILES else ())
            for site in _sites(path)
            if site.api.framework.ecosystem == ecosystem
        ]

    key = resolver().sources.root(file), ecosystem
    found = resolver().remembered(_LAYERS, key, layers)
    return [site for site in found if site.module.file != file]


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
    import shlex

    here = displayed(facts.module.file, current())
    sources = sources_around(resolver(), facts.module.file)
    converters = {sign.file for sign in signs_for(resolver(), facts.module.file)}
    models = {model for file in sorted(converters) for model in _models_in(file)}
    if len(models) == 1:
        name = models.pop()
        yield f"bnlint compare {shlex.quote(name)} {shlex.quote(here)}"
    twins = list(_twins(facts))
    folder = facts.module.file.rpartition("/")[0]
    beside = [twin for twin in twins if twin[0].rpartition("/")[0] == folder]
    for twin, ecosystem in beside or twins:
        if any(site.api.framework.ecosystem in sources for site in facts.sites):
            continue
        if "bnlint: port-of" in (resolver().sources.text(twin) or ""):
            continue  # it says itself what it is a port of
        both = [displayed(twin, current()), here]
        first, second = both if ecosystem in sources else sorted(both)
        yield f"bnlint compare {shlex.quote(first)} {shlex.quote(second)}"


def _models_in(file: str) -> Iterator[str]:
    """Yield the ready-made models of other packages that a file makes, as code can name them."""
    module = resolver().sources.module(file)
    if module is None:
        return
    frameworks = catalogue().load(catalogue().roots(imported_roots(module)))
    ev = Project(frameworks, resolver(), module).evaluator
    for call in module.calls:
        for value in ev.evaluate(module, call.func):
            if not isinstance(value.object, Symbol):
                continue
            path, said = value.object.path, module.source(call.func)
            if frameworks.means(path, "builders") is not None:
                yield said if is_installed(said) else path
            elif frameworks.means(path, "makes_by_name") is not None and call.args:
                name = call.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield f'{path}("{name.value}")'


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
