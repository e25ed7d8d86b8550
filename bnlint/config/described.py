"""What each option of a configuration file is, in words and as a JSON Schema for editors.

The reference in docs/configuration.md is made of this (``python docs/generate.py``), and tests hold
both to what :mod:`bnlint.config.options` reads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from bnlint.config.options import FORMATS, NO_REFERENCE, OPTIONS, Config, Option
from bnlint.config.spelling import toml
from bnlint.finding import CONFIDENCES, SEVERITIES


class Described(NamedTuple):
    """An option in words (Markdown), the JSON Schema of its values, and what it is if not set.

    ``kind`` names its type where the schema does not say it best; ``unset`` what happens if it is
    not set, where that is no value.
    """

    text: str
    schema: dict[str, Any]
    kind: str = ""
    unset: str = ""


_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NAME: dict[str, Any] = {"type": "string", "minLength": 1}


def _one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def _selectors(text: str, unset: str = "") -> Described:
    return Described(text, _STRINGS, "list of selectors", unset)


def _globs(text: str) -> Described:
    return Described(text, _STRINGS, "list of globs")


_PORT = {
    "type": "object",
    "properties": {
        "paths": {**_STRINGS, "minItems": 1, "description": "the ported files, as globs"},
        "reference": {
            **_NAME,
            "description": "what they were ported from: a file, an installed model by its import "
            'path, or "none"',
        },
        "from": {**_NAME, "description": "the framework that they were ported from"},
    },
    "required": ["paths"],
    "anyOf": [{"required": ["reference"]}, {"required": ["from"]}],
    "additionalProperties": False,
}

_WRAPPER = {
    "type": "object",
    "properties": {
        "like": {"type": "string", "description": "the API that it is like, by its import path"},
        "parameters": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "its own names of arguments, by the names of that API",
        },
        "positional": {
            **_STRINGS,
            "uniqueItems": True,
            "description": "the arguments that can be given by place, by the names of that API",
        },
    },
    "required": ["like"],
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}

#: Every option by its key. Families of frameworks are put in by :func:`schema`.
DESCRIBED: dict[str, Described] = {
    "select": _selectors(
        "The rules to run, instead of the default ones.", "the rules that are on by default"
    ),
    "extend-select": _selectors("Rules to run in addition."),
    "ignore": _selectors("Rules not to run."),
    "per-file-ignores": Described(
        "Rules not to run in files that match a glob. A glob without a slash is held against the "
        "name of the file; one that begins with `!` stands for all files that do not match the "
        "rest of it.",
        {"type": "object", "additionalProperties": _STRINGS},
        "table of glob = list of selectors",
    ),
    "min-confidence": Described(
        "The least confidence a finding must have to be shown. `high` follows from the code and "
        "the semantics of the framework, `medium` needs one assumption, which the message names, "
        "`low` is worth a look.",
        _one_of(*CONFIDENCES),
    ),
    "from": Described(
        "The framework the code was ported from. Values left at their default are then compared "
        "with the defaults of that framework. `bnlint check --help` lists the names; `pytorch`, "
        "`tf.keras`, `jax` and the like are taken for the family they stand for.",
        _NAME,
        "name of a framework",
    ),
    "reference": Described(
        '`"none"` declares that the code is no port: that nothing is compared is then not worth a '
        "word. Files of a port are named under `port`, which comes first, as does `--from` on the "
        "command line.",
        _one_of(NO_REFERENCE),
    ),
    "infer": Described(
        "Whether what a project shows of the framework that its code was ported from counts, where "
        "nothing is declared: converters that read the weights of another framework, sentences, "
        "code of it that is commented out, padding. `bnlint reference` says what is shown, and "
        "prints the lines that say it for good. Padding alone, and anything of residual and dense "
        "networks, which often set their own eps, gives findings of low confidence only; "
        "[how often it is right](accuracy/references.md).",
        _FLAG,
    ),
    "reference-paths": Described(
        "Folders of installed packages, in which references such as "
        "`keras.applications.EfficientNetB0` are looked for before those of the Python that runs "
        "bnlint: an environment of pre-commit has no Keras of its own. Their files are only read.",
        _STRINGS,
        "list of paths",
    ),
    "port": Described(
        "Files that were ported, and what from: a `reference`, which is a file or an installed "
        "model, a framework (`from`), or both; or `reference = \"none\"`, which says that they are "
        "none. `paths` are globs; one that names a folder stands for all files in it. The first "
        "entry with a file among its paths decides for that file, over `from` above: an entry that "
        "names only a reference declares no framework. `--from` on the command line wins over "
        "both. The reference itself is no port, though a glob may take it in.",
        {"type": "array", "items": _PORT},
        "array of tables with `paths` and at least one of `reference` and `from`",
    ),
    "apis": Described(
        "Classes and functions of the project that wrap batch normalisation, by the path they are "
        "imported from, and what they mean. A wrapper is `like` an API of a framework and takes "
        "over all that bnlint knows of it. A declaration holds wherever the wrapper is imported or "
        "defined, and over what its source says.",
        {"type": "object", "additionalProperties": _WRAPPER},
        "table of path = table of `like`, defaults, `parameters` and `positional`",
    ),
    "baseline": Described("A file of findings that are known and not shown again.", _NAME, "path"),
    "fix": Described("Apply safe fixes, as `--fix` does.", _FLAG),
    "unsafe-fixes": Described(
        "Count the unsafe fixes among those to apply, as `--unsafe-fixes` does.", _FLAG
    ),
    "fixable": _selectors("Rules whose findings may be fixed, instead of all.", "all rules"),
    "unfixable": _selectors("Rules whose findings are shown, never fixed."),
    "extend-safe-fixes": _selectors(
        "Rules whose unsafe fixes count as safe. Where a rule stands here and under "
        "`extend-unsafe-fixes`, the more specific selector decides, and `extend-unsafe-fixes` "
        "between equals."
    ),
    "extend-unsafe-fixes": _selectors("Rules whose safe fixes count as unsafe."),
    "include": _globs("Files to take in folders."),
    "include-docs": Described(
        "Whether to take Markdown and reStructuredText in folders too (`*.md`, `*.rst`), for the "
        "Python in their code blocks. The blocks of a page are read as one program; those that are "
        "no Python, such as excerpts with dots, are passed over. A page that is named on the "
        "command line is always read. Option `--include-docs`.",
        _FLAG,
    ),
    "exclude": _globs("Files and folders to leave out, instead of the default ones."),
    "extend-exclude": _globs("Files and folders to leave out in addition."),
    "force-exclude": Described(
        "Leave out what `exclude` and `extend-exclude` name even where it is named on the command "
        "line, as pre-commit does with every changed file.",
        _FLAG,
    ),
    "respect-gitignore": Described(
        "Leave out what git leaves out by `.gitignore` files and `.git/info/exclude`. Outside a "
        "repository there is no such thing.",
        _FLAG,
    ),
    "output-format": Described(
        "The format of the findings.", _one_of(*FORMATS), "", "`full` on a terminal, `concise` "
        "elsewhere",
    ),
    "fail-on": Described(
        'The least severity of a finding at which a run exits with 1. `"never"` reports and lets '
        "pass. Option `--fail-on`.",
        _one_of(*SEVERITIES, "never"),
        "",
        "any finding",
    ),
}  # fmt: skip


def default_of(option: Option) -> object:
    """Return what an option is if nobody sets it; ``None`` where that is no value."""
    config = Config()
    value = getattr(config.chosen if option.of_selection else config, option.field)
    if value == () and DESCRIBED[option.key].schema.get("type") == "object":
        return {}
    return list(value) if isinstance(value, tuple) else value


def kind_of(key: str) -> str:
    """Return the type of an option in words."""
    described = DESCRIBED[key]
    if described.kind:
        return described.kind
    if "enum" in described.schema:
        *others, last = map(toml, described.schema["enum"])
        alone = f"`{last}`"
        return f"{', '.join(f'`{other}`' for other in others)} or {alone}" if others else alone
    return str(described.schema["type"])


def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``bnlint.toml``, which is that of ``[tool.bnlint]`` too."""
    from bnlint.frameworks.tables import catalogue

    families = list(catalogue().families)
    properties: dict[str, Any] = {}
    for option in OPTIONS:
        described, default = DESCRIBED[option.key], default_of(option)
        entry = {"description": _plain(described.text), **described.schema}
        if default is not None:
            entry["default"] = default
        if option.key == "from":
            entry["examples"] = families
        properties[option.key] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of bnlint",
        "description": "bnlint.toml, .bnlint.toml, and [tool.bnlint] in pyproject.toml",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _plain(text: str) -> str:
    """Return Markdown without its links, which lead nowhere outside of the documentation."""
    import re

    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
