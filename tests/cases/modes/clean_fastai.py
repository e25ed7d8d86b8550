# expected: nothing (fastai's learner switches)
import torch
from fastai.vision.all import *


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8))

    def forward(self, x):
        return self.body(x).mean((2, 3))


path = untar_data(URLs.PETS)
dls = ImageDataLoaders.from_name_re(path, get_image_files(path), r"(.+)_\d+.jpg$", item_tfms=Resize(224))
net = Tiny()
learn = Learner(dls, net, metrics=accuracy)
learn.fit_one_cycle(3)
preds, targets = learn.get_preds()
with torch.no_grad():
    out = net(dls.one_batch()[0])
