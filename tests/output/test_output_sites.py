"""What ``bnlint sites`` prints."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from output_samples import unprintable, without_color

from bnlint.engine.inventory import Parameters, Setting, SiteRow
from bnlint.output import FormatError, render_sites

ABSENT = Setting(None, "unknown", "the callee is not known")
ON_A_CALLER = "parameter norm_layer may be given by a caller"


def torch(row: int = 18, **changes: Any) -> SiteRow:
    """Return a PyTorch layer of 64 channels at its defaults, with changes."""
    return SiteRow(
        "src/model.py", row, 19, "torch.nn.BatchNorm2d", ("torch.nn.BatchNorm2d",), "PyTorch",
        "bn", "Stem.__init__", True, Setting(1e-05, "default"), Setting(0.1, "default"), 0.9,
        "training", Setting(1, "default"), 64, Parameters("2C", "2C", 128, 128),
    )._replace(**changes)  # fmt: skip


def keras(row: int = 9, **changes: Any) -> SiteRow:
    """Return a Keras layer of 64 channels, with changes."""
    return SiteRow(
        "src/reference.py", row, 5, "keras3.layers.BatchNormalization",
        ("keras3.layers.BatchNormalization", "keras2.layers.BatchNormalization"), "Keras", "", "",
        True, Setting(0.001, "known"), Setting(0.99, "default"), 0.99, "inference",
        Setting(-1, "default"), 64, Parameters("4C", "2C", 256, 128),
    )._replace(**changes)  # fmt: skip


UNRESOLVED = SiteRow(
    "src/model.py", 40, 9, "", (), "", "", "Stem.forward", False, ABSENT, ABSENT, None, "unknown",
    ABSENT, None, None, "the callee is not known",
)  # fmt: skip

PRESUMED = torch(
    22,
    name="",
    eps=Setting(1e-05, "presumed", ON_A_CALLER),
    momentum=Setting(None, "unknown", "it cannot be computed"),
    decay=None,
    channels=None,
    parameters=Parameters("2C", "2C", None, None),
    why=ON_A_CALLER,
)


def written(output_format: str, *rows: SiteRow, **style: Any) -> str:
    """Return the list in a format."""
    return "".join(render_sites(rows, output_format, **style))


# ------------------------------------------------------------------------------------- table


def test_the_table_says_what_is_known_and_how() -> None:
    """Below the name of the file, in aligned columns."""
    table = written("table", torch(), PRESUMED, UNRESOLVED).split("\n\n")[0]
    assert table == (
        "line  API                   name                 eps    momentum  decay  mode      axis  "
        "parameters  how known\n"
        "src/model.py\n"
        "  18  torch.nn.BatchNorm2d  bn in Stem.__init__  1e-05  0.1       0.9    training  1     "
        "128 = 2C    default eps, momentum, axis\n"
        "  22  torch.nn.BatchNorm2d  Stem.__init__        1e-05  ?         ?      training  1     "
        "2C          presumed eps: parameter norm_layer may be given by a caller; "
        "unknown momentum: it cannot be computed; default axis\n"
        "  40  ?                     Stem.forward                                                 "
        "            not resolved: the callee is not known"
    )


def test_a_narrow_terminal_gets_one_below_the_other() -> None:
    """With every value still named."""
    text = written("table", keras(), width=60).split("\n\n")[0]
    assert text.split("\n") == [
        "src/reference.py",
        "9  keras3.layers.BatchNormalization",
        "    eps 0.001, momentum 0.99, decay 0.99, inference,",
        "    axis -1, parameters 256 = 4C (128 trainable)",
        "    or keras2.layers.BatchNormalization; default momentum,",
        "    axis",
    ]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        pytest.param(Parameters("2C", "2C", 128, 128), "128 = 2C", id="all are trained"),
        pytest.param(
            Parameters("4C", "2C", 128, 64), "128 = 4C (64 trainable)", id="half are trained"
        ),
        pytest.param(Parameters("2C", "2C", None, None), "2C", id="channels not known"),
        pytest.param(
            Parameters("4C", "2C", None, None), "4C (2C trainable)", id="neither, half trained"
        ),
        pytest.param(Parameters("0C", "0C", 0, 0), "0", id="none at all"),
        pytest.param(None, "?", id="not known"),
    ],
)
def test_parameter_counts(parameters: Parameters | None, text: str) -> None:
    """In numbers where the channels are known, per channel elsewhere."""
    assert written("concise", torch(parameters=parameters)).endswith(f" parameters {text}\n")


def test_the_summary_points_at_the_odd_ones() -> None:
    """Settings that few sites of a framework have, where most of them agree."""
    odd = torch(30, eps=Setting(0.001, "known"), decay=0.99)
    rows = [*[torch(row) for row in range(1, 12)], odd, torch(31, decay=None), keras()]
    text = written("table", *rows, UNRESOLVED)
    assert (
        "\n\nKeras: 1 site\n"
        "  1  eps=0.001 decay=0.99\n"
        "\n"
        "PyTorch: 13 sites\n"
        "  11  eps=1e-05 decay=0.9\n"
        "   1  eps=0.001 decay=0.99  <- odd ones out\n"
        "      src/model.py:30\n"
        "   1  eps=1e-05 decay=unknown\n"
        "\n"
        "1 call not resolved: what is called there is not known\n" in text
    )


def test_the_first_of_many_odd_ones_are_named() -> None:
    """On a narrow terminal in several lines."""
    odd = [torch(row, eps=Setting(0.001, "known")) for row in range(30, 37)]
    rows = [*[torch(row) for row in range(1, 12)], *odd]
    text = written("table", *rows)
    assert "\n      src/model.py:30, 31, 32, 33, 34 and 2 more\n" in text
    narrow = written("table", *rows, width=30).split("odd ones out\n")[1].split("\n\n")[0]
    assert narrow == "      src/model.py:30, 31, 32,\n      33, 34 and 2 more"


def test_calls_on_weights_are_no_odd_ones() -> None:
    """Weight standardisation has an eps of its own, and nothing to do with the layers."""
    rows = [*[torch(row) for row in range(1, 5)], torch(eps=Setting(1e-6, "known"), of_weight=True)]
    text = written("table", *rows)
    assert "odd" not in text
    assert "PyTorch: 4 sites\n  4  eps=1e-05 decay=0.9\n\n1 call beside these: what is " in text
    assert "normalises a weight" in text


def test_every_framework_has_its_own_rule() -> None:
    """What is common in one is not held against another."""
    titles = [f"Framework {letter}" for letter in "ABCDEFGHIJKLMNOPQRST"]
    rows = [
        torch(row, path=f"{title}.py", framework=title, eps=Setting(10.0**-place, "known"))
        for place, title in enumerate(titles, 1)
        for row in range(1, 4)
    ]
    text = written("table", *rows, *[row._replace(decay=0.5) for row in rows[:1]], width=100)
    assert [line for line in text.split("\n") if line.endswith(("3 sites", "4 sites"))] == [
        f"{title}: {4 if title.endswith('A') else 3} sites" for title in titles
    ]
    assert text.count("odd ones out\n     Framework A.py:1\n") == text.count("odd") == 1
    assert "  3  eps=1e-20 decay=0.9\n" in text


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([torch(), torch(eps=Setting(0.001, "known"))], id="one against one"),
        pytest.param(
            [torch(), torch(), *[torch(eps=Setting(0.001, "known"))] * 2], id="two against two"
        ),
        pytest.param([*[torch(decay=None)] * 3, torch()], id="what most sites have is not known"),
    ],
)
def test_nothing_is_odd_without_a_majority(rows: list[SiteRow]) -> None:
    """It takes more than half of at least three sites to call the others odd."""
    assert "odd" not in written("table", *rows)


def test_the_parameters_are_summed_where_all_are_known() -> None:
    """By file and framework, and it is said why frameworks count differently."""
    other = torch(path="src/other.py", parameters=Parameters("2C", "2C", 1200, 1200))
    sized = torch(path="w.py", channels_why=ON_A_CALLER)
    rows = (torch(), torch(19), PRESUMED._replace(path="z.py"), sized, keras(), other)
    text = written("table", *rows)
    assert text.split("\n\n")[-1] == (
        "parameters        framework  counted  trainable\n"
        "src/model.py      PyTorch        256        256\n"
        "src/reference.py  Keras          256        128\n"
        "src/other.py      PyTorch      1,200      1,200\n"
        "all files         Keras          256        128\n"
        "Each site is counted once; C is its number of channels. "
        "Keras (4C) counts running means and variances among the parameters. "
        "PyTorch (2C) counts only what is trained. "
        "There is no sum where the number of a site is not known.\n"
    )


def test_a_size_that_a_caller_may_override_is_presumed() -> None:
    (line,) = written("concise", torch(channels_why=ON_A_CALLER)).splitlines()
    assert "128 = 2C" in line
    table = written("table", torch(channels_why=ON_A_CALLER))
    assert f"presumed channels: {ON_A_CALLER}" in table


def test_a_list_of_nothing_is_empty() -> None:
    """Nothing is found, nothing is said."""
    assert [written(name) for name in ("table", "concise")] == ["", ""]
    assert written("json") == "[]\n"


# ------------------------------------------------------------------------------- for programs


def test_a_concise_line_has_everything() -> None:
    """Every value with how it is known, unless the code says it."""
    assert written("concise", keras(), PRESUMED, UNRESOLVED) == (
        "src/reference.py:9:5: keras3.layers.BatchNormalization|keras2.layers.BatchNormalization "
        "eps=0.001 momentum=0.99 (default) decay=0.99 mode=inference axis=-1 (default) "
        "parameters 256 = 4C (128 trainable)\n"
        "src/model.py:22:19: torch.nn.BatchNorm2d Stem.__init__: "
        f"eps=1e-05 (presumed: {ON_A_CALLER}) momentum=? (unknown: it cannot be computed) decay=? "
        "mode=training axis=1 (default) parameters 2C\n"
        "src/model.py:40:9: Stem.forward: not resolved: the callee is not known\n"
    )


def test_json_has_every_field() -> None:
    """Settings with their kind; null for what is not there."""
    (row,) = json.loads(written("json", PRESUMED))
    assert row == {
        "filename": "src/model.py",
        "location": {"row": 22, "column": 19},
        "api": "torch.nn.BatchNorm2d",
        "apis": ["torch.nn.BatchNorm2d"],
        "framework": "PyTorch",
        "name": None,
        "within": "Stem.__init__",
        "direct": True,
        "eps": {"value": 1e-05, "kind": "presumed", "why": ON_A_CALLER},
        "momentum": {"value": None, "kind": "unknown", "why": "it cannot be computed"},
        "decay": None,
        "mode": "training",
        "axis": {"value": 1, "kind": "default", "why": ""},
        "channels": None,
        "channels_why": None,
        "parameters": {
            "counted": "2C",
            "trainable": "2C",
            "counted_number": None,
            "trainable_number": None,
        },
        "why": ON_A_CALLER,
        "reference": None,
        "norm": "batch",
        "cell": None,
    }


def test_csv_has_a_record_for_each_site() -> None:
    """A cell for every field, empty where nothing is known."""
    listed = torch(momentum=Setting(None, "known"), within='a,"b"', axis=Setting((1, 2), "known"))
    first, second, third = csv.DictReader(io.StringIO(written("csv", keras(), listed, UNRESOLVED)))
    assert first["apis"] == "keras3.layers.BatchNormalization|keras2.layers.BatchNormalization"
    assert (first["eps"], first["eps_known"], first["eps_why"]) == ("0.001", "known", "")
    assert (first["counted"], first["counted_number"]) == ("4C", "256")
    assert (second["momentum"], second["within"], second["axis"]) == ("None", 'a,"b"', "(1, 2)")
    assert (third["eps"], third["eps_known"], third["decay"]) == ("", "unknown", "")
    assert (third["counted_number"], third["why"]) == ("", "the callee is not known")


def test_a_format_that_is_not_there() -> None:
    """The message says which there are."""
    with pytest.raises(FormatError, match="sites can be written as table, concise, json, csv"):
        written("github", torch())


TEXTS = st.text(st.characters(), max_size=20)
SETTINGS = st.builds(
    Setting,
    st.none() | st.integers() | st.floats() | TEXTS,
    st.sampled_from(["known", "default", "presumed", "unknown"]),
    TEXTS,
)
ROWS = st.lists(
    st.builds(
        torch,
        path=TEXTS,
        name=TEXTS,
        within=TEXTS,
        eps=SETTINGS,
        momentum=SETTINGS,
        axis=SETTINGS,
        mode=TEXTS,
        why=TEXTS,
        decay=st.none() | st.floats(),
        parameters=st.sampled_from([None, torch().parameters, PRESUMED.parameters]),
    )
    | st.just(UNRESOLVED),
    max_size=4,
)


@given(ROWS, st.none() | st.integers(20, 200))
def test_any_site_can_be_written(rows: list[SiteRow], width: int | None) -> None:
    """As one line, one record or one object, and without anything that must not be printed."""
    concise, table = written("concise", *rows), written("table", *rows, width=width)
    assert len(concise.splitlines()) == len(rows)
    assert not unprintable((concise + table).replace("\n", ""))
    assert len(json.loads(written("json", *rows))) == len(rows)
    assert len(list(csv.reader(io.StringIO(written("csv", *rows))))) == len(rows) + 1
    colored = without_color(written("table", *rows, width=width, color=True))
    assert [line.rstrip() for line in colored.split("\n")] == [
        line.rstrip() for line in table.split("\n")
    ]
