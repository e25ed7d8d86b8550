"""Write the pages of rules, their table in the README, and the reference of the configuration.

What the pages say was seen in public code comes from the tables of docs/accuracy.

    python docs/generate.py

A test fails where a page is not what this writes.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEN = ROOT / "bnlint" / "output" / "seen.json"
sys.path.insert(0, str(ROOT))

from bnlint.config.described import DESCRIBED, default_of, kind_of
from bnlint.config.options import OPTIONS
from bnlint.config.spelling import toml
from bnlint.engine.registry import load_rules
from bnlint.output.rules import markdown, rule_table, unproven

_TABLE = re.compile(r"(<!-- rules: begin -->\n).*?(<!-- rules: end -->)", re.DOTALL)


def option_reference(text: str) -> str:
    """Return docs/configuration.md with what is said of each option's meaning, type and default.

    Examples, and what follows them, are left as they are.
    """
    for option in OPTIONS:
        described, default = DESCRIBED[option.key], default_of(option)
        is_value = default is not None
        parts = [f"`{toml(default)}`" if is_value else "not set", described.unset]
        said = (", which is " if is_value else ": ").join(part for part in parts if part)
        prose = textwrap.fill(described.text, 110, break_long_words=False, break_on_hyphens=False)
        head = f"### {option.key}\n\n"
        written = f"{head}{prose}\n\n- Type: {kind_of(option.key)}\n- Default: {said}\n"
        start = text.index(head)
        end = text.index("\n", text.index("\n- Default: ", start) + 1) + 1
        text = text[:start] + written + text[end:]
    return text


def counted(codes: list[str]) -> dict[str, tuple[int, int]]:
    """Return how many true and false findings of each rule the tables of docs/accuracy hold.

    A place counts once, however many tables have it, and copies of a file not at all. A column
    such as "BN103 findings" has a number, and the next one the verdict on all of them. Rules on
    bnlint itself are left out unless they were seen.
    """
    verdicts: dict[str, dict[object, str]] = {}
    words = {"true": "true", "right": "true", "false": "false", "wrong": "false"}
    for path in sorted((ROOT / "docs" / "accuracy").glob("*-findings.tsv")):
        head, *rows = (
            line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line
        )
        for at, cells in enumerate(rows):
            row = dict(zip(head, cells, strict=False))
            if "code" in row and row["verdict"] in words:
                place = (row["repository"], row["place"]) if row["place"] else (path.name, at)
                verdicts.setdefault(row["code"], {})[place] = words[row["verdict"]]
            for column, (name, said) in enumerate(zip(head, cells[1:], strict=False)):
                code, _, what = name.partition(" ")
                if what == "findings" and said in words:
                    for number in range(int(cells[column])):
                        verdicts.setdefault(code, {})[path.name, at, number] = words[said]
    found = {code: [*verdicts.get(code, {}).values()] for code in codes}
    return {
        code: (said.count("true"), said.count("false"))
        for code, said in found.items()
        if said or not code.startswith("BN9")
    }


def main() -> None:
    """Write all pages, and remove those of rules there are no more."""
    rules = load_rules()
    lines = [f'  "{c}": {json.dumps(n)}' for c, n in counted([r.code for r in rules]).items()]
    SEEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    folder = ROOT / "docs" / "rules"
    folder.mkdir(exist_ok=True)
    pages = {f"{loaded.code}.md": markdown(loaded) for loaded in rules}
    pages["README.md"] = (
        "# Rules\n\n"
        "Each rule is documented on a page of its own, which `bnlint explain CODE` shows too.\n\n"
        f"{rule_table(rules)}\n## Not seen yet\n\n{unproven(rules)}"
    )
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    configuration = ROOT / "docs" / "configuration.md"
    reference = option_reference(configuration.read_text(encoding="utf-8"))
    configuration.write_text(reference, encoding="utf-8")
    readme = ROOT / "README.md"
    table = rule_table(rules, "docs/rules/")
    text = readme.read_text(encoding="utf-8")
    readme.write_text(_TABLE.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
