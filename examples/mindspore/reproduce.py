"""Train the reference, the port and the first attempt for one step on the same batch."""

import json
import sys

import numpy as np

import first_attempt
import port
import torch_reference


def figures_of(title, published, output, mean, variance):
    return {
        f"{title}, output 0": (published, float(output.flat[0])),
        f"{title}, output 1": (None, float(output.flat[1])),
        f"{title}, running mean 0": (None, float(mean[0])),
        f"{title}, running mean 1": (None, float(mean[1])),
        f"{title}, running mean 2": (None, float(mean[2])),
        f"{title}, running variance": (None, float(variance[0])),
    }


def measure():
    """Name of each figure to (published, measured)."""
    batch = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 2, 2) / 10
    reference = torch_reference.train(batch, np.zeros(1, np.int64))
    ported = port.train(batch, np.zeros(1, np.int32))
    attempted = first_attempt.train(batch, np.zeros(1, np.int32))
    return {
        **figures_of("PyTorch", -1.3411044, *reference),
        **figures_of("port", -1.3411045, *ported),
        **figures_of("first attempt", None, *attempted),
        "port, largest difference": (None, float(np.abs(ported[0] - reference[0]).max())),
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
