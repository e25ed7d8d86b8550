"""What a file is compared with: references that are named, declared, or shown by its project.

Where that is nothing, it says which layers should have been compared, and what may be worth while.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from bnlint.engine.facts import Facts, reference_facts
from bnlint.engine.options import Options
from bnlint.engine.ports import is_named
from bnlint.engine.registry import LoadedRule
from bnlint.finding import Problem
from bnlint.rule import Context
from bnlint.semantics.layers.references import Side, norm_of
from bnlint.semantics.syntax.numbers import close
from bnlint.startup.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bnlint.semantics.layers.alignment import Pair
    from bnlint.semantics.layers.sites import Site


class Paired(NamedTuple):
    """The layers of a file beside those of its named references, and which cannot be had."""

    pairs: Sequence[Pair] = ()
    references: Sequence[Facts] = ()
    problems: tuple[Problem, ...] = ()


def paired_with(facts: Facts, options: Options) -> Paired:
    """Return the layers of a file beside those of the references that ``options`` name.

    Where they name none, the project may show a file that this one is a port of.
    """
    named = options.references
    if not named and _may_infer(facts, options):
        from bnlint.engine.own_references import twin_of

        twin = twin_of(facts, options.from_family)
        named = (twin,) if twin is not None else ()
    if not named:
        return Paired()
    found = [reference_facts(item, options.wrappers) for item in named]
    references = [facts for item in found if not isinstance(item, Problem) for facts in item]
    pairs = aligned([facts], references, options.from_family)
    return Paired(pairs, references, tuple(item for item in found if isinstance(item, Problem)))


def aligned(
    port: Sequence[Facts], reference: Sequence[Facts], from_family: str | None = None
) -> Sequence[Pair]:
    """Return the layers of files beside those of their reference.

    A file may hold both sides: where a family is declared, its layers are those of the reference.
    What follows a convolution of one row and column is no partner of what follows a larger one.
    """
    from bnlint.semantics.layers.alignment import align
    from bnlint.semantics.tensors.convolutions import convolution
    from bnlint.semantics.tensors.neighbours import linear_before

    known: dict[int, Facts] = {id(item.module): item for item in (*port, *reference)}
    kinds: dict[int, object] = {}

    def kind(site: Site) -> Hashable:
        if id(site.call) not in kinds:
            evaluator = known[id(site.module)].project.evaluator
            before = linear_before(evaluator, site)
            numbers = convolution(evaluator, before) if before is not None else None
            kernel = numbers.kernel if numbers is not None else ()
            kinds[id(site.call)] = max(kernel) > 1 if kernel else None
        return kinds[id(site.call)]

    mine, theirs = ([site for item in side for site in item.sites] for side in (port, reference))
    if from_family is not None:
        mine = [site for site in mine if not _is_of(site, from_family)] or mine
        theirs = [site for site in theirs if _is_of(site, from_family)] or theirs
    pairs: list[Pair] = []
    for norm in dict.fromkeys(norm_of(site) for site in (*mine, *theirs)):
        own, other = ([s for s in side if norm_of(s) == norm] for side in (mine, theirs))
        pairs += align(own, other, kind)
    return pairs


def _is_of(site: Site, family: str) -> bool:
    """Tell whether a layer is made with a framework of the ecosystem of ``family``."""
    from bnlint.semantics.origins.words import ecosystem_of

    return site.api.framework.ecosystem == ecosystem_of(family)


def _may_infer(facts: Facts, options: Options) -> bool:
    """Tell whether a file has layers for which the project around it may show a reference."""
    return (
        options.infer
        and not options.native
        and bool(facts.module.file)
        and any(s.value(role).from_default for s in facts.sites for role in ("eps", "momentum"))
    )


def context_of(
    facts: Facts, options: Options, named: Sequence[Pair] = (), references: Sequence[Facts] = ()
) -> Context:
    """Return a file that was read as its rules see it; see :func:`check_facts`."""
    return Context(
        facts.module,
        facts.project,
        facts.sites,
        options.from_family,
        options.folder,
        named,
        [Side(item.project, item.module, item.sites, item.part) for item in references],
        facts.part,
        infers=options.infer
        and not (options.native or named or references or options.from_family is not None),
        # Of other kinds of normalisation, layers elsewhere in the project are not looked for.
        layers_around=_layers_around(facts)
        if options.infer and facts.project.frameworks.of_batches
        else None,
    )


def _layers_around(facts: Facts) -> Callable[[str], Sequence[Site]]:
    def layers(family: str) -> Sequence[Site]:
        from bnlint.engine.own_references import family_layers

        return family_layers(facts.module.file, family) if facts.module.file else ()

    return layers


def uncompared(context: Context, rules: Sequence[LoadedRule], options: Options) -> Sequence[Site]:
    """Return the layers that should have been compared, and were not for want of a reference."""
    if options.native or options.from_family is not None or context.named:
        return ()
    if not any(r.rule.needs_reference and r.code in options.codes for r in rules):
        return ()
    found = ((site, context.reference(site, "eps")) for site in context.sites)
    alone = [
        site
        for site, reference in found
        if (reference is None or reference.is_weak) and not has_eps_of_source(site, context)
    ]
    if alone and is_reference(context, options):
        return ()
    if alone and context.module.file and context.infers and context.project.resolver is not None:
        from bnlint.semantics.origins.search import sources_around

        # What other files were ported from is no port itself.
        sources = sources_around(context.project.resolver, context.module.file)
        return [site for site in alone if site.api.framework.ecosystem not in sources]
    return alone


def is_reference(context: Context, options: Options) -> bool:
    """Tell whether other files are declared to be ports of a file, which is none itself then."""
    return options.is_reference or (bool(context.module.file) and is_named(context.module.file))


def has_eps_of_source(site: Site, context: Context) -> bool:
    """Tell whether a layer has in writing the eps of the framework that it was ported from.

    What is left at a default is compared; who wrote what it should be has nothing left to compare.
    """
    if not context.infers or site.value("eps").from_default:
        return False
    source, number = context.inferred(site), site.value("eps").number
    if source is None or source.is_weak or number is None:
        return False
    theirs = source.value("eps").number
    return theirs is not None and close(number, theirs)


def offered(facts: Facts, context: Context, options: Options) -> Iterator[str]:
    """Yield the comparisons of a file that may be worth while, as commands."""
    if context.infers and _may_infer(facts, options):
        from bnlint.engine.own_references import offers

        yield from offers(facts)


def hints(context: Context, sites: Sequence[Site]) -> Iterator[tuple[str, str]]:
    """Yield for each layer that is compared with nothing what its project may be a port of.

    That is what the introduction of the project says, and the family; only for layers in which eps
    would differ then.
    """
    for site in sites:
        if site.value("eps").from_default:
            hint = context.hint(site)
            if hint is not None:
                yield hint
