# expected: nothing (the model is switched)
import torch
import torchvision
from torch.utils.data import DataLoader

model = torchvision.models.resnet18()
model.load_state_dict(torch.load("weights.pt"))


def generate_submission(loader):
    model.eval()
    with torch.no_grad():
        for x, names in loader:
            print(names, model(x).argmax(1))


generate_submission(DataLoader([]))
