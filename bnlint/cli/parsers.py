"""The parsers of the command line: which options each command has, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bnlint import __version__
from bnlint.cli import arguments
from bnlint.cli.parsing import Parser, wants_help
from bnlint.startup.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def parser() -> Parser:
    """Return the parser of the program without a command."""
    parser = Parser(
        prog="bnlint",
        description="Find batch normalisation that no longer computes what its reference computes.",
        epilog="'bnlint PATH' is 'bnlint check PATH'. 'bnlint COMMAND --help' lists its options.",
    )
    parser.add_argument("-V", "--version", action="store_true",
                        help="print the version, and the packages that are found here")  # fmt: skip
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for name, (text, _) in COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser


def version_line() -> str:
    """Return the version, and with which packages it works here."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found, missing = [], []
    needed_by = {"libcst": "", "rich": "", "numpy": "--confirm", "matplotlib": "--confirm-plot"}
    for name, option in needed_by.items():
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(f"{name} (needed by {option})" if option else name)
    lacks = f"; not installed: {', '.join(missing)}" if missing else ""
    return f"bnlint {__version__} (Python {platform.python_version()}, {', '.join(found)}{lacks})"


def command_parser(command: str) -> Parser:
    """Return the parser of what follows ``command``: making those of all commands takes 3 ms."""
    text, add = COMMANDS[command]
    parser = Parser(prog=f"bnlint {command}", description=text.capitalize() + ".")
    add(parser)
    return parser


def _add_check(parser: Parser) -> None:
    from bnlint.config.options import FORMATS  # a check imports it anyway, other commands may not

    _add_files(parser)
    _add_from(parser)
    group = parser.add_argument_group("rules")
    for option, text in (
        ("--select", "run these rules only"),
        ("--extend-select", "run these rules as well"),
        ("--ignore", "do not run these rules"),
    ):
        read = arguments.rules if option == "--select" else arguments.words
        group.add_argument(option, metavar="RULES", type=read, default=None, help=text)
    group.add_argument(
        "--per-file-ignores", metavar="GLOB:RULE", type=arguments.per_file_ignores, default=None,
        help="do not run rules on the files that match ('tests/*:BN106')",
    )  # fmt: skip
    group.add_argument(
        "--extend-per-file-ignores", metavar="GLOB:RULE", type=arguments.per_file_ignores,
        default=[],
        help="the same, beside what the configuration says",
    )  # fmt: skip
    group.add_argument(
        "--min-confidence", choices=("high", "medium", "low"), default=None,
        help="report findings of at least this confidence (default: medium)",
    )  # fmt: skip
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output-format", metavar="FORMAT[=FILE]", type=arguments.output, action="append",
        default=None,
        help="full (the default on a terminal), concise (elsewhere) or another of: "
        f"{', '.join(FORMATS[2:])}; with =FILE into a file, beside what is printed; repeat for "
        "several",
    )  # fmt: skip
    group.add_argument(
        "-o", "--output-file", metavar="FILE", default=None,
        help="write what would be printed into a file",
    )  # fmt: skip
    group.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto",
        help="when to colour (default: on a terminal)",
    )  # fmt: skip
    group.add_argument("-v", "--verbose", action="store_true", help="say what is read, and why")
    group.add_argument("--statistics", action="store_true", help="count the findings of each rule")
    group.add_argument("-q", "--quiet", action="store_true", help="print no summary and no notices")
    group.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 though there are findings"
    )
    group.add_argument(
        "--fail-on", choices=("error", "warning", "info", "never"), default=None,
        help="exit with 1 for findings of at least this severity (default: info, any)",
    )  # fmt: skip
    group.add_argument(
        "--diff-base", metavar="REV", default=None,
        help="report only what is new since this git revision: on changed lines, or found "
        "because of a change elsewhere",
    )  # fmt: skip
    group.add_argument(
        "--show-files", action="store_true", help="list the files that would be checked"
    )
    group.add_argument(
        "--show-settings", action="store_true", help="show the settings, and where each was set"
    )
    group = parser.add_argument_group("fixes, suppressions and baselines")
    _add_fixes(group, action=argparse.BooleanOptionalAction, default=None)
    group.add_argument(
        "--fix-only", action="store_true", help="fix, and do not report what remains"
    )
    group.add_argument(
        "--follow-symlinks", action="store_true",
        help="fix through symbolic links that lead out of the project",
    )  # fmt: skip
    group.add_argument(
        "--add-ignore", metavar="REASON", type=arguments.reason, default=None,
        help="suppress what is found by comments that give this reason",
    )  # fmt: skip
    group.add_argument(
        "--baseline", metavar="FILE", default=None,
        help="do not report the findings that this file records",
    )  # fmt: skip
    group.add_argument(
        "--write-baseline", action="store_true", help="record what is found in the baseline"
    )
    _add_confirm(parser)
    group = parser.add_argument_group("running")
    _add_cache(group)
    group.add_argument(
        "-j", "--jobs", metavar="N", type=arguments.positive, default=None,
        help="how many processes to use at most (default: one for each processor)",
    )  # fmt: skip


def _add_fixes(group: argparse._ActionsContainer, where: str = "", **kind: Any) -> None:
    group.add_argument("--fix", help=f"write what can be fixed safely{where}", **kind)
    group.add_argument(
        "--unsafe-fixes",
        help="with --fix or --diff: also fixes that are right under an assumption they state",
        **kind,
    )
    group.add_argument("--diff", action="store_true", help="print what --fix would change")


def _add_confirm(parser: Parser) -> None:
    group = parser.add_argument_group("proof by execution")
    group.add_argument(
        "--confirm", action="store_true",
        help="run the layers of each finding, and the fixed ones, and print the differences",
    )  # fmt: skip
    group.add_argument(
        "--confirm-report", action="store_true", help="--confirm, and a table of all experiments"
    )
    group.add_argument(
        "--confirm-plot", metavar="FILE", default=None,
        help="--confirm, and a picture of the differences (PNG; needs matplotlib)",
    )  # fmt: skip
    group.add_argument(
        "--only-confirmed", action="store_true",
        help="--confirm, and do not report what an experiment refutes",
    )  # fmt: skip
    group.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps", "all"), default=None,
        help="where to run the experiments (default: the best device that the framework sees)",
    )  # fmt: skip
    group.add_argument(
        "--interpreter", metavar="NAME=PATH", action="append", default=[],
        help="the Python in whose environment a framework is; repeat for others",
    )  # fmt: skip
    group.add_argument(
        "--confirm-timeout", metavar="SECONDS[,TOTAL]", type=arguments.seconds, default=None,
        help="how long one experiment, and all of them, may take (default: 120,1800)",
    )  # fmt: skip


def _add_cache(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--no-cache", action="store_true",
        help="check every file, and remember nothing of this run",
    )  # fmt: skip
    group.add_argument(
        "--cache-dir", metavar="DIR", default=None,
        help="where to remember what was found (default: the user's cache folder)",
    )  # fmt: skip


def _add_compare(parser: Parser) -> None:
    parser.add_argument(
        "reference", metavar="REF",
        help="the code ported from: a file, a folder, file.py::Class, or an installed model by its "
        "import path: keras.applications.EfficientNetB0, 'timm.create_model(\"resnet50\")'",
    )  # fmt: skip
    parser.add_argument("port", metavar="PORT", help="the code ported to, in the same way")
    parser.add_argument(
        "--from", dest="from_family", metavar="FAMILY", default=None,
        help="the framework of the reference, where a file has layers of several",
    )  # fmt: skip
    _add_python(parser)
    parser.add_argument(
        "--output-format", choices=("table", "json"), default="table",
        help="default: table",
    )  # fmt: skip
    _add_fixes(parser, " (one file on each side)", action="store_true")
    parser.add_argument(
        "--all", action="store_true", help="show each pair of layers, and not only what differs"
    )
    parser.add_argument(
        "--select", metavar="RULES", type=arguments.rules, default=None,
        help="run these rules only (default: those that compare)",
    )  # fmt: skip
    parser.add_argument(
        "--exit-zero", action="store_true", help="exit with 0 though there are findings"
    )
    _add_confirm(parser)


def _add_sites(parser: Parser) -> None:
    _add_files(parser)
    parser.add_argument(
        "--output-format", choices=("table", "concise", "json", "csv"), default=None,
        help="default: table on a terminal, concise elsewhere",
    )  # fmt: skip
    parser.add_argument(
        "--other-norms", action="store_true",
        help="list layer, group, instance, RMS and local response normalisation too",
    )  # fmt: skip


def _add_reference(parser: Parser) -> None:
    _add_files(parser)
    _add_from(parser)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def _add_explain(parser: Parser) -> None:
    parser.add_argument("rule", metavar="RULE", help="a code or a name: BN103, eps-differs")


def _add_rules(parser: Parser) -> None:
    parser.add_argument("--output-format", choices=("table", "json"), default="table")


def _add_frameworks(parser: Parser) -> None:
    parser.add_argument(
        "families", metavar="NAME", nargs="*",
        help=f"the frameworks to show or to compare (default: all): {_families()}",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true",
        help="compare the tables with the frameworks that are installed",
    )  # fmt: skip
    parser.add_argument(
        "--interpreter", metavar="[NAME=]PATH", action="append", default=[],
        help="with --check: the Python in whose environment the frameworks are, or the one called "
        "NAME (default: as for --confirm)",
    )  # fmt: skip
    parser.add_argument("--output-format", choices=("table", "json"), default="table")


def _add_translate(parser: Parser) -> None:
    parser.add_argument(
        "call", metavar="CALL", help="'keras.layers.BatchNormalization(momentum=0.9)'"
    )
    _add_from(parser)
    parser.add_argument(
        "--to", metavar="FAMILY", type=arguments.words, action="extend", default=[],
        help="the families to translate to (default: all)",
    )  # fmt: skip
    parser.add_argument("--check", action="store_true",
                        help="run both calls, and say how far they are apart")  # fmt: skip
    parser.add_argument(
        "--interpreter", metavar="NAME=PATH", action="append", default=[],
        help="with --check: the Python that has the framework called NAME",
    )  # fmt: skip
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def _add_completion(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"),
                        help="bash, zsh or fish")  # fmt: skip


def _add_config(parser: Parser) -> None:
    parser.add_argument("what", metavar="WHAT", choices=("schema",),
                        help="schema: the JSON Schema of configuration files")  # fmt: skip


def _add_server(parser: Parser) -> None:
    parser.add_argument("--stdio", action="store_true",
                        help="speak over standard input and output, as it does anyway")  # fmt: skip


def _add_mcp(parser: Parser) -> None:
    parser.add_argument(
        "--root", metavar="DIR", default=".",
        help="the folder that all paths are held to (default: the current one)",
    )  # fmt: skip


def _add_files(parser: Parser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", nargs="*",
        help="files and folders; '-' is standard input; none is the current folder",
    )  # fmt: skip
    group = parser.add_argument_group("files and configuration")
    group.add_argument(
        "--stdin-filename", metavar="PATH", default=None, help="what to call standard input"
    )
    group.add_argument("--exclude", metavar="GLOBS", type=arguments.words, default=None)
    group.add_argument("--extend-exclude", metavar="GLOBS", type=arguments.words, default=[])
    group.add_argument("--include-docs", action="store_true", default=None,
                       help="in folders, read Python in Markdown and reST too")  # fmt: skip
    group.add_argument("--force-exclude", action="store_true", default=None,
                       help="exclude files that are named on the command line too")  # fmt: skip
    group.add_argument("--no-respect-gitignore", dest="respect_gitignore", action="store_false",
                       default=None, help="check files that .gitignore leaves out")  # fmt: skip
    group.add_argument("--config", metavar="FILE", default=None, help="use this configuration file")
    group.add_argument("--isolated", action="store_true", help="use no configuration file")
    _add_python(group)


def _add_python(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--python", metavar="PATH", default=None,
        help="the Python whose packages hold installed references; they are read, not imported",
    )  # fmt: skip


def _add_from(parser: Parser) -> None:
    parser.add_argument(
        "--from", dest="from_family", metavar="FAMILY", default=None,
        help=f"the framework the code was ported from: {_families()}",
    )  # fmt: skip


def _families() -> str:
    """Return the families for a help text; the tables are read only if one is asked for."""
    if not wants_help():
        return ""
    from bnlint.frameworks.tables import catalogue

    tables = catalogue()
    titles = (str(tables.tables[name]["framework"]["title"]) for name in tables.families)
    return ", ".join(f"{n} ({t})" for n, t in zip(tables.families, titles, strict=True))


COMMANDS: dict[str, tuple[str, Callable[[Parser], None]]] = {
    "check": ("report findings (the default)", _add_check),
    "compare": ("compare the layers of a port with those of its reference", _add_compare),
    "reference": ("say what the layers of each file are compared with, and why", _add_reference),
    "sites": ("list every batch normalisation call with what is known of it", _add_sites),
    "explain": ("explain a rule", _add_explain),
    "rules": ("list the rules", _add_rules),
    "frameworks": ("list the frameworks and what their APIs mean", _add_frameworks),
    "config": ("print the JSON schema of configuration files, for editors", _add_config),
    "completion": ("print a script that completes commands in a shell", _add_completion),
    "translate": ("translate one constructor call to other frameworks", _add_translate),
    "mcp": ("serve a coding agent by the model context protocol; nothing is written", _add_mcp),
    "server": ("serve an editor by the language server protocol", _add_server),
}
