# expected: BN252 on line 18
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision


class Detector(nn.Module):
    def __init__(self, classes, freeze_bn=True):
        super().__init__()
        self.backbone = torchvision.models.resnet50(weights="DEFAULT")
        self.backbone.fc = nn.Identity()
        self.classifier = nn.Linear(2048, classes)
        self.box = nn.Linear(2048, 4)
        if freeze_bn:
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()

    def forward(self, x):
        x = self.backbone(x)
        return self.classifier(x), self.box(x)


def train(epochs=12):
    model = Detector(20).cuda()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    for _ in range(epochs):
        model.train()
        for images, labels, boxes in loader:
            scores, found = model(images.cuda())
            loss = F.cross_entropy(scores, labels) + F.l1_loss(found, boxes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
