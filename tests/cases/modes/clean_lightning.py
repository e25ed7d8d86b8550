# expected: nothing (the trainer switches)
import lightning as L
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models import resnet18


class LitModel(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = resnet18(num_classes=10)

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val_loss", F.cross_entropy(self(x), y))

    def predict_step(self, batch, batch_idx):
        return self(batch[0]).argmax(1)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


model = LitModel()
trainer = L.Trainer(max_epochs=3)
trainer.fit(model, train_loader, val_loader)
trainer.validate(model, val_loader)
model.freeze()
with torch.no_grad():
    print(model(batch))
