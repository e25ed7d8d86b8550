"""The port."""

import flax.linen as nn


class Net(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        x = nn.Conv(16, (3, 3), padding=1, use_bias=False, name="conv1")(x)
        x = nn.relu(nn.BatchNorm(not train, momentum=0.1, name="bn1")(x))
        x = nn.Conv(32, (3, 3), strides=2, padding=1, use_bias=False, name="conv2")(x)
        x = nn.relu(nn.BatchNorm(not train, momentum=0.1, name="bn2")(x))
        return nn.Dense(10, name="head")(x.mean((1, 2)))
