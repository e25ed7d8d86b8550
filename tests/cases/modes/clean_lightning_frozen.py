# expected: nothing (a frozen backbone in a trainer that leaves modes alone)
import lightning as L
import torch
import torch.nn.functional as F
import torchvision
from torch import nn


class Transfer(L.LightningModule):
    def __init__(self):
        super().__init__()
        backbone = torchvision.models.resnet50(weights="DEFAULT")
        self.features = nn.Sequential(*list(backbone.children())[:-1])
        self.features.eval()
        self.head = nn.Linear(backbone.fc.in_features, 10)

    def forward(self, x):
        self.features.eval()
        with torch.no_grad():
            representations = self.features(x).flatten(1)
        return self.head(representations)

    def training_step(self, batch, _):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.head.parameters())


trainer = L.Trainer(max_epochs=3)
trainer.fit(Transfer(), loader)
