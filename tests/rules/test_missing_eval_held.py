"""BN201: models that are kept in something, looked at by tools, or run for results."""

from __future__ import annotations

import pytest
from one_rule import Hazard, cases, check_clean, check_hazard, hazard
from test_missing_eval import NET

SILENT = ("no eval() in this file",)

HAZARD = [
    hazard(
        "an element of a list",
        """
        models = [Net(), Net()]
        with torch.no_grad():
            out = «models[0](image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert models[0].eval()",
    ),
    hazard(
        "under a key of a dictionary",
        """
        models = {"a": Net()}
        models["a"].load_state_dict(torch.load("weights.pt"))
        with torch.no_grad():
            out = «models["a"](image)»
        """,
        *SILENT,
        kind="error medium",
        fix='unsafe: insert models["a"].eval()',
    ),
    hazard(
        "kept by an object that makes it",
        """
        class Predictor:
            def __init__(self, path):
                self.model = Net()
            @torch.no_grad()
            def predict(self, x):
                return «self.model(x)»

        print(Predictor("weights.pt").predict(image))
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert self.model.eval()",
    ),
    hazard(
        "kept by a dataclass",
        """
        from dataclasses import dataclass

        @dataclass
        class State:
            model: nn.Module

        state = State(Net())
        with torch.no_grad():
            out = «state.model(image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert state.model.eval()",
    ),
    hazard(
        "kept by a namespace",
        """
        from types import SimpleNamespace

        state = SimpleNamespace(model=Net())
        with torch.no_grad():
            out = «state.model(image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert state.model.eval()",
    ),
    hazard(
        "out of a tuple that a function returns",
        """
        def build():
            net = Net()
            return net, torch.optim.SGD(net.parameters(), 0.1)

        model, optimizer = build()
        with torch.no_grad():
            out = «model(image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "looked at by tools",
        """
        import wandb
        from torchsummary import summary

        model = Net()
        summary(model, (3, 8, 8))
        wandb.watch(model)
        with torch.no_grad():
            out = «model(image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "saved in a dictionary",
        """
        model = Net()
        with torch.no_grad():
            out = «model(image)»
        torch.save({"model": model, "epoch": 1}, "last.pt")
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "one of the names of a module",
        """
        model = torchvision.models.__dict__["resnet50"]()
        with torch.no_grad():
            out = «model(image)»
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "a function that asserts is no test",
        """
        def main():
            model = Net()
            with torch.no_grad():
                out = «model(image)»
            assert out.shape[1] == 2
        """,
        *SILENT,
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
    hazard(
        "for results, on the weights that were loaded",
        """
        model = Net()
        model.load_state_dict(torch.load("weights.pt"))
        print(«model(image)».argmax(1))
        """,
        "runs in training mode on the weights that were loaded: no eval() in this file",
        kind="warning medium",
        fix="unsafe: insert model.eval()",
    ),
]


@pytest.mark.parametrize("case", HAZARD)
def test_hazard(case: Hazard) -> None:
    check_hazard("BN201", case, NET)


CLEAN = cases("""
--- a loop over the list
models = [Net(), Net()]
for m in models:
    m.eval()
with torch.no_grad(): y = models[0](x)

--- a loop over the values of the dictionary
models = {"a": Net()}
for m in models.values():
    m.eval()
with torch.no_grad(): y = models["a"](x)

--- mapped over the list
models = [Net()]
list(map(nn.Module.eval, models))
with torch.no_grad(): y = models[0](x)

--- the list is given away
import tools
models = [Net()]
tools.ready(models)
with torch.no_grad(): y = models[0](x)

--- the object that keeps it is given away
import tools
class P:
    def __init__(self):
        self.model = Net()
p = P()
tools.ready(p)
with torch.no_grad(): y = p.model(x)

--- a method of what keeps it switches
class P:
    def __init__(self):
        self.model = Net()
    def ready(self):
        self.model.eval()
p = P()
p.ready()
with torch.no_grad(): y = p.model(x)

--- getattr
class P:
    def __init__(self):
        self.model = Net()
p = P()
getattr(p, "model").eval()
with torch.no_grad(): y = p.model(x)

--- all attributes
class P:
    def __init__(self):
        self.model = Net()
    def ready(self):
        for v in vars(self).values():
            v.eval()
p = P()
p.ready()
with torch.no_grad(): y = p.model(x)

--- a base class that is not in view
import tools
class P(tools.Base):
    def __init__(self):
        super().__init__()
        self.model = Net()
    def predict(self, x):
        with torch.no_grad():
            return self.model(x)

--- a derived class switches
class P:
    def __init__(self):
        self.model = Net()
    def predict(self, x):
        with torch.no_grad():
            return self.model(x)
class Q(P):
    def __init__(self):
        super().__init__()
        self.model.eval()
print(Q().predict(x))

--- replaced in what keeps it
class P:
    def __init__(self):
        self.model = Net()
p = P()
p.model = torch.load("model.pt")
with torch.no_grad(): y = p.model(x)

--- a tool that leaves it in inference
from ptflops import get_model_complexity_info
model = Net()
get_model_complexity_info(model, (3, 8, 8))
with torch.no_grad(): y = model(x)

--- a copy of one that was switched
import copy
m = Net()
m.eval()
e = copy.deepcopy(m)
with torch.no_grad(): y = e(x)

--- for results, of a model that is trained
model = Net()
model.load_state_dict(torch.load("weights.pt"))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
print(model(x).argmax(1))

--- for results, without weights
model = Net()
print(model(x).argmax(1))

--- on loaded weights, for nothing that is seen
model = Net()
model.load_state_dict(torch.load("weights.pt"))
y = model(x)

--- no norm in this one
class Layers(nn.Module):
    def __init__(self, width, use_batch_norm=True):
        super().__init__()
        self.bn = nn.BatchNorm1d(width) if use_batch_norm else nn.Identity()
    def forward(self, x):
        return self.bn(x)
net = Layers(8, use_batch_norm=False)
with torch.no_grad(): y = net(x)
""")


@pytest.mark.parametrize("code", CLEAN)
def test_clean(code: str) -> None:
    check_clean("BN201", code, NET)
