# expected: nothing yet, though BN201 would be right on line 13 (the model is an attribute: code elsewhere may switch it)
import torch
from torch import nn


class Detector:
    def __init__(self, weights):
        self.net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1))
        self.net.load_state_dict(torch.load(weights))

    def detect(self, image):
        with torch.no_grad():
            return self.net(image)


if __name__ == "__main__":
    detector = Detector("w.pt")
    print(detector.detect(load("a.png")))
