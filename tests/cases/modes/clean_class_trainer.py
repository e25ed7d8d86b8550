# expected: nothing (a trainer class that keeps the model)
import torch
from torch import nn
from tqdm import tqdm

from models import build_model


class Trainer:
    def __init__(self, cfg):
        self.model = build_model(cfg).cuda()
        self.bn_layers = [m for m in self.model.modules() if isinstance(m, nn.BatchNorm2d)]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=cfg.lr)

    def train_epoch(self, loader):
        self.model.train()
        for batch in tqdm(loader):
            loss = self.model(batch)["loss"]
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def validate(self, loader):
        self.model.eval()
        return [self.model(batch)["score"] for batch in loader]

    def test(self, loader):
        model = self.model
        with torch.no_grad():
            return [model(batch) for batch in loader]


trainer = Trainer(cfg)
for epoch in range(10):
    trainer.train_epoch(train_loader)
    trainer.validate(val_loader)
