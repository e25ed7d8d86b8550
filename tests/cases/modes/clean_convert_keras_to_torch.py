# expected: nothing (a conversion script that checks both sides in inference)
import numpy as np
import torch
import torch.nn as nn
from tensorflow import keras

keras_model = keras.models.load_model("model.h5")


class Port(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(32, eps=1e-3, momentum=0.01)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


port = Port()
conv, bn = keras_model.layers[1], keras_model.layers[2]
port.conv.weight.data = torch.from_numpy(conv.get_weights()[0].transpose(3, 2, 0, 1))
gamma, beta, mean, var = bn.get_weights()
port.bn.weight.data = torch.from_numpy(gamma)
port.bn.bias.data = torch.from_numpy(beta)
port.bn.running_mean = torch.from_numpy(mean)
port.bn.running_var = torch.from_numpy(var)
port.eval()
x = np.random.rand(1, 32, 32, 3).astype("float32")
expected = keras_model.predict(x)
with torch.no_grad():
    actual = port(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
np.testing.assert_allclose(expected, actual, atol=1e-5)
