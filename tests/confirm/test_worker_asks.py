"""What workers ask of frameworks beside the experiments that are recorded, with made-up ones."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made_up_workers import loaded, module

WEIGHT = np.array([2.0, 3.0])

FUNCTION: dict[str, Any] = {
    "kind": "functional",
    "path": "made.function",
    "arguments": {"eps": 0.5},
    "plant": {"weight": WEIGHT},
    "input": "x",
    "observe": [],
    "steps": [
        {"input": np.array([1.0, 2.0]), "mode": "", "arguments": {"scale": 1.0}},
        {"input": np.array([3.0, 4.0]), "mode": "", "arguments": {"scale": 10.0}},
    ],
}


def function(x: Any, *, weight: Any, eps: float, scale: float) -> Any:
    return x * weight * scale + eps


def is_answer(answer: dict[str, Any]) -> bool:
    """Tell whether a worker gave the function all that the request says."""
    return np.array_equal(answer["outputs"], [[2.5, 6.5], [60.5, 120.5]])


def test_a_function_of_mlx(monkeypatch: pytest.MonkeyPatch) -> None:
    own = loaded(monkeypatch, "worker_mlx", module("mlx.core", array=np.asarray))
    answer = own.run(function, FUNCTION)
    assert is_answer(answer)
    assert answer["states"] == [{}, {}]


def test_a_function_of_chainer(monkeypatch: pytest.MonkeyPatch) -> None:
    own = loaded(monkeypatch, "worker_chainer", module("chainer"))
    answer = own.run(lambda **given: SimpleNamespace(array=function(**given)), FUNCTION)
    assert is_answer(answer)
    assert answer["states"] == [{}, {}]


def test_a_function_of_pytorch_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is where it computes until it is told otherwise; of several results the first counts."""
    devices = []

    class Tensor(np.ndarray[Any, Any]):
        def to(self, device: str) -> Tensor:
            devices.append(device)
            return self

        def detach(self) -> Tensor:
            return self

        cpu = numpy = detach

    def several(**given: Any) -> Any:
        given["weight"] += 1
        return function(**given), "other"

    stub = module("torch", from_numpy=lambda array: array.view(Tensor))
    own = loaded(monkeypatch, "worker_torch", stub)
    assert is_answer(own.run(function, FUNCTION))
    assert {*devices} == {"cpu"}
    answer = own.run(several, {**FUNCTION, "observe": ["weight"]})
    assert np.array_equal(answer["outputs"][0], [3.5, 8.5])
    assert np.array_equal([state["weight"] for state in answer["states"]], [[3, 4], [4, 5]])
    assert np.array_equal(WEIGHT, [2, 3])


@pytest.mark.parametrize("name", ["chainer", "mxnet"])
def test_numpy_gets_back_the_names_that_are_gone(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Those that it has stay."""
    own = loaded(monkeypatch, f"worker_{name}")
    own.np = SimpleNamespace(bool="its own")
    own.prepare()
    assert vars(own.np) == {"bool": "its own", "float": float, "int": int, "object": object}


# ---------------------------------------------------------------------------------- signatures


def test_signatures_of_operators_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions in Python have one of their own, though an operator is named alike."""
    eps = SimpleNamespace(name="eps", has_default_value=lambda: True, default_value=0.5)
    x = SimpleNamespace(name="x", has_default_value=lambda: False, default_value=None)
    schema = SimpleNamespace(_schema=SimpleNamespace(arguments=[x, eps]))
    aten = SimpleNamespace(
        len=SimpleNamespace(default=schema), function=SimpleNamespace(default=schema)
    )
    own = loaded(monkeypatch, "worker_torch", module("torch", ops=SimpleNamespace(aten=aten)))
    rows = [["x", "positional", None], ["eps", "positional", ["literal", 0.5]]]
    assert own.signature(len) == rows
    assert own.signature(function) is own.signature(abs) is own.signature(Path) is None


def test_signatures_of_operators_of_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes come by name; a float32 has six digits."""
    option = SimpleNamespace(Optional="optional")
    attributes = {
        "size": SimpleNamespace(required=True, default_value=None),
        "epsilon": SimpleNamespace(required=False, default_value=9.999999747378752e-06),
        "axis": SimpleNamespace(required=False, default_value=-1),
    }
    inputs = [SimpleNamespace(name="X", option="one"), SimpleNamespace(name="B", option="optional")]
    schemas = {("Norm", 17): SimpleNamespace(inputs=inputs, attributes=attributes)}
    stub = module(
        "onnx",
        defs=SimpleNamespace(
            OpSchema=SimpleNamespace(FormalParameterOption=option),
            get_schema=lambda name, version: schemas[name, version],
        ),
        helper=SimpleNamespace(get_attribute_value=lambda value: value),
    )
    own = loaded(monkeypatch, "worker_onnx", stub)
    operator = SimpleNamespace(__name__="Norm", __self__=SimpleNamespace(version=17))
    assert own.signature(operator) == [
        ["X", "positional", None],
        ["B", "positional", ["literal", None]],
        ["axis", "keyword", ["literal", -1]],
        ["epsilon", "keyword", ["literal", 1e-5]],
        ["size", "keyword", None],
    ]


def test_onnx_without_its_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference of the format computes."""
    reference = module(
        "onnx.reference",
        ReferenceEvaluator=lambda node: SimpleNamespace(run=lambda names, feeds: (node, feeds)),
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    own = loaded(monkeypatch, "worker_onnx", module("onnx"), reference)
    assert own.evaluated("node", {"x": 1}, 17) == ("node", {"x": 1})
    assert (own.attribute(True), own.attribute(0.5)) == (1, 0.5)
    assert type(own.attribute(True)) is int


def test_signatures_of_operators_of_mxnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults stand in the documentation."""

    def operator(
        data: Any = None, eps: Any = None, axis: Any = None, on: Any = None, off: Any = None,
        out: Any = None, how: Any = None, **kwargs: Any,
    ) -> None: ...  # fmt: skip

    operator.__doc__ = (
        "eps : double, optional, default=0.0010000000474974513\naxis : int, default='-1'\n"
        "on : boolean, default=1\noff : boolean, default=0\nhow : string, default='add'\n"
    )
    own = loaded(monkeypatch, "worker_mxnet")
    defaults = {"data": None, "eps": 0.001, "axis": -1, "on": True, "off": False, "out": None}
    rows = [[name, "positional", ["literal", value]] for name, value in defaults.items()]
    rows.append(["how", "positional", ["literal", "add"]])
    assert own.signature(operator) == [*rows, ["kwargs", "extra", None]]
    assert [type(row[2][1]) for row in own.signature(operator)[2:5]] == [int, bool, bool]
    assert own.signature(lambda x: x) == [["x", "positional", ["literal", None]]]
    assert own.signature(Path) is None
    assert own.literal("boolean", "True") is True


# ---------------------------------------------------------------------------------- preparations


@pytest.mark.parametrize(
    ("there", "loads", "declared"),
    [("", True, []), ("nowhere", True, []), ("here", True, []), ("here", False, ["nms", "qnms"])],
    ids=["not installed", "no package", "its part can be loaded", "its part cannot be loaded"],
)
def test_operators_of_torchvision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: str, loads: bool, declared: list[str]
) -> None:
    (tmp_path / "_C.so").touch()
    (tmp_path / "other.so").touch()
    origin = str(tmp_path / "__init__.py") if there == "here" else None
    found = {"torchvision": SimpleNamespace(origin=origin)} if there else {}
    loaded_parts, defined = [], []

    def load_library(path: Path) -> None:
        loaded_parts.append(path.name)
        if not loads:
            raise OSError

    def library(*named: str) -> Any:
        assert named == ("torchvision", "DEF")
        return SimpleNamespace(define=lambda text: defined.append(text.partition("(")))

    stub = module(
        "torch",
        ops=SimpleNamespace(load_library=load_library),
        library=SimpleNamespace(Library=library),
    )
    own = loaded(monkeypatch, "worker_torch", stub)
    monkeypatch.setattr(importlib.util, "find_spec", found.get)
    own.prepare()
    assert loaded_parts == (["_C.so"] if there == "here" else [])
    assert [name for name, _, _ in defined] == declared
    assert {rest for _, _, rest in defined} <= {
        "Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    }
    assert len(own._libraries) == bool(declared)


@pytest.mark.parametrize("keras", ["tf_keras", "tf_keras without them", ""])
def test_preparations_of_tensorflow(monkeypatch: pytest.MonkeyPatch, keras: str) -> None:
    """The layers of TensorFlow 1 are put where they are looked for, and TF-Slim finds a name."""
    for name in ("TF_CPP_MIN_LOG_LEVEL", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_USE_LEGACY_KERAS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    ops: Any = module("tensorflow.python.framework.ops")
    stubs = [module("tensorflow", Tensor="its tensor"), ops]
    legacy = module("tf_keras.src.legacy_tf_layers")
    if keras == "tf_keras":
        stubs.append(legacy)
    elif keras:
        monkeypatch.setitem(sys.modules, legacy.__name__, None)
    own = loaded(monkeypatch, "worker_keras", *stubs)
    monkeypatch.setitem(sys.modules, "tf_keras.legacy_tf_layers", legacy)  # to take it away after
    monkeypatch.delitem(sys.modules, "tf_keras.legacy_tf_layers")
    monkeypatch.setattr(importlib.util, "find_spec", {keras.partition(" ")[0]: "found"}.get)
    own.prepare()
    assert sys.modules.get("tf_keras.legacy_tf_layers") is (legacy if keras == "tf_keras" else None)
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert os.environ.get("TF_USE_LEGACY_KERAS") == ("1" if keras else None)
    assert ops.Tensor == "its tensor"
    ops.Tensor = "one of its own"
    own.prepare()
    assert ops.Tensor == "one of its own"


def test_nothing_is_mended_where_there_is_no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    loaded(monkeypatch, "worker_keras").prepare()


@pytest.mark.parametrize(
    ("clang", "given", "device"),
    [(None, {}, "PYTHON"), ("/usr/bin/clang", {}, None), (None, {"DEV": "CUDA"}, "CUDA")],
    ids=["no compiler", "a compiler", "a device is given"],
)
def test_tinygrad_interprets_without_a_compiler(
    monkeypatch: pytest.MonkeyPatch, clang: str | None, given: dict[str, str], device: str | None
) -> None:
    monkeypatch.setattr("shutil.which", {"clang": clang}.get)
    monkeypatch.setattr(os, "environ", given)
    loaded(monkeypatch, "worker_tinygrad", module("tinygrad"))
    assert given.get("DEV") == device


def test_arrays_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tensor of PyTorch, a variable, a tensor of TensorFlow, and what is an array nearly."""
    own = loaded(monkeypatch, "worker_keras")
    tensor = SimpleNamespace(numpy=lambda: "array", value="no array")
    on_torch = SimpleNamespace(detach=lambda: SimpleNamespace(cpu=lambda: tensor))
    variable = types.SimpleNamespace(value=tensor)
    array = np.arange(3.0)
    assert own._array(on_torch) == own._array(variable) == own._array(tensor) == "array"
    assert own._array(array) is array


# ---------------------------------------------------------------------------------- modes

#: What steps say of the mode, and what holds then.
SAID, TRAINS = ("training", "", "inference", ""), [True, True, False, False]

LAYER: dict[str, Any] = {
    "kind": "layer", "path": "made.Layer", "arguments": {}, "plant": {}, "observe": [],
    "steps": [{"input": WEIGHT, "mode": mode, "arguments": {}} for mode in SAID],
}  # fmt: skip


class Tensor:
    """Says how it was made."""

    training = False
    shape = (2,)

    def __init__(self, array: Any) -> None:
        self.array = array

    def attach_grad(self) -> None: ...

    backward = attach_grad

    def numpy(self) -> Any:
        return np.asarray(self.array)

    asnumpy = numpy

    def to(self, _device: str) -> Tensor:
        return self

    def detach(self) -> Tensor:
        return self

    cpu = detach

    @classmethod
    @contextlib.contextmanager
    def train(cls, mode: bool) -> Iterator[None]:
        before, Tensor.training = cls.training, mode
        yield
        Tensor.training = before


class Layer:
    """Notes the mode in which it is called, by itself or by ``Tensor``."""

    def __init__(self) -> None:
        self.training: bool | None = None

    def to(self, _device: str) -> Layer:
        return self

    def initialize(self) -> None: ...

    def train(self, mode: bool) -> None:
        self.training = mode

    set_train = train

    def __call__(self, _x: Any) -> Tensor:
        return Tensor(np.array(Tensor.training if self.training is None else self.training))


def made_frameworks() -> dict[str, types.ModuleType]:
    """Return a framework for each worker that switches a layer, or all of them."""

    def using_config(name: str, mode: bool) -> Any:
        assert name == "train"
        return Tensor.train(mode)

    return {
        "torch": module("torch", no_grad=contextlib.nullcontext, from_numpy=Tensor),
        "mindspore": module("mindspore", Tensor=Tensor),
        "chainer": module("chainer", using_config=using_config),
        "tinygrad": module("tinygrad", Tensor=Tensor),
        "mxnet": module(
            "mxnet",
            nd=SimpleNamespace(array=Tensor, waitall=lambda: None),
            autograd=SimpleNamespace(record=lambda train_mode: Tensor.train(train_mode)),
        ),
    }


@pytest.mark.parametrize("name", made_frameworks())
def test_a_mode_lasts_until_another_is_said(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    own = loaded(monkeypatch, f"worker_{name}", made_frameworks()[name])
    answer = own.run(Layer, LAYER)
    assert [bool(output) for output in answer["outputs"]] == TRAINS
    assert answer["states"] == [{}] * 4


def test_no_layer_of_keras_is_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    own = loaded(monkeypatch, "worker_keras")
    with pytest.raises(ValueError, match=r"^an argument sets the mode here, not the object$"):
        own.run(Layer, LAYER)


def test_a_module_of_sonnet_that_knows_no_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called once before its state is planted, since a call makes its variables."""
    calls = []
    stub = module("tensorflow", constant=Tensor)

    def made() -> Any:
        def layer(x: Tensor) -> Tensor:
            calls.append(x)
            return x

        return layer

    own = loaded(monkeypatch, "worker_sonnet", stub)
    answer = own.run(made, {**LAYER, "steps": LAYER["steps"][:2]})
    assert np.array_equal(answer["outputs"], [WEIGHT, WEIGHT])
    assert len(calls) == 3
