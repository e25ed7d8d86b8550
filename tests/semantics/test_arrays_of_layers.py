"""Which array of a layer an expression is, and what code puts where."""

from __future__ import annotations

import pytest
from reading import last_expression, module_of

from bnlint.engine.facts import read_facts
from bnlint.semantics.weights.sources import Arrays, Slot
from bnlint.semantics.weights.transfers import Copy, copies, renamings

IMPORTS = """
import numpy as np
import torch
from torch import nn
import keras

def plain(value):
    return torch.from_numpy(value)

def doubled(value):
    return 2 * value

def noted(value):
    "Return the value."
    return value

def second(first, value):
    return value

def first(value, other):
    return value

class Own:
    def get_weights(self):
        return self.all
"""


def _shown(slot: Slot | None) -> str:
    if slot is None:
        return "none"
    at = f" {slot.at} of {slot.length}" if slot.at >= 0 else ""
    return f"{slot.kind} of {slot.owner}{at}"


def _slot(code: str) -> str:
    module = module_of(IMPORTS + code)
    facts = read_facts(module)
    arrays = Arrays(facts.project.evaluator, module, facts.sites)
    return _shown(arrays.slot(last_expression(module)))


VAR = "variance of bn"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("bn.running_var", VAR, id="an attribute"),
        pytest.param("bn.running_var.data", VAR, id="its values"),
        pytest.param("bn.running_var.detach().cpu().numpy()", VAR, id="moved"),
        pytest.param("bn.running_var.unknown()", "none", id="another method"),
        pytest.param("np.array(bn.running_var)", VAR, id="made an array"),
        pytest.param("torch.from_numpy(bn.running_var)", VAR, id="made a tensor"),
        pytest.param("np.sqrt(bn.running_var)", "none", id="computed"),
        pytest.param("np.array()", "none", id="nothing made an array"),
        pytest.param("bn.running_var[:]", VAR, id="all of it"),
        pytest.param("bn.running_var[...]", VAR, id="all of it, by an ellipsis"),
        pytest.param("bn.running_var[()]", VAR, id="all of it, by nothing"),
        pytest.param("bn.running_var[1:]", "none", id="not the first"),
        pytest.param("bn.running_var[:3]", "none", id="the first"),
        pytest.param("bn.running_var[::2]", "none", id="every other"),
        pytest.param("bn.running_var[0]", "none", id="one value"),
        pytest.param("bn.something", "none", id="another attribute"),
        pytest.param("x = bn.running_var\nx", VAR, id="a variable"),
        pytest.param("x = y = bn.running_var\ny", VAR, id="two variables"),
        pytest.param("(x := bn.running_var)\nx", VAR, id="named within"),
        pytest.param("x = bn.running_var\nx = f()\nx", "none", id="bound again"),
        pytest.param(
            "x = bn.running_var\nif c:\n    x = bn.running_var.data\nx", VAR, id="the same twice"
        ),
        pytest.param(
            "x = bn.running_var\nif c:\n    x = other.running_var\nx", "none", id="one of two"
        ),
        pytest.param("x += bn.running_var\nx", "none", id="added"),
        pytest.param("for x in bn.running_var: pass\nx", "none", id="looped over"),
        pytest.param("import x\nx", "none", id="a module"),
        pytest.param("unbound", "none", id="what is not bound"),
        pytest.param("state['bn.running_var']", "variance of state['bn.']", id="a key"),
        pytest.param("state['running_var']", "variance of state", id="a key alone"),
        pytest.param("state[p + '.running_var']", "variance of state[p + '.']", id="built"),
        pytest.param("state[f'{p}.running_var']", "variance of state[f'{p}.']", id="formatted"),
        pytest.param("state['%s/moving_variance' % p]", "variance of state['%s/' % p]", id="old"),
        pytest.param("state['weight_of_conv']", "none", id="another key"),
        pytest.param("k = p + '.running_var'\nstate[k]", "variance of state[p + '.']", id="named"),
        pytest.param(
            "K = {1: 'a.running_var'}\nk = K[1]\nstate[k]", "variance of state[a.]", id="looked up"
        ),
        pytest.param("k = 3\nstate[k]", "none", id="a number"),
        pytest.param("state.get('bn.running_var')", "variance of state.get['bn.']", id="get"),
        pytest.param(
            "reader.get_tensor(p + '/moving_variance')",
            "variance of reader.get_tensor[p + '/']", id="a reader",
        ),
        pytest.param(
            "read('bn.running_var', 3).get('bn.running_mean', None)",
            "mean of read('bn.running_var', 3).get['bn.']", id="a default behind the key",
        ),
        pytest.param("state.get()", "none", id="get of nothing"),
        pytest.param("other('bn.running_var')", "none", id="another function"),
        pytest.param("plain(bn.running_var)", VAR, id="through a helper"),
        pytest.param("noted(bn.running_var)", VAR, id="through a documented helper"),
        pytest.param("(lambda value: value)(bn.running_var)", VAR, id="a lambda"),
        pytest.param("doubled(bn.running_var)", "none", id="a helper that computes"),
        pytest.param("plain(value=bn.running_var)", "none", id="by keyword"),
        pytest.param("plain(bn.running_var, 3)", "none", id="with another argument"),
        pytest.param("second(bn.running_var)", VAR, id="what is given last"),
        pytest.param("first(bn.running_var)", "none", id="what is given first"),
        pytest.param("unknown(bn.running_var)", "none", id="through what is not known"),
        pytest.param("-bn.running_var", "none", id="negated"),
    ],
)  # fmt: skip
def test_slot(code: str, expected: str) -> None:
    assert _slot(code) == expected


@pytest.mark.parametrize(
    "method", ["copy", "squeeze", "flatten", "ravel", "reshape", "view", "tolist", "transpose"]
)
def test_methods_that_leave_values_alone(method: str) -> None:
    assert _slot(f"bn.running_var.{method}()") == VAR


@pytest.mark.parametrize(
    "function", ["array", "asarray", "ascontiguousarray", "squeeze", "float32", "copy"]
)
def test_functions_that_leave_values_alone(function: str) -> None:
    assert _slot(f"np.{function}(bn.running_var)") == VAR


def test_what_takes_an_array_out_of_a_dictionary() -> None:
    assert _slot("state.pop('bn.running_var')") == "variance of state.pop['bn.']"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("bn.get_weights()[0]", "scale of bn 0 of 0", id="the first"),
        pytest.param("bn.get_weights()[3]", "variance of bn 3 of 0", id="the last"),
        pytest.param("bn.get_weights()[4]", "none", id="behind the last"),
        pytest.param("bn.get_weights()[i]", "none", id="which is not known"),
        pytest.param("bn.weights[2]", "mean of bn 2 of 0", id="an attribute"),
        pytest.param("bn.get_weights(x)[0]", "none", id="a method of something"),
        pytest.param("bn.get_layers()[0]", "none", id="another method"),
        pytest.param("Own().get_weights()[0]", "none", id="a method of the file"),
        pytest.param("g, b, m, v = bn.get_weights()\nm", "mean of bn 2 of 4", id="unpacked"),
        pytest.param("[g, b, m, v] = bn.get_weights()\nv", "variance of bn 3 of 4", id="a list"),
        pytest.param("g, *more = bn.get_weights()\ng", "scale of bn 0 of 0", id="the first of all"),
        pytest.param("g, (b, m) = bn.get_weights()\nm", "none", id="unpacked twice"),
        pytest.param("w = bn.get_weights()\nw[1]", "shift of bn 1 of 0", id="a variable"),
        pytest.param("w = bn.get_weights()\nw = f()\nw[1]", "none", id="bound again"),
        pytest.param("unbound[1]", "none", id="what is not bound"),
        pytest.param(
            "w = bn.get_weights()\ndef f():\n    pass\ng, b = w[:2]\nb", "shift of bn 1 of 0",
            id="the first two",
        ),
        pytest.param("m, v = bn.get_weights()[2:]\nv", "variance of bn 3 of 0", id="the last two"),
        pytest.param("m, v = bn.get_weights()[::2]\nv", "none", id="every other"),
        pytest.param("m, v = bn.get_weights()[i:]\nv", "none", id="from where is not known"),
        pytest.param("list(bn.get_weights())[2]", "mean of bn 2 of 0", id="listed"),
        pytest.param("tuple(bn.get_weights())[2]", "mean of bn 2 of 0", id="in a tuple"),
        pytest.param("sorted(bn.get_weights())[2]", "none", id="sorted"),
        pytest.param(
            "g, b, m, v = map(np.array, bn.get_weights())\nm", "mean of bn 2 of 4", id="mapped"
        ),
        pytest.param("g, b, m, v = map(np.sqrt, bn.get_weights())\nm", "none", id="computed"),
        pytest.param(
            "g, b, m, v = [np.array(w) for w in bn.get_weights()]\nm", "mean of bn 2 of 4",
            id="comprehended",
        ),
        pytest.param(
            "g, b, m, v = (w for w in bn.get_weights())\nm", "mean of bn 2 of 4", id="generated"
        ),
        pytest.param(
            "g, b, m, v = [2 * w for w in bn.get_weights()]\nm", "none", id="computed in a list"
        ),
        pytest.param(
            "g, b, m, v = [x for w in bn.get_weights()]\nm", "none", id="something else in a list"
        ),
        pytest.param(
            "g, b, m, v = [w for w in bn.get_weights() if w]\nm", "none", id="some in a list"
        ),
        pytest.param("(a.gamma, bn.beta)[1]", "shift of bn", id="in a display"),
        pytest.param("[a.gamma, bn.beta][2]", "none", id="behind a display"),
        pytest.param("[*a, bn.beta][1]", "none", id="behind others"),
        pytest.param("a, b = bn.running_mean, bn.running_var\nb", VAR, id="side by side"),
    ],
)  # fmt: skip
def test_element(code: str, expected: str) -> None:
    assert _slot(code) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param("", ["scale 4", "shift 4", "mean 4", "variance 4"], id="all"),
        pytest.param("scale=False", ["shift 3", "mean 3", "variance 3"], id="without a scale"),
        pytest.param("center=False", ["scale 3", "mean 3", "variance 3"], id="without a shift"),
        pytest.param("scale=True", ["scale 4", "shift 4", "mean 4", "variance 4"], id="with one"),
        pytest.param("scale=flag", ["scale 4", "shift 4", "mean 4", "variance 4"], id="or not"),
    ],
)
def test_the_weights_that_a_layer_gives(made: str, expected: list[str]) -> None:
    names = ", ".join("abcd"[: len(expected)])
    code = f"bn = keras.layers.BatchNormalization({made})\n{names} = bn.get_weights()\n"
    shown = [_slot(f"{code}{name}").split() for name in names.split(", ")]
    assert [f"{kind} {length}" for kind, *_, length in shown] == expected


@pytest.mark.parametrize(
    ("first", "step", "last"),
    [
        pytest.param("a0 = bn.running_var", "a{n} = a{m}", "a{m}", id="assigned"),
        pytest.param("a0 = bn.running_var", "a{n}, b = a{m}, 0", "a{m}", id="unpacked"),
        pytest.param("a0 = bn.get_weights()", "a{n} = a{m}", "a{m}[3]", id="lists"),
    ],
)
def test_how_far_variables_are_followed(first: str, step: str, last: str) -> None:
    def follows(times: int) -> bool:
        steps = "".join(f"{step.format(n=n, m=n - 1)}\n" for n in range(1, times))
        return _slot(f"{first}\n{steps}{last.format(m=times - 1)}").startswith(VAR)

    assert [follows(n) for n in (8, 9)] == [True, False]


def test_how_far_helpers_are_followed() -> None:
    found = [_slot("plain(" * times + "bn.running_var" + ")" * times) for times in (8, 9)]
    assert found == [VAR, "none"]


def test_a_variable_that_is_made_of_itself() -> None:
    assert _slot("a = bn.running_var\nfor i in n:\n    a = plain(a)\na") == "none"
    assert _slot("a = bn.get_weights()\nfor i in n:\n    a = list(a)\na[0]") == "none"


# ---------------------------------------------------------------------------------- transfers


def _copied(copy: Copy) -> str:
    shown = " ".join(f"{_shown(t.target)} <- {_shown(t.source)};" for t in copy.transfers)
    return f"{copy.owner}: {shown}"


KINDS = ("scale", "shift", "mean", "variance")


def _all(owner: str, known: int) -> str:
    """Return how it is shown that all weights are set, ``known`` of them to those of ``a``."""
    sources = [f"{kind} of a" if at < known else "none" for at, kind in enumerate(KINDS)]
    parts = (f"{k} of {owner} {at} of 4 <- {sources[at]};" for at, k in enumerate(KINDS))
    return f"{owner}: {' '.join(parts)}"


ALL = _all("bn", 4)
AT_BIRTH = _all("keras.layers.BatchNormalization", 2)


def _copies(code: str) -> list[str]:
    module = module_of(IMPORTS + code)
    facts = read_facts(module)
    return [_copied(c) for c in copies(facts.project.evaluator, module, facts.sites)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            "bn.running_var = a.running_var", ["bn: variance of bn <- variance of a;"], id="stored"
        ),
        pytest.param(
            "bn.running_var.data = f(x)", ["bn: variance of bn <- none;"], id="its values"
        ),
        pytest.param("bn.running_var += x", [], id="added"),
        pytest.param("bn.num = a.running_var", [], id="another attribute"),
        pytest.param("self.running_var = a.running_var", [], id="of itself"),
        pytest.param("x, bn.running_var = f()", [], id="unpacked"),
        pytest.param(
            "bn.running_var.copy_(a.running_var)", ["bn: variance of bn <- variance of a;"],
            id="copied",
        ),
        pytest.param(
            "bn.running_var.data.copy_(a.running_var.data)",
            ["bn: variance of bn <- variance of a;"], id="values copied",
        ),
        pytest.param("bn.running_var.copy_(a.running_var, True)", [], id="copied otherwise"),
        pytest.param("bn.bias_of.copy_(a.running_var)", [], id="copied elsewhere"),
        pytest.param(
            "bn.running_var[:] = a.running_var", ["bn: variance of bn <- variance of a;"],
            id="all values",
        ),
        pytest.param("bn.running_var[0] = a.running_var", [], id="one value"),
        pytest.param(
            "s['bn.running_var'] = a.running_var",
            ["s['bn.']: variance of s['bn.'] <- variance of a;"], id="by key",
        ),
        pytest.param(
            "s['bn.running_var'][:] = a.running_var",
            ["s['bn.']: variance of s['bn.'] <- variance of a;"], id="by key, all values",
        ),
        pytest.param("s['bn.running_var'] += a.running_var", [], id="by key, added"),
        pytest.param("s['name'] = a.running_var", [], id="by another key"),
        pytest.param(
            "bn.set_weights([a.gamma, a.beta, a.moving_mean, a.moving_variance])",
            [ALL],
            id="all weights",
        ),
        pytest.param("bn.set_weights([a.gamma, a.moving_variance])", [], id="two weights"),
        pytest.param("bn.set_weights([*a, a.b, a.c, a.moving_mean])", [], id="of a list"),
        pytest.param("bn.set_weights()", [], id="none"),
        pytest.param(
            "w = []\nw.append(a.gamma)\nw.append(a.beta)\nw.append(a.moving_mean)\n"
            "w.append(a.moving_variance)\nbn.set_weights(w)",
            [ALL],
            id="line by line",
        ),
        pytest.param(
            "w = [a.gamma, a.beta]\nw.append(a.moving_mean)\nif c:\n"
            "    w.append(a.moving_variance)\nbn.set_weights(w)",
            [], id="line by line, or not",
        ),
        pytest.param(
            "w = [a.gamma, a.beta, a.moving_mean, a.moving_variance]\nw.sort()\nbn.set_weights(w)",
            [], id="changed otherwise",
        ),
        pytest.param(
            "w = [a.gamma, a.beta, a.moving_mean]\nw.append(a.b, a.c)\nbn.set_weights(w)",
            [], id="appended otherwise",
        ),
        pytest.param(
            "w = [a.gamma, a.beta, a.moving_mean]\nz.append(w)\nbn.set_weights(w)",
            [], id="put into another",
        ),
        pytest.param(
            "w = [a.gamma, a.beta, a.moving_mean, a.moving_variance]\nbn.set_weights(w)\nw.sort()",
            [ALL],
            id="changed later",
        ),
        pytest.param(
            "w = (a.moving_mean,)\nbn.set_weights(w)", [], id="a tuple in a variable"
        ),
        pytest.param(
            "b = keras.layers.BatchNormalization(weights=[a.gamma, a.beta, m, v])",
            [AT_BIRTH],
            id="when it is made",
        ),
        pytest.param(
            "bn.weight = a.gamma\ndef f(bn):\n    bn.running_var = a.running_var",
            ["bn: scale of bn <- scale of a;", "bn: variance of bn <- variance of a;"],
            id="in two functions",
        ),
        pytest.param(
            "s['bn.running_mean'] = a.b\nbn.running_var = a.running_var\nbn.bias = a.bias",
            [
                "bn: variance of bn <- variance of a; shift of bn <- shift of a;",
                "s['bn.']: mean of s['bn.'] <- none;",
            ],
            id="of two layers",
        ),
    ],
)  # fmt: skip
def test_copies(code: str, expected: list[str]) -> None:
    assert _copies(code) == expected


def test_a_file_that_names_no_statistics() -> None:
    module = module_of("conv.weight = other.weight\nstate['conv.weight'] = w\n")
    facts = read_facts(module)
    assert copies(facts.project.evaluator, module, facts.sites) == ()
    assert list(renamings(module)) == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("m = {'gamma': 'weight'}", [["gamma weight"]], id="a map"),
        pytest.param(
            "m = {'a/moving_mean:0': 'b.running_var', 'x': 'y'}",
            [["moving_mean running_var crosses"]], id="a map of whole names that crosses",
        ),
        pytest.param("m = {'x': 'y'}", [], id="another map"),
        pytest.param("m = {**a, 'beta': 'bias'}", [["beta bias"]], id="a map of others"),
        pytest.param("m = {'beta': bias, beta: 'bias', 'beta': 3, 3: 'bias'}", [], id="no words"),
        pytest.param("m = {'gamma': 'other'}", [], id="to what is no array"),
        pytest.param("m = {'bias': 'running_mean'}", [["bias running_mean"]], id="of one layer"),
        pytest.param(
            "n = n.replace('gamma', 'weight').replace('beta', 'weight')",
            [["gamma weight", "beta weight crosses"]], id="replaced",
        ),
        pytest.param("n = n.replace('gamma', 'weight', 1)", [], id="replaced once"),
        pytest.param(
            "n = n.replace('gamma', 'weight')\ndef f(n):\n    return n.replace('beta', 'bias')",
            [["gamma weight"], ["beta bias"]], id="in two functions",
        ),
    ],
)  # fmt: skip
def test_renamings(code: str, expected: list[list[str]]) -> None:
    found = renamings(module_of(f"STATE = 'running_mean'\n{code}"))
    shown = [
        [f"{r.old} {r.new}{' crosses' if r.crosses else ''}" for r in renamed] for renamed in found
    ]
    assert shown == expected
