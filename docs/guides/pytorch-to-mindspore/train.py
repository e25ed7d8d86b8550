"""Train the port a little, and see where the running mean of its first layer is."""

import mindspore as ms
import mindspore_net
import numpy as np
from mindspore import nn

ms.set_seed(0)
net = mindspore_net.Net()
loss_of = nn.CrossEntropyLoss()
optimizer = nn.SGD(net.trainable_params(), learning_rate=0.01)
step = ms.value_and_grad(
    lambda images, labels: loss_of(net(images), labels), None, optimizer.parameters
)
random = np.random.default_rng(0)
for _ in range(20):
    images = ms.Tensor(random.normal(1, 1, (8, 3, 32, 32)).astype("float32"))
    labels = ms.Tensor(random.integers(0, 10, 8).astype("int32"))
    loss, gradients = step(images, labels)
    optimizer(gradients)

print(f"running mean of bn1: {abs(net.bn1.moving_mean.asnumpy()).max():.2g} at most")
ms.save_checkpoint(net, "net.ckpt")
