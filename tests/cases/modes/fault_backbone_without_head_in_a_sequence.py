# expected: BN251 on line 10
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

resnet = models.resnet34(pretrained=True)
features = nn.Sequential(*list(resnet.children())[:-1])
for param in features.parameters():
    param.requires_grad = False

classifier = nn.Sequential(nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 2))
net = nn.Sequential(features, classifier)
net = net.cuda()

data = datasets.ImageFolder("data/train", transforms.ToTensor())
loader = DataLoader(data, batch_size=32, shuffle=True)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(classifier.parameters(), lr=0.01, momentum=0.9)

for epoch in range(5):
    net.train()
    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs.cuda()), labels.cuda())
        loss.backward()
        optimizer.step()
torch.save(net.state_dict(), "net.pth")
