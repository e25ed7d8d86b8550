"""What the layers of a file are compared with, and why: for who asks for it, not for findings."""

from __future__ import annotations

from bnlint.engine.comparing import context_of, has_eps_of_source, is_reference, paired_with
from bnlint.engine.facts import Facts, facts_of, other_norms, settled
from bnlint.engine.inventory import SiteRow, by_place, located, rows
from bnlint.engine.options import Options
from bnlint.files.source import decode
from bnlint.finding import Problem
from bnlint.rule import Context, evidence
from bnlint.semantics.layers.references import DECLARED, INFERRED, NAMED, SAME_FILE, norm_of
from bnlint.semantics.layers.sites import Site
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.origins.search import Origin

NATIVE, NOTHING = "native", "nothing"


class Basis(NamedTuple):
    """What some layers of a file, all of one framework, are compared with.

    ``kind`` is that of their reference (see :mod:`bnlint.semantics.layers.references`), or
    :data:`NATIVE` or :data:`NOTHING`. ``told`` says it in words, ``why`` is each piece of evidence.
    ``family`` is what ``from`` would be in a configuration that says for good what was inferred.
    """

    path: str
    layers: int
    framework: str
    kind: str
    told: str
    why: tuple[str, ...] = ()
    family: str = ""


def basis_of(data: bytes, path: str, options: Options) -> list[Basis] | Problem:
    """Return what the layers of a file are compared with, those of one framework together."""
    facts = facts_of(data, path, options.folder, options.wrappers)
    if isinstance(facts, Problem):
        return facts
    return bases(facts, options) if facts is not None else []


def bases(facts: Facts, options: Options) -> list[Basis]:
    """Return what the layers of a file that was read are compared with."""
    context = context_for(facts, options)
    groups: dict[tuple[str, str, str, tuple[str, ...], str], int] = {}
    for site in context.sites:
        key = (site.api.framework.title, *told(site, context, options))
        groups[key] = groups.get(key, 0) + 1
    return [
        Basis(facts.module.path, number, title, kind, text, why, family)
        for (title, kind, text, why, family), number in groups.items()
    ]


def rows_of(
    data: bytes, path: str, options: Options, *, norms: bool = False
) -> list[SiteRow] | Problem:
    """Return the layers of a file, with what each is compared with, by places of the document.

    With ``norms``, those that normalise otherwise than by batches are among them.
    """
    facts = facts_of(data, path, options.folder, options.wrappers, norms=norms)
    if facts is None or isinstance(facts, Problem):
        return facts or []
    context = context_for(facts, options)
    document = decode(data, path).document
    found = rows(facts, lambda site: said(site, context, options))
    if norms:
        others = settled(other_norms(facts))
        beside = context_of(others, options)
        found = by_place([*found, *rows(others, lambda site: said(site, beside, options))])
    return [located(row, document) for row in found]


def context_for(facts: Facts, options: Options) -> Context:
    """Return a file that was read as its rules would see it."""
    paired = paired_with(facts, options)
    return context_of(facts, options, paired.pairs, paired.references)


def said(site: Site, context: Context, options: Options) -> str:
    """Return what a layer is compared with and why, in one line."""
    _, text, why, _ = told(site, context, options)
    return f"{text}: {'; '.join(why)}" if why else text


def told(site: Site, context: Context, options: Options) -> tuple[str, str, tuple[str, ...], str]:
    """Return the kind of what a layer is compared with, what it is, why, and its family."""
    found = context.reference(site, "eps")
    if found is None:
        if options.native:
            return NATIVE, "nothing: the configuration declares that it is no port", (), ""
        if options.from_family is not None:
            return DECLARED, "nothing: it is of the framework that is declared", (), ""
        origin = _origin(site, context)
        if origin is not None and not site.value("eps").from_default:
            why = tuple(evidence(sign, context) for sign in origin.signs)
            if has_eps_of_source(site, context):
                text = f"{origin.title}'s default of eps, which is inferred, and is written down"
                return INFERRED, text, why, origin.family
            text = f"nothing: eps is written down. It is inferred that {origin.title} is the source"
            return NOTHING, text, why, origin.family
        if is_reference(context, options):
            return NOTHING, "nothing: it is the reference of other files", (), ""
        return NOTHING, "nothing: no reference is known", (), ""
    title = found.api.framework.title
    if found.site is not None:
        row = found.site.call.lineno
        if found.kind == SAME_FILE:
            return SAME_FILE, f"the {title} layers of the same file (line {row})", (), ""
        return NAMED, f"the {title} layers of {found.site.module.path}", (), ""
    if found.origin is None:
        return found.kind, f"{title}'s defaults, as is declared", (), ""
    why = tuple(evidence(sign, context) for sign in found.origin.signs)
    text = f"{found.origin.title}'s default of eps, which is inferred"
    text += ", with low confidence" if found.is_weak else ""
    return found.kind, text, why, found.origin.family


def _origin(site: Site, context: Context) -> Origin | None:
    """Return what a layer was ported from, as far as its project shows."""
    families = {api.framework.name for api in site.apis}
    if not context.infers or len(families) != 1 or not (norm := norm_of(site)):
        return None
    return context.origin(families.pop(), norm)
