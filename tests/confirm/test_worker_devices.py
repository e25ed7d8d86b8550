"""What workers ask for a GPU, and of layers that want a first call or one example each.

With made-up frameworks.
"""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made_up_workers import loaded, module


def test_paddle_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes in full float32, with deterministic kernels."""
    done: list[Any] = []
    gpus = [0, 1]
    stub = module(
        "paddle",
        set_device=done.append,
        set_flags=done.append,
        version=SimpleNamespace(cuda=lambda: "12.5", cudnn=lambda: "9"),
        device=SimpleNamespace(
            cuda=SimpleNamespace(device_count=lambda: len(gpus), get_device_name=lambda: "H")
        ),
    )
    own = loaded(monkeypatch, "worker_paddle", stub)
    own.prepare()
    assert own.devices() == ["cpu", "cuda"]
    assert own.use("cuda") == "H, CUDA 12.5, cuDNN 9"
    flags = {"FLAGS_cudnn_deterministic": True, "FLAGS_allow_tf32_cublas": False}
    assert done == ["cpu", flags, "gpu"]
    assert own._device == "cuda"
    assert own.use("cpu") == ""
    assert done[3:] == ["cpu"]
    gpus.clear()
    assert own.devices() == ["cpu"]
    with pytest.raises(ValueError, match=r"^PaddlePaddle sees no cuda here$"):
        own.use("cuda")


def test_jax_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes in full float32."""
    client = SimpleNamespace(platform_version="PJRT\n CUDA 12")
    seen = {
        platform: [SimpleNamespace(platform=platform, device_kind="H", client=client)]
        for platform in ("cpu", "gpu")
    }
    told: dict[str, Any] = {}
    stub = module(
        "jax",
        devices=lambda kind=None: seen[kind] if kind else [d for ds in seen.values() for d in ds],
        config=SimpleNamespace(update=told.__setitem__),
    )
    own = loaded(monkeypatch, "worker_jax", stub)
    assert own.devices() == ["cpu", "cuda"]
    for device, platform, driver in (("cuda", "gpu", "H, PJRT CUDA 12"), ("cpu", "cpu", "")):
        assert own.use(device) == driver
        assert told == {
            "jax_default_device": seen[platform][0],
            "jax_default_matmul_precision": "highest",
        }
    del seen["gpu"]
    assert own.devices() == ["cpu"]
    with pytest.raises(ValueError, match=r"^JAX sees no cuda here$"):
        own.use("cuda")


def test_a_link_of_chainer_learns_its_size_from_its_first_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In inference, so that nothing moves; one step is enough."""
    modes: list[bool] = []
    calls: list[Any] = []

    @contextlib.contextmanager
    def using_config(_name: str, train: bool) -> Any:
        modes.append(train)
        yield

    def link() -> Any:
        def call(x: Any) -> Any:
            calls.append(x)
            call.gamma.array = np.ones(2)
            return SimpleNamespace(array=x)

        call.gamma = SimpleNamespace(array=None)
        return call

    own = loaded(monkeypatch, "worker_chainer", module("chainer", using_config=using_config))
    step = {"input": np.zeros(2), "mode": "training", "arguments": {}}
    request = {"kind": "layer", "arguments": {}, "plant": {}, "observe": ["gamma"], "steps": [step]}
    answer = own.run(link, request)
    assert modes == [False, True]
    assert len(calls) == 2
    assert answer["states"][0]["gamma"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [({}, (3, 4)), ({"shape": 4}, (4,)), ({"shape": (3, 4)}, (3, 4)), ({"shape": (4,)}, (4,))],
)
def test_a_layer_of_equinox_sees_what_it_is_about(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """One example, or the axes that its shape has."""

    def vmap(call: Any) -> Any:
        return lambda x: np.array([call(one) for one in x])

    seen: set[tuple[int, ...]] = set()

    def layer(x: Any) -> Any:
        seen.add(x.shape)
        return x

    own = loaded(monkeypatch, "worker_jax", module("jax", vmap=vmap))
    made = own._Equinox.__new__(own._Equinox)
    made.layer, made.arguments = layer, arguments
    x = np.zeros((2, 3, 4))
    assert np.array_equal(made.call(x, {}), x)
    assert seen == {shape}
