"""What a text is taken to speak of before it is parsed."""

from __future__ import annotations

import pytest

from bnlint.frameworks.tables import catalogue
from bnlint.semantics.project.marks import (
    is_about_norms,
    lists_weights,
    mentions_api,
    mentions_norm,
    mentions_statistics,
    names_model,
    speaks_for_itself,
    switches_modes,
    takes_weights,
)


@pytest.mark.parametrize("alias", sorted({a.rpartition(".")[2] for a in catalogue().aliases}))
def test_each_api_is_one(alias: str) -> None:
    for text in (f"x = nn.{alias}(8)", alias, f"from a import {alias} as b"):
        assert mentions_api(text)


@pytest.mark.parametrize(
    ("text", "is_api"),
    [
        ("nn.BatchNorm2d(8)", True), ("tf.layers.batch_normalization(x)", True),
        ("batch_norm(x)", True), ("get_norm(x)", True), ("get_normal_name(x)", False),
        ("build_norm_layer(cfg)", True), ("create_norm_act_layer(x)", True),
        ("create_norm_layers(x)", False), ("nn.LayerNorm(8)", False), ("nn.Conv2d(3, 8)", False),
        ("", False),
    ],
)  # fmt: skip
def test_names_go_on_as_those_of_apis_do(text: str, is_api: bool) -> None:
    assert mentions_api(text) is is_api


@pytest.mark.parametrize("word", sorted(catalogue().state_words))
def test_each_word_for_statistics_speaks_of_them(word: str) -> None:
    assert mentions_statistics(f"self.{word} = x")
    assert speaks_for_itself(f"self.{word} = x")
    assert not mentions_api(f"self.{word} = x")


@pytest.mark.parametrize("word", sorted(catalogue().mode_words))
def test_each_word_for_modes_switches_them(word: str) -> None:
    assert switches_modes(f"x = y{word}z")
    assert not names_model(f"x = y{word}z")


@pytest.mark.parametrize("word", sorted(catalogue().model_words))
def test_each_word_for_models_names_one(word: str) -> None:
    assert names_model(f"net = {word}(1)")
    assert not names_model(f"net = x{word}(1)") or "." in word


@pytest.mark.parametrize("word", sorted(catalogue().norm_tokens))
def test_each_word_for_other_norms_names_one(word: str) -> None:
    assert mentions_norm(f"x = {word}(8)")


@pytest.mark.parametrize(
    ("text", "switches"),
    [
        ("loss.backward()", True), ("loss.backward", False), ("model.eval()", True),
        ("def evaluate(x): ...", True), ("def run_test(x): ...", True),
        ("def predict(): ...", True),
        ("def do_infer(): ...", True), ("def valid_step(): ...", True), ("def demo(): ...", True),
        ("def forward(test, valid): ...", False), ("def forward(x): ...", False),
        ("x = test\n# def of predict", False), ("class Demo: ...", False),
    ],
)  # fmt: skip
def test_what_switches_modes(text: str, switches: bool) -> None:
    """Gradients that are taken count, and functions that are named for inference."""
    assert switches_modes(text) is switches


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        ("# bnlint: off", True), ("# bnlint off", False), ("nn.BatchNorm2d(8)", True),
        ("model.eval\n", True), ("model.eval", True), ("model.eval  # now", True),
        ("model.train;", True), ("model.set_train\r\n", True), ("model.eval()", False),
        ("model.evaluate\n", False), ("x = model.eval, 1", False),
        ("mean, var = a\nlayer.set_weights([mean, var])", True),
        ("mean = a\nlayer.set_weights([mean])", False),
        ("var = a\nlayer.set_weights([var])", False),
        ("mean, var = a\nset_weights([mean, var])", False),
        ("ema.variables_to_restore()", True), ("variables_to_restore = 1", False),
        ("net = resnet50()\nnet.eval()", True), ("net = resnet50()", False),
        ("net.eval()", False), ("net = build()\nnet.eval()", False),
        ("net = resnet50()\nx = list(net.parameters())", True),
        ("net = resnet50()\nx = net.parameters()", False), ("x = list(net.parameters())", False),
    ],
)  # fmt: skip
def test_what_is_worth_parsing_by_itself(text: str, speaks: bool) -> None:
    assert speaks_for_itself(text) is speaks


@pytest.mark.parametrize("name", ["parameters", "named_parameters", "trainable_variables"])
@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("for a, b in zip(m.NAME(), n.NAME()):", True), ("zip(a, m.NAME())", True),
        ("zip(a,\n m.NAME())", False), ("[p for p in m.NAME()]", True),
        ("{p for p in self.m.NAME()}", True), ("for p in m.NAME():", False),
        ("dict(m.NAME())", True),
        ("OrderedDict(m.NAME())", True), ("list(m.NAME())", True), ("list(f(m.NAME()))", False),
        ("set(m.NAME())", False), ("Saver(tf.NAME())", True), ("Saver(a, var_list=m.NAME())", True),
        ("Saver(\n tf.NAME())", False), ("Keeper(tf.NAME())", False), ("m.NAME()", False),
    ],
)  # fmt: skip
def test_what_takes_weights(name: str, text: str, takes: bool) -> None:
    assert takes_weights(text.replace("NAME", name)) is takes


def test_a_word_in_another_place_takes_none() -> None:
    assert not takes_weights("list(m.buffers())")
    assert not takes_weights("list(m.state_dict())")
    assert lists_weights("mean var .set_weights(")


TWO = "import torch\nfrom keras import layers\n"


@pytest.mark.parametrize(
    ("text", "compared", "unsure", "about"),
    [
        ("nn.LayerNorm(8)", True, False, True),
        ("nn.LayerNorm(8)", False, False, False),
        ("nn.Linear(8)", True, False, False),
        (f"{TWO}nn.LayerNorm(8)", False, False, True),
        ("import torch\nimport torchvision\nnn.LayerNorm(8)", False, False, False),
        ("  import torch\n\tfrom keras import a\nnn.LayerNorm(8)", False, False, True),
        ("x = 'import torch'; y = 'import keras'\nnn.LayerNorm(8)", False, False, False),
        ("nn.LayerNorm(8, False)", False, False, True),
        ("nn.LayerNorm(8, 1e-5, True)", False, False, True),
        ("nn.LayerNorm(8, elementwise_affine=False)", False, False, False),
        ("nn.LayerNorm(8,\n False)", False, False, True),
        ("nn.LayerNorm(\n8, False)", False, False, False),
        ("nn.InstanceNorm2d(8, track_running_stats=x)", False, False, True),
        ("nn.LayerNorm(8, eps=config.layer_norm_eps)\nnn.LayerNorm(8)", False, True, True),
        ("nn.LayerNorm(8, eps=config.layer_norm_eps)\nnn.LayerNorm(8)", False, False, False),
        ("nn.LayerNorm(8, eps=config.layer_norm_eps)", False, True, False),
        ("nn.LayerNorm(8)\neps = 1e-5", False, True, False),
        ("eps = cfg['eps']\nnn.LayerNorm(8)", False, True, True),
        ("eps = args.eps\nnn.LayerNorm(8)", False, True, True),
        ("eps = hp.eps\nnn.LayerNorm(8)", False, True, True),
        ("eps = self.eps\nnn.LayerNorm(8)", False, True, False),
        ("norm_eps = self.config.norm_eps\nnn.LayerNorm(8)", False, True, True),
        ("EPS=conf.EPS\nnn.LayerNorm(8)", False, True, True),
    ],
)
def test_what_is_about_other_norms(text: str, compared: bool, unsure: bool, about: bool) -> None:
    assert is_about_norms(text, compared=compared, unsure=unsure) is about
