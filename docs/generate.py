"""Write the pages that come from the rules' docstrings: docs/rules and the table in the README.

    python docs/generate.py

A test fails where a page is not what this writes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bnlint.engine.registry import load_rules  # noqa: E402
from bnlint.output.rules import markdown, rule_table, unproven  # noqa: E402  # the checkout, not an install

_TABLE = re.compile(r"(<!-- rules: begin -->\n).*?(<!-- rules: end -->)", re.DOTALL)


def main() -> None:
    """Write all pages, and remove those of rules there are no more."""
    rules = load_rules()
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
    readme = ROOT / "README.md"
    table = rule_table(rules, "docs/rules/")
    text = readme.read_text(encoding="utf-8")
    readme.write_text(_TABLE.sub(lambda m: m[1] + table + m[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
