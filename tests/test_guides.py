"""The commands of the porting guides print what the pages show, and mend what they say."""

from __future__ import annotations

import sys
from pathlib import Path

import guides
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs" / "guides").glob("*.md"))

#: The packages that blocks need and that a run with BNLINT_REQUIRE must have.
REQUIRED = {"torch", "keras", "tensorflow"}


def _marked(page: Path) -> object:
    needs = {name for block in guides.blocks(page.read_text("utf-8")) for name in block.needs}
    names = [name for name in ("torch", "tensorflow") if name in needs]
    return pytest.param(page, id=page.stem, marks=[getattr(pytest.mark, name) for name in names])


@pytest.mark.skipif(sys.platform == "win32", reason="commands are run on a terminal of POSIX")
@pytest.mark.parametrize("page", [_marked(page) for page in PAGES])
def test_guide_shows_what_is_printed(page: Path) -> None:
    found = list(guides.differences(page))
    assert [(d.block.body, d.right) for d in found] == [], "python docs/guides.py writes it anew"


def test_every_port_has_a_guide() -> None:
    folders = {path.name for path in (ROOT / "docs" / "guides").iterdir() if path.is_dir()}
    assert folders == {page.stem for page in PAGES}
    assert len(PAGES) == 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guide_goes_from_a_finding_to_a_fix(page: Path) -> None:
    """And a block that nobody can run anywhere is none: what it needs is what is named."""
    found = list(guides.blocks(page.read_text("utf-8")))
    commands = [block.body for block in found if block.kind == "console"]
    assert any("$ bnlint\n" in body and "error: " in body for body in commands)
    assert any("--fix" in body for body in commands)
    assert any("--confirm" in body for body in commands)
    known = REQUIRED | {"mindspore", "paddle", "flax", "optax"}
    assert {name for block in found for name in (*block.needs, *block.lacks)} <= known


@pytest.mark.parametrize(
    ("shown", "printed", "alike"),
    [
        ("off by 1.1e-07", "off by 3.4e-07", True),
        ("off by 0.92", "off by 0.93", True),
        ("off by 0.92", "off by 0.12", False),
        ("line 11", "line 12", False),
        ("Found 2 errors", "Found 3 errors", False),
        ("BN101 error", "BN101 warning", False),
    ],
)
def test_rounding_alone_may_differ(shown: str, printed: str, alike: bool) -> None:
    assert guides.same(shown, printed) is alike
