"""Skips tests whose framework is not installed, unless BNLINT_REQUIRE says it must be.

``BNLINT_REQUIRE=torch,tensorflow`` makes a missing PyTorch or TensorFlow a failure, so that a run
which is meant to cover them cannot pass by skipping.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import said
import strict
from hypothesis import HealthCheck, settings

# How long an example takes says more of what else the machine does than of the code: tests count
# steps where time matters.
settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("steady")

# What runs the command line in its own tests serves others too, and a bench without frameworks.
sys.path.insert(0, str(Path(__file__).resolve().parent / "cli"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "confirm"))
# Pages that are made, and the commands of the guides, have tests too.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))

said.listen()
strict.refuse_what_is_misspelt()


def pytest_configure(config: pytest.Config) -> None:
    """Compare all that is said of the code in tests."""
    config.pluginmanager.register(said.Listener())


#: Marker, and the packages that a test with it imports.
FRAMEWORKS = {
    "torch": ("torch",),
    "tensorflow": ("tensorflow", "keras"),
    "mindspore": ("mindspore",),
    "paddle": ("paddle",),
    "jax": ("jax", "flax", "haiku", "equinox"),
    "mlx": ("mlx",),
    "tinygrad": ("tinygrad",),
    "chainer": ("chainer",),
    "mxnet": ("mxnet",),
    "sonnet": ("sonnet",),
    "onnx": ("onnx",),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test that is marked with a framework which is not there."""
    required = os.environ.get("BNLINT_REQUIRE", "").replace(",", " ").split()
    for framework, packages in FRAMEWORKS.items():
        if item.get_closest_marker(framework) is None:
            continue
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        if missing and framework in required:
            pytest.fail(f"BNLINT_REQUIRE names {framework}, but {missing[0]} is not installed")
        if missing:
            pytest.skip(f"{missing[0]} is not installed")
