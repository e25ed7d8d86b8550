"""The tools of coding agents, asked by a real client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import CLEAN, FAULTY, ROOT, bnlint
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent

from bnlint.cli.parsers import COMMANDS, command_parser
from bnlint.config.options import ConfigError
from bnlint.semantics.project import project
from bnlint.serving.confined import Confined
from bnlint.serving.tools import MOST, RefusedError, Tools

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

KERAS = """\
from tensorflow.keras import layers


def block(x):
    x = layers.Conv2D(8, 3, name="conv")(x)
    return layers.BatchNormalization(name="bn")(x)
"""
TORCH = """\
import torch.nn as nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm2d(8)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project, beside which lies what is none of an agent's business."""
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "faulty.py").write_text(FAULTY)
    (folder / "clean.py").write_text(CLEAN)
    (folder / "keras_net.py").write_text(KERAS)
    (folder / "torch_net.py").write_text(TORCH)
    (tmp_path / "secret.py").write_text(f"{FAULTY}MOMENTUM = 0.99\n")
    return folder


@asynccontextmanager
async def agent(root: Path):
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "bnlint", "mcp", "--root", root.name],
        cwd=root.parent,
        env=ENVIRONMENT,
    )
    async with stdio_client(command) as streams, ClientSession(*streams) as session:
        await session.initialize()
        yield session


async def asked(session: ClientSession, tool: str, **arguments: object) -> tuple[bool, str]:
    """Return whether a tool could not do its job, and what it said."""
    found = await session.call_tool(tool, arguments)
    (content,) = found.content
    assert isinstance(content, TextContent)
    return bool(found.is_error), content.text


def test_an_agent_is_served(root: Path) -> None:
    """All tools in one session, as an agent uses them that ports a model."""

    async def port() -> None:
        async with agent(root) as session:
            tools = (await session.list_tools()).tools
            assert sorted(tool.name for tool in tools) == [
                "check", "compare", "explain", "sites", "translate",
            ]  # fmt: skip
            assert all(t.annotations is not None and t.annotations.read_only_hint for t in tools)
            wrong, text = await asked(session, "check", paths=["faulty.py", "clean.py"])
            report = json.loads(text)
            assert not wrong
            assert [(f["code"], f["filename"]) for f in report["findings"]] == [
                ("BN101", "faulty.py")
            ]
            assert report["findings"][0]["help"].startswith("write momentum=0.01")
            assert report["summary"] == "Found 1 error in 1 of 2 files."
            assert any("compared with nothing" in remark for remark in report["remarks"])
            wrong, text = await asked(session, "sites", paths=["torch_net.py"])
            (layer,) = json.loads(text)["layers"]
            assert (layer["api"], layer["decay"]) == ("torch.nn.BatchNorm2d", 0.9)
            wrong, text = await asked(
                session, "compare", reference="keras_net.py", port="torch_net.py"
            )
            assert not wrong
            codes = {finding["code"] for finding in json.loads(text)["findings"]}
            assert {"BN102", "BN103"} <= codes
            call = "keras.layers.BatchNormalization()"
            wrong, text = await asked(session, "translate", call=call, to=["PyTorch"])
            (translation,) = json.loads(text)
            assert "eps=0.001, momentum=0.01" in translation["call"]
            assert (wrong, text) == await asked(session, "translate", call=call, to="PyTorch")
            wrong, text = await asked(session, "explain", rule="bn103")
            assert not wrong and text.startswith("# ")
            (root / "faulty.py").write_text(CLEAN)
            wrong, text = await asked(session, "check", paths=["faulty.py"])
            assert json.loads(text)["findings"] == []
            wrong, text = await asked(session, "check", paths="../secret.py", select="BN1")
            assert wrong and "lies outside of" in text and "momentum" not in text
            wrong, text = await asked(session, "check", paths=["../secret.py"])
            assert wrong and "lies outside of" in text and "momentum" not in text
            wrong, text = await asked(session, "check", path=["faulty.py"])
            assert wrong
            assert text.endswith("check takes no argument 'path'; did you mean paths?")
            wrong, text = await asked(session, "explain", rule="BN1O3")
            assert wrong and "there is no rule" in text

    asyncio.run(port())


def outside(tools: Tools, root: Path) -> list[Callable[[], str]]:
    """Return questions about what lies beside the root."""
    secret = str(root.parent / "secret.py")
    return [
        lambda: tools.check(["../secret.py"], None, ()),
        lambda: tools.check([secret], None, ()),
        lambda: tools.check(["link.py"], None, ()),
        lambda: tools.check(["folder/secret.py"], None, ()),
        lambda: tools.check(["folder"], None, ()),
        lambda: tools.sites([".."], None),
        lambda: tools.compare("../secret.py", "torch_net.py", None),
        lambda: tools.compare("torch_net.py", "link.py::Net", None),
        lambda: tools.check(["../project2/secret.py"], None, ()),
    ]


@pytest.mark.parametrize("number", range(9))
def test_paths_are_held_to_the_root(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (root / "link.py").symlink_to(root.parent / "secret.py")
    (root / "folder").symlink_to(root.parent)
    beside = root.parent / "project2"  # whose name begins as the root does
    beside.mkdir()
    (beside / "secret.py").write_text(FAULTY)
    monkeypatch.chdir(root)
    tools = Tools(str(root))
    with pytest.raises(RefusedError, match="lies outside of"):
        outside(tools, root)[number]()


def test_what_lies_elsewhere_is_not_there(root: Path) -> None:
    tree, secret = Confined([root.as_posix()]), (root.parent / "secret.py").as_posix()
    assert (tree.kind(secret), tree.identity(secret)) == ("", None)
    with pytest.raises(PermissionError):
        tree.read(secret)
    with pytest.raises(PermissionError):
        tree.entries(root.parent.as_posix())


def test_what_links_lead_to_is_not_read_on_the_way(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in folders, nor by an import, a comment or a configuration."""
    (root / "link.py").symlink_to(root.parent / "secret.py")
    (root / "imports.py").write_text(
        "import torch.nn as nn\nfrom link import MOMENTUM\n\n"
        "bn = nn.BatchNorm2d(8, momentum=MOMENTUM)\n"
    )
    (root / "named.py").write_text(f"# bnlint: port-of ../secret.py\n{CLEAN}")
    (root.parent / "bnlint.toml").write_text('from = "keras"\n')
    (root / "pyproject.toml").unlink()
    monkeypatch.chdir(root)
    tools = Tools(str(root))
    report = json.loads(tools.check(["."], None, ()))
    assert {f["filename"] for f in report["findings"]} == {"faulty.py"}
    assert "from=keras" not in json.dumps(report)
    assert any("secret.py cannot be read" in problem for problem in report["problems"])
    (root / "link.py").unlink()
    (root / "link.py").write_text("MOMENTUM = 0.99\n")
    report = json.loads(tools.check(["imports.py"], None, ()))
    assert [f["code"] for f in report["findings"]] == ["BN101"]


def test_installed_references_can_be_compared_with(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = root.parent / "packages"
    (packages / "somelib").mkdir(parents=True)
    (packages / "somelib" / "__init__.py").write_text("")
    (packages / "somelib" / "nets.py").write_text(KERAS.replace("def block", "def Block"))
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.chdir(root)
    found = json.loads(Tools(str(root)).compare("somelib.nets.Block", "torch_net.py", None))
    assert {finding["code"] for finding in found["findings"]} >= {"BN102", "BN103"}
    with pytest.raises(RefusedError):
        Tools(str(root)).check([str(packages / "somelib")], None, ())
    (root / "link.py").symlink_to(packages / "somelib" / "nets.py")
    layers = json.loads(Tools(str(root)).sites([], None))["layers"]
    assert "link.py" not in {layer["filename"] for layer in layers}


def test_each_comparison_reads_anew(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what the two sides import, and whether that is there."""
    port = TORCH.replace("\n\n", "\nfrom settings import EPS\n\n", 1)
    port = port.replace("BatchNorm2d(8)", "BatchNorm2d(8, eps=EPS)")
    (root / "port.py").write_text(port)
    monkeypatch.chdir(root)
    tools = Tools(str(root))
    for eps, differs in ((None, False), (1e-3, False), (1e-5, True), (None, False), (1e-5, True)):
        (root / "settings.py").unlink(missing_ok=True)
        if eps is not None:
            (root / "settings.py").write_text(f"EPS = {eps}\n")
        found = json.loads(tools.compare("keras_net.py", "port.py", None))
        assert ("BN103" in {finding["code"] for finding in found["findings"]}) == differs


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda t: t.check(["nope.py"], None, ()), "no such file", id="no file"),
        pytest.param(lambda t: t.check([], "kears", ()), "did you mean keras", id="framework"),
        pytest.param(lambda t: t.check([], None, ["BN1O1"]), "unknown rule", id="rule"),
        pytest.param(lambda t: t.translate("print(1)", None, ()), "is no norm", id="no layer"),
        pytest.param(lambda t: t.translate("BatchNorm2d(8)", None, ["x"]), "unknown", id="target"),
        pytest.param(lambda t: t.explain("BN998"), "there is no rule", id="no page"),
        pytest.param(lambda t: t.compare("torch_net.py", "nope", None), "no such", id="no port"),
        pytest.param(lambda t: t.check(["a\0b"], None, ()), "no such file", id="no path at all"),
        pytest.param(
            lambda t: t.compare("torch_net.py", "none.py", None),
            "none.py: no batch normalisation layer is known in it",
            id="no layers",
        ),
        pytest.param(
            lambda t: t.compare("torch_net.py", "clean.py", "kears"), "did you mean", id="family"
        ),
    ],
)
def test_what_cannot_be_had_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Tools], Any], message: str
) -> None:
    monkeypatch.chdir(root)
    (root / "none.py").write_text("x = 1\n")
    with pytest.raises((RefusedError, ConfigError), match=message):
        ask(Tools(str(root)))


def test_findings_are_those_of_the_command_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for a value that files share, and none that a baseline records."""
    (root / "settings.py").write_text("MOMENTUM = 0.99\n")
    for name in ("one.py", "two.py"):
        text = FAULTY.replace("0.99", "MOMENTUM").replace("\n\n", "\nfrom settings import *\n\n", 1)
        (root / name).write_text(text)
    (root / "pyproject.toml").write_text('[tool.bnlint]\nbaseline = "known.json"\n')
    bnlint(root, "--write-baseline", "--baseline", "known.json", "faulty.py")
    monkeypatch.chdir(root)
    report = json.loads(Tools(str(root)).check(["."], None, ["BN101"]))
    run = bnlint(root, "--output-format", "json", "--select", "BN101", ".")
    assert [found["filename"] for found in report["findings"]] == ["settings.py"]
    assert report["findings"] == json.loads(run.out)


def test_what_was_not_followed_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "MAX_WORK_IN_FILE", -10_000)
    monkeypatch.chdir(root)
    report = json.loads(Tools(str(root)).check(["clean.py"], None, ()))
    assert any(said.startswith("clean.py: too large to follow") for said in report["remarks"])
    (root / "nothing").mkdir()
    report = json.loads(Tools(str(root)).check(["nothing"], None, ()))
    assert report["remarks"] == ["nothing: no Python files to check in this folder"]


def test_a_baseline_elsewhere_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parent / "known.json").write_text('{"version": 1, "findings": []}')
    (root / "pyproject.toml").write_text('[tool.bnlint]\nbaseline = "../known.json"\n')
    monkeypatch.chdir(root)
    with pytest.raises(ConfigError, match="baseline: cannot be read"):
        Tools(str(root)).check(["faulty.py"], None, ())


def test_a_comparison_says_what_it_could_not_look_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    tools = Tools(str(root))
    (root / "half.py").write_text(f"{TORCH}x = (")
    found = json.loads(tools.compare("keras_net.py", "half.py", None))
    assert [problem.partition(": ")[0] for problem in found["problems"]] == ["half.py"]
    found = json.loads(tools.compare("keras_net.py", "torch_net.py", None))
    assert (found["problems"], found["left_out"]) == ([], 0)
    many = "\n".join(f"        self.bn{i} = nn.BatchNorm2d(8)" for i in range(MOST))
    (root / "many.py").write_text(TORCH + many)
    found = json.loads(tools.compare("keras_net.py", "many.py", None))
    assert len(found["pairs"]) == MOST and found["left_out"] >= 1


def test_an_answer_has_an_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "nn.BatchNorm2d(8, momentum=0.99)\n"
    (root / "many.py").write_text("import torch.nn as nn\n" + line * (MOST + 3))
    monkeypatch.chdir(root)
    report = json.loads(Tools(str(root)).check(["many.py"], None, ["BN101"]))
    assert (len(report["findings"]), report["left_out"]) == (MOST, 3)
    report = json.loads(Tools(str(root)).sites(["many.py"], None))
    assert (len(report["layers"]), report["left_out"]) == (MOST, 3)


def test_nothing_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    tools = Tools(str(root))
    tools.check([], "keras", ())
    tools.sites([], None)
    tools.compare("keras_net.py", "torch_net.py", None)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("program", "message"),
    [
        pytest.param(
            "import sys; sys.modules['mcp'] = None; "
            "from bnlint.cli.main import main; sys.exit(main(['mcp']))",
            "bnlint: error: 'bnlint mcp' needs mcp (2 or later); pip install 'bnlint[mcp]'\n",
            id="not installed",
        ),
        pytest.param(
            "import sys; from bnlint.cli.main import main; sys.exit(main(['mcp', '--root', 'x']))",
            "bnlint: error: x: no such folder\n",
            id="no root",
        ),
    ],
)
def test_what_is_missing_is_said_in_a_line(tmp_path: Path, program: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, message)


def test_the_skill_speaks_of_what_there_is(root: Path) -> None:
    """Each command of its table is one, and so is each tool."""
    text = (ROOT / "docs" / "agents" / "SKILL.md").read_text(encoding="utf-8")
    assert text.startswith("---\nname: bnlint\ndescription: ")
    rows = re.findall(r"^\| [^|]+ \| `bnlint ([^`]+)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert {tool for _, tool in rows} == {"check", "compare", "explain", "sites", "translate"}
    for command, tool in rows:
        name, *arguments = shlex.split(command)
        if name not in COMMANDS:
            name, arguments = "check", [name, *arguments]
        assert name == tool
        command_parser(name).parse_args(arguments)
