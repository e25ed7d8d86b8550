# expected: nothing (traced, exported and read back in inference mode)
import onnx2torch
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x):
        return self.norm(self.conv(x))


x = torch.rand(1, 3, 32, 32)
exported = Net()
torch.onnx.export(exported, x, "net.onnx")

model = Net()
model.load_state_dict(torch.load("net.pt"))
model.eval()
traced = torch.jit.trace(model, x)
program = torch.export.export(model, (x,))

back = onnx2torch.convert("net.onnx").eval()
with torch.no_grad():
    print((back(x) - traced(x)).abs().max())
