"""From what a rule wants an argument to be to the fix that writes it."""

from __future__ import annotations

from collections.abc import Mapping

from bnlint.finding import MANUAL, UNSAFE, Fix, Intent, ReplaceValue, SetKeyword
from bnlint.fixes.impact import Impact, of_keyword, of_value, of_wrapper
from bnlint.rule import Context
from bnlint.semantics.layers.sites import Site


def rewrite(
    context: Context,
    site: Site,
    role: str,
    text: str,
    applicability: str,
    *,
    message: str = "",
    reason: str = "",
) -> Fix:
    """Return the fix that makes the argument in ``role`` be ``text``.

    Where the argument cannot be written in this file without reaching past the call (the
    layer class is a parameter's default, say), the fix is text only.
    """
    message = message or f"write {site.api.roles[role]}={text}"
    return rewrite_all(context, site, {role: text}, Fix(applicability, message, (), reason))


def rewrite_all(context: Context, site: Site, wanted: Mapping[str, str], fix: Fix) -> Fix:
    """Return ``fix`` with what makes the argument in each role be the text ``wanted`` for it.

    It is worth less where others take the same values, see :meth:`limited`.
    """
    intents: list[Intent] = []
    for role, text in wanted.items():
        value, name = site.value(role), site.api.roles[role]
        holder = site.resolutions[0].holder
        argument = context.given(site, value)
        if not value.from_default and argument is not None:
            intents.append(ReplaceValue(context.module.span(argument), text))
            fix = limited(fix, of_value(context, argument))
        elif value.from_default and holder is not None and context.owns(holder):
            intents.append(SetKeyword(context.module.span(holder), name, text))
            fix = limited(fix, of_keyword(context.module, holder, name))
            fix = limited(fix, of_wrapper(site.api, name))
        elif name in site.api.declared:
            why = f"the configuration declares it of {site.api.id}: change that class"
            return Fix(MANUAL, fix.message, (), why)
        else:
            return Fix(MANUAL, fix.message, (), "the layer is chosen elsewhere")
    return fix._replace(intents=tuple(intents)) if fix.applicability != MANUAL else fix


def limited(fix: Fix, reach: Impact) -> Fix:
    """Return ``fix``, worth no more than the reach of what it changes allows."""
    if reach.applicability == MANUAL:
        return Fix(MANUAL, fix.message, (), reach.reason)
    if reach.applicability == UNSAFE and fix.applicability != MANUAL:
        why = "; ".join(dict.fromkeys(filter(None, (fix.reason, reach.reason))))
        return fix._replace(applicability=UNSAFE, reason=why)
    return fix
