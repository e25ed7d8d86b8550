# expected: BN201 on line 41
import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn


class BasicBlock(nn.Module):
    def __init__(self, inp, out):
        super().__init__()
        self.conv = nn.Conv2d(inp, out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class ResNet(nn.Module):
    def __init__(self, depth, num_classes=10):
        super().__init__()
        layers = [BasicBlock(3, 16)] + [BasicBlock(16, 16) for _ in range(depth)]
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.fc(self.layers(x).mean((-1, -2)))


def resnet20():
    return ResNet(3)


net = resnet20()
net = net.cuda()
net = nn.DataParallel(net)
cudnn.benchmark = True
checkpoint = torch.load("./checkpoint/ckpt.t7")
net.load_state_dict(checkpoint["net"])

with torch.no_grad():
    for batch_idx, (inputs, targets) in enumerate(testloader):
        outputs = net(inputs.cuda())
        print(outputs.max(1)[1].eq(targets.cuda()).sum())
