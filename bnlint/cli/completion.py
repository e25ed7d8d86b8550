"""The command ``completion``: scripts with which shells complete commands and options."""

from __future__ import annotations

import argparse

from bnlint.cli.parsers import COMMANDS, command_parser
from bnlint.cli.terminal import CLEAN, write

#: Shells there is a script for.
SHELLS = ("bash", "zsh", "fish")


def completion(parsed: argparse.Namespace) -> int:
    """Print the script for a shell."""
    make = {"bash": _bash, "zsh": _zsh, "fish": _fish}[parsed.shell]
    write([make(_options())])
    return CLEAN


def _options() -> dict[str, list[tuple[str, str, list[str]]]]:
    """Return the options of each command: name, help, and the words it may be given."""
    found: dict[str, list[tuple[str, str, list[str]]]] = {}
    for command in COMMANDS:
        found[command] = []
        for action in command_parser(command)._actions:
            words = [str(choice) for choice in action.choices or ()]
            text = (action.help or "").partition(":")[0].partition(" (")[0]
            if action.dest == "output_format" and not words:
                from bnlint.config.options import FORMATS

                words = list(FORMATS)
            found[command] += [
                (name, text, words) for name in action.option_strings if name.startswith("--")
            ]
    return found


_BASH = """\
# bash completion for bnlint: source this file, or write it to
# ~/.local/share/bash-completion/completions/bnlint
_bnlint() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD - 1]}}"
    local command=check words=""
    case "${{COMP_WORDS[1]}}" in {commands}) command="${{COMP_WORDS[1]}}" ;; esac
    case "$command $before" in
{values}
    esac
    if [ -z "$words" ] && [[ "$word" == -* ]]; then
        case "$command" in
{options}
        esac
    fi
    if [ "$COMP_CWORD" = 1 ] && [[ "$word" != -* ]]; then words="{all}"; fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    if [ -z "$words" ] || [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY+=($(compgen -f -- "$word"))
    fi
}}
complete -o filenames -F _bnlint bnlint
"""


def _bash(options: dict[str, list[tuple[str, str, list[str]]]]) -> str:
    values = [
        f'        "{command} {name}") words="{" ".join(words)}" ;;'
        for command, rows in options.items()
        for name, _, words in rows
        if words
    ]
    listed = [
        f'            {command}) words="{" ".join(name for name, _, _ in rows)}" ;;'
        for command, rows in options.items()
    ]
    return _BASH.format(
        commands="|".join(options), all=" ".join(options), values="\n".join(values),
        options="\n".join(listed),
    )  # fmt: skip


def _zsh(options: dict[str, list[tuple[str, str, list[str]]]]) -> str:
    """Return the script of bash for zsh, which can read it."""
    head = "#compdef bnlint\nautoload -U +X bashcompinit && bashcompinit\n"
    return head + _bash(options).replace("# bash completion", "# zsh completion")


def _fish(options: dict[str, list[tuple[str, str, list[str]]]]) -> str:
    lines = ["# fish completion for bnlint: write it to ~/.config/fish/completions/bnlint.fish"]
    names = " ".join(options)
    first = f"not __fish_seen_subcommand_from {names}"
    for command, (text, _) in COMMANDS.items():
        lines.append(f"complete -c bnlint -n '{first}' -a {command} -d {_quoted(text)}")
    for command, rows in options.items():
        where = f"__fish_seen_subcommand_from {command}"
        if command == "check":
            where = f"{where}; or {first}"
        for name, text, words in rows:
            given = f" -x -a {_quoted(' '.join(words))}" if words else ""
            line = f"complete -c bnlint -n '{where}' -l {name[2:]} -d {_quoted(text)}{given}"
            lines.append(line)
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
