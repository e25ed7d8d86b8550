"""What a layer means, for who points at it: its settings, in the words of every framework."""

from __future__ import annotations

from collections.abc import Iterator

from bnlint.engine.basis import context_for, said
from bnlint.engine.facts import Facts
from bnlint.engine.inventory import Setting, SiteRow, row_of
from bnlint.engine.options import Options
from bnlint.finding import Edit, Span
from bnlint.frameworks.records import Wrapper
from bnlint.frameworks.tables import catalogue
from bnlint.porting.translate import TranslateError, Translation, translate
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.syntax.numbers import shown
from bnlint.startup.typed import NamedTuple

#: Roles whose values a call is written with that stands for a layer, whatever it was made by.
_WRITTEN = ("channels", "eps", "momentum", "affine", "scale", "center")


class Hover(NamedTuple):
    """What is said of a layer, as Markdown, and the call that makes it."""

    text: str
    span: Span


class Hint(NamedTuple):
    """A short text to be shown behind the call of a layer, and why it says what it says."""

    offset: int
    text: str
    why: str


def site_at(facts: Facts, offset: int) -> Site | None:
    """Return the layer whose call a place of the text is in, the innermost one."""
    found: tuple[int, Site] | None = None
    for site in facts.sites:
        if site.module is not facts.module:
            continue
        span = site.module.span(site.call)
        if span.start <= offset <= span.end and (found is None or span.start > found[0]):
            found = span.start, site
    return found[1] if found is not None else None


def hover(facts: Facts, offset: int, options: Options) -> Hover | None:
    """Return what is known of the layer at a place; ``None`` if there is none."""
    site = site_at(facts, offset)
    if site is None:
        return None
    row = row_of(facts, site)
    basis = said(site, context_for(facts, options), options)
    lines = [*_settings(row), "", f"Compared with {basis}"]
    others = translations(site, options.wrappers, as_written=False)
    if others:
        lines += ["", *_table(others)]
    return Hover("\n".join(lines), site.module.span(site.call))


def _settings(row: SiteRow) -> Iterator[str]:
    names = " or ".join(f"`{api}`" for api in row.apis)
    yield f"**{row.framework}** {names}" + (f" · `{row.name}`" if row.name else "")
    yield ""
    yield f"- eps {_value(row.eps)}"
    yield f"- momentum {_value(row.momentum)}"
    if row.decay is not None:
        kept, new = shown(row.decay), shown(round(1 - row.decay, 12))
        yield f"- decay {kept}: a step keeps {kept} of the running value and takes {new} of the new"
    yield f"- a new layer is in mode `{row.mode}`"
    yield f"- channels in axis {_value(row.axis)}"
    if row.parameters is not None:
        counts = row.parameters
        number = counts.counted_number
        yield f"- parameters {counts.counted}" + (f" = {number}" if number is not None else "")


def _value(setting: Setting) -> str:
    if setting.kind == "unknown":
        return f"not known: {setting.why}" if setting.why else "not known"
    text = f"`{shown(setting.value)}`" if isinstance(setting.value, float) else f"`{setting.value}`"
    if setting.kind == "known":
        return text
    return f"{text} ({setting.kind}{f': {setting.why}' if setting.why else ''})"


def _table(found: list[Translation]) -> Iterator[str]:
    yield "| the same layer in | |"
    yield "|---|---|"
    for translation in found:
        call = translation.call.replace("|", "\\|")
        yield f"| {translation.title} | `{call}` |"


def translations(
    site: Site,
    wrappers: tuple[Wrapper, ...] = (),
    targets: tuple[str, ...] = (),
    *,
    as_written: bool,
) -> list[Translation]:
    """Return the equal call of a layer in other frameworks; none where that is not known.

    With what is ``as_written``, arguments stand as the code has them; else as the values they are
    known to have.
    """
    api = site.api
    if api.kind == "functional" or len({other.id for other in site.apis}) > 1:
        return []
    text = _source_of(site) if as_written else _values_of(site)
    if text is None:
        return []
    wanted = targets or tuple(f for f in catalogue().described if f != api.framework.name)
    try:
        return translate(text, api.framework.name, wanted, wrappers)
    except TranslateError:
        return []


def _source_of(site: Site) -> str | None:
    """Return the call of a layer by its whole name, with the arguments that stand in it."""
    if not site.is_direct:
        return None
    module, call = site.module, site.call
    after = module.span(call.func).end
    arguments = module.text[after : module.span(call).end]
    return f"{site.api.aliases[0]}{arguments.strip()}"


def _values_of(site: Site) -> str:
    """Return a call of the API of a layer with the values that its arguments are known to have."""
    written: list[str] = []
    for role in _WRITTEN:
        name = site.api.roles.get(role)
        value = site.value(role)
        if name is None or not value.is_known or value.from_default:
            continue
        if isinstance(value.value, (int, float, str)) or value.value is None:
            written.append(f"{name}={value.value!r}")
    return f"{site.api.aliases[0]}({', '.join(written)})"


def translated(facts: Facts, site: Site, translation: Translation) -> tuple[Edit, ...]:
    """Return the edits that put a translation into the place of the call, with its notes above."""
    span = site.module.span(site.call)
    edits = [Edit(span.start, span.end, translation.call)]
    if translation.notes:
        row = facts.module.statement(site.call).lineno
        start = facts.module.lines.starts[row - 1]
        line = facts.module.lines.line(row)
        indent = line[: len(line) - len(line.lstrip())]
        notes = "".join(f"{indent}# {note}\n" for note in translation.notes)
        edits.insert(0, Edit(start, start, notes))
    return tuple(edits)


def hints(facts: Facts) -> Iterator[Hint]:
    """Yield the decay of each layer whose call stands in the text, where it is known."""
    for site in facts.sites:
        if site.module is not facts.module:
            continue
        row = row_of(facts, site)
        if row.decay is not None and not row.of_weight:
            kept = shown(row.decay)
            why = f"a step keeps {kept} of the running mean and variance (momentum "
            yield Hint(
                site.module.span(site.call).end,
                f"decay {kept}",
                f"{why}{_value(row.momentum)} of {row.framework})",
            )
