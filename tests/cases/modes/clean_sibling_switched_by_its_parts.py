# expected: nothing (each part is switched)
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_proba(self, x):
        for part in self.net.children():
            part.eval()
        return self.net(x).softmax(1)
