"""A setting of the reference that the port has nothing for, or that a release no longer takes.

What it does
------------
Reports

- ``fused=``, ``virtual_batch_size=`` and ``adjustment=`` given to ``BatchNormalization`` in a file
  that uses what only Keras 3 has, or in a project that requires it: there they raise;
- beside a reference that was read: batch renormalisation (``renorm=True``), ``virtual_batch_size``
  and ``adjustment`` of a layer whose port is of a framework that has none of them.

Why it matters
--------------
A layer with one of these settings computes something else in training than batch normalisation
does, and no argument of the port gives it back: it has to be written, or the difference accepted. A
keyword that a layer no longer takes raises an exception when the model is built.

Example
-------
Hazard:

    import keras
    from keras import ops

    def block(x):
        x = keras.layers.BatchNormalization(fused=True)(x)
        return ops.relu(x)

Clean:

    import keras
    from keras import ops

    def block(x):
        x = keras.layers.BatchNormalization()(x)
        return ops.relu(x)

Fix
---
Removes ``fused=``, which only chooses a kernel.

Fix safety
----------
Safe where the keyword is ``fused``: the line raised before, and Keras 3 chooses its kernel by
itself.

Not written for the others: nothing computes what they do.

Numbers
-------
Keras 3.15 raises ValueError ("Unrecognized keyword arguments passed to BatchNormalization") on each
of the three, and takes ``renorm`` (from 3.14) and ``synchronized``.

References
----------
Measured with Keras 3.15.1; what others take stands in the framework tables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bnlint.finding import SAFE, Finding, Fix, RemoveArgument
from bnlint.frameworks.records import Api
from bnlint.rule import MISPLACED, Context, Rule, where_reference
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.project.project import Project
from bnlint.semantics.project.releases import newest_in
from bnlint.semantics.values.value import settle

RULE = Rule("BN112", "argument-without-counterpart", "warning", precedence=MISPLACED + 7)


def check_site(site: Site, context: Context) -> Iterator[Finding]:
    """Report settings that the layer, or the port of it, cannot have."""
    yield from _gone(site, context)
    reference = context.reference(site)
    if reference is None or reference.site is None:
        return
    projects = {side.module: side.project for side in context.sides(reference)}
    project = projects.get(reference.site.module, context.project)
    for name, written in _set_there(reference.site, project):
        if any(api.accepts(name) for api in site.apis):
            continue
        yield context.report(
            RULE,
            context.place(site),
            f"the {reference.api.framework.title} layer has {name}={written}"
            f"{where_reference(reference)}, for which {site.api.short_name} has no argument: in "
            "training it computes something else",
            help="write what the setting does, or accept that training differs",
            confidence="high" if reference.directed else "medium",
            reference=reference,
            site=site,
            argument=name,
        )


def _gone(site: Site, context: Context) -> Iterator[Finding]:
    """Report keywords that only other releases take than the one that is meant here."""
    api, others = site.api, context.frameworks.other_releases(site.api)
    if site.apis != (api,) or not others or not site.is_direct:
        return
    why = "the project requires that release"
    if api.framework.name in newest_in(context.module, context.frameworks):
        why = "the file uses what only that release has"
    for keyword in site.call.keywords:
        name = keyword.arg or ""
        if api.accepts(name) or not any(a.accepts(name) for a in others):
            continue
        fix = None
        if name not in context.frameworks.word("changes_training"):
            intent = RemoveArgument(context.module.span(site.call), name)
            fix = Fix(SAFE, f"remove {name}=", (intent,))
        yield context.report(
            RULE,
            keyword,
            f"{api.short_name} of {_release(api)} does not take {name}=, and {why}: it raises",
            help=f"leave out {name}=",
            fix=fix,
            site=site,
            argument=name,
        )


def _release(api: Api) -> str:
    """Return what a release is called: the first of the versions that the table gives it."""
    return api.versions.partition(",")[0].partition(";")[0]


def _set_there(site: Site, project: Project) -> Iterator[tuple[str, str]]:
    """Yield the settings of a layer that change what it computes in training, as written."""
    for keyword in site.call.keywords:
        name = keyword.arg or ""
        if name in project.frameworks.word("changes_training"):
            value = settle(project.evaluator.evaluate(site.module, keyword.value), keyword.value)
            if value.value not in (None, False):
                yield name, ast.unparse(keyword.value)
