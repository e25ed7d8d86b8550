"""Pages of the documentation site that are made of the framework tables and of the rules.

Nothing of them is kept in the repository: ``mkdocs_hooks.py`` makes them anew for each build, so
that they say what the tables say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bnlint.engine.registry import LoadedRule
from bnlint.frameworks.records import UNKNOWN, Api, Framework
from bnlint.frameworks.tables import Frameworks, catalogue
from bnlint.output.frameworks import decay_of, default_text
from bnlint.output.rules import rule_table, unproven
from bnlint.porting.translate import translate

#: What somebody is doing when a group of rules speaks, by the beginnings of their codes.
ACTIVITIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Writing layers", "Numbers and flags that layers are given.", ("BN1",)),
    ("Training, evaluating", "Which mode a model is in while it runs.", ("BN20", "BN21")),
    ("Freezing", "Weights that stand still, and statistics that do not.", ("BN25", "BN26")),
    ("Laying out tensors", "Over which axis a layer normalises.", ("BN3",)),
    ("Converting weights", "Arrays that are copied, saved, renamed and averaged.", ("BN4",)),
    ("Around a layer", "Convolutions, biases, dropout, and layers by hand.", ("BN5",)),
    ("Graphs, exports, devices", "What is run in another form or place.", ("BN6",)),
    ("Talking to bnlint", "Files that cannot be read, and comments.", ("BN9",)),
)

_FORMULAS = {
    "new-weight": "running = (1 - {m}) * running + {m} * batch",
    "old-weight": "running = {m} * running + (1 - {m}) * batch",
}
_CONVENTIONS = {
    "new-weight": "the weight of the new batch",
    "old-weight": "the weight of the old running value",
    "none": "nothing: it keeps no running statistics of its own",
}
_ESTIMATORS = {
    "biased": "biased (divided by n)",
    "unbiased": "unbiased (divided by n - 1)",
    "none": "none: running statistics are never moved",
}
_MODES = {
    "training": "training mode",
    "inference": "inference mode",
    "required": "no mode: each call has to say",
    "none": "no mode of its own",
}


_MOMENTUM = """\
# What momentum means

Every framework keeps a running mean and variance, moves them a little with each training batch, and
calls how little *momentum*. Most of them mean the weight of what is **old**; PyTorch, and those
made in its likeness, the weight of what is **new**:

```text
{formulas}
```

So `momentum=0.99`, copied from Keras to PyTorch, makes running statistics hold the last batch and
1 % of everything before it, where 99 % was meant. Nothing crashes. Training, which normalises with
the batch, looks as it did; inference is wrong ([BN101](rules/BN101.md)). What bnlint calls *decay*
is the weight of the old value, whatever the framework calls it, so that numbers can be compared:
what a layer *keeps* of it at the default, in the table.

## In each framework

{meanings}

## The same speed in each

What to write so that a layer keeps this much of the old value in each step:

{speeds}

A layer that keeps 0.99 needs about 230 steps until a tenth is left of what it started with
(0.99^230 = 0.099), one that keeps 0.9 needs 22. `bnlint translate CALL` turns one call into that of
any framework, with notes on what no argument can change.
"""

_OVERVIEW = """\
# Frameworks

What the batch normalisation layer of each framework does if it is told nothing. *Keeps* is the
weight of the old running value in one step, *axis* where the channels are.

{table}

Each page lists all layers and functions that bnlint knows of a framework. Facts were measured by
running them, or read in their source where the page says so.
"""


def frameworks() -> Frameworks:
    """Return all tables."""
    return catalogue().load(catalogue().families)


def is_written(family: Framework) -> bool:
    """Tell whether there is code in a framework that bnlint reads."""
    return family.name in catalogue().described


def groups(rules: Sequence[LoadedRule]) -> list[tuple[str, str, list[LoadedRule]]]:
    """Return the rules by what somebody is doing: a title, a sentence, and the rules.

    Raises:
        ValueError: a rule is in no group, or in several.
    """
    found = [
        (title, text, [rule for rule in rules if rule.code.startswith(codes)])
        for title, text, codes in ACTIVITIES
    ]
    grouped = sorted(rule.code for _, _, group in found for rule in group)
    if grouped != sorted(rule.code for rule in rules):
        raise ValueError("docs/pages.py: each rule must be in one of ACTIVITIES")
    return found


def rules_page(rules: Sequence[LoadedRule]) -> str:
    """Return the page that lists the rules by what somebody is doing."""
    parts = ["# Rules\n\nEach rule has a page, which `bnlint explain CODE` shows too.\n"]
    for title, text, group in groups(rules):
        parts.append(f"## {title}\n\n{text}\n\n{rule_table(group)}")
    parts.append(f"## Not seen yet\n\n{unproven(rules)}")
    return "\n".join(parts)


def momentum_page(tables: Frameworks) -> str:
    """Return the page that says what momentum means in each framework."""
    rows, equal = [], []
    for family in tables.frameworks.values():
        api = tables.reference(family.name)
        name = api.roles.get("momentum", "momentum")
        keeps = decay_of(api)
        rows.append(
            (
                _link(family),
                f"`{default_text(api, 'momentum')}`",
                {"new-weight": "new", "old-weight": "old"}.get(api.convention, "not known"),
                "as given" if keeps is None else f"{keeps:g}",
                f"`{name}`",  # last: it is what a phone has no room for
            )
        )
        if api.convention in _FORMULAS and is_written(family):
            values = [_spelled(api, decay) for decay in (0.9, 0.99, 0.999)]
            equal.append((_link(family), *(f"`{name}={value:g}`" for value in values)))
    formulas = [
        f"Keras:    {_FORMULAS['old-weight'].format(m='momentum')}",
        f"PyTorch:  {_FORMULAS['new-weight'].format(m='momentum')}",
    ]
    titles = ("framework", "default", "weight of", "keeps", "argument")
    speeds = ("framework", "0.9", "0.99", "0.999")
    return _MOMENTUM.format(
        formulas="\n".join(formulas), meanings=_table(titles, rows), speeds=_table(speeds, equal)
    )


def framework_page(tables: Frameworks, family: Framework) -> str:
    """Return the page of one framework."""
    api = tables.reference(family.name)
    parts = [f"# Batch normalisation in {family.title}", _introduction(family, api)]
    if api.convention in _FORMULAS:
        name = api.roles.get("momentum", "momentum")
        parts += [
            "## What momentum means",
            f"`{name}` is {_CONVENTIONS[api.convention]}:",
            f"```text\n{_FORMULAS[api.convention].format(m=name)}\n```",
            _by_default(api, name),
        ]
    if is_written(family):
        parts += ["## The default layer elsewhere", _elsewhere(tables, family, api)]
        parts += ["## Modes", *_modes(family)]
    parts += ["## What there is", _apis(tables, family)]
    for other in _of(tables, family):
        if other.notes or other.versions:
            parts += [f"### `{other.id}`", _notes(other)]
    parts.append(
        f"This page is made of the table `bnlint/frameworks/{family.name}.toml`; "
        f"`bnlint frameworks {family.name} --check` compares it with what is installed."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def overview_page(tables: Frameworks) -> str:
    """Return the page that lists the frameworks."""
    rows = []
    for family in tables.frameworks.values():
        api = tables.reference(family.name)
        rows.append(
            (
                _link(family, ""), f"`{family.name}`", f"`{default_text(api, 'eps')}`",
                f"`{default_text(api, 'momentum')}`", _keeps(api), _axis(api),
                {"required": "each call says"}.get(api.default_mode, api.default_mode),
            )
        )  # fmt: skip
    titles = ("framework", "`--from`", "eps", "momentum", "keeps", "axis", "new layers")
    return _OVERVIEW.format(table=_table(titles, rows))


def side_by_side(tables: Frameworks, reference: str, port: str) -> str:
    """Return a table of what a layer is by default on both sides of a port."""
    left, right = tables.reference(reference), tables.reference(port)
    rows = [
        ("layer", *(f"`{api.aliases[0]}`" for api in (left, right))),
        *((title, show(left), show(right)) for title, show in _FACTS),
    ]
    marked = [(title, a, b if a == b or title == "layer" else f"**{b}**") for title, a, b in rows]
    return _table(("", left.framework.title, right.framework.title), marked)


def _introduction(family: Framework, api: Api) -> str:
    rows = [(title, show(api)) for title, show in _FACTS]
    how = "read" if "read" in family.checked else "checked with"
    text = f"What `{api.aliases[0]}` does if it is told nothing" if api.aliases else "What it does"
    return f"{text} ({how} {family.checked.replace(' (read)', '')}):\n\n" + _table(
        ("", "by default"), rows
    )


def _by_default(api: Api, name: str) -> str:
    keeps = decay_of(api)
    if keeps is None:
        return ""
    return (
        f"The default is `{name}={default_text(api, 'momentum')}`: each training step keeps "
        f"{keeps:g} of the old value."
    )


def _state(api: Api, kind: str) -> str:
    return ", ".join(f"`{name}`" for name in api.state.get(kind, ())) or "not known"


def _estimator(api: Api) -> str:
    if isinstance(api.estimator, str):
        return _ESTIMATORS.get(api.estimator, "not known")
    ranks: dict[str, list[str]] = {}
    for rank, estimator in api.estimator.items():
        ranks.setdefault(estimator, []).append(rank)
    return ", ".join(f"{name} at rank {' and '.join(found)}" for name, found in ranks.items())


def _axis(api: Api) -> str:
    return {UNKNOWN: "not known", "-1": "last"}.get(str(api.channel_axis), str(api.channel_axis))


def _keeps(api: Api) -> str:
    keeps = decay_of(api)
    if keeps is not None:
        return f"{keeps:g}"
    return "as given" if default_text(api, "momentum") == "required" else "-"


def _none(api: Api) -> str:
    words = {"cumulative": "the cumulative average of all batches", "rejected": "an error"}
    text = words.get(api.momentum_none, "")
    return text and (api.momentum_none_how or text)


_FACTS = (
    ("eps", lambda api: f"`{default_text(api, 'eps')}`"),
    ("momentum", lambda api: f"`{default_text(api, 'momentum')}`"),
    ("keeps of the old value in a step", _keeps),
    ("`momentum=None`", lambda api: _none(api) or "not known"),
    ("a new layer is in", lambda api: _MODES.get(api.default_mode, "not known")),
    ("channels are in axis", _axis),
    ("running variance", _estimator),
    ("learned", lambda api: _state(api, "trainable")),
    ("running", lambda api: _state(api, "statistics")),
)


def _elsewhere(tables: Frameworks, family: Framework, api: Api) -> str:
    call = f"{api.aliases[0]}({', '.join(_required(api))})"
    targets = [
        other.name
        for other in tables.frameworks.values()
        if other.name != family.name and is_written(other)
    ]
    rows = [
        (f"[{found.title}]({found.family}.md)", f"`{found.call}`")
        for found in translate(call, family.name, targets)
    ]
    return (
        f"What equals `{call}` in others (`bnlint translate` adds what no argument can change):\n\n"
        + _table(("framework", "call"), rows)
    )


def _required(api: Api) -> list[str]:
    """Return arguments that a call must be given, with a decay of 0.9 where it has no default."""
    return [
        "decay_rate=0.9" if parameter.name == "decay_rate" else f"{parameter.name}=True"
        for parameter in api.signature
        if parameter.required
        and parameter.name in {api.roles.get("momentum"), "create_scale", "create_offset"}
    ]


def _modes(family: Framework) -> Iterable[str]:
    modes = family.modes
    rows = []
    for title, switches in (("inference", modes.to_inference), ("training", modes.to_training)):
        calls = [
            f"`model.{method}({'' if argument is None else argument})`"
            for method, argument in switches
        ]
        if calls:
            rows.append((f"to {title} mode", ", ".join(calls)))
    if modes.argument:
        rows.append(("a call that trains", f"`model(x, {modes.argument}=True)`"))
    if modes.inference_argument:
        rows.append(("a call that infers", f"`model(x, {modes.inference_argument}=True)`"))
    for freeze in modes.freezes:
        how = (
            f"`{freeze.name} = {freeze.value}`"
            if freeze.kind == "attribute"
            else f"`{freeze.name}({freeze.value})`"
        )
        also = "and the running statistics" if freeze.statistics else "but not the statistics"
        rows.append(("freezes the weights", f"{how} ({also})"))
    for ignored in modes.ignored:
        instead = f"; write `{ignored.instead}`" if ignored.instead else ""
        rows.append(("is never read", f"`{ignored.name}` of a {ignored.of}{instead}"))
    yield _table(("what", "how"), rows) if rows else "The mode is an argument of the call."


def _apis(tables: Frameworks, family: Framework) -> str:
    rows = [
        (
            f"`{api.id}`", f"`{default_text(api, 'eps')}`", f"`{default_text(api, 'momentum')}`",
            _keeps(api), _axis(api), _estimator(api),
        )
        for api in _of(tables, family)
    ]  # fmt: skip
    return _table(("API", "eps", "momentum", "keeps", "axis", "running variance"), rows)


def _notes(api: Api) -> str:
    lines = [f"- {note}" for note in map(_escaped, api.notes)]
    versions = f"*{_escaped(api.versions)}.*\n\n" if api.versions else ""
    return versions + "\n".join(lines)


def _of(tables: Frameworks, family: Framework) -> list[Api]:
    return [api for api in tables.apis.values() if api.framework.name == family.name]


def _spelled(api: Api, decay: float) -> float:
    """Return the momentum with which a layer keeps ``decay`` of the old value."""
    return decay if api.convention == "old-weight" else round(1 - decay, 12)


def _link(family: Framework, folder: str = "frameworks/") -> str:
    return f"[{family.title}]({folder}{family.name}.md)"


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)
