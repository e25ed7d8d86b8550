# expected: BN214 on line 14
import torch.nn as nn
import torch.nn.functional as F


class UNetBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(nn.BatchNorm2d(x.size(1)).cuda()(x))
        x = self.conv2(x)
        return F.relu(x)
