# expected: nothing (what the package does with the model is not known)
from modes import evaluating
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    def predict_proba(self, x):
        with evaluating(self.net):
            return self.net(x).softmax(1)
