"""Train the port for a hundred steps, and see how much its running variance wavers."""

import numpy as np
import paddle
import paddle_net

paddle.seed(0)
net = paddle_net.Net()
random = np.random.default_rng(0)
seen = []
for step in range(100):
    scale = random.uniform(0.5, 1.5)
    images = random.normal(0, scale, (8, 3, 32, 32)).astype("float32")
    net(paddle.to_tensor(images))
    seen.append(float(net.bn1._variance.mean()))
late = np.array(seen[50:])
print(f"running variance of bn1: from {late.min():.2g} to {late.max():.2g} in the last 50 steps")
