"""The extension for VS Code: its settings are those of the server, and its logic holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from command_line import ROOT

from bnlint import __version__
from bnlint.serving.client_settings import client_settings

FOLDER = ROOT / "editors" / "vscode"
MANIFEST = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
SETTINGS = {
    key.removeprefix("bnlint."): value
    for key, value in MANIFEST["contributes"]["configuration"]["properties"].items()
}


def test_each_setting_is_one_of_the_server() -> None:
    """But for the command that starts it; and the server has no other ones."""
    sent = {name: entry["default"] for name, entry in SETTINGS.items() if name != "command"}
    settings = client_settings(sent)
    assert settings is not None and settings.mistakes == ()
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(sent)


def test_what_it_is_built_of_is_pinned() -> None:
    assert MANIFEST["version"] == __version__
    packages = {**MANIFEST["dependencies"], **MANIFEST["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in packages.values())
    lock = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in lock  # from whatever registry


@pytest.mark.skipif(
    shutil.which("npm") is None or not (FOLDER / "node_modules").exists(),
    reason="its packages are not installed (npm ci in editors/vscode)",
)
def test_its_logic_under_node() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BNLINT_PYTHON": sys.executable}
    done = subprocess.run(
        ["npm", "test"], cwd=FOLDER, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# skipped 0" in done.stdout
