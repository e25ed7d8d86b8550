# expected: BN201 on line 18
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
with torch.no_grad():
    for x, y in test_loader:
        print((model(x).argmax(1) == y).sum())
