"""Editors themselves, set up as docs/editors.md says, show what is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import FAULTY, ROOT

PAGE = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")

#: What Neovim has from 0.8 on, for those before, whose client is the same.
OLDER = """
vim.fs = vim.fs or {
  find = function() return { vim.fn.getcwd() .. "/pyproject.toml" } end,
  dirname = function(path) return vim.fn.fnamemodify(path, ":h") end,
}
vim.lsp.start = vim.lsp.start or function(config)
  vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))
end
"""

#: Waits for findings as nvim has them, and prints them.
NVIM = """
vim.cmd("edit model.py")
vim.wait(60000, function() return #vim.diagnostic.get(0) > 0 end, 50)
for _, found in ipairs(vim.diagnostic.get(0)) do
  print(string.format("%d:%d %s %s", found.lnum + 1, found.col + 1, found.source, found.code or
    found.user_data.lsp.code))
end
for _, client in pairs(vim.lsp.get_active_clients()) do client.stop() end
vim.wait(20000, function() return #vim.lsp.get_active_clients() == 0 end, 50)
vim.cmd("quitall!")
"""

#: The same for Emacs, which checks what is on the screen and so is asked to.
EMACS = """
(find-file "model.py")
(run-hooks 'post-command-hook)  ; where eglot starts its servers, after a command
(let ((waited 0))
  (while (and (< waited 600) (null (flymake-diagnostics)))
    (flymake-start)
    (accept-process-output nil 0.1)
    (setq waited (1+ waited))))
(dolist (found (flymake-diagnostics))
  (princ (format "%d %s\\n" (line-number-at-pos (flymake-diagnostic-beg found))
                 (flymake-diagnostic-text found))))
(eglot-shutdown-all)
"""


def block(language: str, mark: str) -> str:
    """Return the block of the page that has ``mark`` in it."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in found if mark in text)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ``bnlint`` is the one of this checkout."""
    if os.name == "nt":
        pytest.skip("the program that stands for bnlint is a script of sh")
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "bnlint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bnlint "$@"\n')
    program.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "model.py").write_text(FAULTY)
    return folder


def ran(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Neovim is not installed")
def test_neovim(project: Path, environment: dict[str, str]) -> None:
    (project / "init.lua").write_text(OLDER + block("lua", "vim.lsp.start({"))
    (project / "show.lua").write_text(NVIM)
    command = ["nvim", "--headless", "-u", "init.lua", "-c", "luafile show.lua"]
    assert "3:34 bnlint BN101" in ran(command, project, environment)


def _has_eglot() -> bool:
    if shutil.which("emacs") is None:
        return False
    done = subprocess.run(
        ["emacs", "--batch", "--eval", "(require 'eglot)"], capture_output=True, timeout=60
    )
    return done.returncode == 0


@pytest.mark.skipif(not _has_eglot(), reason="Emacs with eglot is not installed")
def test_emacs(project: Path, environment: dict[str, str]) -> None:
    (project / "init.el").write_text(block("elisp", "eglot-server-programs"))
    (project / "show.el").write_text(EMACS)
    out = ran(["emacs", "--batch", "-l", "init.el", "-l", "show.el"], project, environment)
    assert re.search(r"^3 .*momentum=0\.99 of BatchNorm2d", out, re.MULTILINE), out


@pytest.mark.skipif(shutil.which("vim") is None, reason="Vim is not installed")
def test_vim(project: Path, environment: dict[str, str]) -> None:
    (project / "vimrc").write_text(block("vim", "makeprg"))
    write = (
        "call writefile(map(getqflist(), {_, f -> f.lnum.':'.f.col.' '.f.type.' '.f.text}), 'out')"
    )
    ran(
        ["vim", "-es", "-u", "vimrc", "model.py", "-c", "silent make", "-c", write, "-c", "qall!"],
        project,
        environment,
    )
    found = (project / "out").read_text()
    assert found.startswith("3:34 e BN101 momentum=0.99"), found
