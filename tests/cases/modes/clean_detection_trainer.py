# expected: nothing (reference detection code: the trainer class switches)
import torch
import torchvision
from torch import nn
from torchvision.models.detection import fasterrcnn_resnet50_fpn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU())

    def forward(self, x):
        return self.body(x)


def train_one_epoch(model, optimizer, data_loader, device):
    model.train()
    for images, targets in data_loader:
        loss_dict = model([i.to(device) for i in images], targets)
        losses = sum(loss for loss in loss_dict.values())
        optimizer.zero_grad()
        losses.backward()
        optimizer.step()


@torch.inference_mode()
def evaluate(model, data_loader, device):
    model.eval()
    for images, targets in data_loader:
        outputs = model([img.to(device) for img in images])
        coco_evaluator.update(outputs)


model = fasterrcnn_resnet50_fpn(weights=None, num_classes=2)
optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.005)
for epoch in range(10):
    train_one_epoch(model, optimizer, data_loader, device)
    evaluate(model, data_loader_test, device)

backbone = Backbone()
loss = detection_loss(backbone(images))
loss.backward()
