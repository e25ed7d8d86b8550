# expected: nothing (what is got is no model)
import torch
import torchvision.models as models
from torch.utils.data import DataLoader


reader = getattr(torch, "load")("weights.pt")
model = models.resnet18()
model.load_state_dict(reader)
getattr(model, "eval")()
with torch.no_grad():
    for x, y in DataLoader([]):
        print((model(x).argmax(1) == y).sum())
