"""What workers say of devices, paths, versions and signatures, with made-up frameworks."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_workers import loaded, module

from bnlint.confirm import worker


def torch(*, cuda: bool = False, mps: bool | None = False, hip: str | None = None) -> Any:
    """Return a PyTorch that sees these devices; ``mps=None`` is one that knows of no mps."""
    backends = types.SimpleNamespace(
        cuda=types.SimpleNamespace(matmul=types.SimpleNamespace(allow_tf32=True)),
        cudnn=types.SimpleNamespace(
            version=lambda: 8902, allow_tf32=True, deterministic=False, benchmark=True,
            conv=types.SimpleNamespace(),
        ),
    )  # fmt: skip
    if mps is not None:
        backends.mps = types.SimpleNamespace(is_available=lambda: mps)
    return module(
        "torch",
        cuda=types.SimpleNamespace(is_available=lambda: cuda, get_device_name=lambda n: f"H{n}"),
        backends=backends,
        version=types.SimpleNamespace(cuda="12.1", hip=hip),
    )


def keras(backend: str) -> tuple[types.ModuleType, list[str]]:
    used: list[str] = []

    @contextlib.contextmanager
    def device(name: str) -> Iterator[None]:
        used.append(name)
        yield

    config = types.SimpleNamespace(backend=lambda: backend)
    return module("keras", config=config, device=device), used


def jax(*platforms: str) -> types.ModuleType:
    seen = [types.SimpleNamespace(platform=platform) for platform in platforms]
    return module("jax", devices=lambda: seen)


def tensorflow(gpus: int) -> tuple[types.ModuleType, list[Any]]:
    done: list[Any] = []

    @contextlib.contextmanager
    def device(name: str) -> Iterator[None]:
        done.append(name)
        yield

    experimental = types.SimpleNamespace(
        enable_tensor_float_32_execution=lambda on: done.append(("tf32", on)),
        enable_op_determinism=lambda: done.append("deterministic"),
        get_device_details=lambda gpu: {"device_name": gpu},
    )
    config = types.SimpleNamespace(
        list_physical_devices=lambda kind: [f"GPU{n}" for n in range(gpus) if kind == "GPU"],
        experimental=experimental,
    )
    return module(
        "tensorflow",
        config=config,
        device=device,
        random=types.SimpleNamespace(set_seed=lambda n: done.append(("seed", n))),
        sysconfig=types.SimpleNamespace(
            get_build_info=lambda: {"cuda_version": "12.5", "cudnn_version": "9"}
        ),
    ), done


@pytest.mark.parametrize(
    ("stub", "seen"),
    [
        pytest.param(torch(), ["cpu"], id="none"),
        pytest.param(torch(cuda=True), ["cpu", "cuda"], id="cuda"),
        pytest.param(torch(mps=True), ["cpu", "mps"], id="mps"),
        pytest.param(torch(mps=None), ["cpu"], id="knows of no mps"),
    ],
)
def test_devices_of_pytorch(
    monkeypatch: pytest.MonkeyPatch, stub: types.ModuleType, seen: list[str]
) -> None:
    own = loaded(monkeypatch, "worker_torch", stub)
    assert own.devices() == seen
    backend, _ = keras("torch")
    other = loaded(monkeypatch, "worker_keras", stub, backend)
    assert other.devices() == seen
    for device in {"cuda", "mps"} - {*seen}:
        with pytest.raises(ValueError, match=f"^PyTorch sees no {device} here$"):
            own.use(device)
        with pytest.raises(ValueError, match=f"^Keras on PyTorch sees no {device} here$"):
            other.use(device)
    for device in {"cpu", "mps"} & {*seen}:
        assert own.use(device) == other.use(device) == ""
        assert other._keras_device == device


@pytest.mark.parametrize(
    ("hip", "toolkit"), [(None, "CUDA 12.1"), ("6.0", "ROCm 6.0")], ids=["NVIDIA", "AMD"]
)
def test_pytorch_on_a_gpu(monkeypatch: pytest.MonkeyPatch, hip: str | None, toolkit: str) -> None:
    """It computes in full float32, with deterministic kernels."""
    stub = torch(cuda=True, hip=hip)
    own = loaded(monkeypatch, "worker_torch", stub)
    assert own.use("cuda") == f"H0, {toolkit}, cuDNN 8902"
    cudnn, matmul = stub.backends.cudnn, stub.backends.cuda.matmul
    assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
    assert (matmul.allow_tf32, cudnn.allow_tf32) == (False, False)


def test_a_newer_pytorch_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a word for the precision."""
    stub = torch(cuda=True)
    stub.backends.cuda.matmul.fp32_precision = "tf32"
    loaded(monkeypatch, "worker_torch", stub).use("cuda")
    assert stub.backends.cuda.matmul.fp32_precision == "ieee"
    assert stub.backends.cudnn.conv.fp32_precision == "ieee"
    assert stub.backends.cuda.matmul.allow_tf32


def test_keras_on_pytorch_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, used = keras("torch")
    stub = torch(cuda=True)
    own = loaded(monkeypatch, "worker_keras", stub, backend)
    assert own.use("cuda") == "H0, CUDA 12.1"
    assert (stub.backends.cudnn.deterministic, stub.backends.cudnn.benchmark) == (True, False)
    ran: list[list[str]] = []
    monkeypatch.setattr(own, "_run", lambda target, request: ran.append([*used]))
    own.run(types.SimpleNamespace(__module__="keras.layers"), {})
    assert ran == [["gpu"]]
    own.run(types.SimpleNamespace(__module__="other"), {})
    assert ran == [["gpu"], ["gpu"]]


@pytest.mark.parametrize(
    ("platforms", "seen", "used"),
    [(("cpu",), ["cpu"], "cpu:0"), (("cpu", "gpu"), ["cpu", "cuda"], "gpu:0")],
    ids=["none", "a GPU"],
)
def test_keras_on_jax(
    monkeypatch: pytest.MonkeyPatch, platforms: tuple[str, ...], seen: list[str], used: str
) -> None:
    backend, _ = keras("jax")
    own = loaded(monkeypatch, "worker_keras", backend, jax(*platforms))
    assert own.devices() == seen
    assert own.use(seen[-1]) == ""
    assert own._keras_device == used
    with pytest.raises(ValueError, match=r"^Keras on JAX sees no mps here$"):
        own.use("mps")


@pytest.mark.parametrize("backend", ["tensorflow", ""], ids=["Keras 3", "nothing imported"])
def test_keras_on_tensorflow(monkeypatch: pytest.MonkeyPatch, backend: str) -> None:
    stub, done = tensorflow(0)
    others = [keras(backend)[0]] if backend else []
    own = loaded(monkeypatch, "worker_keras", stub, *others)
    assert own.devices() == ["cpu"]
    assert own.use("cpu") == ""
    assert done == []
    with pytest.raises(ValueError, match=r"^TensorFlow sees no cuda here$"):
        own.use("cuda")
    monkeypatch.setattr(own, "_run", lambda target, request: {"ran": True})
    assert own.run(None, {}) == {"ran": True}
    assert done == ["/CPU:0"]


def test_keras_on_tensorflow_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    stub, done = tensorflow(1)
    own = loaded(monkeypatch, "worker_keras", stub)
    assert own.devices() == ["cpu", "cuda"]
    assert own.use("cuda") == "GPU0, CUDA 12.5, cuDNN 9"
    assert done == [("tf32", False), "deterministic", ("seed", 0)]
    assert own._device == "/GPU:0"


def test_keras_where_there_is_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tensorflow" else real(name)
    )
    own = loaded(monkeypatch, "worker_keras")
    assert own.devices() == ["cpu"]
    assert own.use("cpu") == ""


# ---------------------------------------------------------------------------------- answers


class Framework:
    """Says what it is asked."""

    def __init__(self) -> None:
        self.used = ""

    def devices(self) -> list[str]:
        return ["cpu", "tpu"]

    def use(self, device: str) -> str:
        self.used = device
        return f"driver of {device}"

    def signature(self, found: Any) -> list[Any] | None:
        return [["x", "positional", None]] if found is len else None

    def run(self, found: Any, request: dict[str, Any]) -> dict[str, Any]:
        return {"ran": found, "with": request["arguments"]}


def test_what_a_framework_knows_is_asked_of_it() -> None:
    framework = Framework()
    assert worker.answered(framework, {"op": "devices"}) == {"devices": ["cpu", "tpu"]}
    assert worker.answered(framework, {"op": "use", "device": "tpu"}) == {"driver": "driver of tpu"}
    assert framework.used == "tpu"
    asked = {"op": "run", "path": "math.sqrt", "arguments": {"a": 1}}
    import math

    assert worker.answered(framework, asked) == {"ran": math.sqrt, "with": {"a": 1}}
    with pytest.raises(ValueError, match="unknown op 'other'"):
        worker.answered(framework, {"op": "other", "path": "math.sqrt"})


def test_what_a_framework_does_not_know_is_the_processor() -> None:
    assert worker.answered(object(), {"op": "devices"}) == {"devices": ["cpu"]}
    assert worker.answered(object(), {"op": "use", "device": "cpu"}) == {"driver": ""}
    with pytest.raises(ValueError, match="no way is known to use cuda here"):
        worker.answered(object(), {"op": "use", "device": "cuda"})


class Layer:
    def __init__(self, a: int, b: float = 0.5, *, c: Any = print, **rest: Any) -> None:
        if rest:
            raise TypeError(f"got an unexpected keyword argument {next(iter(rest))!r}")
        if b is None:
            raise ValueError("b is no number")

    def call(self, x: Any, training: bool = False) -> None:
        pass


class Anything:
    """What runs before the constructor takes anything."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Anything:
        return super().__new__(cls)

    def __init__(self, a: int, b: tuple[int, int] = (1, 2)) -> None:
        pass


def test_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of a framework's own comes first, but for that of a method."""
    monkeypatch.setitem(sys.modules, "made", module("made", Layer=Layer, Anything=Anything))

    def rows(path: str, call: str | None = None, framework: Any = None) -> Any:
        asked = {"op": "signature", "path": path, "call": call}
        return worker.answered(framework, asked)["rows"]

    layer = [
        ["a", "positional", None],
        ["b", "positional", ["literal", 0.5]],
        ["c", "keyword", ["source", repr(print)]],
        ["rest", "extra", None],
    ]
    call = [["x", "positional", None], ["training", "positional", ["literal", False]]]
    assert rows("made.Layer") == rows("made.Layer", None, Framework()) == layer
    assert rows("made.Layer", "call") == rows("made.Layer", "call", Framework()) == call
    assert rows("builtins.len", None, Framework()) == [["x", "positional", None]]
    assert rows("made.Anything") == [
        ["a", "positional", None],
        ["b", "positional", ["literal", (1, 2)]],
    ]


def test_keywords_that_are_unknown_are_not_accepted() -> None:
    assert worker.accepted(Layer, {"a": 1}, ["b", "c", "d"]) == ["b", "c"]
    assert worker.accepted(Layer, {}, ["a"]) == ["a"]


def test_paths_are_resolved_or_say_what_is_missing() -> None:
    import os.path

    assert worker.resolve("os.path.join") is os.path.join
    assert worker.resolve("os") is os
    with pytest.raises(ModuleNotFoundError, match="'nothing_there'"):
        worker.resolve("nothing_there.part")
    with pytest.raises(AttributeError):
        worker.resolve("os.path.nothing_there")


@pytest.mark.parametrize(
    ("version", "candidate", "why"),
    [
        ("2.1", {}, None),
        ("2.1.0+cpu", {"at_least": "2.1"}, None),
        ("2.1", {"at_least": "2.2"}, "ImportError: made is 2.1, older than 2.2"),
        ("2.1", {"below": "2.1"}, "ImportError: made is 2.1, not older than 2.1"),
        ("2.1", {"at_least": "2.1", "below": "2.10"}, None),
        ("2.1", {"at_least": "2.1.1"}, "ImportError: made is 2.1, older than 2.1.1"),
        ("2.1.0.dev2", {"below": "2.1.0.1"}, "ImportError: made is 2.1.0.dev2, not older than"),
    ],
)
def test_versions(
    monkeypatch: pytest.MonkeyPatch, version: str, candidate: dict[str, str], why: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "made", module("made", Layer=Layer, __version__=version))
    asked = {"op": "find", "candidates": [{"path": "made.Layer", **candidate}]}
    found = worker.answered(None, asked)
    if why is None:
        assert found == {"path": "made.Layer", "version": version}
    else:
        assert found["path"] is None
        assert found["reason"].startswith(why)


def test_the_first_candidate_that_is_there_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is none, the reason is that for the first."""
    monkeypatch.setitem(sys.modules, "made", module("made", Layer=Layer))
    paths = [{"path": "first_gone.A"}, {"path": "second_gone.A"}, {"path": "made.Layer"}]
    assert worker.find(paths) == {"path": "made.Layer", "version": ""}
    assert worker.find(paths[:2]) == {
        "path": None,
        "reason": "ModuleNotFoundError: No module named 'first_gone'",
    }
    assert worker.find([]) == {"path": None, "reason": "no candidate"}
    other = {"path": "made.Layer", "module": "third_gone"}
    assert "third_gone" in worker.find([other])["reason"]


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (None, True), (True, True), (3, True), (0.5, True), ("a", True), ((1, "a"), True),
        ([1, (None,)], True), (print, False), ([print], False), (np.float64(1), False),
        ({}, False), (b"", False),
    ],
    ids=repr,
)  # fmt: skip
def test_literals(value: object, literal: bool) -> None:
    assert worker.is_literal(value) is literal


def test_values_go_there_and_back() -> None:
    value = {"a": [np.arange(3.0), {"b": (1, None)}], "npy": 4, "c": "text"}
    back = worker.decoded(worker.encoded(value))
    assert np.array_equal(back["a"][0], np.arange(3.0))
    assert (back["a"][1], back["npy"], back["c"]) == ({"b": [1, None]}, 4, "text")


def test_an_error_is_one_line() -> None:
    error = ValueError("first\n  second\n----------\nC++ stack")
    assert worker.one_line(error) == "ValueError: first second"
    assert worker.one_line(ValueError("a" * 400)) == "ValueError: " + "a" * 288
    assert worker.one_line(ValueError("a -- b")) == "ValueError: a -- b"


def test_nothing_is_imported_from_the_linted_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that only begins alike stays, and so does what Python is made of."""
    project, beside = tmp_path / "net", tmp_path / "network"
    inside = project / "src"
    for folder in (project, beside, inside):
        folder.mkdir()
    own = [path for path in sys.path if path.endswith("site-packages")]
    monkeypatch.setattr(sys, "path", [str(inside), str(beside), *own, str(project), "/elsewhere"])
    worker.leave_out([str(project), "/"][:1])
    assert sys.path == [str(beside), *own, "/elsewhere"]
    worker.leave_out(["/"])
    assert sys.path == own
