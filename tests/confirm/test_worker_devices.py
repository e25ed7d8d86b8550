"""What workers of PaddlePaddle and JAX ask for a GPU, with made-up frameworks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

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
