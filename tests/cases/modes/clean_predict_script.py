# expected: nothing (built, loaded, switched, run)
import sys

import torch
from PIL import Image
from torch import nn
from torchvision import models, transforms


class Classifier(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.backbone = models.resnet50(weights=None)
        self.backbone.fc = nn.Linear(2048, num_classes)

    def forward(self, x):
        return self.backbone(x)


def load(path, num_classes=10):
    net = Classifier(num_classes)
    state = torch.load(path, map_location="cpu")
    net.load_state_dict(state.get("model", state))
    return net.eval()


if __name__ == "__main__":
    model = load(sys.argv[1])
    tf = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])
    img = tf(Image.open(sys.argv[2])).unsqueeze(0)
    with torch.no_grad():
        probs = model(img).softmax(1)[0]
    print(probs.topk(5))
