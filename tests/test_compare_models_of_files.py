"""What is compared of a model that several files build, and which parts of a file count."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from bnlint.engine.facts import Facts, facts_of, renew, resolver
from bnlint.engine.registry import load_rules
from bnlint.porting.compare import Input, compare
from bnlint.semantics.layers import behind, imported_layers

RULES = load_rules()

REFERENCE = """
    from keras import layers
    a = layers.BatchNormalization()
    """

HEAD = "from torch import nn\n"


def plain(code: str) -> str:
    return textwrap.dedent(code).lstrip("\n")


def eps_of(folder: Path, net: str, blocks: str = "", part: str = "") -> list[str]:
    """Return where the layers of a model stand, and what eps each has."""
    (folder / "pyproject.toml").touch()
    (folder / "net.py").write_text(HEAD + plain(net))
    (folder / "blocks.py").write_text(HEAD + plain(blocks))
    renew()
    found = compare(
        [Input("ref.py", plain(REFERENCE).encode())],
        [Input("net.py", (folder / "net.py").read_bytes(), part, folder=str(folder))],
        RULES,
    )
    rows = [row.port for row in found.rows if row.port is not None]
    said = [f"{Path(row.path).name}:{row.row} {row.eps.value}" for row in rows]
    return said + [problem.message for problem in found.problems]


NET = """
    from blocks import Block
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block(8, 1e-3)
    """


def test_a_block_whose_base_class_has_no_constructor(tmp_path: Path) -> None:
    blocks = """
        class Base(nn.Module):
            pass
        class Block(Base):
            def __init__(self, width, eps):
                super().__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:7 0.001"]


def test_a_block_whose_base_class_makes_the_layer(tmp_path: Path) -> None:
    blocks = """
        class Base(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        class Block(Base):
            def __init__(self, width, eps):
                Base.__init__(self, width, eps)
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:5 0.001"]


def test_two_blocks_of_the_models_own_file_are_both_followed(tmp_path: Path) -> None:
    """Whichever the model has, what it builds is given what the file says."""
    net = """
        from blocks import Block
        class Small(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block(8, 1e-3)
        class Big(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block(80, 1e-3)
        def build(big):
            block = Big if big else Small
            return block()
        """
    blocks = """
        class Block(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        """
    assert eps_of(tmp_path, net, blocks, "build") == ["blocks.py:5 0.001"]


def test_a_block_that_has_blocks_of_its_own_kind(tmp_path: Path) -> None:
    blocks = """
        class Block(nn.Module):
            def __init__(self, width, eps, depth=3):
                super().__init__()
                self.bn = nn.BatchNorm2d(width, eps)
                self.inner = Block(width, eps * 10, depth - 1) if read(depth) else None
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:5 0.001"]


def test_a_function_that_calls_itself(tmp_path: Path) -> None:
    blocks = """
        def Block(width, eps, depth=3):
            layers = [nn.BatchNorm2d(width, eps)]
            return layers + Block(width, eps * 10, depth - 1) if read(depth) else layers
        """
    assert eps_of(tmp_path, NET, blocks) == ["blocks.py:3 0.001"]


def test_constructors_that_are_called_of_what_is_not_known(tmp_path: Path) -> None:
    """They make a layer anew; what else they do is followed only of a known object."""
    blocks = """
        class Norm(nn.BatchNorm2d):
            def __init__(self, width, eps):
                nn.BatchNorm2d.__init__(self, width, eps)
        def again(norm, width):
            nn.BatchNorm2d.__init__(norm, width, 1e-2)
            Norm.__init__(norm, width, 1e-2)
        class Block(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                self.bn = Norm(width, eps)
                def reset(norm):
                    Norm.__init__(norm, width, 1e-1)
                again(read("norm"), width)
                self.reset, self.make = reset, lambda: Norm.__init__(read("norm"), width, 1e-1)
        """
    found = eps_of(tmp_path, NET, blocks)
    assert found == [
        "blocks.py:6 0.01",
        "blocks.py:7 0.01",
        "blocks.py:11 0.001",
        "blocks.py:13 0.1",
        "blocks.py:15 0.1",
    ]


def chain(calls: int) -> str:
    """Return blocks that call one another, of which the last makes a layer."""
    last = f"def block{calls}(width, eps):\n    return nn.BatchNorm2d(width, eps)\n"
    return last + "".join(
        f"def {'Block' if at == 0 else f'block{at}'}(width, eps):\n"
        f"    return block{at + 1}(width, eps)\n"
        for at in range(calls)
    )


@pytest.mark.parametrize(("calls", "found"), [(12, ["blocks.py:3 0.001"]), (20, [])])
def test_so_many_calls_are_followed_into_one_another(
    tmp_path: Path, calls: int, found: list[str]
) -> None:
    assert eps_of(tmp_path, NET, chain(calls)) == found


def test_so_many_calls_are_followed_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "_MAX_CALLS", 4)
    assert eps_of(tmp_path, NET, chain(3)) == ["blocks.py:3 0.001"]
    monkeypatch.setattr(behind, "_MAX_CALLS", 3)
    assert eps_of(tmp_path, NET, chain(3)) == []


PARTS = """
    from blocks import Block
    class Net(nn.Module):
        def __init__(self):
            super(Net, self).__init__()
            self.bn = nn.BatchNorm2d(8, 1e-3)
        def head(self):
            return [nn.BatchNorm2d(8, 1e-2), Block(8, 1e-4)]
        def tail(self):
            return nn.BatchNorm2d(8)
    """


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("Net", ["net.py:6 0.001", "net.py:8 0.01", "net.py:10 1e-05", "blocks.py:5 0.0001"]),
        ("Net.head", ["net.py:8 0.01", "blocks.py:5 0.0001"]),
        ("Net.tail", ["net.py:10 1e-05"]),
        ("Net.neck", ["there is no class or function Net.neck in it"]),
        ("Head.tail", ["there is no class or function Head.tail in it"]),
    ],
)
def test_a_method_is_a_part(tmp_path: Path, part: str, found: list[str]) -> None:
    blocks = """
        class Block(nn.Module):
            def __init__(self, width, eps):
                super(Block, self).__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        class Other(nn.Module):
            def __init__(self, width, eps):
                super(Other, self).__init__()
                self.bn = nn.BatchNorm2d(width, eps)
        """
    assert eps_of(tmp_path, PARTS, blocks, part) == found


def test_layers_are_paired_with_those_behind_a_like_convolution(tmp_path: Path) -> None:
    """Where one side builds in one statement what the other builds in several."""
    reference = """
        from keras import layers
        def block(x, size):
            y = layers.Conv2D(8, 1)(x)
            y = layers.BatchNormalization(name="around")(y)
            x = layers.Conv2D(8, 3)(x)
            x = layers.BatchNormalization(name="within")(x)
            x = layers.Conv2D(8, size)(x)
            return y + layers.BatchNormalization(name="any")(x)
        """
    port = """
        from torch import nn
        def layers(size):
            return nn.Sequential(
                nn.Conv2d(8, 8, 3),
                nn.BatchNorm2d(8),
                nn.Conv2d(8, 8, size),
                nn.BatchNorm2d(8),
                nn.Conv2d(8, 8, 1),
                nn.BatchNorm2d(8),
            )
        """
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(port).encode())],
        RULES,
    )
    made = [(row.reference.name, row.port.row) for row in found.rows if row.reference and row.port]
    assert made == [("within", 5), ("any", 7), ("around", 9)]


def test_layers_of_the_port_alone_stand_before_those_that_are_alike() -> None:
    """The likeness of what follows counts, whatever stands before it."""
    reference = """
        from keras import layers
        def net(x):
            x = layers.BatchNormalization(epsilon=1e-4, name="stem_bn")(x)
            return layers.BatchNormalization(epsilon=1e-5, name="head_bn")(x)
        """
    port = """
        from torch import nn
        class Encoder(nn.Module):
            def __init__(self):
                super().__init__()
                self.bn_image = nn.BatchNorm2d(8)
                self.bn_text = nn.BatchNorm2d(8)
                self.stem_bn = nn.BatchNorm2d(8)
                self.head_bn = nn.BatchNorm2d(8)
        """
    found = compare(
        [Input("ref.py", plain(reference).encode())],
        [Input("port.py", plain(port).encode())],
        RULES,
    )
    made = [
        (row.reference.name if row.reference else "", row.port.name if row.port else "")
        for row in found.rows
    ]
    assert made == [
        ("", "bn_image"),
        ("", "bn_text"),
        ("stem_bn", "stem_bn"),
        ("head_bn", "head_bn"),
    ]


def test_so_many_files_are_looked_at_behind_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(4):
        (tmp_path / f"a{at}.py").write_text(f"import a{at + 1}\nimport a{at}\n")
    (tmp_path / "pyproject.toml").touch()
    renew()
    start = str(tmp_path / "a0.py")
    assert len(imported_layers.imported_by(resolver(), start)) == 4
    monkeypatch.setattr(imported_layers, "_MOST_FILES", 2)
    assert len(imported_layers.imported_by(resolver(), start)) == 2


def test_a_class_that_stands_in_for_a_missing_import_is_not_counted_as_elsewhere(
    tmp_path: Path,
) -> None:
    net = """
        try:
            from blocks import Block
        except ImportError:
            class Block(nn.Module):
                def __init__(self, width, eps):
                    super().__init__()
                    self.norm = nn.BatchNorm2d(width, eps=eps)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.block = Block(8, 1e-3)
        """
    blocks = """
        class Block(nn.Module):
            def __init__(self, width, eps):
                super().__init__()
                self.norm = nn.BatchNorm2d(width, eps=eps)
        """
    eps_of(tmp_path, net, blocks)
    facts = facts_of((tmp_path / "net.py").read_bytes(), "net.py", str(tmp_path))
    assert isinstance(facts, Facts)
    found = imported_layers.sites_of_imports(facts.project, facts.module)
    assert [Path(site.module.file).name for site in found] == ["blocks.py"]
