"""The tables as they are: what they know, how they load, and that nothing in them is forgotten."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnlint.frameworks import schema, tables, words
from bnlint.frameworks.compiling import compile_tables
from bnlint.frameworks.tables import (
    UNKNOWN,
    Api,
    Catalogue,
    Frameworks,
    Neighbour,
    SourceText,
    TableError,
    catalogue,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(tables.__file__).parent
KNOWN: dict[str, Any] = json.loads(
    Path(__file__).with_name("known_names.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def every() -> Frameworks:
    """Return all tables as records."""
    return catalogue().load(catalogue().families)


# --------------------------------------------------------------------------- names and facts


@pytest.mark.parametrize("name", KNOWN["names"])
def test_a_known_import_path_means_the_apis_it_is_known_to_mean(
    every: Frameworks, name: str
) -> None:
    """Some paths mean several APIs, depending on what is installed."""
    assert sorted(api.id for api in every.by_alias[name]) == KNOWN["names"][name]


@pytest.mark.parametrize("identity", KNOWN["facts"])
def test_an_api_has_the_defaults_and_the_convention_that_were_measured(
    every: Frameworks, identity: str
) -> None:
    """The expected values come from measurements made apart from the tables."""
    api, facts = every.apis[identity], KNOWN["facts"][identity]
    assert api.convention == facts["convention"]
    for role in ("eps", "momentum"):
        if role in facts:
            name, default = facts[role]
            assert (api.roles[role], api.default(role)) == (name, default)


@pytest.mark.parametrize(
    ("identity", "momentum", "decay"),
    [
        pytest.param("torch.nn.BatchNorm2d", 0.1, 0.9, id="torch weighs the new batch"),
        pytest.param("keras3.layers.BatchNormalization", 0.99, 0.99, id="Keras weighs the old"),
        pytest.param("mindspore.nn.BatchNorm2d", 0.9, 0.9, id="mindspore.nn weighs the old value"),
        pytest.param("mindspore.mint.nn.BatchNorm2d", 0.1, 0.9, id="mint weighs the new batch"),
        pytest.param("mindspore.ops.batch_norm", 0.1, 0.9, id="mindspore.ops weighs the new batch"),
        pytest.param("tf_slim.batch_norm", 0.999, 0.999, id="slim weighs the old value"),
        pytest.param("torchvision.ops.FrozenBatchNorm2d", 0.1, None, id="frozen has no decay"),
        pytest.param("paddle.nn.BatchNorm2D", 0.9, 0.9, id="paddle weighs the old value"),
        pytest.param("paddle.nn.functional.batch_norm", 0.9, 0.9, id="and so does its function"),
        pytest.param("flax.linen.BatchNorm", 0.99, 0.99, id="linen weighs the old value"),
        pytest.param("flax.nnx.BatchNorm", 0.99, 0.99, id="nnx weighs the old value"),
        pytest.param("haiku.BatchNorm", 0.9, 0.9, id="Haiku weighs the old value"),
        pytest.param("equinox.nn.BatchNorm", 0.99, 0.99, id="Equinox weighs the old value"),
    ],
)
def test_decay_is_the_weight_of_the_old_value_whatever_the_convention(
    every: Frameworks, identity: str, momentum: float, decay: float | None
) -> None:
    """The momentum of each framework is brought to one meaning."""
    assert every.apis[identity].decay(momentum) == (
        decay if decay is None else pytest.approx(decay)
    )


@pytest.mark.parametrize(
    ("identity", "rank", "estimator"),
    [
        ("torch.nn.BatchNorm2d", 4, "unbiased"),
        ("keras3.layers.BatchNormalization", 4, "biased"),
        ("keras2.layers.BatchNormalization", 4, "unbiased"),
        ("keras2.layers.BatchNormalization", 2, "biased"),
        ("keras2.layers.BatchNormalization", 6, UNKNOWN),
        ("tf_slim.batch_norm", 2, "unbiased"),
        ("tf.compat.v1.layers.batch_normalization", 2, "biased"),
        ("tf.compat.v1.layers.batch_normalization", 5, UNKNOWN),
        ("keras_standalone.layers.BatchNormalization", 4, UNKNOWN),
    ],
)
def test_the_estimator_depends_on_the_rank_where_it_does(
    every: Frameworks, identity: str, rank: int, estimator: str
) -> None:
    """A rank that the table does not name is unknown, not guessed."""
    assert every.apis[identity].estimator_at(rank) == estimator


def test_a_constructor_takes_its_own_and_its_base_class_keywords_only(every: Frameworks) -> None:
    """What neither names is an error of whoever wrote it."""
    keras3 = every.apis["keras3.layers.BatchNormalization"]
    keras2 = every.apis["keras2.layers.BatchNormalization"]
    assert keras3.accepts("epsilon")
    assert keras3.accepts("name")
    assert not keras3.accepts("eps")
    assert not keras3.accepts("kwargs")
    assert keras2.accepts("fused")
    assert not keras3.accepts("fused")


def test_a_default_that_is_no_literal_is_source_text(every: Frameworks) -> None:
    """It is not mistaken for a string."""
    api = every.apis["mindspore.nn.BatchNorm2d"]
    parameter = api.parameter("dtype")
    assert parameter is not None
    assert parameter.default == SourceText("mindspore.float32")
    assert api.parameter("no_such") is None


def test_a_tuple_default_is_a_tuple(every: Frameworks) -> None:
    """Also after a way through JSON, which has lists only."""
    data = json.loads(json.dumps(compile_tables(str(FOLDER))))
    for loaded in (every, Frameworks(data["tables"], ("keras",))):
        padding = loaded.neighbours["keras.layers.ZeroPadding3D"].signature[0]
        assert padding.default == ((1, 1), (1, 1), (1, 1))


def test_default_of_a_role_without_one_raises(every: Frameworks) -> None:
    """Required and absent parameters have no default to compare."""
    with pytest.raises(KeyError):
        every.apis["torch.batch_norm"].default("eps")
    with pytest.raises(KeyError):
        every.apis["torchvision.ops.FrozenBatchNorm2d"].default("momentum")


# --------------------------------------------------------------------- every entry is coherent


def _apis() -> list[Api]:
    return list(catalogue().load(catalogue().families).apis.values())


@pytest.mark.parametrize("api", _apis(), ids=lambda api: api.id)
def test_an_entry_is_coherent(api: Api) -> None:
    """Facts that depend on each other go together."""
    assert (api.convention == "none") == ("momentum" not in api.roles)
    if api.mode_switch in ("argument", "call-argument"):
        assert len({"training", "inference"} & api.roles.keys()) == 1
    assert ("training" in api.roles) <= (api.mode_switch in ("argument", "call-argument"))
    assert (api.mode_switch == "call-argument") <= (api.kind == "layer")
    assert bool(api.data_formats) <= ("data_format" in api.roles)
    if isinstance(api.ranks, tuple) and not isinstance(api.estimator, str):
        assert {str(rank) for rank in api.ranks} <= set(api.estimator)
    if "momentum" in api.roles:
        parameter = api.parameter(api.roles["momentum"])
        assert parameter is not None
        assert parameter.required or 0 <= float(parameter.default) <= 1  # type: ignore[arg-type]
    if api.framework.worker:
        assert FOLDER.parent.joinpath("confirm", f"worker_{api.framework.worker}.py").is_file()


@pytest.mark.parametrize("family", catalogue().families)
def test_the_reference_of_a_family_has_an_eps_and_a_momentum(
    every: Frameworks, family: str
) -> None:
    """A port declared from a family is compared with these."""
    api = every.reference(family)
    assert api.framework.name == family
    assert isinstance(api.default("eps"), float)
    momentum = api.parameter(api.roles["momentum"])
    assert momentum is not None
    assert momentum.required or isinstance(momentum.default, float)


def test_neighbours_say_where_their_channels_are(every: Frameworks) -> None:
    """A rule about layouts needs it of every layer that makes channels."""
    silent = [
        neighbour.aliases[0]
        for neighbour in every.neighbours.values()
        if neighbour.kind in ("convolution", "pooling", "dense")
        and neighbour.channel_axis == UNKNOWN
    ]
    assert not silent


@pytest.mark.parametrize(
    ("path", "kind", "rank", "axis"),
    [
        ("torch.nn.Conv2d", "convolution", 4, 1),
        ("torch.nn.modules.conv.Conv2d", "convolution", 4, 1),
        ("torch.nn.Linear", "dense", 0, -1),
        ("tensorflow.keras.layers.Conv2D", "convolution", 4, -1),
        ("keras.layers.convolutional.Conv2D", "convolution", 4, -1),
        ("tf_keras.layers.Dense", "dense", 0, -1),
        ("keras.layers.GlobalAveragePooling2D", "reshape", 2, -1),
        ("tensorflow.contrib.slim.conv2d", "convolution", 4, -1),
        ("mindspore.nn.Conv2d", "convolution", 4, 1),
        ("paddle.nn.Conv2D", "convolution", 4, 1),
        ("flax.linen.Conv", "convolution", 0, -1),
        ("flax.nnx.Conv", "convolution", 0, -1),
        ("haiku.Conv2D", "convolution", 4, -1),
        ("equinox.nn.Conv2d", "convolution", 4, 1),
    ],
)
def test_a_neighbour_is_found_under_each_of_its_paths(
    every: Frameworks, path: str, kind: str, rank: int, axis: int
) -> None:
    """Roots are expanded to every package that carries the layer."""
    neighbour: Neighbour = every.neighbours[path]
    assert (neighbour.kind, neighbour.rank, neighbour.channel_axis) == (kind, rank, axis)


# ------------------------------------------------------------------------------ the catalogue


@pytest.mark.parametrize(
    ("convention", "title"),
    [("new-weight", "PyTorch"), ("old-weight", "Keras"), ("none", "another framework")],
)
def test_a_convention_is_known_by_one_framework(convention: str, title: str) -> None:
    """Messages name it, and experiments run its layer."""
    assert catalogue().title_of_convention(convention) == title
    row = catalogue().row_of_convention(convention)
    assert (row["convention"] if row else "none") == convention


def test_two_frameworks_cannot_be_known_for_one_convention(tmp_path: Path) -> None:
    """Which of them would be named must not depend on the order of files."""
    for name in ("keras", "slim"):
        text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
        text = text.replace('known_for = "old-weight"\n', "")
        text = text.replace("worker =", 'known_for = "old-weight"\nworker =')
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=r"^slim\.toml: framework\.known_for: 'old-weight' stands"):
        compile_tables(str(tmp_path))


def test_frameworks_may_share_a_word(every: Frameworks) -> None:
    """PyTorch and Paddle both run ``forward``."""
    for name, shared in (("torch", True), ("paddle", True), ("keras", False)):
        assert every.shares("forward", "forward", every.frameworks[name]) is shared


def test_families_are_the_names_a_user_may_declare() -> None:
    """They are listed in the help text; each has a table, and nothing else lists them."""
    assert catalogue().families == tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))
    assert {"keras", "torch"} < set(catalogue().families)


@pytest.mark.parametrize(
    ("imports", "roots"),
    [
        pytest.param(["torch.nn"], ("torch",), id="a submodule counts as its package"),
        pytest.param(["tensorflow"], ("keras", "slim", "tensorflow"), id="TensorFlow has three"),
        pytest.param(["keras"], ("keras",), id="Keras alone"),
        pytest.param(["numpy", "torchx"], (), id="a longer name is another package"),
        pytest.param(["flax.linen"], ("flax", "nnx"), id="Flax has two"),
        pytest.param(["jax"], (), id="JAX itself has no layers"),
        pytest.param(["timm", "torch"], ("torch",), id="one table is named once"),
        pytest.param([], (), id="nothing imported"),
    ],
)
def test_only_the_tables_that_imports_call_for_are_named(
    imports: list[str], roots: tuple[str, ...]
) -> None:
    """A file that imports no framework costs no table."""
    assert catalogue().roots(imports) == roots


def test_tokens_are_few_and_stand_in_every_alias(every: Frameworks) -> None:
    """Triage searches for them in the bytes of every file."""
    tokens = catalogue().tokens
    assert len(tokens) <= 6
    assert all(token.isascii() and len(token) >= 8 for token in tokens)
    for alias in every.by_alias:
        assert any(token in alias.rpartition(".")[2] for token in tokens), alias


@given(st.lists(st.from_regex(r"[a-zA-Z_]{1,14}", fullmatch=True), min_size=1, max_size=8))
def test_some_token_stands_in_each_name_and_none_in_another_token(names: list[str]) -> None:
    """Whatever the names are; so no file is missed and no token is for nothing."""
    table = {"api": [{"aliases": [f"package.{name}" for name in names]}], "maker": []}
    found = words.tokens([table])
    for name in names:
        assert any(token in name for token in found)
    for token in found:
        assert any(token in name for name in names)
        assert not any(token != other and other in token for other in found)


@pytest.mark.parametrize(
    ("path", "word", "framework"),
    [
        pytest.param("torch.nn.Module", "modules", "torch", id="an exact path"),
        pytest.param("keras.applications.ResNet50", "builders", "keras", id="a path under a star"),
        pytest.param("keras.applications.VGG16", "builders", None, id="a builder without BN"),
        pytest.param(
            "keras.applications.resnet50.preprocess_input", "builders", None, id="no builder at all"
        ),
        pytest.param("torchvision.models.vgg16", "builders", None, id="VGG without BN"),
        pytest.param("torchvision.models.vgg16_bn", "builders", "torch", id="VGG with BN"),
        pytest.param("torch.nn.Module", "sessions", None, id="a word of other frameworks"),
        pytest.param("torch.nn.Modul", "modules", None, id="a prefix is no match"),
    ],
)
def test_a_path_means_a_word_in_its_framework(
    every: Frameworks, path: str, word: str, framework: str | None
) -> None:
    """A star stands for every path that begins as it does."""
    found = every.means(path, word)
    assert (found.name if found else None) == framework


def test_only_paths_and_packages_of_loaded_tables_are_known() -> None:
    """A star import asks for both."""
    torch = catalogue().load(("torch",))
    assert torch.knows("torch.nn.BatchNorm2d")
    assert torch.knows("torch.nn.Conv2d")
    assert torch.knows("torch.nn.Module")
    assert not torch.knows("keras.layers.Dense")
    assert torch.has_root("torch.nn.functional")
    assert not torch.has_root("keras.layers")


# ------------------------------------------------------------------------- the compiled tables


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """Return a copy of the package with a compiled file and without the TOML tables."""
    package = tmp_path / "bnlint" / "frameworks"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    for path in FOLDER.glob("*.py"):
        (package / path.name).write_bytes(path.read_bytes())
    text = json.dumps(compile_tables(str(FOLDER)))
    (package / "compiled.json").write_text(text, encoding="utf-8")
    return tmp_path


def test_compiled_tables_give_the_same_records(every: Frameworks) -> None:
    """A wheel and a checkout must not differ."""
    data = json.loads(json.dumps(compile_tables(str(FOLDER))))
    loaded = Frameworks(data["tables"], tuple(data["tables"]))
    assert loaded.apis == every.apis
    assert loaded.by_alias == every.by_alias
    assert loaded.neighbours == every.neighbours
    assert loaded.frameworks == every.frameworks
    for word in (*schema.VOCABULARY, "gradient_free", "tapes", "phase_setters"):
        assert loaded.word(word) == every.word(word)
    assert tuple(data["tokens"]) == catalogue().tokens


def test_with_a_compiled_file_no_table_is_parsed_and_nothing_heavy_imported(
    compiled: Path,
) -> None:
    """A clean run of an installed bnlint pays for none of it."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from bnlint.frameworks.tables import catalogue;"
        "loaded = catalogue().load(('torch',));"
        "assert loaded.apis['torch.nn.BatchNorm2d'].default('eps') == 1e-05;"
        "heavy = {'tomllib', 'tomli', 'ast', 'inspect', 'dataclasses', 'numpy', 'libcst',"
        " 'bnlint.frameworks.schema', 'bnlint.frameworks.compiling', 'importlib.metadata'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(compiled)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_a_catalogue_of_its_own_tables_loads_those() -> None:
    """Loading is not tied to the tables that ship."""
    table = compile_tables(str(FOLDER))["tables"]["torch"]
    table["framework"]["title"] = "Torch of our own"
    own = Catalogue({"torch": table}, {"torch": ("torch",)})
    assert own.families == ("torch",)
    assert own.load(("torch",)).frameworks["torch"].title == "Torch of our own"
    assert catalogue().load(("torch",)).frameworks["torch"].title == "PyTorch"


def test_a_table_is_called_as_its_framework_is(tmp_path: Path) -> None:
    """So there is one table of a framework, and its file is found by its name."""
    text = (FOLDER / "slim.toml").read_text(encoding="utf-8")
    (tmp_path / "slimmer.toml").write_text(text, encoding="utf-8")
    with pytest.raises(
        TableError,
        match=r'^slimmer\.toml: framework\.name: expected "slimmer", as the file is called, '
        r'found "slim"\Z',
    ):
        compile_tables(str(tmp_path))


def test_every_key_of_the_tables_is_described() -> None:
    """The reader sends whoever misspells one to the page."""
    page = (FOLDER.parents[1] / "docs" / "frameworks.md").read_text(encoding="utf-8")
    described = {*re.findall(r"`(\w+)`", page), *re.findall(r"^(\w+) = ", page, re.MULTILINE)}
    used: set[str] = set()
    for path in FOLDER.glob("*.toml"):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for part in table.values():
            for entry in part if isinstance(part, list) else [part]:
                used |= entry.keys()
    assert {"signature", "known_for", "to_inference"} < used
    assert used - described == {"like", "roots"}  # shorthands, which have a section of their own


def test_one_id_in_two_files_is_an_error(tmp_path: Path) -> None:
    """Ids are the names under which APIs are reported."""
    text = (FOLDER / "slim.toml").read_text(encoding="utf-8")
    for name in ("a", "b"):
        own = text.replace('name = "slim"', f'name = "{name}"')
        (tmp_path / f"{name}.toml").write_text(own, encoding="utf-8")
    with pytest.raises(TableError, match=r"^b\.toml: api 'tf_slim\.batch_norm' stands in two"):
        compile_tables(str(tmp_path))


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"name = ", id="no TOML"), pytest.param(b"name = '\xff'", id="no UTF-8")],
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    """The message says which file, without a traceback of the parser."""
    (tmp_path / "broken.toml").write_bytes(content)
    with pytest.raises(TableError, match=r"^broken\.toml: "):
        compile_tables(str(tmp_path))


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("keras", "keras"),
        ("Keras", "keras"),
        ("tf.keras", "keras"),
        ("tf", "tensorflow"),
        ("pytorch", "torch"),
        ("PyTorch", "torch"),
        ("jax", "flax"),
        ("Darknet", "darknet"),
        ("kears", None),
        ("", None),
    ],
)
def test_families_go_by_other_names_too(said: str, family: str | None) -> None:
    assert catalogue().family(said) == family


def test_no_name_stands_for_two_families() -> None:
    names = [
        name
        for family, table in catalogue().tables.items()
        for name in (family, *table["framework"].get("aliases", ()))
    ]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() for name in names)


#: Of families that are references only: eps, and the weight of the old value, as measured or read.
REFERENCES = {
    "caffe": (1e-5, 0.999),
    "darknet": (1e-5, 0.99),
}


@pytest.mark.parametrize(("family", "expected"), REFERENCES.items())
def test_references_without_layers(family: str, expected: tuple[float, float]) -> None:
    """Ports may come from there; layers in code of theirs are not looked for."""
    assert family not in catalogue().described
    api = catalogue().load((family,)).reference(family)
    assert api.aliases == ()
    momentum = api.default("momentum")
    assert isinstance(momentum, float)
    kept = momentum if api.convention == "old-weight" else 1 - momentum
    assert (api.default("eps"), kept) == expected


def test_what_is_no_reference_only_has_layers() -> None:
    assert set(catalogue().families) - set(catalogue().described) == REFERENCES.keys()
    assert all(api.aliases for api in catalogue().load(catalogue().described).apis.values())
