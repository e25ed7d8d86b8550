"""Compare the two blocks of convert.py, before and after the port gets the reference's eps."""

import json
import sys

from torch import nn

from convert import CHANNELS, TorchBlock, compare


def measure():
    """Name of each figure to (published, measured)."""
    port = TorchBlock()
    convolution, normalisation, _ = compare(port)

    fixed = TorchBlock()
    fixed.bn = nn.BatchNorm2d(CHANNELS, eps=1e-3, momentum=0.01)
    _, after_the_fix, _ = compare(fixed)

    return {
        "difference after the convolution": (None, convolution),
        "difference after the normalisation": (0.078752756, normalisation),
        "the same with eps=1e-3": (None, after_the_fix),
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
