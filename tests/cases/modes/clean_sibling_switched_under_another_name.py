# expected: nothing (a local name of the model is switched)
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_proba(self, x):
        net = self.net
        net.eval()
        return self.net(x).softmax(1)
