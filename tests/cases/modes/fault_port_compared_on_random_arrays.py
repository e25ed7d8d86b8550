# expected: BN201 on line 23
import numpy as np
import torch
import torch.nn as nn
from tensorflow import keras


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(32, eps=1e-3)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


reference = keras.models.load_model("model.h5")
port = Net()
port.load_state_dict(torch.load("port.pth"))
x = np.random.rand(1, 32, 32, 3).astype(np.float32)
with torch.no_grad():
    ours = port(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy()
theirs = reference.predict(x)
print("largest difference", np.abs(theirs - ours.transpose(0, 2, 3, 1)).max())
