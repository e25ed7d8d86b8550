"""Records: they are what ``typing.NamedTuple`` makes, and no run pays for ``typing``."""

from __future__ import annotations

import ast
import copy
import pickle
import typing
from pathlib import Path

import pytest

from bnlint.startup import typed

ROOT = Path(__file__).resolve().parent.parent


class Light(typed.NamedTuple):
    """A record."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        return self.size * 2


class Usual(typing.NamedTuple):
    """A record."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        return self.size * 2


GIVEN: list[tuple[tuple[object, ...], dict[str, object]]] = [
    (("a",), {}),
    (("a", 1), {}),
    (("a", 1, ("b",)), {}),
    (("a",), {"parts": ("c",)}),
    ((), {"size": 2, "name": "d"}),
]


@pytest.mark.parametrize(("values", "named"), GIVEN)
def test_same_record(values: tuple[object, ...], named: dict[str, object]) -> None:
    light, usual = Light(*values, **named), Usual(*values, **named)  # type: ignore[arg-type]
    assert light == usual == tuple(light)
    assert hash(light) == hash(usual)
    assert light._asdict() == usual._asdict()
    assert light.double == usual.double
    assert repr(light) == repr(usual).replace("Usual", "Light")
    assert light._replace(size=9) == usual._replace(size=9)
    assert copy.deepcopy(light) == light
    again = pickle.loads(pickle.dumps(light))
    assert again == light
    assert type(again) is Light


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("a", 1, (), "more"), {}),
        (("a",), {"name": "b"}),
        (("a",), {"colour": "red"}),
        ((), {"size": 1}),
        (("a", 1, (), "more"), {"size": 1}),
    ],
)
@pytest.mark.parametrize("record", [Light, Usual])
def test_wrong_values(record: typing.Any, values: typing.Any, named: typing.Any) -> None:
    with pytest.raises(TypeError):
        record(*values, **named)


def test_is_described_alike() -> None:
    for name in ("_fields", "_field_defaults", "__match_args__", "__slots__", "__doc__"):
        assert getattr(Light, name) == getattr(Usual, name)
    match Light("a", 5):
        case Light(name, size):
            assert (name, size) == ("a", 5)
    assert Light._make(["a", 1, ()]) == Usual._make(["a", 1, ()])


def test_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Light("a").size = 4  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Light("a").colour = "red"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Light("a")._replace(colour="red")


class Derived(Light):
    """A class that adds to a record what is no field."""

    def grown(self) -> Light:
        return self._replace(size=self.size + 1)


def test_can_be_derived_from() -> None:
    assert Derived("a").grown() == Light("a", 4)
    assert Derived._fields == Light._fields


def _records(path: Path) -> bool:
    return "bnlint.startup.typed import" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path",
    [
        p
        for room in ("bnlint", "rules", "fixers")
        for p in (ROOT / room).rglob("*.py")
        if _records(p)
    ],
    ids=lambda path: path.stem,
)
def test_annotations_are_not_evaluated(path: Path) -> None:
    """Only then are the names of the fields in the class body, whatever the version of Python."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    assert [alias.name for node in future for alias in node.names] == ["annotations"]
