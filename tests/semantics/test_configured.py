"""What key of a configuration an eps is taken of, and what the key holds."""

from __future__ import annotations

import ast

import pytest
from reading import evaluator, sites

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.layers.configured import (
    configured,
    configured_eps,
    value_of,
    written_eps,
)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("config.layer_norm_eps", ("layer_norm_eps", "config", "config")),
        ("self.config.eps", ("eps", "self", "self.config")),
        ("model.text_config.norm_epsilon", ("norm_epsilon", "model", "model.text_config")),
        ("config['eps']", ("eps", "config", "config")),
        ("self.args['epsilon']", ("epsilon", "self", "self.args")),
        ("config.hidden_size", None),
        ("config[0]", None),
        ("config[eps]", None),
        ("model.eps", None),
        ("self.eps", None),
        ("read().config.eps", None),
        ("configs[0].eps", None),
        ("read().eps", None),
        ("eps", None),
        ("1e-5", None),
    ],
)
def test_a_key_of_a_configuration(code: str, found: tuple[str, str, str] | None) -> None:
    key = configured(ast.parse(code, mode="eval").body)
    assert (key and (key.key, key.root, key.holder)) == found
    assert key is None or key.text == code


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("config.eps", "cfg.epsilon", True),
        ("config.layer_norm_eps", "cfg.LAYER_NORM_EPSILON", True),
        ("config.layer_norm_eps", "config.rms_norm_eps", False),
    ],
)
def test_keys_that_are_called_alike(one: str, other: str, same: bool) -> None:
    keys = [configured(ast.parse(code, mode="eval").body) for code in (one, other)]
    assert keys[0] is not None
    assert keys[1] is not None
    assert keys[0].is_key_of(keys[1]) is same


@pytest.mark.parametrize(
    ("arguments", "written", "key"),
    [
        ("8, config.eps", "config.eps", "config.eps"),
        ("8, eps=config.eps", "config.eps", "config.eps"),
        ("8, momentum=config.eps", None, None),
        ("8, eps=1e-3", "1e-3", None),
        ("8, **options", None, None),
        ("8, 1e-3, eps=config.eps", "config.eps", None),
        ("8", None, None),
    ],
)
def test_what_is_written_as_eps(arguments: str, written: str | None, key: str | None) -> None:
    (site,) = sites(f"import torch.nn as nn\nx = nn.BatchNorm2d({arguments})\n")
    node = written_eps(site.call, site.api)
    assert (node and site.module.source(node)) == written
    found = configured_eps(site)
    if arguments != "8, 1e-3, eps=config.eps":
        assert (found and found.text) == key


def test_no_eps_is_written_for_what_takes_none() -> None:
    api = next(a for a in catalogue().load(("torch",)).apis.values() if a.id.endswith("2d"))
    call = ast.parse("f(8, eps=1e-3)", mode="eval").body
    assert isinstance(call, ast.Call)
    assert written_eps(call, api._replace(roles={})) is None
    assert written_eps(call, api) is not None


MODEL = """
from torch import nn
{}

class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm = nn.BatchNorm2d(8, eps=config.layer_norm_eps)
"""


@pytest.mark.parametrize(
    ("head", "value"),
    [
        pytest.param("", None, id="nothing in view"),
        pytest.param("from transformers import BertConfig", 1e-12, id="a class of the tables"),
        pytest.param("from transformers import BertConfig as BConfig", 1e-12, id="by another name"),
        pytest.param("from transformers import BertConfig as B", None, id="by no such name"),
        pytest.param("from transformers import BertModel", None, id="another class"),
        pytest.param("from transformers import BertConfig, BloomConfig", 1e-12, id="another key"),
        pytest.param("from transformers import BertConfig, BeitConfig", 1e-12, id="two that agree"),
        pytest.param(
            "from transformers import BertConfig, BlipVisionConfig", None, id="two that do not"
        ),
        pytest.param("class NetConfig:\n    layer_norm_eps = 1e-6", 1e-6, id="an attribute"),
        pytest.param("class NetConfig:\n    layer_norm_eps: float = 1e-6", 1e-6, id="a field"),
        pytest.param("class NetConfig:\n    layer_norm_eps: float", None, id="a bare field"),
        pytest.param("class NetConfig:\n    eps = 1e-3\n    layer_norm_eps = 1", 1.0, id="second"),
        pytest.param("class NetConfig:\n    a = layer_norm_eps = 1e-6", 1e-6, id="two targets"),
        pytest.param("class NetConfig:\n    layer_norm_eps = EPS", None, id="a name"),
        pytest.param("class NetConfig:\n    layer_norm_eps = '1e-6'", None, id="a text"),
        pytest.param("class Net2:\n    layer_norm_eps = 1e-6", None, id="no configuration"),
        pytest.param(
            "class NetConfig:\n    def __init__(self, size, layer_norm_eps=1e-6, bias=2):\n"
            "        pass",
            1e-6,
            id="a default",
        ),
        pytest.param(
            "class NetConfig:\n    def __init__(self, *, size, layer_norm_eps=1e-6, bias=2):\n"
            "        pass",
            1e-6,
            id="a default of a keyword",
        ),
        pytest.param(
            "class NetConfig:\n    def __init__(self, layer_norm_eps=1e-6, /, bias=2):\n"
            "        pass",
            1e-6,
            id="a default by place",
        ),
        pytest.param(
            "class NetConfig:\n    def __init__(self, layer_norm_eps, bias=2):\n        pass",
            None,
            id="required",
        ),
        pytest.param(
            "class NetConfig:\n    def reset(self, layer_norm_eps=1e-6):\n        pass",
            None,
            id="of another method",
        ),
        pytest.param(
            "class BaseConfig:\n    layer_norm_eps = 1e-6\nclass NetConfig(BaseConfig):\n    pass",
            1e-6,
            id="of the class above",
        ),
        pytest.param(
            "class BaseConfig2:\n    layer_norm_eps = 1e-6\n"
            "class NetConfig(BaseConfig2):\n    layer_norm_eps = 1e-4",
            1e-4,
            id="instead of that of the class above",
        ),
        pytest.param("def NetConfig():\n    pass", None, id="a function"),
    ],
)
def test_what_a_key_holds(head: str, value: float | None) -> None:
    site = sites(MODEL.format(head))[-1]
    key = configured_eps(site)
    assert key is not None
    assert value_of(evaluator(), site, key) == value
