"""The words of the vocabulary are asked for, explained, and names of the installed frameworks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bnlint.frameworks.schema import VOCABULARY
from bnlint.frameworks.tables import catalogue

ROOT = Path(__file__).resolve().parents[2]

#: Where a bare name of each word is an attribute: of one of these classes or modules.
OWNERS: dict[str, dict[str, tuple[str, ...]]] = {
    "torch": {
        "buffers": ("torch.nn.Module",),
        "forward": ("torch.nn.Module",),
        "grows": ("torch.nn.Sequential", "torch.nn.ModuleList"),
        "keeps": ("torch.nn.Module",),
        "recomputes": ("torch.nn.BatchNorm2d",),
        "reshapes": ("torch.Tensor",),
        "visits": ("torch.nn.Module",),
        "walks": ("torch.nn.Module",),
        "weight_names": ("torch.nn.Module",),
        "part_names": ("torch.nn.Module",),
        "named_walks": ("torch.nn.Module",),
        "parts_in_order": ("torch.nn.Module",),
        "weights_attributes": ("torch.nn.Module",),
        "script_methods": ("torch.nn.Module",),
        "apply_methods": ("torch.optim.Optimizer",),
        "square_roots": ("torch.Tensor",),
        "same_values": ("torch.Tensor",),
        "shares_memory": ("torch.Tensor",),
        "stores_into": ("torch.Tensor",),
        "moves_towards": ("torch.Tensor",),
        "scales": ("torch.Tensor",),
        "sums": ("torch.Tensor",),
    },
    "keras": {
        "adds": ("keras.Sequential",),
        "forward": ("keras.layers.Layer",),
        "graph_ends": ("keras.Model",),
        "grows": ("keras.Sequential",),
        "identities": ("keras.activations",),
        "setup_methods": ("keras.layers.Layer",),
        "weights_attributes": ("keras.layers.Layer",),
        "train_steps": ("keras.Model",),
        "detaches": ("tensorflow.GradientTape",),
    },
    "mindspore": {
        "buffers": ("mindspore.nn.Cell",),
        "forward": ("mindspore.nn.Cell",),
        "grows": ("mindspore.nn.CellList",),
        "keeps": ("mindspore.nn.Cell",),
        "reshapes": ("mindspore.Tensor",),
        "visits": ("mindspore.nn.Cell",),
        "walks": ("mindspore.nn.Cell",),
        "named_walks": ("mindspore.nn.Cell",),
    },
    "paddle": {
        "buffers": ("paddle.nn.Layer",),
        "forward": ("paddle.nn.Layer",),
        "grows": ("paddle.nn.LayerList",),
        "reshapes": ("paddle.Tensor",),
        "script_methods": ("paddle.nn.Layer",),
        "weight_names": ("paddle.nn.Layer",),
        "part_names": ("paddle.nn.Layer",),
        "named_walks": ("paddle.nn.Layer",),
        "parts_in_order": ("paddle.nn.Layer",),
        "visits": ("paddle.nn.Layer",),
    },
    "flax": {
        "setup_methods": ("flax.linen.Module",),
        "visits": ("flax.linen.Module",),
    },
    "nnx": {"grows": ("flax.nnx.List",)},
}

#: The marker of a table, where it is not the table's own name.
MARKS = {"keras": "tensorflow", "flax": "jax", "nnx": "jax"}

#: Words whose import paths can be looked up, and the package in which they are.
PATHS = {
    "torch": ("gradient_free", "recomputes", "script_contexts", "fillers", "pads", "savers"),
    "paddle": ("script_contexts", "fillers"),
}


def cases() -> Iterator[Any]:
    for table, words in OWNERS.items():
        mark = getattr(pytest.mark, MARKS.get(table, table))
        for word, owners in words.items():
            yield pytest.param(table, word, owners, marks=mark, id=f"{table}-{word}")


def found(path: str) -> Any:
    """Import what a path leads to."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            module: Any = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        return reduce(getattr, parts[end:], module)
    raise ImportError(path)


@pytest.mark.parametrize(("table", "word", "owners"), list(cases()))
def test_a_method_is_one_of_the_installed_framework(
    table: str, word: str, owners: tuple[str, ...]
) -> None:
    names = [name for name in catalogue().tables[table]["vocabulary"][word] if "." not in name]
    assert names
    holders = [found(owner) for owner in owners]
    for name in names:
        assert any(hasattr(holder, name) for holder in holders), f"{name} of {owners}"


@pytest.mark.parametrize(
    ("table", "word"),
    [
        pytest.param(table, word, marks=getattr(pytest.mark, table), id=f"{table}-{word}")
        for table, words in PATHS.items()
        for word in words
    ],
)
def test_a_path_leads_to_something_of_the_installed_framework(table: str, word: str) -> None:
    data = catalogue().tables[table]
    names = data["vocabulary"].get(word) or data["modes"][word]
    for name in names:
        if name.startswith(f"{table}."):
            if table != "paddle" or not name.startswith("paddle.fluid"):
                assert found(name) is not None


@pytest.mark.tensorflow
def test_methods_that_train_are_some_of_those_that_drive() -> None:
    """Keras 3 has given up ``fit_generator``, which both lists go on naming."""
    words = catalogue().tables["keras"]["vocabulary"]
    own = set(words["training_methods"]) | set(words["inference_methods"])
    assert own <= set(words["driver_methods"])
    model = found("keras.Model")
    assert {n for n in words["training_methods"] if not hasattr(model, n)} <= {"fit_generator"}


@pytest.mark.parametrize("word", VOCABULARY)
def test_a_word_is_explained_and_has_names(word: str) -> None:
    text = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{word}` \| .", text, re.MULTILINE), f"{word} is not in the docs"
    assert catalogue().names(word), f"no table has {word}"


#: A question about a word, and the word.
ASKED = re.compile(r'(?:frameworks\.word|(?:catalogue\(\)|tables)\.names)\(\s*"(\w+)"')


def test_each_word_that_is_asked_for_is_one_of_the_vocabulary() -> None:
    """A word that is misspelt means nothing, and would not be missed."""
    known = {*VOCABULARY, "gradient_free", "tapes", "phase_setters"}
    asked = {
        word
        for folder in ("bnlint", "rules")
        for path in (ROOT / folder).rglob("*.py")
        for word in ASKED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 20
    assert asked <= known


def test_names_are_the_last_parts_in_any_framework() -> None:
    assert catalogue().names("detaches") == {"stop_gradient", "stop_recording"}
    assert catalogue().names("setup_methods") == {"setup", "build"}
