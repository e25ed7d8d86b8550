"""The format of a table is held to strictly, and every complaint names the file and the key."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bnlint.frameworks.held import check_table
from bnlint.frameworks.records import TableError

TABLE: dict[str, Any] = {
    "framework": {
        "name": "toy",
        "title": "Toy",
        "ecosystem": "toy",
        "imports": ["toy", "toybox"],
        "roots": {"nn": ["toy.nn", "toybox"], "deep": ["{nn}.deep", "toy.deeper"]},
        "reference": "toy.Norm",
        "checked": "toy 1.0",
    },
    "modes": {"switch": "object", "initial": "training"},
    "vocabulary": {"modules": ["{nn}.Module"], "keeps": ["to"]},
    "api": [
        {
            "id": "toy.Norm",
            "aliases": ["{nn}.Norm"],
            "kind": "layer",
            "signature": "(size, eps=1e-05, momentum=0.1, pads=(1, 2), *, flag=True, **kwargs)",
            "roles": {"channels": "size", "eps": "eps", "momentum": "momentum"},
            "convention": "new-weight",
            "estimator": {"2": "biased", "4": "unbiased"},
            "normalises_with": "biased",
            "default_mode": "training",
            "mode_switch": "object",
            "channel_axis": 1,
            "ranks": [2, 4],
            "momentum_none": "rejected",
            "state": {"trainable": ["weight"], "statistics": ["mean", "variance"]},
            "parameters": {"trainable": "2C", "counted": "4C+1"},
            "read": ["ranks"],
        },
    ],
    "neighbour": [
        {
            "aliases": ["{nn}.Conv"],
            "kind": "convolution",
            "signature": "(channels, stride=1)",
            "roles": {"channels": "channels"},
        },
    ],
}


def _changed(path: str, value: object) -> dict[str, Any]:
    """Return the table with ``value`` at a dotted path; ``del`` as value takes the key out."""
    table = copy.deepcopy(TABLE)
    at: Any = table
    *parents, last = path.split(".")
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    if value is del_:
        del at[last]
    else:
        at[last] = value
    return table


class del_:  # noqa: N801  # reads like the statement
    """Stands for taking a key out."""


def _with_api(**fields: object) -> dict[str, Any]:
    return {**TABLE, "api": [*TABLE["api"], fields]}


def _with_neighbour(**fields: object) -> dict[str, Any]:
    return {**TABLE, "neighbour": [*TABLE["neighbour"], fields]}


# ---------------------------------------------------------------------------- what is accepted


def test_a_signature_becomes_rows() -> None:
    """Kinds and defaults are told apart, and tuples are lists as in JSON."""
    api = check_table("toy.toml", TABLE)["api"][0]
    assert api["signature"] == [
        ["size", "positional", None],
        ["eps", "positional", ["literal", 1e-05]],
        ["momentum", "positional", ["literal", 0.1]],
        ["pads", "positional", ["literal", [1, 2]]],
        ["flag", "keyword", ["literal", True]],
        ["kwargs", "extra", None],
    ]


@pytest.mark.parametrize(
    ("default", "row"),
    [
        ("None", ["literal", None]),
        ("-1", ["literal", -1]),
        ("'same'", ["literal", "same"]),
        ("tf.zeros()", ["source", "tf.zeros()"]),
        ("()", ["literal", []]),
    ],
)
def test_a_default_is_a_literal_or_source_text(default: str, row: list[Any]) -> None:
    """A required parameter is not the same as one that defaults to None."""
    table = _changed("api.0.signature", f"(size, eps, momentum, x={default})")
    assert check_table("toy.toml", table)["api"][0]["signature"][3] == ["x", "positional", row]


def test_a_root_is_written_out_for_each_of_its_paths() -> None:
    """A root may use the ones above it."""
    table = check_table("toy.toml", _changed("vocabulary.modules", ["{deep}.Module", "toy.M"]))
    assert table["api"][0]["aliases"] == ["toy.nn.Norm", "toybox.Norm"]
    assert table["vocabulary"]["modules"] == [
        "toy.nn.deep.Module",
        "toybox.deep.Module",
        "toy.deeper.Module",
        "toy.M",
    ]


def test_like_takes_every_field_the_entry_does_not_give() -> None:
    """Also through an entry that is itself like another."""
    table = _with_api(like="toy.Norm", id="toy.Norm3", aliases=["toy.Norm3"], ranks=[5])
    table["api"].append({"like": "toy.Norm3", "id": "toy.Norm4", "aliases": ["toy.Norm4"]})
    _, third, fourth = check_table("toy.toml", table)["api"]
    assert (third["ranks"], third["convention"]) == ([5], "new-weight")
    assert (fourth["ranks"], fourth["aliases"]) == ([5], ["toy.Norm4"])
    assert "like" not in fourth


def test_a_neighbour_may_be_like_another_named_as_it_is_written() -> None:
    """Neighbours have no id: the first alias as written names them."""
    table = _with_neighbour(like="{nn}.Conv", aliases=["{nn}.Conv3"], rank=5)
    third = check_table("toy.toml", table)["neighbour"][1]
    assert (third["aliases"], third["rank"]) == (["toy.nn.Conv3", "toybox.Conv3"], 5)
    assert third["kind"] == "convolution"


def test_one_alias_may_stand_in_two_apis() -> None:
    """What it means then depends on what is installed."""
    table = _with_api(like="toy.Norm", id="toy.OldNorm", aliases=["toy.nn.Norm"])
    first, second = check_table("toy.toml", table)["api"]
    assert set(second["aliases"]) < set(first["aliases"])


def test_checking_leaves_the_table_it_was_given_alone() -> None:
    """The same data can be checked twice."""
    before = copy.deepcopy(TABLE)
    assert check_table("toy.toml", TABLE) == check_table("toy.toml", TABLE)
    assert before == TABLE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("api.0.ranks", "any"),
        ("api.0.ranks", "unknown"),
        ("api.0.estimator", "unknown"),
        ("api.0.channel_axis", "unknown"),
        ("api.0.channel_axis", -1),
        ("api.0.extra_keywords", ["name"]),
        ("api.0.parameters.counted", "unknown"),
        ("api.0.parameters.counted", "C"),
        ("api.0.statistics", {"argument": "flag", "always_batch": False}),
        ("api.0.estimator_when", [{"argument": "flag", "estimator": "biased"}]),
        ("api.0.installed", [{"path": "toy.Norm", "module": "toy", "below": "2.16"}]),
        ("api.0.roles.inference", "flag"),
        ("api.0.running_update", "zero-debiased"),
        ("api.0.training_statistics", "running"),
        (
            "api.0.training_statistics_when",
            [{"argument": "flag", "value": True, "running_update": "ema"}],
        ),
        ("api.0.single_value", "identity"),
        ("api.0.variance_formula", "one-pass"),
        (
            "api.0.variance_formula_when",
            [{"argument": "flag", "value": False, "variance_formula": "two-pass"}],
        ),
        ("api.0.initial_statistics", {"mean": 0, "variance": "1-eps"}),
        ("api.0.initial_statistics", {"mean": "first-batch", "variance": "first-batch"}),
        (
            "api.0.training_statistics_when",
            [{"argument": "flag", "value": 1, "initial_statistics": {"variance": 0}}],
        ),
        ("api.0.eps_at_most", 0.001),
        ("framework.known_for", "old-weight"),
        ("modes.inference_argument", "flag"),
        ("framework.worker", "toy"),
        ("vocabulary.builders", ["toy.models.*", "toy.Res*"]),
        ("neighbour", []),
    ],
)
def test_a_value_of_the_right_form_is_accepted(path: str, value: object) -> None:
    """Each form that docs/frameworks.md allows."""
    check_table("toy.toml", _changed(path, value))


# ---------------------------------------------------------------------------- what is rejected


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("extra", {}, "extra: unknown key"),
        ("framework", del_, "framework: missing"),
        ("framework.colour", "red", "framework.colour: unknown key"),
        ("framework.known_for", "none", "framework.known_for: expected one of new-weight, old-w"),
        ("api.0.eps_at_most", "0.1", "API: eps_at_most: expected a number, found '0.1'"),
        ("framework.title", del_, "framework.title: missing"),
        ("framework.title", "", "framework.title: expected a string, found ''"),
        ("framework.title", 3, "framework.title: expected a string, found 3"),
        ("framework.imports", "toy", "framework.imports: expected a list of strings"),
        ("framework.imports", ["a", "a"], "framework.imports: 'a' stands twice"),
        ("framework.reference", "toy.X", "framework.reference: expected the id of an entry"),
        ("framework.roots.bad", ["{no}.x"], "framework.roots.bad: expected a root"),
        ("modes.switch", "lever", "modes.switch: expected one of object, call-argument"),
        ("modes.initial", del_, "modes.initial: missing"),
        ("modes.to_training", [{}], "modes.to_training[0].method: missing"),
        (
            "modes.to_training",
            [{"method": "train", "argument": "yes"}],
            "modes.to_training[0].argument: expected true or false, found 'yes'",
        ),
        ("vocabulary.colours", ["x"], "vocabulary.colours: unknown key"),
        ("vocabulary.modules", ["{no}.Module"], "vocabulary.modules: expected a root"),
        ("vocabulary.modules", ["a b"], "vocabulary.modules: expected dotted names"),
        ("vocabulary.modules", ["{nn}.M", "toybox.M"], "vocabulary.modules: 'toybox.M' stands"),
        ("api", {}, "api: expected a list of tables"),
        ("api", ["x"], "api: expected a list of tables"),
        ("api.0.id", del_, "api[0].id: missing (docs/frameworks.md lists the keys)"),
        ("api.0.colour", "red", "API: colour: unknown key (docs/frameworks.md lists"),
        ("api.0.kind", "thing", "API: kind: expected one of layer, function, functional"),
        ("api.0.convention", "sideways", "API: convention: expected one of new-weight"),
        ("api.0.estimator", "guess", "API: estimator: expected one of biased"),
        ("api.0.estimator", {"four": "biased"}, "API: estimator.four: unknown key (a rank"),
        ("api.0.estimator", {"4": "guess"}, "API: estimator.4: expected one of biased"),
        ("api.0.estimator", 3, "API: estimator: expected a table, found 3"),
        ("api.0.ranks", [], "API: ranks: expected a list of ranks"),
        ("api.0.ranks", [True], "API: ranks: expected a list of ranks"),
        ("api.0.channel_axis", 1.0, "API: channel_axis: expected an integer"),
        ("api.0.channel_axis", True, "API: channel_axis: expected an integer"),
        ("api.0.signature", "size, eps", "API: signature: expected a parameter list"),
        ("api.0.signature", "(size, eps", "API: signature: expected a parameter list"),
        ("api.0.signature", "(size=1, eps)", "API: signature: expected a parameter list"),
        ("api.0.signature", "(*sizes)", "API: signature: expected a parameter list"),
        ("api.0.signature", ["size"], "API: signature: expected a string"),
        ("api.0.roles.eps", "epsilon", "API: roles.eps: expected a parameter of the signature"),
        ("api.0.roles.colour", "size", "API: roles.colour: unknown key"),
        ("api.0.aliases", ["elsewhere.Norm"], "API: aliases: expected names in framework.im"),
        ("api.0.aliases", ["{nn}.N", "toy.nn.N"], "API: aliases: 'toy.nn.N' stands twice"),
        ("api.0.state", {"trainable": []}, "API: state.statistics: missing"),
        ("api.0.parameters.trainable", "2", "API: parameters.trainable: expected a count"),
        ("api.0.read", ["rank"], "API: read: expected names of fields, found 'rank'"),
        ("api.0.statistics", {"argument": "no"}, "API: statistics: expected an argument"),
        (
            "api.0.estimator_when",
            [{"argument": "no", "value": 1, "estimator": "biased"}],
            "API: estimator_when: expected an argument the API takes, found 'no'",
        ),
        ("api.0.running_update", "sum", "API: running_update: expected one of ema, first-then"),
        ("api.0.training_statistics", "none", "API: training_statistics: expected one of batch"),
        ("api.0.single_value", "zero", "API: single_value: expected one of raises, zero-var"),
        ("api.0.variance_formula", "fast", "API: variance_formula: expected one of two-pass"),
        (
            "api.0.training_statistics_when",
            [{"argument": "flag"}],
            "API: training_statistics_when[0].value: missing",
        ),
        (
            "api.0.training_statistics_when",
            [{"argument": "no", "value": 1, "training_statistics": "batch"}],
            "API: training_statistics_when: expected an argument the API takes, found 'no'",
        ),
        (
            "api.0.variance_formula_when",
            [{"argument": "flag", "value": 1, "estimator": "biased"}],
            "API: variance_formula_when[0].estimator: unknown key",
        ),
        ("api.0.initial_statistics", {"std": 1}, "API: initial_statistics.std: unknown key"),
        (
            "api.0.initial_statistics",
            {"variance": "eps"},
            'API: initial_statistics.variance: expected a number, "1-eps", "first',
        ),
        ("api.0.installed", [{"module": "toy"}], "API: installed[0].path: missing"),
        (
            "api.0.installed",
            [{"path": "toy.N", "below": "two"}],
            "API: installed[0].below: expected a version such as \"2.16\", found 'two'",
        ),
        ("api.0.plain", {"flag": [1]}, "API: plain.flag: expected a number, a string or a b"),
        ("api.0.like", "toy.Other", "API: like: expected the name of an entry above"),
        ("neighbour.0.kind", "friend", "NEIGHBOUR: kind: expected one of convolution"),
        ("neighbour.0.roles.bias", "bias", "NEIGHBOUR: roles.bias: expected a parameter"),
        ("neighbour.0.roles.eps", "stride", "NEIGHBOUR: roles.eps: unknown key"),
        ("neighbour.0.rank", "4", "NEIGHBOUR: rank: expected an integer"),
    ],
)
def test_what_breaks_the_format_is_named(path: str, value: object, complaint: str) -> None:
    """The message begins with the file, the entry by its name, and the key."""
    for kind, name in (("API:", 'api "toy.Norm":'), ("NEIGHBOUR:", 'neighbour "{nn}.Conv":')):
        complaint = complaint.replace(kind, name)
    with pytest.raises(TableError) as caught:
        check_table("toy.toml", _changed(path, value))
    assert str(caught.value).startswith(f"toy.toml: {complaint}")


def test_an_id_that_stands_twice_is_an_error() -> None:
    """The second would hide the first."""
    table = _with_api(like="toy.Norm", aliases=["toy.Norm2"])
    with pytest.raises(TableError, match=r"^toy\.toml: api\[1\]: 'toy\.Norm' stands twice"):
        check_table("toy.toml", table)


def test_like_may_not_look_down() -> None:
    """An entry is like one above it, so that nobody has to search and no circle can arise."""
    table = {**TABLE, "api": [{"like": "toy.Norm", "id": "toy.A"}, *TABLE["api"]]}
    with pytest.raises(TableError, match=r'^toy\.toml: api "toy\.A": like: expected the name'):
        check_table("toy.toml", table)


def test_an_alias_of_two_neighbours_is_an_error() -> None:
    """A neighbour has one meaning, unlike an API:"""
    table = _with_neighbour(like="{nn}.Conv", aliases=["toy.Conv3", "toybox.Conv"])
    with pytest.raises(
        TableError, match=r"^toy\.toml: neighbour \"toy\.Conv3\": aliases: 'toybox\.Conv'"
    ):
        check_table("toy.toml", table)


# ------------------------------------------------------------------------------------- makers

_MAKER: dict[str, Any] = {
    "aliases": ["{nn}.build"],
    "signature": "(cfg, size, **kwargs)",
    "chooses": "cfg",
    "key": "type",
    "gives": "layer",
    "roles": {"channels": "size"},
    "layers": {"N": "toy.Norm"},
}


def test_a_maker_is_written_out_like_an_api() -> None:
    """Roots and ``like`` work as they do in other entries."""
    like = {"like": "{nn}.build", "aliases": ["toy.give"], "gives": "class"}
    first, second = check_table("toy.toml", {**TABLE, "maker": [_MAKER, like]})["maker"]
    assert first["aliases"] == ["toy.nn.build", "toybox.build"]
    assert (second["aliases"], second["gives"]) == (["toy.give"], "class")
    assert second["layers"] == {"N": "toy.Norm"}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"chooses": "name"}, "chooses: expected a parameter of the signature, found 'name'"),
        ({"roles": {"channels": "c"}}, "roles.channels: expected a parameter of the signature"),
        ({"roles": {"colour": "size"}}, "roles.colour: unknown key"),
        ({"layers": {"N": "toy.X"}}, "layers.N: expected the id of an entry, found 'toy.X'"),
        ({"gives": "name"}, "gives: expected one of layer, class"),
        ({"aliases": ["other.build"]}, "aliases: expected names in framework.imports"),
        ({"colour": "red"}, "colour: unknown key"),
    ],
)
def test_a_wrong_maker_is_rejected(changed: dict[str, Any], complaint: str) -> None:
    """What it chooses from, and what it makes, must be there."""
    with pytest.raises(TableError) as caught:
        check_table("toy.toml", {**TABLE, "maker": [{**_MAKER, **changed}]})
    assert complaint in str(caught.value)


# -------------------------------------------------------------- other kinds of normalisation

_NORM: dict[str, Any] = {
    "id": "toy.Layer",
    "aliases": ["{nn}.Layer"],
    "norm": "layer",
    "kind": "layer",
    "signature": "(size, eps=None, *, tracks=False)",
    "roles": {"shape": "size", "eps": "eps"},
    "reference": True,
    "statistics": {"argument": "tracks", "always_batch": False},
    "eps_none": 1e-05,
    "place": "outside",
    "read": ["place"],
}

_OTHER = {"like": "toy.Layer", "id": "toy.Group", "aliases": ["toy.Group"], "norm": "group"}


def test_another_kind_of_normalisation_is_written_out_like_an_api() -> None:
    """Each kind may have a reference of its own."""
    first, second = check_table("toy.toml", {**TABLE, "norm": [_NORM, _OTHER]})["norm"]
    assert first["aliases"] == ["toy.nn.Layer", "toybox.Layer"]
    assert (second["id"], second["norm"], second["reference"]) == ("toy.Group", "group", True)
    assert second["signature"] == first["signature"]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"norm": "batch"}, "norm: expected one of layer, group, instance, rms"),
        ({"place": "above"}, "place: expected one of inside, outside, unknown"),
        ({"roles": {"eps": "epsilon"}}, "roles.eps: expected a parameter of the signature"),
        (
            {"statistics": {"argument": "training"}},
            "statistics: expected a parameter of the signature, found 'training'",
        ),
        ({"read": ["axis"]}, "read: expected names of fields, found 'axis'"),
        ({"aliases": ["other.Layer"]}, "aliases: expected names in framework.imports"),
        ({"eps_none": "none"}, "eps_none: expected a number"),
        ({"momentum": 0.1}, "momentum: unknown key"),
        ({"usual_eps": []}, "usual_eps: expected a list of numbers"),
        ({"usual_eps": ["1e-6"]}, "usual_eps: expected a number, found '1e-6'"),
        ({"reduces": "all"}, "reduces: expected one of trailing, axes, axis, from-axis, channels"),
        ({"learned": "places"}, "learned: expected one of reduced, channels, groups"),
        ({"grouping": "blocks"}, "grouping: expected one of contiguous, interleaved"),
        ({"switched": "both"}, "switched: expected one of apart, together"),
        ({"shape_as": "list"}, "shape_as: expected one of any, tuple"),
        ({"needed": ["channels"]}, "needed: expected a parameter of the signature"),
        ({"plain": {"act": False}}, "plain: expected a parameter of the signature, found 'act'"),
        (
            {"grouping_when": [{"argument": "c", "value": True, "grouping": "contiguous"}]},
            "grouping_when: expected a parameter of the signature, found 'c'",
        ),
    ],
)
def test_a_wrong_entry_of_another_kind_is_rejected(changed: dict[str, Any], complaint: str) -> None:
    """What rules compare must be what the layer has."""
    with pytest.raises(TableError) as caught:
        check_table("toy.toml", {**TABLE, "norm": [{**_NORM, **changed}]})
    assert complaint in str(caught.value)


def test_a_kind_of_normalisation_has_one_reference() -> None:
    """Whose defaults stand for the family must not hang on the order of the entries."""
    second = {**_OTHER, "norm": "layer"}
    with pytest.raises(TableError, match="reference: 'layer' has another already"):
        check_table("toy.toml", {**TABLE, "norm": [_NORM, second]})
    check_table("toy.toml", {**TABLE, "norm": [_NORM, {**second, "reference": False}]})
    check_table(
        "toy.toml",
        {**TABLE, "norm": [{**_NORM, "reference": False}, {**second, "reference": True}]},
    )
