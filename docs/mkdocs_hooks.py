"""What MkDocs asks while it builds the site (``hooks`` in mkdocs.yml).

Pages made of the framework tables, of the rules and of files outside of ``docs/`` are added, and
links of any page that lead out of the site are turned to where the project is published, or into
plain text where that is nowhere.
"""

from __future__ import annotations

import posixpath
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import pages  # beside this file
from mkdocs.structure.files import File

from bnlint import HOME_URL
from bnlint.engine.registry import load_rules

ROOT = Path(__file__).resolve().parent.parent

#: Files outside of ``docs/`` that are pages too, by the page that each is.
ADOPTED = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmarks.md": "benchmarks/README.md",
    "examples/README.md": "examples/README.md",
    **{
        f"examples/{path.parent.name}.md": f"examples/{path.parent.name}/README.md"
        for path in sorted((ROOT / "examples").glob("*/README.md"))
    },
}
_PAGES = {source: page for page, source in ADOPTED.items()} | {"README.md": "README.md"}

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])+)\]\((?!\w+:|#)([^)\s#]*)(#[^)\s]*)?\)")
_CODE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[ \t]*$", re.MULTILINE | re.DOTALL)
_FACTS = re.compile(r"<!-- side by side: (\w+) (\w+) -->")


@lru_cache(maxsize=1)
def made() -> dict[str, str]:
    """Return the pages that are no files of ``docs/``: their paths, and their text."""
    tables = pages.frameworks()
    found = {page: (ROOT / source).read_text("utf-8") for page, source in ADOPTED.items()}
    found["momentum.md"] = pages.momentum_page(tables)
    found["rules/README.md"] = pages.rules_page(load_rules())
    found["frameworks/README.md"] = pages.overview_page(tables)
    for family in tables.frameworks.values():
        found[f"frameworks/{family.name}.md"] = pages.framework_page(tables, family)
    return found


def on_config(config: Any) -> Any:
    """Fill in what follows from where the project is published, and the lists of the navigation."""
    if HOME_URL is not None:
        config.repo_url = HOME_URL
    for section in config.nav:
        for entries in section.values():
            for i, entry in reversed(list(enumerate(entries))):
                if isinstance(entry, str) and entry in _LISTS:
                    entries[i : i + 1] = _LISTS[entry]()
                elif isinstance(entry, dict) and next(iter(entry.values())) in _LISTS:
                    ((title, name),) = entry.items()
                    entries[i] = {title: _LISTS[name]()}
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are made, over those of the same path."""
    for path, text in made().items():
        old = files.get_file_from_path(path)
        if old is not None:
            files.remove(old)
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Put in tables of two frameworks, and turn links that lead to files which are no pages."""
    path = page.file.src_uri
    markdown = _FACTS.sub(lambda m: pages.side_by_side(pages.frameworks(), m[1], m[2]), markdown)
    parts, end = [], 0
    for code in _CODE.finditer(markdown):
        parts += [_turned(markdown[end : code.start()], path, files), code[0]]
        end = code.end()
    return "".join([*parts, _turned(markdown[end:], path, files)])


def _turned(text: str, path: str, files: Any) -> str:
    """Return prose of the page ``path`` with links that hold on the site."""
    source = ADOPTED.get(path, f"docs/{path}")

    def link(found: re.Match[str]) -> str:
        mark, label, target, anchor = found.groups()
        inside = files.get_file_from_path(
            posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        )
        if not target or (inside is not None and path not in ADOPTED):
            return found[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if (ROOT / place).is_dir() and (ROOT / place / "README.md").is_file():
            place += "/README.md"
        page = _PAGES.get(place) or (place.removeprefix("docs/") if "docs/" in place else place)
        if files.get_file_from_path(page) is not None:
            relative = posixpath.relpath(page, posixpath.dirname(path) or ".")
            return f"{mark}[{label}]({relative}{anchor or ''})"
        if not (ROOT / place).exists():
            return found[0]  # a link that leads nowhere is for the strict build to tell
        return f"[{label}]({HOME_URL}/blob/main/{place})" if HOME_URL is not None else label

    return _LINK.sub(link, text)


def _frameworks() -> list[Any]:
    found = pages.frameworks().frameworks.values()
    named = [{family.title: f"frameworks/{family.name}.md"} for family in found]
    return [{"Overview": "frameworks/README.md"}, *named]


def _rules() -> list[Any]:
    found: list[Any] = [{"Overview": "rules/README.md"}]
    for title, _, rules in pages.groups(load_rules()):
        entries = [{f"{rule.code} {rule.name}": f"rules/{rule.code}.md"} for rule in rules]
        found.append({title: entries})
    return found


def _examples() -> list[Any]:
    named = [page for page in ADOPTED if page.startswith("examples/")]
    return [page for page in named if page.endswith("README.md")] + [
        page for page in named if not page.endswith("README.md")
    ]


_LISTS = {"frameworks": _frameworks, "rules": _rules, "examples": _examples}
