"""BN201, clean: training mode is meant, or does not matter."""

from __future__ import annotations

import pytest
from one_rule import cases, check_clean, run
from test_missing_eval import NET

MEANT = cases("""
--- a dry run on zeros, to learn a shape
m = Net()
with torch.no_grad(): n = m(torch.zeros(1, 3, 8, 8).to(d)).shape

--- a dry run of lazy layers
model = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d())
example = torch.empty(2, 3, 32, 32, device=device)
with torch.no_grad():
    print(model(example.half()).shape)

--- a dry run on random numbers in a Variable
from torch.autograd import Variable

def test():
    net = Net()
    y = net(Variable(torch.randn(1, 3, 32, 32)))
    print(y.size())

--- random input from elsewhere, named for what it is
m = Net()
dummy = make()
with torch.no_grad(): n = m(dummy).shape

--- warming up: the result is thrown away
m = Net()
with torch.no_grad():
    for _ in range(10): m(x)

--- precise statistics: the result is thrown away
model = Net()
for layer in bns:
    layer.momentum = None
with torch.no_grad():
    for x, _ in loader:
        model(x.cuda())

--- Monte Carlo dropout: switched to training on purpose
model = Net()
model.load_state_dict(torch.load("weights.pt"))
model.train()
with torch.no_grad():
    samples = torch.stack([model(x) for _ in range(30)])

--- a function named for Monte Carlo
model = Net()

def mc_dropout_predict(x):
    with torch.no_grad():
        return torch.stack([model(x) for _ in range(30)])

--- a function named for re-estimating statistics
model = Net()

def update_bn(loader):
    with torch.no_grad():
        return [model(x) for x in loader]

--- sampling from noise
netG = nn.Sequential(nn.ConvTranspose2d(100, 8, 4), nn.BatchNorm2d(8))
fixed_noise = torch.randn(64, 100, 1, 1)
with torch.no_grad():
    fake = netG(fixed_noise)

--- a generator, which may sample in training mode (pix2pix)
generator = nn.Sequential(nn.Conv2d(3, 8, 4), nn.BatchNorm2d(8))
with torch.no_grad():
    for image in loader:
        save(generator(image))

--- a latent code
decoder = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))
def test(z):
    return decoder(z)

--- a function that generates
decoder = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8))

@torch.no_grad()
def generate_images(codes):
    return decoder(codes)

--- a teacher whose output feeds the loss
teacher, student = Net(), Net()
teacher = Net()
optimizer = torch.optim.SGD(student.parameters(), 0.1)
for x, y in loader:
    with torch.no_grad():
        target = teacher(x).softmax(1)
    loss = F.kl_div(student(x).log_softmax(1), target)
    loss.backward()
    optimizer.step()

--- a teacher called in a helper
teacher = Net()
student = Net()

def targets(x):
    with torch.no_grad():
        return teacher(x)

for x, y in loader:
    loss = F.mse_loss(student(x), targets(x))
    loss.backward()

--- a momentum encoder inside a training step
def train_epoch(loader):
    key_encoder = Net()
    query_encoder = Net()
    for x, y in loader:
        q = query_encoder(x)
        with torch.no_grad():
            k = key_encoder(y)
        logits = q @ k.t()
        scaler.scale(F.cross_entropy(logits, labels)).backward()

--- features kept for a loss
model = Net()
bank = []
for x in loader:
    with torch.no_grad():
        bank.append(model(x))
loss = contrast(torch.cat(bank))
loss.backward()

--- what it gives is stored where it cannot be followed
class Step:
    def run(self, x):
        model = Net()
        with torch.no_grad():
            self.target = model(x)

--- given to code that trains
model = Net()
for x, y in loader:
    with torch.no_grad():
        features = model(x)
    head.fit(features, y)

--- inside forward
class Student(nn.Module):
    def forward(self, x):
        teacher = Net()
        with torch.no_grad():
            return teacher(x)

--- a unit test states what must hold
def test_shape():
    model = Net()
    y = model(load_image())
    assert y.shape == (1, 2)

--- a unit test that compares, gradients off
def test_same():
    model = Net()
    with torch.no_grad():
        y = model(load_image())
    torch.testing.assert_close(y, expected)

--- a unit test that trains
def test_overfit(loader):
    model = Net()
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        loss.backward()

--- a function named for training
model = Net()
def train_and_test(loader):
    return [model(x) for x in loader]

--- test-time adaptation
model = Net()
def adapt_predict(x):
    with torch.no_grad():
        return model(x)

--- another framework infers unless told otherwise
from tensorflow import keras

model = keras.Sequential([keras.layers.BatchNormalization()])
def predict(x):
    return model(x)
""")


@pytest.mark.parametrize("code", MEANT)
def test_clean(code: str) -> None:
    check_clean("BN201", code, NET)


PHASES = """
import torch
from torch import nn

model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(10):
    for phase in ("train", "val"):
        for x, y in loaders[phase]:
            loss = nn.functional.cross_entropy(model(x), y)
            if {}:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
torch.save(model.state_dict(), "net.pt")
"""


@pytest.mark.parametrize(
    ("test", "fix"),
    [
        pytest.param("phase == 'train'", "insert model.train(phase == 'train')", id="compared"),
        pytest.param("phase != 'val'", "insert model.train(phase != 'val')", id="with the other"),
        pytest.param("phase in ['train']", "insert model.train(phase in ['train'])", id="among"),
        pytest.param("is_train(phase)", "", id="what a function says may differ a second time"),
        pytest.param("phase == 'train' and epoch", "", id="more than the phase"),
    ],
)
def test_the_mode_follows_the_phase_where_its_test_can_be_made_twice(test: str, fix: str) -> None:
    (finding,) = run("BN201", PHASES.format(test))
    assert (finding.fix.message if finding.fix else "") == fix
