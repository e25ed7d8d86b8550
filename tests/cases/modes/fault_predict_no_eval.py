# expected: BN201 on line 17
import sys

import torch
from PIL import Image
from torch import nn
from torchvision import models, transforms

model = models.resnet18()
model.fc = nn.Linear(model.fc.in_features, 5)
model.load_state_dict(torch.load("best.pth", map_location="cpu"))

tf = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
for path in sys.argv[1:]:
    img = tf(Image.open(path).convert("RGB")).unsqueeze(0)
    with torch.no_grad():
        out = model(img)
    print(path, out.argmax(1).item())
