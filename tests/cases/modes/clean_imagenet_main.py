# expected: nothing (validate() switches; main passes the model to both)
import argparse

import torch
import torch.nn as nn
import torch.nn.parallel
import torchvision.models as models

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="resnet18")
parser.add_argument("--evaluate", action="store_true")
parser.add_argument("--resume", default="")


def main():
    args = parser.parse_args()
    model = models.resnet18()
    model = torch.nn.DataParallel(model).cuda()
    criterion = nn.CrossEntropyLoss().cuda()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    if args.resume:
        checkpoint = torch.load(args.resume)
        model.load_state_dict(checkpoint["state_dict"])
        optimizer.load_state_dict(checkpoint["optimizer"])
    if args.evaluate:
        validate(val_loader, model, criterion)
        return
    for epoch in range(90):
        train(train_loader, model, criterion, optimizer, epoch)
        acc1 = validate(val_loader, model, criterion)
        torch.save({"state_dict": model.state_dict(), "acc": acc1}, "checkpoint.pth.tar")


def train(loader, model, criterion, optimizer, epoch):
    model.train()
    for images, target in loader:
        output = model(images.cuda())
        loss = criterion(output, target.cuda())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def validate(loader, model, criterion):
    def run_validate(loader):
        with torch.no_grad():
            for images, target in loader:
                output = model(images.cuda())
                losses.append(criterion(output, target.cuda()).item())

    losses = []
    model.eval()
    run_validate(loader)
    return sum(losses) / len(losses)


if __name__ == "__main__":
    main()
