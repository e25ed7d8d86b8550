# expected: nothing (training mode is meant)
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_proba(self, x):
        self.net.train()
        return self.net(x).softmax(1)
