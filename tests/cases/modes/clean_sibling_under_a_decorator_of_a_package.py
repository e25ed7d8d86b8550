# expected: nothing (what the decorator does with the model is not known)
from modes import in_inference
from torchvision.models import resnet18


class Classifier:
    def __init__(self):
        self.net = resnet18()

    def predict(self, x):
        self.net.eval()
        return self.net(x).argmax(1)

    @in_inference("net")
    def predict_proba(self, x):
        return self.net(x).softmax(1)
