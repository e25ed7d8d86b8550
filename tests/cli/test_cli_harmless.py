"""Nothing that comes from a linted project steers a terminal, or the service that runs CI."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from command_line import FAULTY, bnlint, program, write

ESC, MARK = "\x1b[31m", "\u202e"

#: Texts that a terminal or a service would obey, wherever a line begins with them or holds them.
HARMFUL = (f"::warning::a{ESC}", f"##[error]b{MARK}", "##vso[task.complete]c", " ::error::d\u2028")

#: A file in which they stand wherever a message may quote one.
TEXT = "import torch.nn as nn\nimport keras\n" + "".join(
    f"""
class Net{number}(nn.Module):
    def __init__(self, m={text!a}):
        super().__init__()
        self.bn = nn.BatchNorm2d(8, momentum={{{text!r}: 0.99}}[{text!r}])  # {text}
        self.other = nn.BatchNorm2d(8, eps=f({text!r}))
        self.third = nn.BatchNorm2d(8, 0.9, 0.99, {text!r}, **{{{text!r}: 1}})

    def forward(self, x):
        return self.bn(x, "{text}")


{text.strip().encode().hex()} = 1 if Net{number}({text!r}) else 2
"""
    for number, text in enumerate(text.replace("\u2028", "") for text in HARMFUL)
)
TEXT = re.sub(r"^[0-9a-f]{8,} = ", "made = ", TEXT, flags=re.MULTILINE)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="names cannot hold these there")


def harm(text: str, *, commands: bool = False) -> list[str]:
    """Return the lines that are not harmless; ``commands`` of bnlint's own are."""
    found = []
    for line in text.split("\n"):
        bad = any(
            unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(c).rstrip("E") in ("LR", "RL", "LRO", "RLO", "PDF")
            or unicodedata.bidirectional(c) in ("LRI", "RLI", "FSI", "PDI")
            for c in line.replace("\t", " ")
        )
        own = commands and re.match("::(error|warning|notice) title=bnlint ", line) is not None
        begins = line.lstrip().startswith("::") and not own
        if bad or begins or "##[" in line or "##vso[" in line:
            found.append(ascii(line))
    return found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Files, links and folders whose names and contents are harmful."""
    for number, text in enumerate(HARMFUL):
        (tmp_path / f"{text}{number}.py").write_text(TEXT)
        (tmp_path / f"{text}link.py").symlink_to(f"nowhere{text}")
    (tmp_path / HARMFUL[1]).mkdir()
    (tmp_path / HARMFUL[1] / "m.py").write_text(f"def {ESC}\n# BatchNorm2d")
    (tmp_path / "n.py").write_text(f"# bnlint: ignore[{HARMFUL[0]}] {HARMFUL[1]}\n{TEXT}")
    (tmp_path / "port.py").write_text(f"# bnlint: port-of {HARMFUL[0]}.py\n{FAULTY}")
    return tmp_path


OUTPUTS = [
    *(["--output-format", name] for name in ("full", "concise", "grouped", "json", "github")),
    ["--statistics"],
    ["--show-files"],
    ["--show-settings"],
    ["--confirm-plot", f"{HARMFUL[0]}/x.png"],
    ["--baseline", f"{HARMFUL[0]}.json"],
    ["--select", HARMFUL[0]],
    ["--exclude", f"[{HARMFUL[0]}"],
    ["--config", f"{HARMFUL[1]}.toml"],
    [f"--{HARMFUL[0]}"],
    *(["sites", "--output-format", name] for name in ("table", "concise", "json", "csv")),
    *(
        ["compare", "n.py", f"./{HARMFUL[0]}0.py", "--output-format", name]
        for name in ("table", "json")
    ),
    ["compare", HARMFUL[0], f"n.py::{HARMFUL[1]}"],
    *(
        ["translate", f"keras.layers.BatchNormalization({argument})"]
        for text in HARMFUL
        for argument in (f"**{{{text!r}: 1}}", f"axis={text!r}", f"**{{'{text}': 1}}", text)
    ),
    ["explain", HARMFUL[0]],
    ["frameworks", HARMFUL[1]],
]


@pytest.mark.parametrize("arguments", OUTPUTS, ids=ascii)
def test_output(project: Path, arguments: list[str]) -> None:
    """Whatever is asked for, in either stream."""
    run = bnlint(project, *arguments)
    assert run.out or run.err
    assert harm(run.out, commands="github" in arguments) == []
    assert harm(run.err) == []


def test_findings_are_there(project: Path) -> None:
    """Else the test above would pass with nothing to show."""
    run = bnlint(
        project, "--output-format", "concise", "--select", "ALL", "--min-confidence", "low"
    )
    assert len(run.out.splitlines()) > 20
    assert harm(run.out) == []
    assert "./::warning" in run.out


@pytest.mark.parametrize(
    "option", ["--diff", "--fix", "--add-ignore=why", "--baseline=b.json --write-baseline"]
)
def test_changes(project: Path, option: str) -> None:
    """Also what is said of files that are changed, and of a baseline that is out of date."""
    run = bnlint(project, *option.split(), "--unsafe-fixes")
    heads = [line for line in run.out.split("\n") if line.startswith(("---", "+++"))]
    assert harm("\n".join(heads) if option == "--diff" else run.out) == []
    assert harm(run.err) == []
    assert bool(heads) is (option == "--diff")
    if "baseline" in option:
        for path in project.glob("*.py"):
            if path.is_file():
                path.write_text("")
        stale = bnlint(project, "--baseline=b.json")
        assert "stale entry" in stale.err
        assert harm(stale.err) == []


def test_a_diff_that_is_shown(project: Path) -> None:
    """In colour no tool can apply it, and its text is made harmless like all other."""
    run = bnlint(project, "--diff", "--unsafe-fixes", environment={"FORCE_COLOR": "1"})
    assert "\x1b[32m+" in run.out
    assert harm(re.sub(r"\x1b\[(1|3[126]|0)m", "", run.out).replace("\n ", "\n|")) == []


@pytest.mark.parametrize("name", ["bnlint.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    "line",
    [
        '[apis."{}"]',
        '[apis."{}"]\nlike = "torch.nn.BatchNorm2d"',
        '[apis.x]\nlike = "{}"',
        'exclude = ["{}"]',
        '"{}" = 1',
        'from = "{}"',
        'select = ["{}"]',
        'baseline = "{}"',
        '[per-file-ignores]\n"{}" = ["BN1"]',
        '[[port]]\npaths = ["*"]\nreference = "{}"',
        '[[port]]\npaths = ["*"]\n"{}" = 1',
        "{}",
    ],
)
@pytest.mark.parametrize("option", ["--show-settings", "--quiet"])
def test_configuration(tmp_path: Path, name: str, line: str, option: str) -> None:
    """Escapes of TOML make what cannot stand there as it is."""
    write(tmp_path, m=FAULTY)
    for text in HARMFUL:
        escaped = "".join(c if " " < c < "\x7f" else f"\\u{ord(c):04x}" for c in text)
        head = "[tool.bnlint]\n" if name == "pyproject.toml" else ""
        if name == "pyproject.toml":
            line = line.replace("[apis", "[tool.bnlint.apis").replace("[per", "[tool.bnlint.per")
            line = line.replace("[[port", "[[tool.bnlint.port")
        (tmp_path / name).write_text(head + line.replace("{}", escaped) + "\n")
        run = bnlint(tmp_path, option)
        assert harm(run.out) == []
        assert harm(run.err) == []


def test_settings_mean_what_they_meant(tmp_path: Path) -> None:
    """What is escaped for being shown reads back as what was set."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    write(tmp_path, **{"bnlint.toml": 'exclude = ["\\u001b", "\\u202ex", "##\\u005bx]", "ü"]\n'})
    shown = bnlint(tmp_path, "--show-settings").out
    assert tomllib.loads(shown)["exclude"] == ["\x1b", "\u202ex", "##[x]", "ü"]


def test_names_that_look_the_same(tmp_path: Path) -> None:
    """Each file is still fixed, counted and recorded as itself."""
    names = [os.fsdecode(name) for name in (b"a\xff.py", b"a\xfe.py", b"a\xc2\x80.py")]
    for name in names:
        (tmp_path / name).write_text(FAULTY)
    assert bnlint(tmp_path, "--baseline=b.json", "--write-baseline").code == 0
    assert bnlint(tmp_path, "--baseline=b.json").code == 0
    run = bnlint(tmp_path, "--fix", "--unsafe-fixes")
    assert (run.code, run.err) == (0, "Fixed 3 findings; none remains.\n")
    assert all("0.01" in (tmp_path / name).read_text() for name in names)


def test_a_broken_link_is_no_command(tmp_path: Path) -> None:
    """As a process of its own, whose standard error goes to a log."""
    (tmp_path / "::error::x.py").symlink_to("nowhere")
    write(tmp_path, m=FAULTY.replace("0.99", "0.01"))
    run = program(tmp_path)
    assert (run.code, run.out) == (0, "")
    assert run.err.splitlines()[0] == "./::error::x.py: skipped: broken symbolic link"
