"""Words that tell of a port: verbs, citations, credits, names of files, and code in comments.

What is looked for is found beside each word and each form of it, as far from it as is said, and
beside nothing that only looks like it. Texts that are searched fast give what the plain patterns
give.
"""

from __future__ import annotations

import ast
import re
from importlib.resources import files

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st

from bnlint.semantics.origins import remains, words
from bnlint.semantics.origins.remains import may_have_remains, remains_in
from bnlint.semantics.origins.signs import said_in
from bnlint.semantics.origins.words import (
    bare_name,
    citations_in,
    credits_in,
    ecosystem_of,
    layer_names,
    other_layer_names,
    said_of_files,
    sentences_in,
    speeches,
)

VERBS = [
    "port", "ported", "porting", "ports", "convert", "converted", "converts", "conversion",
    "translated", "translation", "migrated", "migration", "reimplement", "reimplemented",
    "reimplementation", "re-implemented", "re-implementation", "reimplements", "rewrite",
    "rewritten", "transplant", "transplanted", "transferred", "transfered",
]  # fmt: skip

CITING = [
    "adapted", "adaptation", "modified", "modification", "borrow", "borrowed", "borrows", "copy",
    "copied", "taken", "takes", "derived", "obtained", "based", "port", "ported", "converted",
    "translated", "refer", "reference", "refers", "source", "original", "originally", "official",
    "implementation",
]  # fmt: skip

CREDITING = [
    "acknowledgement", "acknowledgements", "acknowledgment", "acknowledgments", "credit",
    "credits", "reference", "references", "inspired", "adapted", "based", "borrowed", "modified",
    "copied", "copies", "port", "ported", "refer", "referred", "implementation",
    "implementations",
]  # fmt: skip

ADDRESS = "https://github.com/someone/keras-nets/blob/master/net.py"


def sentences(text: str) -> list[tuple[str, str]]:
    return [(match[0], family) for match, family in sentences_in(text)]


def cited(text: str) -> list[tuple[str, str]]:
    return [(match[1], family) for match, family in citations_in(text)]


@pytest.mark.parametrize("verb", [*VERBS, *(verb.capitalize() for verb in VERBS)])
@pytest.mark.parametrize("link", ["from", "of"])
def test_each_verb_of_a_port_tells_the_source(verb: str, link: str) -> None:
    assert sentences(f"{verb} {link} the Keras net.\n") == [(f"{verb} {link} the Keras", "keras")]


@pytest.mark.parametrize(
    "text",
    [
        "imported from Keras", "exports of Keras", "a report of Keras", "supported from Keras",
        "ported Keras", "ported to Keras", "ported by hand. From Keras", "ported; from Keras",
        "ported from scratch to Keras", "ported from one into Keras", "a port of this in Keras",
        "a port of this for Keras", "a port of this with Keras", "a port of this using Keras",
        "a port of this on Keras", "ported from Keras-like nets", "ported from x/Keras",
        "ported from a.Keras", "ported from TheKeras", "ported from nets. Keras",
        "ported from nets; Keras",
        "portability of Keras", "ported fromage Keras", "ported (often) Keras",
    ],
)  # fmt: skip
def test_other_sentences_tell_nothing(text: str) -> None:
    assert sentences(text) == []


@pytest.mark.parametrize(("between", "after", "is_found"), [
    (40, 0, True), (41, 0, False), (0, 50, True), (0, 51, False), (40, 50, True),
])  # fmt: skip
def test_a_sentence_is_as_long_as_is_said(between: int, after: int, is_found: bool) -> None:
    """At most 40 characters before ``from`` and 50 before the framework, beside the blanks."""
    first, second = ("a" * (n - 2) for n in (between or 2, after or 2))
    text = f"reimplementation {first} from {second} Keras"
    assert [family for _, family in sentences(text)] == (["keras"] if is_found else [])


def test_each_sentence_is_told_once() -> None:
    text = "Ported from Keras and TensorFlow. Rewritten from the JAX code, converted from Flax."
    assert sentences(text) == [
        ("Ported from Keras", "keras"),
        ("Rewritten from the JAX", "flax"),
        ("converted from Flax", "flax"),
    ]


@pytest.mark.parametrize("verb", [*CITING, *(verb.capitalize() for verb in CITING)])
@pytest.mark.parametrize(
    "address",
    [
        ADDRESS, ADDRESS.replace("https", "http"), ADDRESS[8:], "git@github.com:a/keras-nets",
        "transformers.models.bert.modeling_tf_bert",
    ],
)  # fmt: skip
def test_each_verb_of_a_citation_tells_the_source(verb: str, address: str) -> None:
    assert cited(f"# {verb}: {address}\n") == [(address.removeprefix("git@"), "keras")]


@pytest.mark.parametrize(
    "text",
    [
        f"see {ADDRESS}", f"adaptable {ADDRESS}", f"Adapted. {ADDRESS}", f"based; {ADDRESS}",
        "adapted from https://gitlab.com/a/keras-nets", "adapted from https://github.com/keras",
        "adapted from https://github.com/a/kerasnets", "adapted from modeling_tf_bert",
        "adapted from models.modeling_tf_bert", "adapted from www.a.b.modeling_tf_bert",
        "adapted from x/a.b.modeling_tf_bert", "adapted from https://github.com/a/nets",
    ],
)  # fmt: skip
def test_other_addresses_are_no_citations(text: str) -> None:
    assert cited(text) == []


@pytest.mark.parametrize(("between", "is_found"), [(60, True), (61, False)])
def test_a_citation_is_as_long_as_is_said(between: int, is_found: bool) -> None:
    found = cited(f"modification{' ' * between}{ADDRESS}")
    assert found == ([(ADDRESS, "keras")] if is_found else [])


@pytest.mark.parametrize(
    ("address", "family"),
    [
        ("github.com/a/keras-to-pytorch", "torch"),  # the longer word
        ("github.com/a/tf-jax", "flax"),
        ("github.com/a/keras-torch", None),
        ("github.com/a/tensorflow-nets", "tensorflow"),
        ("github.com/keras-team/nets", "keras"),
        ("github.com/a/nets/modeling_tf_bert.py", "keras"),
        ("github.com/a/nets/modeling_flax_bert.py", "flax"),
        ("github.com/a/nets/modeling_bert.py", "torch"),
        ("github.com/A/Keras-Nets", "keras"),
    ],
)
def test_an_address_is_of_the_framework_whose_word_is_longest(
    address: str, family: str | None
) -> None:
    assert [f for _, f in cited(f"adapted from {address}")] == [family] * (family is not None)


def test_each_of_two_citations_is_told() -> None:
    other = "https://github.com/b/pytorch-nets"
    text = f"Adapted from {ADDRESS} and based on {other}\n" + "x = 1\n" * 40 + f"# taken: {other}\n"
    assert cited(text) == [(ADDRESS, "keras"), (other, "torch"), (other, "torch")]


@pytest.mark.parametrize("word", [*CREDITING, *(word.capitalize() for word in CREDITING)])
def test_each_word_of_credit_tells_the_source(word: str) -> None:
    address = "github.com/someone/keras-nets"
    assert list(credits_in(f"Nets.\n{word}\n\n- {ADDRESS}\n")) == [
        (f"{word}: {address}", 6, "keras")
    ]


@pytest.mark.parametrize(("between", "is_found"), [(216, True), (217, False)])
def test_credit_is_given_near_its_word(between: int, is_found: bool) -> None:
    """What is read of the address ends 240 characters after the word: at ``keras`` or ``kera``."""
    address = "github.com/someone/keras-nets"
    found = [f for _, _, f in credits_in(f"credits{' ' * between}{address}")]
    assert found == (["keras"] if is_found else [])


_PIECES = [
    "ported", " from ", " of ", "Keras", "TensorFlow", "jax", "adapted", "based on ", " ", "\n",
    ". ", "# ", "x" * 30, ADDRESS, "github.com:b/torch-nets", "a.b.modeling_tf_x", "-", "/", ".",
    "to ",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_a_fast_search_finds_what_the_plain_pattern_finds(text: str) -> None:
    names = "|".join(map(re.escape, sorted(words._names(), key=len, reverse=True)))
    plain = [m for m in words._CITES.finditer(text) if words._family_at(m[1]) is not None]
    assert [match for match, _ in cited(text)] == [match[1] for match in plain]
    for match, _ in sentences_in(text):
        assert re.fullmatch(rf".*?(?:from|of).*(?:{names})", match[0], re.DOTALL)


@pytest.mark.parametrize(
    ("stem", "pair"),
    [
        ("tf2torch", ("tf", "torch")), ("keras_to_pytorch", ("keras", "pytorch")),
        ("convert_tf_weights_to_torch", ("tf", "torch")), ("tf_weight2torch", ("tf", "torch")),
        ("tf_model_to_torch", ("tf", "torch")), ("tf_ckpt_2_torch", ("tf", "torch")),
        ("tf_checkpoint_to_pytorch", ("tf", "pytorch")), ("h5_params_to_pth", ("h5", "pth")),
        ("jax_param_to_torch", ("jax", "torch")), ("jax_npz_to_torch", ("jax", "torch")),
        ("TF2Torch", ("TF", "Torch")), ("h5topth_all", ("h5", "pth")),
        ("tftotorchvision", None), ("mytf2torch", None), ("torch_and_tf", None), ("tf", None),
        ("tf2_torch", ("tf", "torch")), ("tf_things_to_torch", None),
    ],
)  # fmt: skip
def test_names_of_files_that_carry_over(stem: str, pair: tuple[str, str] | None) -> None:
    match = said_of_files().search(stem)
    assert (match and (match[1], match[2])) == pair


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/resnet_keras.py", "resnet"), ("ResNet.py", "resnet"), ("b\\tf_res_net.py", "resnet"),
        ("port.py", ""), ("ref_net.py", "net"), ("net_port.py", "net"), ("kerasnet.py", "kerasnet"),
        ("mindspore_cv_net.py", "cvnet"), ("net.v1.py", "net.v1"),
    ],
)  # fmt: skip
def test_names_of_files_without_frameworks(path: str, name: str) -> None:
    assert bare_name(path) == name


def test_words_are_those_of_the_tables() -> None:
    """Of an ecosystem, they are those of all its families, each once."""
    folder = files("bnlint.frameworks")
    tables = {
        path.name: tomllib.loads(path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".toml")
    }
    told = 0
    for ecosystem, speech in speeches().items():
        rows = [
            table.get("porting", {})
            for table in tables.values()
            if table.get("framework", {}).get("ecosystem") == ecosystem
        ]
        for key in (
            "short",
            "statistics",
            "shared_statistics",
            "fills",
            "exports",
            "pads",
            "published",
            "reads",
            "words",
            "addresses",
        ):
            words = [word for row in rows for word in row.get(key, ())]
            assert sorted(getattr(speech, key)) == sorted(set(words)), (ecosystem, key)
            told += len(words)
        assert speech.vetoes is any(row.get("vetoes", False) for row in rows)
    assert told > 200


def test_names_of_layers() -> None:
    assert {"BatchNorm2d", "SyncBatchNorm", "batch_norm"} <= layer_names("torch")
    assert {"BatchNormalization"} <= layer_names("tensorflow")
    assert "LayerNorm" in other_layer_names("torch")
    assert layer_names("torch").isdisjoint({"LayerNorm", "Conv2d"})
    assert other_layer_names("torch").isdisjoint({"BatchNorm2d", "Conv2d"})
    assert "LayerNormalization" not in other_layer_names("torch")
    assert [ecosystem_of(f) for f in ("keras", "tensorflow", "torch", "nnx")] == [
        "tensorflow", "tensorflow", "torch", "flax",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A port of Keras.", ("keras", 1, "'port of Keras'", True)),
        ("Nets.\n\nConverted  from\nthe JAX code.", ("flax", 3, "'Converted from the JAX'", True)),
        (f"Nets.\nAdapted from {ADDRESS}", ("keras", 2, f"'Adapted from {ADDRESS}'", False)),
        (f"Nets.\n# Credits\n* {ADDRESS}", (
            "keras", 2, "'Credits: github.com/someone/keras-nets'", False,
        )),
        (f"A port of Keras.\nCredits: {ADDRESS}", ("keras", 1, "'port of Keras'", True)),
        ("A port of Keras and, ported from TF, slim.", ("keras", 1, "'port of Keras'", True)),
        ("A port of Keras. Converted from JAX.", None),
        (f"A port of JAX. Credits: {ADDRESS}", None),
        ("Nets.", None),
    ],
)  # fmt: skip
def test_what_an_introduction_says(text: str, told: tuple[str, int, str, bool] | None) -> None:
    found = said_in(text)
    assert (found and (*found[0], found[1])) == told


# ---------------------------------------------------------------------------- code in comments


def left(text: str, target: str = "mindspore") -> list[tuple[str, int, str]]:
    return [(r.root, r.row, r.code) for r in remains_in(text, ast.parse(text), target)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# import torch", [("torch", 1, "import torch")]),
        ("x = 1\n# import torch as th", [("torch", 2, "import torch")]),
        ("# from torch import nn", [("torch", 1, "from torch")]),
        ("# from   torch.nn import Linear", [("torch", 1, "from   torch")]),
        ("# import torch.nn as nn", [("torch", 1, "import torch")]),
        ("# y = torch.cat((x, y), 1)", [("torch", 1, "torch.cat")]),
        ("x = 1  # torch.cat((x, y), 1)  # before", [("torch", 1, "torch.cat")]),
        ("# with torch.no_grad():", [("torch", 1, "torch.no_grad")]),
        ("# y = torch.cat((x, y", []),
        ("# y = torch.cat((x, y),", [("torch", 1, "torch.cat")]),
        ("# y = torch.cat((x, y)", [("torch", 1, "torch.cat")]),
        ("'''\nx (torch.Tensor): what\n'''", [("torch", 2, "torch.Tensor")]),
        ("'''\nimport torch\n'''", []),
        ("x = '''\ntorch.Tensor\n'''", []),
        ("def f():\n    '''Return a torch.Tensor.'''", [("torch", 2, "torch.Tensor")]),
        ("if x:\n    pass\nelse:\n    'torch.Tensor'", [("torch", 4, "torch.Tensor")]),
        ("try:\n    pass\nexcept E:\n    'torch.a'\nfinally:\n    'keras.b'", [
            ("torch", 4, "torch.a"), ("keras", 6, "keras.b"),
        ]),
        ("match x:\n    case 1:\n        'torch.Tensor'", [("torch", 3, "torch.Tensor")]),
        ("# like torch.cat", []),
        ("# see torch.org", []),
        ("# torch.html and torch.py", []),
        ("# my.torch.cat()", []),
        ("# import torchvision", []),
        ("# import torch, sys", []),
        ("torch.cat(x)", []),
        ("import torch\n# torch.cat(x)", []),
        ("from torch import nn\n# torch.cat(x)", []),
        ("import torch.nn\n# torch.cat(x)", []),
        ("def f():\n    import torch\n# torch.cat(x)", []),
        ("from .torch import nn\n# torch.cat(x)", [("torch", 2, "torch.cat")]),
        ("# mindspore.load(x)", []),
        ("# torch.cat(x)\n# torch.add(x)", [("torch", 1, "torch.cat"), ("torch", 2, "torch.add")]),
        ("# keras.load(torch.x)", [("keras", 1, "keras.load"), ("torch", 1, "torch.x")]),
        ("# caffe.Net(x)", []),
    ],
)  # fmt: skip
def test_what_is_left_of_another_framework(text: str, found: list[tuple[str, int, str]]) -> None:
    assert left(text) == found
    if found:
        assert may_have_remains(text, "mindspore")
        assert {r.origin.ecosystem for r in remains_in(text, ast.parse(text), "mindspore")} == {
            ecosystem_of(root) for root, _, _ in found
        }


def test_a_package_may_begin_a_file() -> None:
    assert may_have_remains("torch.cat(x)", "mindspore")
    assert may_have_remains("import torch", "mindspore")


@pytest.mark.parametrize(("blanks", "is_found"), [(16, True), (17, False)])
def test_blanks_between_import_and_a_package(blanks: int, is_found: bool) -> None:
    assert may_have_remains(f"import{' ' * blanks}torch", "mindspore") is is_found


_CODE = ["import ", "from ", "torch", "keras", ".", "nn", " ", "\n", "# ", "\t", "x", "-", "_"]


@given(st.lists(st.sampled_from(_CODE), max_size=12).map("".join))
def test_packages_are_found_as_by_the_plain_pattern(text: str) -> None:
    plain = remains._mention(remains._roots("mindspore"))
    assert [m.span() for m in remains._mentions(text, "mindspore")] == [
        m.span() for m in plain.finditer(text)
    ]
