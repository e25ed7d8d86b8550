# expected: BN201 on line 18
import torch
import torchvision
from timm.utils import ModelEmaV2
from torch.utils.data import DataLoader

model = torchvision.models.resnet18()
ema = ModelEmaV2(model, decay=0.999)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
train_loader, test_loader = DataLoader([]), DataLoader([])
for x, y in train_loader:
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
    ema.update(model)
with torch.no_grad():
    for x, y in test_loader:
        print((model(x).argmax(1) == y).sum())
