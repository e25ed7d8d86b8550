# expected: BN201 on line 34
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 16, 3)
        self.b1 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(F.relu(self.b1(self.c1(x))).mean((2, 3)))


def train(train_loader, val_loader, epochs=20):
    model = Net().cuda()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    best = 1e9
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            out = model(x.cuda())
            loss = F.cross_entropy(out, y.cuda())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses = []
        with torch.no_grad():
            for x, y in val_loader:
                out = model(x.cuda())
                loss = F.cross_entropy(out, y.cuda())
                losses.append(loss.item())
        val_loss = sum(losses) / len(losses)
        scheduler.step(val_loss)
        if val_loss < best:
            best = val_loss
            torch.save(model.state_dict(), "best.pt")


train(train_loader, val_loader)
