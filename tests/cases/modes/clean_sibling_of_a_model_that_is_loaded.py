# expected: nothing (a loader may give a model in inference mode)
import torch
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_saved(self, path, x):
        self.net = torch.load(path)
        return self.net(x).argmax(1)
