# expected: nothing (the average has a copy of its own, and is switched)
import torch
import torchvision
from torch.optim.swa_utils import AveragedModel, update_bn
from torch.utils.data import DataLoader

model = torchvision.models.resnet18()
averaged = AveragedModel(model)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
train_loader, test_loader = DataLoader([]), DataLoader([])
for x, y in train_loader:
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    averaged.update_parameters(model)
update_bn(train_loader, averaged)
averaged.eval()
with torch.no_grad():
    for x, y in test_loader:
        print((averaged(x).argmax(1) == y).sum())
