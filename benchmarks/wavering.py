"""How far running statistics are from the truth, with a momentum as found and as meant.

    python benchmarks/wavering.py

Prints the table of docs/found-in-the-wild.md, from layers of PyTorch. Data are images of one
channel, each with a brightness of its own. 32 make a batch, of 4 x 4 values each: the mean of an
image is drawn from N(0, 1), and its values around it from N(0, 1). The truth is a mean of 0 and a
variance of 2.
"""

from __future__ import annotations

import numpy as np

#: What part of the old value a step keeps: as found, and as meant.
PAIRS = ((0.0003, 0.9997), (0.003, 0.997), (0.01, 0.99), (0.1, 0.9))

STEPS, RUNS = (50, 500), 100


def off(keeps: float, steps: int) -> tuple[float, float]:
    """Return how far running mean and variance are off after some steps (root mean square)."""
    import torch

    layer = torch.nn.BatchNorm2d(RUNS, momentum=1 - keeps, affine=False)
    numbers = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(steps):
            # Each channel is a run of its own.
            brightness = torch.randn(32, RUNS, 1, 1, generator=numbers)
            layer(brightness + torch.randn(32, RUNS, 4, 4, generator=numbers))
    assert layer.running_mean is not None
    assert layer.running_var is not None
    mean, variance = layer.running_mean.numpy(), layer.running_var.numpy()
    return float(np.sqrt((mean**2).mean())), float(np.sqrt(((variance - 2) ** 2).mean()))


def main() -> None:
    """Print the table."""
    print("| a step keeps | steps | the mean is off by | the variance (2) by |")
    print("|---|---|---|---|")
    for pair in PAIRS:
        for keeps in pair:
            for steps in STEPS:
                mean, variance = off(keeps, steps)
                print(f"| {keeps:g} | {steps} | {mean:.3f} | {variance:.3f} |")


if __name__ == "__main__":
    main()
