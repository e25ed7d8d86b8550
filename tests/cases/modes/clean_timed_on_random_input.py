# expected: nothing (random input is run for the time it takes)
import time

import torch
from torch import nn


def time_of(model, batch):
    model, batch = model.to("cuda"), batch.to("cuda")
    with torch.inference_mode():
        _ = model(batch)
        start = time.perf_counter()
        _ = model(batch * 5)
        torch.cuda.synchronize()
    print(f"{time.perf_counter() - start:.3f} s")


time_of(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), torch.rand(3, 3, 256, 256))
