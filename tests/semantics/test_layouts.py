"""Rank and axis of the features of a tensor: what is said of them, and what PyTorch has."""

from __future__ import annotations

import textwrap

import pytest
from reading import module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.tensors.layouts import fits, layout_before, made_by, normalised_axis

IMPORTS = "import torch\nimport torch.nn as nn\n"

MADE = """
conv = nn.Conv2d(3, 7, 3)
conv1 = nn.Conv1d(3, 7, 3)
conv3 = nn.Conv3d(3, 7, 2)
fc = nn.Linear(5, 7)
emb = nn.Embedding(10, 7)
rnn = nn.LSTM(5, 7, batch_first=True)
gru = nn.GRU(5, 7)
act = nn.ReLU()
pool = nn.MaxPool2d(2)
drop = nn.Dropout(0.5)
norm = nn.BatchNorm2d(7)
"""

IMAGE, SERIES, VOLUME = (2, 3, 8, 10), (2, 3, 8), (2, 3, 4, 5, 6)
STEPS = (4, 6, 5)

#: A program that makes x of z, the shape of z, and what is known: rank, axis, layer, last move.
FOUND = [
    ("x = conv(z)", IMAGE, "4 1 Conv2d"),
    ("x = conv1(z)", SERIES, "3 1 Conv1d"),
    ("x = conv3(z)", VOLUME, "5 1 Conv3d"),
    ("x = act(conv(z))", IMAGE, "4 1 Conv2d"),
    ("x = pool(act(conv(z)))", IMAGE, "4 1 Conv2d"),
    ("x = drop(conv(z))", IMAGE, "4 1 Conv2d"),
    ("x = norm(conv(z))", IMAGE, "4 1 Conv2d"),
    ("x = conv(z) + 1", IMAGE, "4 1 Conv2d"),
    ("x = 2 * conv(z)", IMAGE, "4 1 Conv2d"),
    ("y = conv(z)\nx = y", IMAGE, "4 1 Conv2d"),
    ("x = conv(z).contiguous()", IMAGE, "4 1 Conv2d"),
    ("x = conv(z).permute(0, 2, 3, 1)", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).permute((0, 2, 3, 1))", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).permute([0, -2, -1, 1])", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).permute(1, 0, 2, 3)", IMAGE, "4 0 Conv2d moved"),
    ("x = conv3(z).permute(0, 2, 3, 4, 1)", VOLUME, "5 4 Conv3d moved"),
    ("x = conv(z).transpose(1, 3)", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).transpose(3, 1)", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).transpose(1, -1)", IMAGE, "4 3 Conv2d moved"),
    ("x = conv(z).transpose(2, 3)", IMAGE, "4 1 Conv2d moved"),
    ("x = conv1(z).transpose(1, 2)", SERIES, "3 2 Conv1d moved"),
    ("x = conv1(z).transpose(1, 2).transpose(0, 1)", SERIES, "3 2 Conv1d moved"),
    ("x = conv1(z).transpose(1, 2).transpose(0, 2)", SERIES, "3 0 Conv1d moved"),
    ("x = conv(z)[0]", IMAGE, "3 0 Conv2d"),
    ("x = conv(z)[:, :, 0]", IMAGE, "3 1 Conv2d"),
    ("x = conv(z)[0, :, 0]", IMAGE, "2 0 Conv2d"),
    ("x = conv(z)[:, :, :, -1]", IMAGE, "3 1 Conv2d"),
    ("x = conv(z)[0].transpose(0, 2)", IMAGE, "3 2 Conv2d moved"),
    ("x = conv(z).permute(0, 2, 3, 1)[0]", IMAGE, "3 2 Conv2d moved"),
    ("x = conv(z).permute(0, 2, 3, 1)[:, 0, 0]", IMAGE, "2 1 Conv2d moved"),
    ("x = fc(z)", STEPS, "0 -1 Linear"),
    ("x = fc(z).permute(0, 2, 1)", STEPS, "3 1 Linear moved"),
    ("x = fc(z).permute(2, 0, 1)", STEPS, "3 0 Linear moved"),
    ("x = fc(z).permute(1, 0)", (4, 5), "2 0 Linear moved"),
    ("x = emb(z)", STEPS, "0 -1 Embedding"),
    ("x = emb(z.view(2, 60))", STEPS, "3 2 Embedding"),
    ("x, _ = rnn(z)", STEPS, "3 2 LSTM"),
    ("x, state = rnn(z)", STEPS, "3 2 LSTM"),
    ("x = rnn(z)[0]", STEPS, "3 2 LSTM"),
    ("x, _ = gru(z)", STEPS, "0 -1 GRU"),
    ("x = rnn(z)[0].permute(0, 2, 1)", STEPS, "3 1 LSTM moved"),
    ("x = fc(z.view(-1, 5))", STEPS, "2 1 Linear"),
    ("x = fc(z.reshape((-1, 5)))", STEPS, "2 1 Linear"),
    ("x = fc(z.view(4, 6, 5))", STEPS, "3 2 Linear"),
    ("x = fc(z.view(4, 6, 5)).transpose(1, 2)", STEPS, "3 1 Linear moved"),
    ("x = fc(z.view(4, 6, 5)).transpose(-1, -2)", STEPS, "3 1 Linear moved"),
    ("x = fc(z.view(4, 6, 5))[:, 0]", STEPS, "2 1 Linear"),
    ("x = conv(z).permute(0, 2, 3, 1).contiguous()", IMAGE, "4 3 Conv2d moved"),
]

#: What nothing, or the rank alone, is known of.
OPEN = [
    ("x = z", "nothing"),
    ("x = conv(z) @ z", "nothing"),
    ("x = conv", "nothing"),
    ("x = rnn(z)", "nothing"),
    ("x = rnn(z)[1]", "nothing"),
    ("_, x = rnn(z)", "nothing"),
    ("(x, _), _ = rnn(z)", "nothing"),
    ("x = conv(z)[0, 0]", "nothing"),
    ("x = conv(z)[:, 0]", "nothing"),
    ("x = conv(z)[:, None]", "nothing"),
    ("x = conv(z)[..., 0]", "nothing"),
    ("x = conv(z)[index]", "nothing"),
    ("x = fc(z)[0]", "nothing"),
    ("x = conv(z).permute(0, 2, 1)", "nothing"),
    ("x = conv(z).permute(0, 1, 1, 2)", "nothing"),
    ("x = conv(z).permute(*order)", "nothing"),
    ("x = conv(z).permute(dims=(0, 2, 3, 1))", "nothing"),
    ("x = conv(z).transpose(1, axis)", "nothing"),
    ("x = conv(z).transpose(1)", "nothing"),
    ("x = fc(z).transpose(1, 2)", "nothing"),
    ("x = z.transpose(1, 2)", "nothing"),
    ("x = conv(z).view(-1)", "nothing"),
    ("x = conv(z).view(*size)", "nothing"),
    ("x = conv(z).view(size)", "nothing"),
    ("x = conv(z).unfold(1, 2, 3)", "nothing"),
    ("x = conv(z).flip(1, 3)", "nothing"),
    ("x = conv(z).roll(2, 3)", "nothing"),
    ("x = torch.transpose(conv(z), 1, 3)", "nothing"),
    ("x = conv(z).view(2, 7, -1)", "3 None"),
    ("x = conv(z).view((2, 7, -1))", "3 None"),
    ("x = conv(z).view(2, -1)", "2 1"),
    ("x = z.permute(0, 2, 1)", "3 None"),
    ("x = z.permute(0, 2, 3, 1)", "4 3 moved"),
    ("x = z.permute(0, 2, 3, 4, 1)", "5 4 moved"),
    ("x = z.permute(0, 3, 1, 2)", "4 None"),
    ("x = norm(conv(z), 1)", "nothing"),
    ("x = other(conv(z))", "nothing"),
    ("if flag:\n    x = conv(z)\nelse:\n    x = conv1(z)", "nothing"),
    ("for x in conv(z):\n    pass", "nothing"),
]


def known(body: str, last: str = "nn.BatchNorm1d(7)") -> str:
    """Return what is known of what the last layer is given."""
    inside = textwrap.indent(body, "    ")
    code = f"{IMPORTS}{MADE}last = {last}\ndef f(z):\n{inside}\n    return last(x)\n"
    facts = read_facts(module_of(code))
    found = layout_before(facts.project.evaluator, facts.sites[-1])
    if found is None:
        return "nothing"
    axis = found.axis if found.rank else found.channels
    name = made_by(found).partition(" (")[0]
    moved = "moved" if found.moved is not None else ""
    return " ".join(filter(None, (str(found.rank), str(axis), name, moved)))


@pytest.mark.parametrize(("body", "shape", "expected"), FOUND, ids=[row[0] for row in FOUND])
def test_layout(body: str, shape: tuple[int, ...], expected: str) -> None:
    assert known(body) == expected


@pytest.mark.parametrize(("body", "expected"), OPEN, ids=[row[0] for row in OPEN])
def test_layout_that_is_not_known(body: str, expected: str) -> None:
    assert known(body) == expected


def test_a_long_way_is_followed_and_an_endless_one_is_not() -> None:
    assert known(f"x = {'act(' * 12}conv(z){')' * 12}") == "4 1 Conv2d"
    assert known(f"x = {'act(' * 40}conv(z){')' * 40}") == "nothing"


@pytest.mark.torch
@pytest.mark.parametrize(("body", "shape", "expected"), FOUND, ids=[row[0] for row in FOUND])
def test_pytorch_has_its_features_there(body: str, shape: tuple[int, ...], expected: str) -> None:
    """The features of all layers are seven, and nothing else is."""
    import torch

    z = torch.zeros(shape, dtype=torch.long) if "emb(" in body else torch.zeros(shape)
    names: dict[str, object] = {"z": z}
    exec(f"{IMPORTS}{MADE}{body}\n", names)
    x = names["x"]
    assert isinstance(x, torch.Tensor)
    rank, axis = map(int, expected.split()[:2])
    assert rank in (0, x.ndim)
    assert [at for at, size in enumerate(x.shape) if size == 7] == [axis % x.ndim]


@pytest.mark.parametrize(
    ("made", "last", "fitting"),
    [
        pytest.param("nn.Linear(5, 7)", "nn.BatchNorm1d(7)", True, id="alike"),
        pytest.param("nn.Linear(5, 7)", "nn.BatchNorm1d(8)", False, id="another number"),
        pytest.param("nn.Linear(5, 3 + 4)", "nn.BatchNorm1d(7)", True, id="alike, as numbers"),
        pytest.param("nn.Linear(5, n)", "nn.BatchNorm1d(n)", True, id="one name"),
        pytest.param("nn.Linear(5, n)", "nn.BatchNorm1d(m)", False, id="two names"),
        pytest.param("nn.Linear(5, 2 * n)", "nn.BatchNorm1d(2 * n)", True, id="computed"),
        pytest.param("nn.Linear(5, n)", "nn.BatchNorm1d(7)", False, id="one is not known"),
        pytest.param("nn.Linear(*n)", "nn.BatchNorm1d(n)", False, id="unpacked"),
    ],
)
def test_channels_fit_if_they_are_certain_to_be_as_many(
    made: str, last: str, fitting: bool
) -> None:
    code = f"{IMPORTS}def f(z, n, m):\n    x = {made}(z)\n    return {last}(x)\n"
    facts = read_facts(module_of(code))
    ev, (site,) = facts.project.evaluator, facts.sites
    found = layout_before(ev, site)
    assert found is not None
    assert fits(ev, site, found) is fitting
    assert not fits(ev, site, found._replace(source=None))


@pytest.mark.parametrize(
    ("call", "axis"),
    [
        ("nn.BatchNorm2d(7)", 1), ("nn.BatchNorm1d(7)", 1), ("layers.BatchNormalization()", None),
        ("layers.BatchNormalization(axis=1)", None), ("gluon.BatchNorm()", None),
        ("gluon.BatchNorm(axis=1)", None), ("paddle.nn.BatchNorm2D(7)", 1),
        ("paddle.nn.BatchNorm2D(7, data_format='NCHW')", None),
        ("paddle.nn.BatchNorm2D(7, data_format='NHWC')", None), ("ms.BatchNorm2d(7)", 1),
        ("(nn.BatchNorm2d if a else nn.BatchNorm1d)(7)", None), ("linen.BatchNorm()", None),
    ],
)  # fmt: skip
def test_the_axis_that_is_normalised_where_nobody_sets_it(call: str, axis: int | None) -> None:
    code = (
        "import flax.linen as linen\nimport paddle\nfrom mindspore import nn as ms\n"
        "from mxnet.gluon import nn as gluon\nfrom tensorflow.keras import layers\n"
    )
    (site,) = read_facts(module_of(f"{IMPORTS}{code}layer = {call}\n")).sites
    assert normalised_axis(site) == axis
