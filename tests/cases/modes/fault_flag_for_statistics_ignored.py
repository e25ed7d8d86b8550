# expected: BN251 on line 23
import mindspore.nn as nn


class Stem(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, pad_mode="pad", padding=1, has_bias=False)
        self.bn = nn.BatchNorm2d(32)

    def construct(self, x):
        return self.bn(self.conv(x))


class Visual(nn.Cell):
    def __init__(self):
        super().__init__()
        self.stem = Stem()
        self.head = nn.Dense(32, 512)

    def lock(self, unlocked_groups=0, freeze_bn_stats=False):
        assert unlocked_groups == 0, "only the whole of it can be locked"
        for param in self.get_parameters():
            param.requires_grad = False

    def construct(self, x):
        return self.head(self.stem(x).mean((2, 3)))
