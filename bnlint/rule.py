"""The API between the engine and its rules: what a rule is, and what it is given to look at."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from bnlint.config.identity import Rule as Rule
from bnlint.files.display import as_said as as_said
from bnlint.files.display import current, displayed
from bnlint.finding import (
    Comparison,
    Finding,
    Fix,
    Reference,
    Span,
)
from bnlint.frameworks.records import BATCH, NORM_NAMES
from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.references import (
    INFERRED,
    NAMED,
    SAME_FILE,
    Counterpart,
    Side,
    counterparts,
    norm_of,
)
from bnlint.semantics.layers.settings import Setting, settings_in
from bnlint.semantics.values.value import PRESUMED, Value
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from bnlint.frameworks.tables import Api, Frameworks
    from bnlint.semantics.layers.alignment import Pair
    from bnlint.semantics.layers.resolution import Resolution
    from bnlint.semantics.layers.sites import Site
    from bnlint.semantics.modes.histories import History
    from bnlint.semantics.origins.search import Origin
    from bnlint.semantics.origins.signs import Sign
    from bnlint.semantics.project.project import Project
    from bnlint.semantics.syntax.module import Module
    from bnlint.semantics.values.evaluator import Evaluator
    from bnlint.trial import Trial

#: Order in which findings about one argument of one layer compete; the lowest is kept.
MISPLACED, DEGENERATE, CONVENTION, DIFFERENCE = 10, 20, 30, 40


class Context:
    """One file as the rules see it.

    ``sites`` are its batch normalisation calls in the order of the text, ``from_family`` the family
    that the code is declared to be ported from (``--from``), ``None`` where nothing is declared,
    ``folder`` the absolute folder it lies in, ``None`` where it lies in none (standard input
    without a name), ``named`` pairs its sites with those of a named reference, ``references`` are
    the files of that reference. ``part`` names the class or function that is compared; empty, all
    of the file is. Where ``infers`` is set, what the project shows of the origin of the code
    counts. ``layers_around`` gives the layers of a family that stand elsewhere in the project.
    """

    def __init__(
        self,
        module: Module,
        project: Project,
        sites: Sequence[Site],
        from_family: str | None,
        folder: str | None = None,
        named: Sequence[Pair] = (),
        references: Sequence[Side] = (),
        part: str = "",
        *,
        infers: bool = False,
        layers_around: Callable[[str], Sequence[Site]] | None = None,
    ) -> None:
        self.module = module
        self.project = project
        self.sites = sites
        self.from_family = from_family
        self.folder = folder
        self.named = named
        self.references = references
        self.part = part
        self.infers = infers
        self._origins: dict[tuple[str, str], Origin | None] = {}
        self._layers_around = layers_around
        self._own: dict[str, Sequence[Site]] = {}

    @property
    def frameworks(self) -> Frameworks:
        """The framework tables that the imports of the project call for."""
        return self.project.frameworks

    @property
    def evaluator(self) -> Evaluator:
        """The static evaluator."""
        return self.project.evaluator

    @property
    def side(self) -> Side:
        """The file as a side of a comparison."""
        return Side(self.project, self.module, self.sites, self.part)

    @cached_property
    def counterparts(self) -> Mapping[ast.Call, Counterpart]:
        """The reference of every site that has one."""
        return counterparts(self.sites, self.from_family, self.named)

    def reference(self, site: Site, role: str = "") -> Counterpart | None:
        """Return what ``site`` is compared with, if anything; with ``role``, in that argument.

        A framework that is only inferred judges eps, where that is left at its default.
        """
        found = self.counterparts.get(site.call)
        if found is None and role == "eps" and self.infers and site.value("eps").from_default:
            found = self.inferred(site)
        if found is None or not found.is_assumed or self._layers_around is None:
            return found
        if role and site.value(role).from_default:  # what is written down is not judged by it
            return self._with_own(found)
        return found

    def _with_own(self, found: Counterpart) -> Counterpart:
        """Return a declared or inferred reference with its layers in the project, if there are any.

        Those of another family of the same ecosystem count where the family is only inferred.
        """
        family = found.api.framework.name
        if family not in self._own:
            assert self._layers_around is not None
            sites = self._layers_around(family)
            if found.origin is None:
                sites = [site for site in sites if site.api.framework.name == family]
            self._own[family] = sites
        own = self._own[family]
        return found._replace(own=own, api=own[0].api) if own else found

    def inferred(self, site: Site) -> Counterpart | None:
        """Return the framework that a layer was ported from, as far as its project shows it."""
        families = {api.framework.name for api in site.apis}
        if len(families) != 1:
            return None
        norm = norm_of(site)
        origin = self.origin(families.pop(), norm) if norm else None
        if origin is None:
            return None
        api = catalogue().load((origin.family,)).reference_of(origin.family, norm)
        if api is None:
            return None
        return Counterpart(INFERRED, api, None, directed=True, origin=origin)

    @cached_property
    def sets_own_eps(self) -> bool:
        """Whether the file is named for models that set their own eps in most frameworks.

        Not where it is declared that they come from one in which they leave it alone.
        """
        from bnlint.semantics.hints.purposes import sets_own_eps
        from bnlint.semantics.origins.search import names_in
        from bnlint.semantics.origins.words import ecosystem_of, speeches

        source = speeches().get(ecosystem_of(self.from_family)) if self.from_family else None
        is_home = source is not None and source.vetoes
        return not is_home and sets_own_eps(names_in(self.project.resolver, self.module))

    def hint(self, site: Site) -> tuple[str, str] | None:
        """Return what introduces the project as a port of a framework with another eps, and which.

        It is a hint for a person, and nothing is compared with it.
        """
        resolver, file = self.project.resolver, self.module.file
        if not self.infers or resolver is None or not file:
            return None
        from bnlint.semantics.origins.search import hint_for

        found = hint_for(resolver, file, site.api.framework.name)
        if found is None:
            return None
        return f"{displayed(found.file, current())}:{found.row} says {found.said}", found.family

    def origin(self, family: str, norm: str = BATCH) -> Origin | None:
        """Return what layers of ``family``, of one kind, were ported from, as far as is shown."""
        if self.project.resolver is None:
            return None
        if (family, norm) not in self._origins:
            from bnlint.semantics.origins.search import origin_of

            found = origin_of(self.project.resolver, self.module, family, norm)
            self._origins[family, norm] = found
        return self._origins[family, norm]

    def sides(self, reference: Counterpart) -> Sequence[Side]:
        """Return the files with the layers that stand beside the one in ``reference``.

        In a file with both sides, that is the part of it in the framework of the reference.
        """
        if reference.kind == NAMED:
            return self.references
        title = reference.api.framework.title
        sites = [site for site in self.sites if site.api.framework.title == title]
        return (Side(self.project, self.module, sites),) if reference.site is not None else ()

    def histories(
        self,
        *,
        shows: bool,
        initial: str = "",
        switches: Sequence[str] = ("object",),
        whole: bool = True,
    ) -> Iterator[History]:
        """Yield the histories of the models of the file that a rule may speak of.

        See :func:`bnlint.semantics.modes.histories.histories` for what the arguments leave out.
        """
        from bnlint.semantics.modes.histories import histories

        asked = self.evaluator, self.module, self.sites
        return histories(*asked, shows=shows, initial=initial, switches=switches, whole=whole)

    def settings(self, role: str) -> Sequence[Setting]:
        """Return what the file writes for ``role`` apart from the calls that make its layers."""
        return list(settings_in(self.project, self.module, self.sites, role))

    # ------------------------------------------------------------------ places

    def owns(self, node: ast.AST | None) -> bool:
        """Tell whether ``node`` stands in this file."""
        return node is not None and node in self.module.parents

    def place(self, site: Site, value: Value | None = None) -> ast.expr | ast.stmt:
        """Return where to report a fault of ``site``, of its argument ``value`` if given.

        A value that a caller may override is reported where it is defined, one that is given
        where it is given, a default at the call that takes the argument.
        """
        if value is not None and not value.from_default:
            if (
                value.kind == PRESUMED
                and isinstance(value.node, ast.expr)
                and self.owns(value.node)
            ):
                return value.node
            given = self.given(site, value)
            if given is not None:
                return given
        _, anchor = site.anchor
        if isinstance(anchor, ast.expr) and self.owns(anchor):
            return anchor
        return site.call

    def given(self, site: Site, value: Value) -> ast.expr | None:
        """Return the expression of this file that gives ``site`` the argument ``value``, if any.

        It is what the API is called with, or what a class of another file is, which passes it on.
        """
        if value.argument is not None and self.owns(value.argument):
            return value.argument
        node = value.node
        if isinstance(node, ast.expr) and self.owns(node):
            if any(around is site.call for around in self.module.ancestors(node)):
                return node
        roles = [role for role, other in site.values.items() if other is value]
        return self._passed(site.resolutions[0], roles[0]) if roles else None

    def holder(self, site: Site) -> ast.Call | None:
        """Return the call of this file that names the API of ``site`` and takes its arguments."""
        holder = site.resolutions[0].holder
        return holder if self.owns(holder) else None

    def decided_outside(self, site: Site, role: str) -> ast.AST | None:
        """Return the node of another file that alone says what the argument in ``role`` is."""
        value, resolution = site.value(role), site.resolutions[0]
        if self.owns(value.argument) or self.owns(value.node) or self._passed(resolution, role):
            return None
        if not value.from_default and value.argument is not None:
            return value.argument
        holder = resolution.holder
        return holder if holder is not None and not self.owns(holder) else None

    def _passed(self, resolution: Resolution, role: str) -> ast.expr | None:
        """Return the expression of this file that a constructor elsewhere passes on in ``role``."""
        argument = resolution.matched.given.get(resolution.api.roles.get(role, ""))
        while argument is not None and not self.owns(argument.node):
            node, env = argument.node, argument.env
            if not isinstance(node, ast.Name) or env is None:
                return None
            function = argument.module.enclosing_function(node)
            argument = env.find(function, node.id) if function is not None else None
        return argument.node if argument is not None else None

    def is_derived_outside(self, site: Site) -> bool:
        """Tell whether ``site`` calls a class of another file that derives from the API."""
        through = site.resolutions[0].through
        return through is not None and not self.owns(through.node)

    @cached_property
    def layers(self) -> frozenset[ast.AST]:
        """The calls of the file that make or apply batch normalisation, wrappers included."""
        made = [(s.call, *(r.holder for r in s.resolutions)) for s in self.sites]
        return frozenset(call for calls in made for call in calls if call is not None)

    # ------------------------------------------------------------------ findings

    def report(
        self,
        rule: Rule,
        where: ast.expr | ast.stmt | ast.keyword | Span,
        message: str,
        *,
        help: str = "",  # noqa: A002  # the field is called help
        confidence: str | None = None,
        severity: str | None = None,
        fix: Fix | None = None,
        reference: Counterpart | None = None,
        values: tuple[Comparison, ...] = (),
        site: Site | None = None,
        argument: str = "",
        trial: Trial | None = None,
        only_if: str = "",
    ) -> Finding:
        """Return a finding of ``rule`` at ``where``, a node of the file or a span.

        ``only_if`` names the classes of which one model must be for the finding to hold, where it
        may be of others too.
        """
        if only_if:
            message = f"{message}. So it is if that is {only_if}, one of several that it may be"
            confidence = "medium" if (confidence or rule.confidence) == "high" else confidence
        span = where if isinstance(where, Span) else self.module.span(where)
        return Finding(
            rule.code,
            rule.name,
            severity or rule.severity,
            confidence or rule.confidence,
            self.module.path,
            span,
            message,
            help,
            fix,
            describe_reference(reference) if reference is not None else None,
            values,
            self.module.span(site.call).start if site is not None else -1,
            argument,
            rule.precedence,
            trial,
        )


def describe_reference(found: Counterpart) -> Reference:
    """Return a counterpart as the plain record that findings carry."""
    title = found.api.framework.title
    if found.site is None:
        return Reference(found.kind, title, found.api.id)
    span = found.site.module.span(found.site.call)
    return Reference(found.kind, title, found.api.id, found.site.module.path, span.row, span.column)


def called(api: Api) -> str:
    """Return how a message names a layer: with its kind, where that is no batch normalisation."""
    return api.short_name if api.norm == BATCH else f"{api.short_name} ({NORM_NAMES[api.norm]})"


def where_reference(found: Counterpart) -> str:
    """Return how a message names the place of a reference: `` (line 12)`` or nothing."""
    site = found.site or next(iter(found.own), None)
    if site is None:
        return ""
    row = site.call.lineno
    return f" (line {row})" if found.kind == SAME_FILE else f" ({site.module.path}:{row})"


def shown_by(origin: Origin, context: Context) -> str:
    """Return how a message names what shows that code was ported, and from what.

    ``convert.py:12 loads TensorFlow weights, and TensorFlow's default``: a line alone is one of the
    file.
    """
    return f"{evidence(origin.signs[0], context)}, and {origin.title}'s default"


def evidence(sign: Sign, context: Context) -> str:
    """Return what a sign of the origin of code says, and where: ``convert.py:12 loads ...``."""
    here = sign.file == context.module.file
    where = f"line {sign.row}" if here else f"{displayed(sign.file, current())}:{sign.row}"
    return f"{where} {sign.told}"


def other_camp(api: Api) -> str:
    """Return the title of a framework whose momentum means the opposite of ``api``'s."""
    opposite = {"new-weight": "old-weight", "old-weight": "new-weight"}.get(api.convention, "")
    return catalogue().title_of_convention(opposite)


def lower(confidence: str, values: Iterable[Value], doubt: str = "") -> str:
    """Return ``confidence``, but at most medium where a value is only presumed or in doubt."""
    if confidence == "high" and (doubt or any(value.kind == PRESUMED for value in values)):
        return "medium"
    return confidence
