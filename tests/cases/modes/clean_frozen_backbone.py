# expected: nothing (a frozen part that stays in inference mode through train())
import torch
import torch.nn as nn
import torchvision


class Segmenter(nn.Module):
    def __init__(self, norm_eval=True):
        super().__init__()
        self.norm_eval = norm_eval
        self.backbone = torchvision.models.resnet18(weights="DEFAULT")
        self.head = nn.Conv2d(512, 21, 1)

    def train(self, mode=True):
        super().train(mode)
        if mode and self.norm_eval:
            for m in self.backbone.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


model = Segmenter()
model.load_state_dict(torch.load("seg.pt"))
model.train(False)
with torch.no_grad():
    masks = model(images).argmax(1)
