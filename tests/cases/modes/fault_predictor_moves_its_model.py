# expected: BN201 on line 24
import torch
from torch import nn


class CNN(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return self.norm(x)


class CaptionPredictor:
    def __init__(self, path):
        self.encoder = CNN(3)
        self.encoder.load_state_dict(torch.load(path))
        self.encoder = self.encoder.cuda()
        print("model: {}".format(self.encoder))

    def predict(self, x):
        with torch.no_grad():
            return self.encoder(x).cpu().numpy()


print(CaptionPredictor("cnn.pt").predict(x))
