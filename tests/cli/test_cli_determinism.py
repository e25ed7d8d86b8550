"""The same output whatever the number of processes, the order of arguments and the hash seed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from command_line import CLEAN, FAULTY, Run, bnlint, program, write

#: A port in one file, so that layers are paired; and a file that many rules look at.
PAIRED = """\
import torch
import torch.nn as nn
from keras import layers


def reference(x):
    x = layers.BatchNormalization(momentum=0.9, name="one")(x)
    return layers.BatchNormalization(axis=1, scale=False, name="two")(x)


class Port(nn.Module):
    def __init__(self, norm_layer=nn.BatchNorm2d, momentum=0.9):
        super().__init__()
        self.one = norm_layer(64, momentum=momentum)
        self.two = nn.BatchNorm2d(64, affine=True)

    def forward(self, x):
        bn = nn.BatchNorm2d(64)
        return bn(self.two(self.one(x)))


model = Port()
model.eval
print(model(torch.zeros(1, 64, 8, 8)))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of more bytes than one process is given, with a file of every kind."""
    folder = tmp_path_factory.mktemp("project")
    padding = "".join(f"# {'filler ' * 12}{i}\n" for i in range(500))
    kinds = {"bad": FAULTY, "good": CLEAN, "pair": PAIRED, "broken": FAULTY + "x = = 1\n"}
    for i in range(3):
        write(folder, **{f"{kind}{i}": text + padding for kind, text in kinds.items()})
    write(folder, **{"not_utf8.py": b"s = '\xff'\n", "plain.py": "x = 1\n"})
    (folder / "dangling.py").symlink_to("nowhere")
    assert sum(path.stat().st_size for path in folder.glob("*[0-9].py")) > 400_000
    return folder


FORMATS = ["concise", "full", "json", "github"]


@pytest.mark.parametrize("output_format", FORMATS)
def test_processes(project: Path, output_format: str) -> None:
    arguments = ["--from", "keras", "--output-format", output_format]
    alone = program(project, "-j1", *arguments)
    assert alone.code == 1
    assert alone.out.count("BN") > 20
    for jobs in ("2", "5"):
        assert program(project, f"-j{jobs}", *arguments) == alone


@pytest.mark.parametrize("seed", range(3))
def test_order_of_arguments(project: Path, seed: int) -> None:
    files = sorted(path.name for path in project.glob("*.py"))
    expected = bnlint(project, *files)
    assert (expected.code, len(expected.out.splitlines()) > 20) == (2, True)
    shuffled = [*files, *files[:3]]
    random.Random(seed).shuffle(shuffled)
    assert bnlint(project, *shuffled) == expected


def test_findings_of_a_file_are_its_own(project: Path) -> None:
    """They do not depend on what else is named, so that editors and hooks agree with CI."""
    together = bnlint(project, "--from=keras").out.splitlines()
    for name in ("bad0.py", "pair1.py", "broken2.py", "not_utf8.py"):
        alone = bnlint(project, "--from=keras", name).out.splitlines()
        assert alone == [line for line in together if line.startswith(f"{name}:")]
        data = (project / name).read_bytes()
        typed = bnlint(project, "--from=keras", "-", "--stdin-filename", name, stdin=data)
        assert typed.out.splitlines() == alone


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["--from", "keras", "--output-format", "json"], 1, '"BN103"', id="findings"),
        pytest.param(["sites", "--output-format", "json"], 1, '"momentum"', id="sites"),
        pytest.param(["frameworks"], 0, "torch.nn.BatchNorm2d", id="frameworks"),
        pytest.param(
            ["translate", "keras.layers.BatchNormalization(momentum=0.9)"],
            0,
            "momentum=0.1",
            id="translate",
        ),
        pytest.param(["--select", "X1,X2,BN2,BN3"], 2, "X1", id="problems"),
    ],
)
def test_hash_seed(project: Path, arguments: list[str], code: int, says: str) -> None:
    def run(seed: str) -> Run:
        return program(project, *arguments, environment={"PYTHONHASHSEED": seed})

    expected = run("0")
    assert expected.code == code
    assert says in expected.out + expected.err
    for seed in ("1", "2", "4242"):
        assert run(seed) == expected
