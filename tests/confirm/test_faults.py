"""What goes wrong in a worker is told in one line, and costs the experiments that need it."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
import time
from pathlib import Path

import pytest
from command_line import FAULTY, FINDING, SUMMARY, UNPRIVILEGED, Run, bnlint, program, write
from made_up import TORCH, Interpreter, confirmed

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a script as interpreter")

#: Two findings of two experiments each.
TWO = FAULTY + "two = nn.BatchNorm2d(64, momentum=0.999)\n"

MEGABYTE = "import os, sys; os.write({}, b'x' * (1 << 20)); print('y' * (1 << 20))"


@pytest.fixture
def torch(made_up: Interpreter) -> Path:
    """Return an interpreter with the made-up PyTorch."""
    return made_up.having("torch", torch=TORCH)


@pytest.mark.parametrize(
    ("trouble", "verdict", "reason"),
    [
        pytest.param("", "confirmed", None, id="none"),
        pytest.param(MEGABYTE.format(1), "confirmed", None, id="a megabyte to standard output"),
        pytest.param(MEGABYTE.format(2), "confirmed", None, id="a megabyte to standard error"),
        pytest.param(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "not run",
            r"PyTorch: the process of \S+/torch\.sh ended by SIGKILL",
            id="killed",
        ),
        pytest.param(
            "import os, sys; print('out of luck', file=sys.stderr, flush=True); os._exit(7)",
            "not run",
            r"PyTorch: the process of \S+/torch\.sh ended with status 7: out of luck",
            id="gone",
        ),
        pytest.param(
            "raise MemoryError('no 640 kB left')",
            "not run",
            r"PyTorch: MemoryError: no 640 kB left",
            id="out of memory",
        ),
        pytest.param(
            "raise ValueError('first\\nsecond')",
            "not run",
            r"PyTorch: ValueError: first second",
            id="an exception of two lines",
        ),
        pytest.param(
            "import time; time.sleep(60)",
            "not run",
            r"PyTorch: no answer within 2 seconds",
            id="hung",
        ),
        pytest.param(
            "x.array = x.array * numpy.nan",
            "inconclusive",
            None,
            id="no numbers",
        ),
        pytest.param(
            "x.array = x.array * 1e30",
            "inconclusive",
            None,
            id="numbers too large",
        ),
        pytest.param(
            "self.running_mean.numpy = lambda: numpy.zeros(1)",
            "inconclusive",
            None,
            id="another shape",
        ),
        pytest.param(
            "self.running_mean.numpy = lambda: numpy.array('word')",
            "not run",
            r"torch 0\.1 gave something else than arrays: could not convert .+",
            id="a word",
        ),
    ],
)
def test_in_an_experiment(
    tmp_path: Path, torch: Path, trouble: str, verdict: str, reason: str | None
) -> None:
    write(tmp_path, bad=FAULTY)
    found = confirmed(
        tmp_path, torch, "--confirm-timeout", "2", keras=torch, environment={"TROUBLE": trouble}
    )
    assert (found.code, found.verdicts) == (1, [verdict])
    assert re.fullmatch(reason or "None", str(found.reasons[0]))
    why = f"not run (1 finding): {found.reasons[0]}\n" if verdict == "not run" else ""
    assert found.err == f"{why}Experiments: 1 {verdict}.\n"


def test_killed_once(tmp_path: Path, torch: Path) -> None:
    """The next experiment has a new process."""
    write(tmp_path, bad=TWO)
    once = tmp_path / "once"
    trouble = (
        f"import os, pathlib\nif not os.path.exists({str(once)!r}):\n"
        f"    pathlib.Path({str(once)!r}).touch()\n    os.kill(os.getpid(), 9)"
    )
    found = confirmed(tmp_path, torch, keras=torch, environment={"TROUBLE": trouble})
    assert found.verdicts == ["not run", "confirmed"]


def test_given_up(tmp_path: Path, torch: Path) -> None:
    """What has died three times in a row is not started again."""
    layers = [f"nn.BatchNorm2d(8, momentum=0.9{n})" for n in range(1, 10)]
    write(tmp_path, bad="import torch.nn as nn\n\nlayers = [" + ", ".join(layers) + "]\n")
    log = tmp_path / "built"
    found = confirmed(
        tmp_path, torch, keras=torch, environment={"TROUBLE": "os._exit(1)", "BUILT": str(log)}
    )
    assert found.verdicts == ["not run"] * 9
    assert len(log.read_text().splitlines()) == 3
    assert "given up after 3 failures in a row, the last: the process of" in found.reasons[-1]


BROKEN = {
    "missing": ({}, "torch is not installed for"),
    "import error": (
        {"torch": "raise ImportError('libcudart.so.13: cannot open shared object file')"},
        "ImportError: libcudart.so.13: cannot open shared object file",
    ),
    "import error of another": ({"torch": "import nowhere"}, "nowhere is not installed for"),
    "exit while imported": ({"torch": "raise SystemExit('no licence')"}, "no licence"),
    "another package of that name": (
        {"torch": "__version__ = '9.1'\ndef light(): ..."},
        "has no attribute 'nn'",
    ),
    "the same with a module": (
        {"torch": "from types import SimpleNamespace\nnn = SimpleNamespace(fire=1)"},
        "has no attribute 'BatchNorm2d'",
    ),
    "a version that is none": (
        {"torch": "__version__ = object()\nnn = None"},
        "has no attribute 'BatchNorm2d'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_framework_that_cannot_be_used(tmp_path: Path, made_up: Interpreter, case: str) -> None:
    """The oracle takes its place, and the report says why."""
    packages, reason = BROKEN[case]
    chosen = made_up.having(f"broken {case}", **packages)
    write(tmp_path, bad=FAULTY)
    found = confirmed(tmp_path, chosen, keras=chosen)
    assert (found.code, found.verdicts) == (1, ["predicted"])
    [port] = [f["confirmation"]["port"] for f in found.findings]
    assert re.fullmatch(rf"bnlint's own computation for PyTorch \(.*{re.escape(reason)}.*\)", port)
    assert str(chosen) in port
    why, count = found.err.splitlines()
    assert why.startswith(
        f"predicted (1 finding): nothing was run, only {port} against bnlint's own computation"
    )
    assert why.endswith("; --interpreter NAME=PATH names a Python that has a framework")
    assert count == "Experiments: 1 predicted."


def test_layer_that_is_no_batch_normalisation(tmp_path: Path, made_up: Interpreter) -> None:
    """Something that is called torch.nn.BatchNorm2d and computes something else proves nothing."""
    other = TORCH.replace("(x - mean)", "(x - 2 * mean)").replace("m * (", "m * 2 * (")
    chosen = made_up.having("impostor", torch=other)
    write(tmp_path, bad=FAULTY)
    found = confirmed(tmp_path, chosen, keras=chosen)
    assert found.verdicts == ["inconclusive"]
    assert "no rounding" in found.findings[0]["confirmation"]["remainder"]


#: Answers as from an interpreter that is something else, one for each line it is asked.
TALKS = {
    "words": "hello",
    "a list": "[1]",
    "nothing": "",
    "another object": '{"fine": 1}',
    "no devices": '{"path": "torch.nn.BatchNorm2d", "version": "1", "devices": 5}',
    "no experiment": '{"path": "torch.nn.BatchNorm2d", "version": "1", "devices": ["cpu"]}',
    "no arrays": (
        '{"path": "torch.nn.BatchNorm2d", "version": "1", "devices": ["cpu"], '
        '"outputs": 1, "states": 2}'
    ),
    "no array": '{"path": {"npy": "AAAA"}}',
    "no text": '{"path": {"npy": 5}}',
    "no candidate": '{"path": 5, "version": [1]}',
    "an error that is none": '{"error": {"a": 1}}',
    "deep": "[" * 100_000,
    "not UTF-8": "\udcff",
}


@pytest.mark.parametrize("case", TALKS)
def test_nonsense(tmp_path: Path, made_up: Interpreter, case: str) -> None:
    spoken = made_up.folder / "spoken"
    spoken.write_bytes(TALKS[case].encode("utf-8", "surrogateescape"))
    chosen = made_up.script("talker", f"while read -r line; do cat '{spoken}'; echo; done")
    write(tmp_path, bad=FAULTY)
    found = confirmed(tmp_path, chosen, keras=chosen)
    assert found.code == 1
    assert found.verdicts[0] in ("not run", "predicted")
    assert "crashed" not in str(found)
    assert len(found.err.splitlines()) <= 2


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("gone", id="missing"),
        pytest.param(".", id="a folder"),
        pytest.param("bad.py", id="not to be run"),
    ],
)
def test_no_such_interpreter(tmp_path: Path, name: str) -> None:
    """Findings are reported all the same."""
    write(tmp_path, bad=FAULTY)
    chosen = f"{tmp_path}/{name}"
    found = bnlint(tmp_path, "--confirm", "--interpreter", f"torch={chosen}", "bad.py")
    error = f"bnlint: error: --interpreter: {chosen}: there is no such program\n"
    assert found == Run(2, f"bad.py:{FINDING}\n", f"{SUMMARY}{error}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("exit 0", "ended with status 0", id="does nothing"),
        pytest.param(
            "echo usage: not Python >&2; exit 64", "status 64: usage: not Python", id="other"
        ),
        pytest.param("#!/no/such/shell", "", id="a shell that is missing"),
    ],
)
def test_interpreter_that_is_no_python(
    tmp_path: Path, made_up: Interpreter, text: str, reason: str
) -> None:
    chosen = made_up.script("other", text)
    if text.startswith("#!"):
        chosen.write_text(text + "\n")
        reason = f"cannot start {chosen}: No such file or directory"
    write(tmp_path, bad=FAULTY)
    found = confirmed(tmp_path, chosen, keras=chosen)
    assert found.verdicts == ["not run"]
    assert reason in found.reasons[0]


def test_time_for_all(tmp_path: Path, torch: Path) -> None:
    """Where it is used up, the rest is not run, and says why."""
    write(tmp_path, bad=TWO)
    found = confirmed(
        tmp_path, torch, "--confirm-timeout", "60,1.5", keras=torch,
        environment={"TROUBLE": "import time; time.sleep(60)"},
    )  # fmt: skip
    used_up = "the time for all experiments (1.5 seconds) is used up"
    assert found.reasons == [used_up, used_up]
    assert found.err == f"not run (2 findings): {used_up}\nExperiments: 2 not run.\n"


@pytest.mark.parametrize("case", ["read-only", "missing"])
def test_temporary_folder(tmp_path: Path, torch: Path, case: str) -> None:
    """A worker that has nowhere to run in is not run in the project."""
    write(tmp_path, bad=FAULTY)
    folder = tmp_path / "temporary"
    if case == "read-only":
        folder.mkdir(mode=0o500)
    start = f"import tempfile\ntempfile.tempdir = {str(folder)!r}\n{UNPRIVILEGED}"
    arguments = ["--confirm", "--output-format", "json", "--interpreter", f"torch={torch}"]
    found = program(tmp_path, *arguments, before=["-c", start])
    why = {"read-only": "Permission denied", "missing": "No such file or directory"}[case]
    assert found.code == 1
    reason = f"PyTorch: no temporary folder to run in: {why}"
    assert json.loads(found.out)[0]["confirmation"]["reason"] == reason
    assert found.err == f"not run (1 finding): {reason}\nExperiments: 1 not run.\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path != folder) == ["bad.py"]


def test_nothing_is_left_behind(
    tmp_path: Path, torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither processes nor folders, whether the worker was well or not."""
    project, temporary = tmp_path / "project", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    write(project, bad=FAULTY)
    pids = tmp_path / "pids"
    note = f"open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')"
    for trouble in ("pass", "os._exit(1)", "import time; time.sleep(60)"):
        confirmed(
            project, torch, "--confirm-timeout", "1", keras=torch,
            environment={"TROUBLE": f"{note}; {trouble}"},
        )  # fmt: skip
    assert list(temporary.iterdir()) == []
    assert list(project.iterdir()) == [project / "bad.py"]
    numbers = {int(line) for line in pids.read_text().split()}
    assert len(numbers) >= 3
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_killed_from_outside(tmp_path: Path, torch: Path) -> None:
    """Not even SIGKILL of bnlint leaves a worker or its folder behind."""
    project, temporary, pid = tmp_path / "project", tmp_path / "temporary", tmp_path / "pid"
    temporary.mkdir()
    write(project, bad=FAULTY)
    trouble = (
        f"import pathlib, signal, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); "
        "os.kill(int(os.environ['PARENT']), signal.SIGKILL); time.sleep(60)"
    )
    start = (
        "import os\nos.environ['PARENT'] = str(os.getpid())\n"
        "from bnlint.cli.main import main\nraise SystemExit(main())"
    )
    arguments = ["--confirm", "--interpreter", f"torch={torch}", "--interpreter", f"keras={torch}"]
    environment = {"TROUBLE": trouble, "TMPDIR": str(temporary)}
    found = program(project, *arguments, before=["-c", start], environment=environment)
    assert found.code == -signal.SIGKILL
    for _ in range(200):
        if not gone(int(pid.read_text())) or any(temporary.iterdir()):
            time.sleep(0.05)
    assert gone(int(pid.read_text()))
    assert list(temporary.iterdir()) == []


def gone(pid: int) -> bool:
    """Tell whether there is no such process, or none that still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")  # ended, and its new parent has not asked for it yet
    return status.exists() and ") Z " in status.read_text()


def test_interrupted(tmp_path: Path, torch: Path) -> None:
    """Ctrl-C ends the workers too, with one line and no traceback."""
    write(tmp_path, bad=FAULTY)
    pid = tmp_path / "pid"
    trouble = (
        f"import pathlib, signal, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); "
        "os.kill(int(os.environ['PARENT']), signal.SIGINT); time.sleep(60)"
    )
    start = (
        "import os, signal\nos.environ['PARENT'] = str(os.getpid())\n"
        # Whoever runs the tests in the background has it ignored, and children inherit that.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from bnlint.cli.main import main\nraise SystemExit(main())"
    )
    arguments = ["--confirm", "--interpreter", f"torch={torch}", "--interpreter", f"keras={torch}"]
    found = program(tmp_path, *arguments, before=["-c", start], environment={"TROUBLE": trouble})
    assert found == Run(130, "", "bnlint: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
