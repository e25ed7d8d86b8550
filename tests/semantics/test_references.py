"""What a layer is compared with: a twin, a named layer, or what a framework has by default."""

from __future__ import annotations

import pytest
from reading import sites

from bnlint.frameworks.tables import Api, catalogue
from bnlint.semantics.layers.alignment import LIKENESS, NAMES, Pair
from bnlint.semantics.layers.references import (
    DECLARED,
    Counterpart,
    counterparts,
    has_eps_of_its_own,
)
from bnlint.semantics.layers.sites import Site
from bnlint.semantics.values.value import DEFAULT

HEAD = """import keras
import tensorflow as tf
import torch.nn as nn
import torch.nn.functional as F
"""


def api_of(name: str) -> Api:
    family = name.partition(".")[0].rstrip("3")
    tables = catalogue().load((family,))
    found = {**tables.apis, **tables.norms.apis}
    return next(api for api in found.values() if api.id == name)


def layers(code: str) -> dict[str, Site]:
    """Return the layers of a file, each called by what it is assigned to."""
    found = sites(HEAD + code)
    return {(HEAD + code).splitlines()[site.call.lineno - 1].split(" =")[0]: site for site in found}


def compared(code: str, family: str | None = None) -> dict[str, str]:
    """Return what each layer is compared with: another, or an API, ``?`` where both may be it."""
    found = layers(code)
    names = {site.call: name for name, site in found.items()}
    pairs = counterparts([*found.values()], family)
    return {
        names[call]: (names[to.site.call] if to.site else to.api.id) + "?" * (not to.directed)
        for call, to in pairs.items()
    }


# ----------------------------------------------------------------------------- what is known of it


@pytest.mark.parametrize(
    ("name", "role", "why"),
    [
        ("haiku.GroupNorm", "reduced axis", "GroupNorm has no default for it"),
        ("torch.nn.BatchNorm2d", "channels", "BatchNorm2d has no default for it"),
        ("torch.nn.BatchNorm2d", "centre", "BatchNorm2d has no default for it"),
    ],
)
def test_what_has_no_default_is_not_known(name: str, role: str, why: str) -> None:
    reference = Counterpart(DECLARED, api_of(name), None, directed=True)
    assert reference.value("eps").kind == DEFAULT
    assert not reference.value(role).is_known
    assert reference.value(role).from_default
    assert reference.value(role).why == why


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        (("eps=1e-3", "eps=1e-3"), 1e-3),
        (("eps=1e-3", "eps=1e-4"), None),
        (("eps=1e-3", "eps=read()"), None),
        (("eps=1e-3",), 1e-3),
    ],
)
def test_layers_elsewhere_say_what_all_of_them_have(
    settings: tuple[str, ...], value: float | None
) -> None:
    own = sites("import torch.nn as nn\n" + "".join(f"nn.BatchNorm2d(8, {s})\n" for s in settings))
    reference = Counterpart(DECLARED, own[0].api, None, directed=True, own=own)
    assert reference.value("eps").value == value
    assert not reference.is_read
    assert not reference.is_assumed
    assert reference.doubt == "the layers were not paired with those of the reference"


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("keras3.layers.LayerNormalization", True),
        ("keras3.layers.BatchNormalization", False),
        ("torch.nn.LayerNorm", False),
        ("torch.batch_norm", False),
        ("flax.linen.InstanceNorm", True),
    ],
)
def test_an_eps_that_no_other_ecosystem_has(name: str, has: bool) -> None:
    assert has_eps_of_its_own(api_of(name)) is has
    other = api_of(name)._replace(signature=())
    assert not has_eps_of_its_own(other)


# ------------------------------------------------------------------------------- what it is


def test_named_layers_are_all_that_is_compared() -> None:
    found = layers(
        "a = nn.BatchNorm2d(8)\nb = nn.BatchNorm2d(8)\nc = keras.layers.BatchNormalization()\n"
    )
    a, b, c = found["a"], found["b"], found["c"]
    pairs = [Pair(a, c, NAMES), Pair(b, None), Pair(None, c)]
    made = counterparts([a, b, c], "keras", pairs)
    assert {call: (to.site, to.directed, to.unsure) for call, to in made.items()} == {
        a.call: (c, True, "")
    }
    (guessed,) = counterparts([a, b, c], "keras", [Pair(b, c, LIKENESS)]).values()
    assert guessed.unsure == "the layers are paired by likeness, and another may be meant"
    assert guessed.doubt == guessed.unsure


def test_defaults_of_a_declared_family_are_compared_with_layers_of_others() -> None:
    code = "a = nn.BatchNorm2d(8)\nb = keras.layers.BatchNormalization()\n"
    assert compared(code.replace("b = ", "# "), "keras") == {
        "a": "keras3.layers.BatchNormalization"
    }
    assert compared(code.replace("a = ", "# "), "keras") == {}
    assert compared(code.replace("a = ", "# ")) == {}
    assert compared(code, "keras") == {"a": "b"}
    assert compared(code) == {"b": "a?"}
    assert compared(code, "torch") == {"b": "a"}


def test_what_stands_for_the_reference_is_compared_with_nothing() -> None:
    """The second layer is of the same ecosystem, and of another family than the declared one."""
    code = "a = keras.layers.BatchNormalization()\nb = tf.compat.v1.layers.batch_normalization(x)\n"
    port = "c = nn.BatchNorm2d(8)\nd = nn.BatchNorm2d(8)\n"
    assert compared(code + port, "keras") == {"c": "a", "d": "b"}
    assert set(compared(code, "keras")) == {"b"}


@pytest.mark.parametrize(
    ("port", "pairs"),
    [
        pytest.param("def f(norm=nn.BatchNorm2d):\n    c = norm(8)\n", {}, id="a caller chooses"),
        pytest.param(
            "c = (nn.BatchNorm2d if x else keras.layers.BatchNormalization)()\n", {}, id="either"
        ),
        pytest.param("c = F.batch_norm(x, m, v)\n", {}, id="an operation on arrays"),
        pytest.param("c = nn.BatchNorm2d(8)\n", {"c": "a?"}, id="a layer"),
    ],
)
def test_twins_are_layers_that_are_known(port: str, pairs: dict[str, str]) -> None:
    assert compared("a = keras.layers.BatchNormalization()\n" + port) == pairs


def test_operations_on_arrays_are_twins_of_each_other() -> None:
    code = "a = tf.nn.batch_normalization(x, m, v, b, g, 1e-3)\nc = F.batch_norm(x, m, v)\n"
    more = "b = keras.layers.BatchNormalization()\nd = nn.BatchNorm2d(8)\n"
    assert compared(code + more) == {"c": "a?", "d": "b?"}
    assert compared(more + code) == {"c": "a?", "d": "b?"}


REFERENCE = "a = keras.layers.BatchNormalization()\nb = keras.layers.BatchNormalization({})\n"


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        pytest.param("a b b a", [2, 1], id="the same names"),
        pytest.param("a b c a", [1, 2], id="other names"),
        pytest.param("a a a a", [1, 2], id="one name for all"),
        pytest.param("a b a a", [1, 2], id="one name for the port"),
        pytest.param("a a a b", [1, 2], id="one name for the reference"),
    ],
)
def test_as_many_layers_are_paired_by_names_or_as_they_stand(names: str, rows: list[int]) -> None:
    one, two, three, four = names.split()
    code = (
        f"{one} = keras.layers.BatchNormalization()\n{two} = keras.layers.BatchNormalization()\n"
        f"{three} = nn.BatchNorm2d(8)\n{four} = nn.BatchNorm2d(8)\n"
    )
    found = sites(f"import keras; import torch.nn as nn\n{code}")
    made = counterparts(found, None)
    at = [to.site.call.lineno - 1 for _, to in sorted(made.items(), key=lambda one: one[0].lineno)
          if to.site is not None]  # fmt: skip
    assert at == rows


@pytest.mark.parametrize(
    ("epsilon", "eps", "count"),
    [("", "", 3), ("1e-5", "", 0), ("", "eps=1e-3", 0)],
    ids=["all alike", "the references differ", "the ports differ"],
)
def test_more_layers_are_paired_where_each_side_is_alike(
    epsilon: str, eps: str, count: int
) -> None:
    reference = REFERENCE.format(f"epsilon={epsilon}" if epsilon else "")
    port = f"c = nn.BatchNorm2d(8)\nd = nn.BatchNorm2d(8)\ne = nn.BatchNorm2d(8, {eps})\n"
    found = compared(reference + port.replace(", )", ")"))
    assert found == dict.fromkeys("cde"[:count], "a?")
