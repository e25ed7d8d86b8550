# expected: nothing (timing on random tensors; results are thrown away)
import time

import torch
from torchvision.models import resnet50

model = resnet50().cuda().half()
x = torch.randn(32, 3, 224, 224, device="cuda", dtype=torch.half)
with torch.no_grad():
    for _ in range(10):
        model(x)
    torch.cuda.synchronize()
    start = time.time()
    for _ in range(100):
        y = model(x)
    torch.cuda.synchronize()
print((time.time() - start) / 100)
