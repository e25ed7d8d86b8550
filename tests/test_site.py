"""The documentation site builds strictly, has what it promises, and loads nothing from afar."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pages
import pytest

from bnlint.engine.registry import load_rules
from bnlint.frameworks.tables import catalogue

ROOT = Path(__file__).resolve().parent.parent

RULES = load_rules()
TABLES = pages.frameworks()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, and return its folder."""
    if importlib.util.find_spec("material") is None:
        if "mkdocs" in os.environ.get("BNLINT_REQUIRE", ""):
            pytest.fail("BNLINT_REQUIRE names mkdocs, which is not installed")
        pytest.skip("MkDocs Material is not installed (docs/requirements.txt)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder


def test_every_rule_and_framework_has_a_page(site: Path) -> None:
    for rule in RULES:
        assert rule.name in (site / "rules" / f"{rule.code}.html").read_text("utf-8")
    for name, family in TABLES.frameworks.items():
        page = (site / "frameworks" / f"{name}.html").read_text("utf-8")
        assert f"Batch normalisation in {family.title}" in page


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    """Links may lead anywhere; scripts, styles, fonts and pictures lie in the site."""
    loads = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=\"(?:https?:)?//[^\"]*\"|<link[^>]*>")
    for page in site.rglob("*.html"):
        for found in loads.findall(page.read_text("utf-8")):
            assert not re.search(r"(?:src|href)=\"(?:https?:)?//", found), (page, found)
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", style.read_text("utf-8")), style


def test_search_finds_what_somebody_types(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text("utf-8")
    for word in ("momentum", "set_train", "running_var", "BN103", "baseline"):
        assert word in index


def test_links_lead_somewhere_within_the_site(site: Path) -> None:
    """Those of pages that are made too, and of files that lie outside of ``docs/``."""
    for page in site.rglob("*.html"):
        for target in re.findall(
            r"<a [^>]*href=\"([^\"#:]+)(?:#[^\"]*)?\"", page.read_text("utf-8")
        ):
            if page.name != "404.html":
                assert (page.parent / target).exists(), (page, target)


def test_each_rule_is_in_one_group() -> None:
    grouped = [rule.code for _, _, group in pages.groups(RULES) for rule in group]
    assert sorted(grouped) == sorted(rule.code for rule in RULES)


def test_a_rule_without_a_group_is_told() -> None:
    stray = RULES[0]._replace(rule=RULES[0].rule._replace(code="XX1"))
    with pytest.raises(ValueError, match="ACTIVITIES"):
        pages.groups([*RULES, stray])


def test_framework_pages_say_what_the_tables_say() -> None:
    keras = pages.framework_page(TABLES, TABLES.frameworks["keras"])
    assert "running = momentum * running + (1 - momentum) * batch" in keras
    assert "`torch.nn.BatchNorm<rank>d(<channels>, eps=0.001, momentum=0.01)`" in keras
    torch = pages.framework_page(TABLES, TABLES.frameworks["torch"])
    assert "running = (1 - momentum) * running + momentum * batch" in torch
    assert "`keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-05)`" in torch
    assert "| eps | `1e-05` |" in torch
    assert "training mode" in torch


@pytest.mark.parametrize("name", catalogue().families)
def test_each_framework_has_a_page(name: str) -> None:
    page = pages.framework_page(TABLES, TABLES.frameworks[name])
    assert "None" not in page.replace("`momentum=None`", "").split("## What there is")[0]
    for api in TABLES.apis.values():
        assert (f"`{api.id}`" in page) == (api.framework.name == name)


def test_momentum_page_has_every_framework() -> None:
    page = pages.momentum_page(TABLES)
    for family in TABLES.frameworks.values():
        assert f"[{family.title}](frameworks/{family.name}.md)" in page
    assert "| [PyTorch](frameworks/torch.md) | `momentum=0.1` | `momentum=0.01` |" in page
    assert "| [Keras](frameworks/keras.md) | `momentum=0.9` | `momentum=0.99` |" in page


def test_sides_are_marked_where_they_differ() -> None:
    table = pages.side_by_side(TABLES, "torch", "mindspore")
    assert "| eps | `1e-05` | `1e-05` |" in table
    assert "| momentum | `0.1` | **`0.9`** |" in table


def test_each_page_is_in_the_navigation() -> None:
    """Those of rules are put in while the site is built."""
    listed = (ROOT / "mkdocs.yml").read_text("utf-8")
    found = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    missing = [path.as_posix() for path in found if path.parts[0] != "rules"]
    assert [path for path in missing if f" {path}\n" not in listed] == []
