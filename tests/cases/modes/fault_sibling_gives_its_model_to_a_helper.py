# expected: BN201 on line 40
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, classes)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))

    def predict_step(self, x):
        return self(x).argmax(1)

    def evaluation_step(self, x, y):
        return (self(x).argmax(1) == y).sum()


class LoaderScorer:
    def __init__(self, model: Net, device="cpu"):
        self.scored = model.to(device)

    def _predict(self, model, x):
        return model.predict_step(x)

    def evaluate(self, loader):
        was_training = self.scored.training
        self.scored.eval()
        with torch.no_grad():
            hits = sum(self.scored.evaluation_step(x, y) for x, y in loader)
        self.scored.train(was_training)
        return hits

    def predict_loader(self, loader):
        found = []
        for x, _ in loader:
            found.append(self._predict(self.scored, x))
        return torch.cat(found)
