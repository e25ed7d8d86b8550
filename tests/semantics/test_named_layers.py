"""Layers that functions of frameworks make by their names, as the tables have them.

A name that is none of a table, or not known, gives no layer; one that a caller may override gives a
presumed one.
"""

from __future__ import annotations

import ast

import pytest
from reading import evaluator, last_expression, module_of, sites
from tables import apis, settings, table

from bnlint.engine.facts import read_facts
from bnlint.engine.linter import Options, check
from bnlint.engine.registry import load_rules
from bnlint.semantics.values.arguments import arguments_of
from bnlint.semantics.values.named_layers import made

_IMPORTS = """
import torch.nn as nn
from functools import partial
from detectron2.layers import get_norm
from mmcv.cnn import build_norm_layer
from timm.layers import (
    create_norm_act_layer, create_norm_layer, get_norm_act_layer, get_norm_layer,
)
"""

EPS = table("""
--- a dictionary says the name and settings => known 0.001
name, layer = build_norm_layer(dict(type="BN", eps=1e-3), 64)
--- a setting that the dictionary leaves out => default 1e-05
build_norm_layer({"type": "SyncBN", "requires_grad": True}, 64, postfix=1)
--- a dictionary under a name of the file => known 0.001
NORM = dict(type="BN1d", eps=1e-3)
build_norm_layer(NORM, num_features=64)[1]
--- a dictionary that a caller may replace => presumed 0.01
class Block(nn.Module):
    def __init__(self, planes, norm_cfg=dict(type="BN", eps=1e-2)):
        self.name, self.bn = build_norm_layer(norm_cfg, planes)
--- the name alone => default 1e-05
get_norm("FrozenBN", 64)
--- the class in the place of its name => default 1e-05
get_norm(nn.BatchNorm2d, 64)
--- arguments go through to the layer => known 0.001
create_norm_layer("batchnorm2d", 64, eps=1e-3)
--- an activation is made with it => known 0.001
create_norm_act_layer("batchnorm", 64, apply_act=False, eps=1e-3)
--- the class is given, and called => known 0.001
get_norm_layer("batch_norm")(64, eps=1e-3)
--- the class is given under a name => known 0.001
norm = get_norm_act_layer("BatchNorm2d")
bn = norm(64, eps=1e-3)
--- the class in the place of its name, and an activation is made with it => known 0.001
norm = get_norm_act_layer(nn.BatchNorm2d)
bn = norm(64, eps=1e-3)
--- a partial in the place of the name => known 0.001; known 0.01
norm = get_norm_act_layer(partial(nn.BatchNorm2d, eps=1e-3))
a = norm(64)
b = norm(64, eps=1e-2)
--- the class is given into a partial => known 0.001
norm = partial(get_norm_layer("batchnorm2d"), eps=1e-3)
bn = norm(64)
--- a name of another layer =>
get_norm("GN", 64)
--- a dictionary for another layer =>
build_norm_layer(dict(type="GN", num_groups=8), 64)
--- a class of another layer =>
get_norm(nn.GroupNorm, 64)
--- no layer =>
get_norm(None, 64)
--- no layer, by an empty name =>
get_norm("", 64)
--- a name that nobody has =>
get_norm("BatchRenorm", 64)
--- the class of another layer is given =>
get_norm_layer("layernorm")(64)
--- a function of the project that is called so =>
def get_norm(norm, channels):
    return nn.Identity()
get_norm("BN", 64)
--- one of two dictionaries => presumed 0.001
def block(wide):
    cfg = dict(type="BN", eps=1e-3) if wide else dict(type="GN", num_groups=8)
    return build_norm_layer(cfg, 64)
""")


@pytest.mark.parametrize(("code", "expected"), EPS)
def test_settings_of_layers_made_by_name(code: str, expected: list[str]) -> None:
    assert settings(_IMPORTS + code) == expected


APIS = table("""
--- each name is its own layer => torch.BatchNorm2d; torch.BatchNorm3d; torch.SyncBatchNorm
build_norm_layer(dict(type="BN"), 8)
build_norm_layer(dict(type="BN3d"), 8)
build_norm_layer(dict(type="SyncBN"), 8)
--- the layer with an activation => torch.BatchNormAct2d; torch.BatchNormAct2d
create_norm_act_layer("batchnorm2d", 8)
get_norm_act_layer(nn.BatchNorm2d)(8)
--- one of two names => torch.BatchNorm2d | torch.SyncBatchNorm
get_norm("SyncBN" if distributed else "BN", 8)
--- one of two names, the other of another layer => torch.BatchNorm2d ?
get_norm("GN" if small else "BN", 8)
--- one of two names, the other of none => torch.BatchNorm2d
get_norm(None if small else "BN", 8)
--- the layer with an activation, by a partial of one without => torch.BatchNormAct2d
get_norm_act_layer(partial(nn.BatchNorm2d, eps=1e-3))(8)
""")


@pytest.mark.parametrize(("code", "expected"), APIS)
def test_which_layer_a_name_is(code: str, expected: list[str]) -> None:
    found = apis(_IMPORTS + code)
    assert [" | ".join(sorted(name.split(" | "))) for name in found] == expected


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("build_norm_layer(dict(type='BN', eps=1e-3), 64, postfix=1)", ["eps", "num_features"]),
        ("build_norm_layer(dict(type='BN'), num_features=64)", ["num_features"]),
        (
            "create_norm_act_layer('batchnorm2d', 64, apply_act=False, eps=1e-3)",
            ["eps", "num_features"],
        ),
        ("get_norm('BN', out_channels=64)", ["num_features"]),
    ],
)
def test_what_arrives_at_the_layer(call: str, names: list[str]) -> None:
    module = module_of(f"{_IMPORTS}{call}\n")
    node = last_expression(module)
    assert isinstance(node, ast.Call)
    ev = evaluator()
    (callee,) = ev.evaluate(module, node.func)
    (layer,) = made(ev, callee, arguments_of(ev, module, node, None))
    assert sorted(layer.arguments.keywords) == names


def test_channels_are_passed_on() -> None:
    found = sites(
        _IMPORTS + "build_norm_layer(dict(type='BN'), 64)\nget_norm('BN', out_channels=32)"
    )
    assert [site.value("channels").value for site in found] == [64, 32]


def test_a_setting_is_reported_in_the_dictionary_that_has_it() -> None:
    code = _IMPORTS + "norm = build_norm_layer(dict(type='BN', momentum=0.99), 64)\n"
    result = check(code.encode(), "x.py", load_rules(), Options(frozenset({"BN101"})))
    assert [(f.code, f.span.row) for f in result.findings] == [("BN101", code.count("\n"))]
    row = code.splitlines()[-1]
    assert row[result.findings[0].span.column - 1 :].startswith("0.99")


def test_nothing_is_written_where_no_call_of_the_layer_stands() -> None:
    code = _IMPORTS + "norm = build_norm_layer(dict(type='BN'), 64)\n"
    options = Options(frozenset({"BN103"}), from_family="keras")
    (finding,) = check(code.encode(), "x.py", load_rules(), options).findings
    assert finding.fix is not None
    assert finding.fix.applicability == "manual"


def test_a_call_that_takes_the_arguments_is_rewritten() -> None:
    code = _IMPORTS + "norm = create_norm_layer('batchnorm2d', 64)\n"
    options = Options(frozenset({"BN103"}), from_family="keras")
    (finding,) = check(code.encode(), "x.py", load_rules(), options).findings
    assert finding.fix is not None
    assert [edit.text for edit in finding.fix.edits] == [", eps=0.001"]


def test_what_is_not_known_is_told() -> None:
    code = _IMPORTS + "def block(cfg):\n    return build_norm_layer(cfg, 64)\n"
    facts = read_facts(module_of(code))
    assert not facts.sites
    assert [item.why for item in facts.unresolved] == ["parameter cfg of block has no default"]
