"""Run ones.py as it stands, then its port with one difference after the other removed."""

import contextlib
import json
import runpy
import sys
from pathlib import Path

import torch
from torch import nn


def first(output):
    return float(output[0, 0, 0, 0])


def measure():
    """Name of each figure to (published, measured)."""
    with contextlib.redirect_stdout(None):
        script = runpy.run_path(str(Path(__file__).with_name("ones.py")))
    ones = torch.ones((20, 100, 35, 45))

    port = script["port"]
    port[0].reset_running_stats()  # the call in training mode has moved them
    port.eval()

    fixed = nn.Sequential(nn.BatchNorm2d(100, eps=1e-3, momentum=0.01))
    fixed.eval()

    return {
        "Keras": (0.9995004, first(script["expected"])),
        "PyTorch": (0.0, first(script["actual"])),
        "PyTorch, eval()": (None, first(port(ones))),
        "PyTorch, eval() and eps=1e-3": (None, first(fixed(ones))),
    }


def report(figures):
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures))
        return
    print(f"{'':42}{'published':>14}{'measured':>14}")
    for name, (published, measured) in figures.items():
        shown = "" if published is None else f"{published:.8g}"
        print(f"{name:42}{shown:>14}{measured:>14.8g}")


if __name__ == "__main__":
    report(measure())
