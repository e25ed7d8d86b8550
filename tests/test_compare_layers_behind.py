"""What is found of the layers that other files build for a model, and what is known of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_compare_models_of_files import NET, chain, eps_of

BLOCK = """
    class Block(nn.Module):
        def __init__(self, width, eps):
            super().__init__()
            self.bn = nn.BatchNorm2d(width, eps)
    """


@pytest.mark.parametrize("part", ["", "Net", "build"])
@pytest.mark.parametrize(("calls", "found"), [(15, ["blocks.py:3 0.001"]), (16, [])])
def test_the_longest_chain_of_calls_that_is_followed(
    tmp_path: Path, calls: int, found: list[str], part: str
) -> None:
    net = f"{NET}def build():\n        return Block(8, 1e-3)\n"
    assert eps_of(tmp_path, net, chain(calls), part) == found


def test_partials_are_no_calls_that_lead_further(tmp_path: Path) -> None:
    net = """
        from functools import partial
        from blocks import Block
        wide = partial(partial(Block, width=80), eps=1e-3)
        def build():
            return wide()
        """
    assert eps_of(tmp_path, net, chain(15)) == ["blocks.py:3 0.001"]


def test_a_constructor_of_another_object_is_not_followed(tmp_path: Path) -> None:
    blocks = """
        class Base(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        def again(width, other):
            Base.__init__(other, width, 1e-2)
        class Block(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                again(width, read("other"))
                self.bn = nn.BatchNorm2d(width, eps)
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:12 0.001"]


def test_a_constructor_of_a_base_class_is_followed_for_an_object_alone(tmp_path: Path) -> None:
    """Nothing makes ``Wide`` here: what it gives its base class reaches no layer."""
    net = """
        from blocks import Block
        class Wide(Block):
            def __init__(self, width):
                super().__init__(width, 1e-3)
        """
    assert eps_of(tmp_path, net, BLOCK) == []
    assert eps_of(tmp_path, net, BLOCK, "Wide") == ["blocks.py:5 0.001"]
    assert eps_of(tmp_path, f"{net}    model = Wide(8)\n", BLOCK) == ["blocks.py:5 0.001"]


def test_other_methods_are_called_with_what_is_not_known(tmp_path: Path) -> None:
    blocks = """
        class Base(nn.Module):
            def neck(self, width, eps=1e-2):
                return nn.BatchNorm2d(width, eps)
        class Block(Base):
            def __init__(self, width, eps):
                super().__init__()
                self.eps = eps
            def head(self, width):
                return nn.BatchNorm2d(width, self.eps)
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:4 None", "blocks.py:10 0.001"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param("nn.BatchNorm2d(8, eps) if eps else nn.Identity()", [3], id="taken"),
        pytest.param("nn.BatchNorm2d(8, eps) if not eps else nn.Identity()", [], id="not taken"),
        pytest.param("nn.Identity() if eps else nn.BatchNorm2d(8, eps)", [], id="other not taken"),
        pytest.param("nn.Identity() if not eps else nn.BatchNorm2d(8, eps)", [3], id="other"),
        pytest.param("nn.Identity() if read(eps) else nn.BatchNorm2d(8, eps)", [3], id="perhaps"),
        pytest.param("read(eps) and nn.BatchNorm2d(8, eps)", [3], id="and"),
        pytest.param("1 if nn.BatchNorm2d(8, eps) else 2", [3], id="in the test"),
        pytest.param("[nn.BatchNorm2d(8, eps)]\n    if not eps:\n        pass", [3], id="before"),
    ],
)
def test_what_is_not_run_builds_nothing(tmp_path: Path, body: str, found: list[int]) -> None:
    blocks = f"def Block(width, eps):\n    made = {body}\n    return made\n"
    assert eps_of(tmp_path, NET, blocks) == [f"blocks.py:{row} 0.001" for row in found]


@pytest.mark.parametrize(("eps", "row"), [("1e-3", 4), ("0", 6)])
def test_of_two_branches_one_is_run(tmp_path: Path, eps: str, row: int) -> None:
    blocks = """
        def Block(width, eps):
            if eps:
                return nn.BatchNorm2d(width, 1e-2)
            else:
                return nn.BatchNorm2d(width, 1e-4)
        """
    (found,) = eps_of(tmp_path, NET.replace("1e-3", eps), blocks)
    assert found.startswith(f"blocks.py:{row} ")


def test_layers_stand_in_the_order_of_the_source(tmp_path: Path) -> None:
    net = """
        from blocks import head, stem
        def build():
            return head(8), stem(8)
        """
    blocks = """
        def stem(width):
            return nn.Sequential(nn.Sequential(nn.BatchNorm2d(8, 1e-3)), nn.BatchNorm2d(8, 1e-2))
        def head(width):
            return nn.BatchNorm2d(width, 1e-4)
        """
    assert eps_of(tmp_path, net, blocks) == [
        "blocks.py:3 0.001", "blocks.py:3 0.01", "blocks.py:5 0.0001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "found"), [("1e-3", "0.001"), ("1e-4", "None")], ids=["the same", "another"]
)
def test_a_layer_has_what_all_calls_that_lead_to_it_give(
    tmp_path: Path, given: str, found: str
) -> None:
    net = f"""
        from blocks import Block
        def build():
            return Block(8, 1e-3), Block(80, {given})
        """
    assert eps_of(tmp_path, net, BLOCK) == [f"blocks.py:5 {found}"]


def test_what_is_stored_later_counts(tmp_path: Path) -> None:
    blocks = f"{BLOCK}        self.bn.eps = 1e-2\n"
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:5 0.01"]


def test_what_another_file_may_store_later_counts(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(
        "from torch import nn\nfrom net import Net\nimport blocks\n\ndef slow(model):\n"
        "    for m in model.modules():\n        if isinstance(m, nn.BatchNorm2d):\n"
        "            m.eps = 1e-2\n\nslow(Net())\n"
    )
    assert eps_of(tmp_path, NET, BLOCK) == ["blocks.py:5 None"]


def test_a_layer_of_the_file_itself_is_not_counted_twice(tmp_path: Path) -> None:
    net = f"{NET}        self.own = make(8)\n    def make(width):\n"
    net += "        return nn.BatchNorm2d(width, 1e-2)\n"
    assert eps_of(tmp_path, net, BLOCK) == ["net.py:9 0.01", "blocks.py:5 0.001"]


def test_of_two_blocks_of_other_files_neither_is_taken(tmp_path: Path) -> None:
    """Which of them the model has is not in view; one that is sure is."""
    net = """
        from blocks import Block, Wide
        def build(wide):
            block = Wide if wide else Block
            return block(8, 1e-3)
        """
    blocks = f"{BLOCK}class Wide(Block):\n        pass\n"
    assert eps_of(tmp_path, net, blocks) == []
    assert eps_of(tmp_path, net.replace("Wide if wide else Block", "Wide"), blocks) == [
        "blocks.py:5 0.001"
    ]
