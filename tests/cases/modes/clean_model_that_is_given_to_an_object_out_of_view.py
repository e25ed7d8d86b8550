# expected: nothing (what updates with the model may switch it)
import torch
import torchvision
from averages import ModelEmaV2
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
