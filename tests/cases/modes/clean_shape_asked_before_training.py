# expected: nothing (the model is trained after it was tried out)
import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

net = models.resnet18(pretrained=True)
net.fc = nn.Linear(net.fc.in_features, 2)
print("output:", net(torch.randn(2, 3, 224, 224)).shape)

loader = DataLoader(datasets.ImageFolder("data/train", transforms.ToTensor()), 16, shuffle=True)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(5):
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(net(images), labels)
        loss.backward()
        optimizer.step()
torch.save(net.state_dict(), "finetuned.pth")
