# expected: nothing (the model is switched after it is moved)
import torch
from torch import nn


class CNN(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.norm(x)


class SwitchedCaptions:
    def __init__(self, path):
        self.encoder = CNN(3)
        self.encoder.load_state_dict(torch.load(path))
        self.encoder = self.encoder.cuda().eval()

    def predict(self, x):
        with torch.no_grad():
            return self.encoder(x).cpu().numpy()


print(SwitchedCaptions("cnn.pt").predict(x))
