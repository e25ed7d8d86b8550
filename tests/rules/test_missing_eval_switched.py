"""BN201, clean: something switches the model, or may."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean
from test_missing_eval import NET

SWITCHED = cases("""
--- eval() before
model = Net()
model.eval()
with torch.no_grad(): y = model(x)

--- eval() where it is made
model = Net().eval().cuda()
with torch.no_grad(): y = model(x)

--- eval() last in a chain
m = Net().to(d).eval()
with torch.no_grad(): y = m(x)

--- eval() after another method that returns the model
m = Net()
m.requires_grad_(False).eval()
with torch.no_grad(): y = m(x)

--- rebound to eval()
m = Net()
m = m.eval()
with torch.no_grad(): y = m(x)

--- train(False)
m = Net()
m.train(False)
with torch.no_grad(): y = m(x)

--- train(mode=False)
m = Net()
m.train(mode=False)
with torch.no_grad(): y = m(x)

--- train(flag), which may be False
m = Net()
m.train(flag)
with torch.no_grad(): y = m(x)

--- the attribute is set
m = Net()
m.training = False
with torch.no_grad(): y = m(x)

--- eval() on one path
m = Net()
if test: m.eval()
with torch.no_grad(): y = m(x)

--- eval() after the call, in a loop
m = Net()
for x in loader:
    with torch.no_grad(): y = m(x)
    m.eval()

--- every layer switched in a loop
m = Net()
for layer in m.modules():
    layer.eval()
with torch.no_grad(): y = m(x)

--- layers of one class switched
m = Net()
for name, layer in m.named_modules():
    if isinstance(layer, nn.BatchNorm2d):
        layer.eval()
with torch.no_grad(): y = m(x)

--- switched by apply()
m = Net()
m.apply(to_inference)
with torch.no_grad(): y = m(x)

--- a part is switched
m = Net()
m.bn.eval()
with torch.no_grad(): y = m(x)

--- a part deep down is switched
m = nn.DataParallel(Net())
m.module.stem.bn.eval()
with torch.no_grad(): y = m(x)

--- a part in a list is switched
m = nn.Sequential(Net(), Net())
m[0].eval()
with torch.no_grad(): y = m(x)

--- a part is switched through a variable
m = Net()
bn = m.bn
bn.eval()
with torch.no_grad(): y = m(x)

--- parts are switched from a list
m = Net()
for p in (m.conv, m.bn):
    p.eval()
with torch.no_grad(): y = m(x)

--- parts are switched in a comprehension
m = Net()
[p.eval() for p in m.layers]
with torch.no_grad(): y = m(x)

--- a part that a method gives is switched
m = Net()
m.get_submodule('bn').eval()
with torch.no_grad(): y = m(x)

--- a part handed to code elsewhere
from lib import freeze
m = Net()
freeze(m.bn)
with torch.no_grad(): y = m(x)

--- a part shared with a model that is switched
m = Net()
f = nn.Sequential(m.conv, m.bn)
f.eval()
with torch.no_grad(): y = m(x)

--- a method by its name
m = Net()
getattr(m, 'eval')()
with torch.no_grad(): y = m(x)

--- the bound method is called later
m = Net()
switch = m.eval
switch()
with torch.no_grad(): y = m(x)

--- eval() without parentheses is another rule's
m = Net()
m.eval
with torch.no_grad(): y = m(x)

--- switched in another function
model = Net()

def prepare():
    model.eval()

def predict(x):
    with torch.no_grad():
        return model(x)

--- switched in a function further in
def main():
    m = Net()
    def prepare():
        m.eval()
    prepare()
    with torch.no_grad():
        y = m(x)

--- switched by a helper it is passed to
def to_inference(net):
    net.eval()

model = Net()
to_inference(model)
with torch.no_grad():
    y = model(x)

--- switched by the function that makes it
def load():
    net = Net()
    net.load_state_dict(torch.load("weights.pt"))
    net.eval()
    return net

model = load()
with torch.no_grad():
    y = model(x)

--- switched in the return statement of the function that makes it
def load():
    net = Net()
    return net.eval()

model = load()
with torch.no_grad():
    y = model(x)

--- switched by one caller of two
def load():
    net = Net()
    return net

first = load()
second = load()
first.eval()
with torch.no_grad():
    y = first(x)

--- switched under another name
model = Net()
net = model
model.eval()
with torch.no_grad(): y = net(x)

--- a helper that restores the mode
from contextlib import contextmanager

@contextmanager
def evaluating(net):
    was = net.training
    net.eval()
    yield net
    net.train(was)

model = Net()
with evaluating(model), torch.no_grad():
    y = model(x)

--- an imported helper
from utils import evaluating

model = Net()
with evaluating(model), torch.no_grad():
    y = model(x)

--- a decorator of the file switches
def in_inference(function):
    def wrapper(net, *rest):
        net.eval()
        return function(net, *rest)
    return wrapper

@in_inference
def predict(net, x):
    with torch.no_grad():
        return net(x)

model = Net()
print(predict(model, x))

--- an imported decorator may switch
from utils import in_inference

@in_inference
def predict(net, x):
    with torch.no_grad():
        return net(x)

model = Net()
print(predict(model, x))

--- wrapped after it was switched
model = Net()
model.eval()
parallel = nn.DataParallel(model)
with torch.no_grad():
    y = parallel(x)

--- switched inside the wrapper
model = nn.DataParallel(Net().eval())
with torch.no_grad(): y = model(x)

--- made of a model that was switched
backbone = Net()
backbone.eval()
model = nn.Sequential(backbone, nn.Softmax(1))
with torch.no_grad():
    y = model(x)

--- made of layers, one of them switched
layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8).eval()]
model = nn.Sequential(*layers)
with torch.no_grad():
    y = model(x)

--- a copy of a model that was switched
import copy

model = Net()
model.eval()
best = copy.deepcopy(model)
with torch.no_grad():
    y = best(x)

--- a global that another function replaces
model = Net()

def setup():
    global model
    model = nn.DataParallel(model).eval()

def predict(x):
    with torch.no_grad():
        return model(x)

--- a variable that a function further in replaces
def main():
    model = Net()
    def setup():
        nonlocal model
        model = load()
    setup()
    with torch.no_grad():
        y = model(x)

--- a global that a function makes and switches
model = None

def load():
    global model
    model = Net()
    model.eval()

def predict(x):
    with torch.no_grad():
        return model(x)

--- rebound to something loaded
model = Net()
print(model)
model = load_for_inference()
with torch.no_grad():
    y = model(x)

--- one of two, the other not in view
if args.big:
    model = Net()
else:
    model = load()
with torch.no_grad():
    y = model(x)

--- one arm of a conditional expression
model = Net() if args.big else load()
with torch.no_grad(): y = model(x)
""")


@pytest.mark.parametrize("code", SWITCHED)
def test_clean(code: str) -> None:
    check_clean("BN201", code, NET)
