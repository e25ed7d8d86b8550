"""BN201, clean: not the whole life of the model is in view, or it has no mode."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean
from test_missing_eval import NET

MANAGES_ITSELF = cases("""
--- the constructor switches
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)
        self.eval()
    def forward(self, x):
        return self.bn(x)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- the constructor sets the attribute
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)
        self.bn.training = False
    def forward(self, x):
        return self.bn(x)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- a base class of the file switches
class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.eval()

class Encoder(Base):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)
    def forward(self, x):
        return self.bn(x)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- train() is overridden
class Encoder(Net):
    def train(self, mode=True):
        return super().train(False)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- train() of a part is overridden
class Frozen(Net):
    def train(self, mode=True):
        return super().train(False)

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.frozen = Frozen()
    def forward(self, x):
        return self.frozen(x)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- a mixin that is not in view
from lib import Mixin

class Encoder(Net, Mixin):
    pass

model = Encoder()
with torch.no_grad():
    y = model(x)

--- a base class that is not in view
from lib import Base

class Encoder(Base):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

model = Encoder()
with torch.no_grad():
    y = model(x)

--- a method of its own that switches
class Encoder(Net):
    def embed(self, x):
        self.eval()
        return self(x)

model = Encoder()
model.embed(x)
with torch.no_grad():
    y = model(x)

--- freeze() of a Lightning module switches
import pytorch_lightning as pl

class Lit(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)
    def forward(self, x):
        return self.bn(x)

model = Lit()
model.freeze()
with torch.no_grad():
    y = model(x)
""")

OUT_OF_VIEW = cases("""
--- a parameter
def predict(model, x):
    with torch.no_grad(): return model(x)

--- a parameter with a class for its type
def predict(model: Net, x):
    with torch.no_grad(): return model(x)

--- made by an imported function
from zoo import build
m = build()
with torch.no_grad(): y = m(x)

--- an imported class
from zoo import Big
m = Big()
with torch.no_grad(): y = m(x)

--- stored on self
class Predictor:
    def __init__(self):
        self.model = Net()
        self.model.eval()
    def run(self, x):
        model = self.model
        with torch.no_grad():
            return model(x)

--- stored on self beside the variable
class Predictor:
    def __init__(self):
        model = self.model = Net()
        self.model.eval()
        with torch.no_grad():
            y = model(x)

--- in a list
m = Net()
models = [m]
set_up(models)
with torch.no_grad(): y = m(x)

--- in a dictionary
m = Net()
models = dict(net=m)
set_up(models)
with torch.no_grad(): y = m(x)

--- handed to a Trainer
m = Net()
trainer = Trainer(m)
with torch.no_grad(): y = m(x)

--- tested by a Lightning trainer
import pytorch_lightning as pl

class Lit(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

model = Lit()
pl.Trainer().test(model)
with torch.no_grad():
    y = model(x)

--- driven by ignite
from ignite.engine import create_supervised_evaluator

model = Net()
evaluator = create_supervised_evaluator(model)
with torch.no_grad():
    y = model(x)

--- driven by fastai
from fastai.vision.all import Learner

model = Net()
learn = Learner(dls, model)
with torch.no_grad():
    y = model(x)

--- prepared by code elsewhere
m = Net()
m, opt = accelerator.prepare(m, opt)
with torch.no_grad(): y = m(x)

--- loaded by code elsewhere
from ckpt import load
m = Net()
load(m, 'w')
with torch.no_grad(): y = m(x)

--- passed to a method of the file
class Runner:
    def prepare(self, model):
        model.eval()

model = Net()
Runner().prepare(model)
with torch.no_grad():
    y = model(x)

--- exported by a tool elsewhere
import onnx_tools
m = Net()
m = onnx_tools.export(m, x, 'm.onnx')
with torch.no_grad(): y = m(x)

--- a trace, which keeps the mode of its model
m = Net()
t = torch.jit.trace(m, x)
with torch.no_grad(): y = t(x)

--- counted by a tool that switches
from ptflops import get_model_complexity_info
m = Net()
get_model_complexity_info(m, (3, 8, 8))
with torch.no_grad(): y = m(x)

--- returned to code elsewhere
def build():
    model = Net()
    with torch.no_grad():
        model.bias = model(x)
    return model

--- held by a lambda
m = Net()
get = lambda: m
with torch.no_grad(): y = m(x)

--- named in __all__
__all__ = ['model']
model = Net()
@torch.no_grad()
def f(x): return model(x)
""")

LOADED = cases("""
--- a whole model, in the mode it was saved in
m = torch.load('m.pt', weights_only=False)
bn = nn.BatchNorm2d(3)
with torch.no_grad(): y = m(x)

--- only weights
w = torch.load('w.pt')
bn = nn.BatchNorm2d(3)
with torch.no_grad(): y = w['a'] * x

--- a script, in the mode it was saved in
m = torch.jit.load('m.pt')
bn = nn.BatchNorm2d(3)
with torch.no_grad(): y = m(x)

--- a hub's model, in the mode its author chose
m = torch.hub.load('a/b', 'c')
bn = nn.BatchNorm2d(3)
with torch.no_grad(): y = m(x)

--- from_pretrained of Transformers, which gives inference mode
from transformers import AutoModelForImageClassification, ResNetModel

bn = nn.BatchNorm2d(3)
model = AutoModelForImageClassification.from_pretrained("microsoft/resnet-50")
resnet = ResNetModel.from_pretrained("microsoft/resnet-50")
with torch.no_grad():
    y = model(x)
    z = resnet(x)

--- a checkpoint of a Lightning module
import pytorch_lightning as pl

class Lit(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(3)

model = Lit.load_from_checkpoint("m.ckpt")
with torch.no_grad():
    y = model(x)

--- a model by its name, which may have no batch normalisation
import timm
bn = nn.BatchNorm2d(3)
m = timm.create_model(name)
with torch.no_grad(): y = m(x)
""")

NO_MATTER = cases("""
--- no batch normalisation
class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(3)
    def forward(self, x):
        return self.norm(x)

other = nn.BatchNorm2d(3)
model = Plain()
with torch.no_grad():
    y = model(x)

--- no running statistics to use in inference
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8, track_running_stats=False))
with torch.no_grad():
    y = model(x)

--- frozen layers have no mode
from torchvision.ops import FrozenBatchNorm2d

model = nn.Sequential(nn.Conv2d(3, 8, 3), FrozenBatchNorm2d(8))
with torch.no_grad():
    y = model(x)

--- a functional call that always infers
class Fused(nn.Module):
    def forward(self, x):
        return F.batch_norm(x, self.mean, self.var)

model = Fused()
with torch.no_grad():
    y = model(x)

--- not run for inference
m = Net()
out = m(x)

--- gradients switched on
m = Net()
with torch.set_grad_enabled(True): y = m(x)

--- gradients as a flag says
m = Net()
with torch.set_grad_enabled(phase == 'train'): y = m(x)

--- another library's no_grad
import numpy as np
m = Net()
with np.no_grad(): y = m(x)

--- a user class that is merely called BatchNorm2d
class BatchNorm2d(nn.Module):
    def forward(self, x):
        return x

model = nn.Sequential(BatchNorm2d())
with torch.no_grad():
    y = model(x)
""")


@pytest.mark.parametrize("code", [*MANAGES_ITSELF, *OUT_OF_VIEW, *LOADED, *NO_MATTER])
def test_clean(code: str) -> None:
    check_clean("BN201", code, NET)
