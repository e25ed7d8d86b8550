# expected: nothing (the method of the derived class switches, and calls the one that does not)
from torchvision.models import resnet18


class Scorer:
    def __init__(self):
        self.scored = resnet18()

    def predict(self, x):
        self.scored.eval()
        return self.scored(x).argmax(1)

    def predict_scores(self, x):
        return self.scored(x).softmax(1)


class Calibrated(Scorer):
    def predict_scores(self, x):
        self.scored.eval()
        return super().predict_scores(x) ** 0.5
