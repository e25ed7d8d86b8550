"""What is run is the user's choice: never that of the linted project, and never its code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from command_line import FAULTY, FINDING, SUMMARY, Run, bnlint, program, write
from made_up import TORCH, Interpreter, confirmed, made

from bnlint.confirm.pool import Pool
from bnlint.confirm.verdicts import Laboratory
from bnlint.trial import OUTPUT, TRAINING, Layer, Trial

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")

TRAP = "open('caught', 'w'); raise SystemExit('the linted project was imported')\n"


@pytest.fixture
def torch(made_up: Interpreter) -> Path:
    """Return an interpreter with the made-up PyTorch."""
    return made_up.having("torch", torch=TORCH)


def version(made_up: Interpreter, number: int) -> Path:
    """Return an interpreter with a PyTorch of this version."""
    source = TORCH.replace('__version__ = "0.1"', f'__version__ = "0.{number}"')
    return made_up.having(f"torch-{number}", torch=source)


@pytest.mark.parametrize("file", ["pyproject.toml", "bnlint.toml"])
@pytest.mark.parametrize(
    "setting",
    [
        "confirm = true",
        "confirm-report = true",
        "only-confirmed = true",
        'confirm-plot = "plot.png"',
        'confirm-timeout = "1"',
        'device = "cuda"',
        'interpreter = ["torch=./trap"]',
        'interpreters = {torch = "./trap"}',
    ],
)
def test_project_cannot_choose(tmp_path: Path, file: str, setting: str) -> None:
    """Its keys are unknown, with and without --confirm: one line, and nothing is checked."""
    head = "[tool.bnlint]\n" if file == "pyproject.toml" else ""
    write(tmp_path, bad=FAULTY, **{file: f"{head}{setting}\n"})
    key = ("tool.bnlint." if head else "") + setting.partition(" ")[0]
    for arguments in ([], ["--confirm"]):
        found = bnlint(tmp_path, *arguments)
        assert (found.code, found.out) == (2, "")
        line = f"bnlint: error: {file}: {key}: unknown key"
        assert re.fullmatch(rf"{re.escape(line)}(; did you mean .+\?)?\n", found.err)


def test_comments_choose_nothing(tmp_path: Path, torch: Path) -> None:
    log = tmp_path / "built"
    text = f"# bnlint: confirm\n# bnlint: interpreter torch={torch}\n{FAULTY}"
    write(tmp_path / "project", bad=text)
    environment = {"BNLINT_INTERPRETERS": f"torch={torch}", "BUILT": str(log)}
    found = bnlint(tmp_path / "project", environment=environment)
    assert found.code == 1
    assert not log.exists()


def test_order_of_choices(tmp_path: Path, made_up: Interpreter) -> None:
    """The command line, the environment, the user's configuration; the last of one kind wins."""
    versions = [version(made_up, number) for number in range(4)]
    home = tmp_path / "home"
    lines = f'[interpreters]\ntorch = "{versions[1]}"\nkeras = "{versions[1]}"\n'
    write(home, **{"bnlint/config.toml": lines})
    write(tmp_path / "project", bad=FAULTY)
    environment = {"XDG_CONFIG_HOME": str(home), "HOME": str(tmp_path)}

    def used(*arguments: str, **more: str) -> str:
        options = [part for a in arguments for part in ("--interpreter", a)]
        found = confirmed(tmp_path / "project", None, *options, environment={**environment, **more})
        return str(found.findings[0]["confirmation"]["port"])

    variable = {"BNLINT_INTERPRETERS": f"torch={versions[2]}"}
    assert used() == "torch 0.1"
    assert used(**variable) == "torch 0.2"
    assert used(f"torch={versions[3]}", **variable) == "torch 0.3"
    assert used(f"torch={versions[0]}", f"torch={versions[3]}", **variable) == "torch 0.3"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("interpreters = 5", "interpreters: expected a table of name = path", id="5"),
        pytest.param(
            "[interpreters]\ntorch = 5", "interpreters.torch: expected a path", id="no path"
        ),
        pytest.param("[interpreters", "not valid TOML: ", id="no TOML"),
        pytest.param("confirm = true", "confirm: unknown key; there is [interpreters]", id="key"),
        pytest.param(
            '[interpreters]\ntorch = "./python"',
            "./python: expected an absolute path, since it holds in every folder",
            id="the folder at hand",
        ),
        pytest.param(
            '[interpreters]\ncaffe = "/bin/sh"', "unknown framework caffe; accepted are ", id="name"
        ),
    ],
)
def test_user_configuration_that_cannot_be_used(tmp_path: Path, text: str, error: str) -> None:
    write(tmp_path / "home", **{"bnlint/config.toml": text})
    write(tmp_path / "project", bad=FAULTY)
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    found = bnlint(tmp_path / "project", "--confirm", "-q", environment=environment)
    place = tmp_path / "home" / "bnlint" / "config.toml"
    assert (found.code, found.out) == (2, f"bad.py:{FINDING}\n")
    assert found.err.startswith(f"bnlint: error: {place}: {error}")
    assert len(found.err.splitlines()) == 1
    without = bnlint(tmp_path / "project", environment=environment)
    assert without == Run(1, f"bad.py:{FINDING}\n", SUMMARY)


@pytest.mark.parametrize(
    "marks", [{"pyproject.toml": ""}, {".git/config": ""}, {"bnlint.toml": ""}], ids=str
)
def test_user_configuration_in_the_project(
    tmp_path: Path, torch: Path, marks: dict[str, str]
) -> None:
    """A repository that lies where the user's home is thought to be."""
    write(tmp_path, bad=FAULTY, **marks)
    write(tmp_path, **{".config/bnlint/config.toml": f'[interpreters]\ntorch = "{torch}"\n'})
    found = bnlint(tmp_path, "--confirm", "-q", environment={"HOME": str(tmp_path)})
    assert found.code == 2
    assert "lies in the project that is checked, which must not name programs" in found.err


@pytest.mark.parametrize(
    ("pair", "error"),
    [
        ("torch", "expected NAME=PATH, found 'torch'"),
        ("torch=", "expected NAME=PATH, found 'torch='"),
        ("=python", "expected NAME=PATH, found '=python'"),
        ("caffe=python", "unknown framework caffe; accepted are "),
        ("torch=./python", "./python: expected an absolute path"),
    ],
)
def test_variable_that_cannot_be_used(tmp_path: Path, pair: str, error: str) -> None:
    write(tmp_path, bad=FAULTY)
    found = bnlint(tmp_path, "--confirm", "-q", environment={"BNLINT_INTERPRETERS": pair})
    assert (found.code, found.out) == (2, f"bad.py:{FINDING}\n")
    assert found.err.startswith(f"bnlint: error: BNLINT_INTERPRETERS: {error}")
    assert len(found.err.splitlines()) == 1


@pytest.mark.parametrize("name", ["torch", "numpy", "keras", "worker_torch", "json"])
def test_modules_of_the_project(tmp_path: Path, made_up: Interpreter, name: str) -> None:
    """Neither bnlint nor its workers import a module that lies in the linted project."""
    none = made_up.having("none")
    trap = TRAP.replace("'caught'", repr(str(tmp_path / "caught")))
    write(tmp_path, bad=FAULTY, **{f"{name}.py": trap, f"{name}/__init__.py": trap})
    options = [p for n in ("torch", "keras") for p in ("--interpreter", f"{n}={none}")]
    found = program(
        tmp_path, "--confirm", "bad.py", *options,
        environment={"PYTHONSTARTUP": str(tmp_path / f"{name}.py")},
    )  # fmt: skip
    assert (found.code, found.out) == (1, f"bad.py:{FINDING}\n")
    assert found.err.endswith(f"\nExperiments: 1 predicted.\n{SUMMARY}")
    assert len(found.err.splitlines()) == 4
    assert not (tmp_path / "caught").exists()


@pytest.mark.parametrize("kept", [True, False], ids=["in the interpreter", "in the project"])
def test_modules_that_an_editable_install_leads_to(
    tmp_path: Path, made_up: Interpreter, kept: bool
) -> None:
    """A `.pth` file puts the project on the path; an environment in the project stays on it."""
    project = tmp_path / "project"
    trap = TRAP.replace("'caught'", repr(str(tmp_path / "caught")))
    write(project, bad=FAULTY, src__torch=trap, **{"pyproject.toml": ""})
    other = made(project if kept else tmp_path)
    [packages] = (other.folder / "env").glob("lib/python*/site-packages")
    (packages / "editable.pth").write_text(f"{project / 'src'}\n")
    if kept:
        (packages / "torch").mkdir()
        (packages / "torch" / "__init__.py").write_text(TORCH, encoding="utf-8")
    options = [p for n in ("torch", "keras") for p in ("--interpreter", f"{n}={other.program}")]
    found = bnlint(project, "--confirm", "bad.py", *options)
    assert not (tmp_path / "caught").exists()
    assert found.err.startswith("Experiments: 1 confirmed" if kept else "predicted (1 finding): ")


def test_sizes_are_capped(tmp_path: Path, torch: Path) -> None:
    write(tmp_path, bad=FAULTY.replace("64", "10**9"))
    log = tmp_path / "built"
    found = confirmed(tmp_path, torch, keras=torch, environment={"BUILT": str(log)})
    assert found.verdicts == ["confirmed"]
    assert max(int(line.split()[0]) for line in log.read_text().splitlines()) <= 64


@pytest.mark.parametrize(
    "value", ["10**400", "1e308 * 10", "-0.99", "0.99 + 0j", "True + True", "2**63", "1e-320"]
)
def test_odd_numbers(tmp_path: Path, torch: Path, value: str) -> None:
    """Whatever the code says, there is an answer for each finding."""
    text = f"import torch.nn as nn\n\nbn = nn.BatchNorm2d(4, momentum={value}, eps={value})\n"
    write(tmp_path, bad=text)
    found = confirmed(tmp_path, torch, "--from", "keras", keras=torch)
    assert found.code in (0, 1), found.err
    assert "crashed" not in str(found)


@pytest.mark.parametrize(
    "value", ["__import__('os').system('touch hacked')", "$(touch hacked)", "`touch hacked`\n"]
)
def test_values_are_data(
    tmp_path: Path, torch: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """A text reaches the framework as a text, and is nowhere evaluated."""
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "built"
    monkeypatch.setenv("BUILT", str(log))
    layer = Layer("torch.nn.BatchNorm2d", (("momentum", value),), TRAINING)
    with Pool({"torch": str(torch)}) as pool:
        found = Laboratory(pool).judge(Trial(OUTPUT, layer, layer.without("momentum")), "cpu")
    assert found.verdict == "not run"
    assert value in log.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["built"]
