# expected: BN202 on line 44
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 32, 3)
        self.norm = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        return self.fc(x.mean((2, 3)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--save", action="store_true")
    args = parser.parse_args()

    model = Net().cuda()
    optimizer = torch.optim.Adam(model.parameters())
    model.train()
    for epoch in range(args.epochs):
        for data, target in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(data.cuda()), target.cuda())
            loss.backward()
            optimizer.step()
        accuracy = test(model, test_loader)
        print(f"{epoch}: {accuracy:.2%}")
    if args.save:
        torch.save(model.state_dict(), "mnist.pt")


@torch.no_grad()
def test(model, loader):
    model.eval()
    right = [(model(x.cuda()).argmax(1).cpu() == y).float().mean() for x, y in loader]
    return sum(right) / len(right)


if __name__ == "__main__":
    main()
