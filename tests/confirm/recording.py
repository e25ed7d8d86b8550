"""What workers ask of frameworks that tests cannot have, and what they are answered: recorded once.

    PYTHONPATH=. PYTHON tests/confirm/recording.py mindspore

runs experiments with the worker of MindSpore (or another: see ``PACKAGES``) in a Python that has
the framework, NumPy and this checkout on its path, and writes
`tests/confirm/recorded/mindspore.json`. There the worker sees the framework through stand-ins,
which note each thing that it does with them. In tests (`test_recorded.py`) other stand-ins answer
as the framework did, as long as the worker does the same.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import oracle_matrix as matrix

from bnlint.confirm import oracle, worker
from bnlint.confirm.workers import Experiment
from bnlint.frameworks.records import Api
from bnlint.frameworks.tables import catalogue

FOLDER = Path(__file__).parent / "recorded"

#: Workers, and the modules that stand-ins take the place of.
PACKAGES = {
    "mindspore": ("mindspore",),
    "paddle": ("paddle",),
    "jax": ("jax", "flax.nnx", "haiku", "equinox"),
    "torch": ("torch",),
    "keras": (
        "tensorflow", "tensorflow.compat.v1", "tensorflow.python.framework.ops",
        "tf_keras.src.legacy_tf_layers",
    ),
    "onnx": ("onnx", "onnxruntime"),
    "tinygrad": ("tinygrad",),
    "mlx": ("mlx.core",),
    "chainer": ("chainer",),
    "sonnet": ("tensorflow",),
    "mxnet": ("mxnet",),
}  # fmt: skip

#: What a worker may try, to see whether the framework has it.
TRIED = {kind.__name__: kind for kind in (AttributeError, IndexError, TypeError)}

#: Names that Python has for things of its own, for which workers ask frameworks.
ASKED = ("__name__", "__self__")

#: Experiments with each API, and the largest number of values in an input of one.
EACH, LARGEST = 5, 24


class Tape:
    """What was done so far: each stand-in is known by a number, in the order in which they came."""

    def __init__(self) -> None:
        self.stand_ins = 0
        self.functions: list[Callable[..., Any]] = []

    def do(self, who: StandIn, what: str, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """Return what comes of doing ``what`` with a stand-in."""
        raise NotImplementedError

    def written(self, value: Any) -> Any:
        """Return what a worker hands over as data."""
        if isinstance(value, StandIn):
            return {"is": value._number}
        if isinstance(value, np.ndarray):
            digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=6)
            return {"array": [str(value.dtype), list(value.shape), digest.hexdigest()]}
        if isinstance(value, (list, tuple)):
            return [self.written(item) for item in value]
        if isinstance(value, dict):
            return {"keys": [[str(key), self.written(item)] for key, item in value.items()]}
        if value is Ellipsis or isinstance(value, (np.generic, np.dtype, slice)):
            return repr(value)
        if callable(value):
            if value not in self.functions:
                self.functions.append(value)
            return {"function": self.functions.index(value)}
        return value

    def answer(self, value: Any) -> Any:
        """Return what the worker sees as data that can be given again."""
        if isinstance(value, StandIn):
            return {"is": value._number}
        if isinstance(value, np.ndarray):
            return {"array": [str(value.dtype), list(value.shape), value.tobytes().hex()]}
        if isinstance(value, tuple):
            return {"tuple": [self.answer(item) for item in value]}
        if isinstance(value, list):
            return [self.answer(item) for item in value]
        if isinstance(value, dict):
            return {"keys": [[key, self.answer(item)] for key, item in value.items()]}
        return value

    def new(self, real: Any = None) -> StandIn:
        """Return a stand-in for the next object of the framework."""
        self.stand_ins += 1
        return StandIn(self, self.stand_ins, real)


class StandIn:
    """Takes the place of an object of the framework."""

    __slots__ = ("_number", "_real", "_tape")

    _tape: Tape
    _number: int
    _real: Any

    def __init__(self, tape: Tape, number: int, real: Any) -> None:
        for name, value in (("_tape", tape), ("_number", number), ("_real", real)):
            object.__setattr__(self, name, value)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return self._tape.do(self, "attribute", ("__dict__",), {})

    def __str__(self) -> str:
        return f"is {self._number}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ASKED:  # NumPy asks for its own
            raise AttributeError(name)
        return self._tape.do(self, "attribute", (name,), {})

    def __setattr__(self, name: str, value: Any) -> None:
        self._tape.do(self, "set attribute", (name, value), {})

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._tape.do(self, "call", arguments, named)

    def __getitem__(self, key: Any) -> Any:
        return self._tape.do(self, "item", (key,), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self._tape.do(self, "set item", (key, value), {})

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self._tape.do(self, "array", (), {}), dtype)

    def __int__(self) -> int:
        return int(self._tape.do(self, "int", (), {}))

    def __enter__(self) -> Any:
        return self._tape.do(self, "enter", (), {})

    def __exit__(self, *error: object) -> None:
        self._tape.do(self, "exit", (), {})


class Recorder(Tape):
    """Does what the worker does with the framework itself, and writes it down."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = []

    def do(self, who: StandIn, what: str, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """Write down what was done and what came of it."""
        self.events.append([who._number, what, self.written(arguments), self.written(named)])
        try:
            shown = self.shown(self.done(who._real, what, arguments, named))
        except tuple(TRIED.values()) as error:
            self.events.append(["raises", type(error).__name__])
            raise
        self.events.append(["gives", self.answer(shown)])
        return shown

    def done(self, real: Any, what: str, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """Return what the framework makes of it."""
        given = [self.real(argument) for argument in arguments]
        found: Any = None
        if what == "attribute":
            found = getattr(real, given[0])
        elif what == "set attribute":
            setattr(real, given[0], given[1])
        elif what == "call":
            found = real(*given, **{name: self.real(value) for name, value in named.items()})
        elif what == "item":
            found = real[given[0]]
        elif what == "set item":
            real[given[0]] = given[1]
        elif what == "exit":
            found = real.__exit__(None, None, None)
        else:
            found = {"array": np.asarray, "int": int, "enter": lambda x: x.__enter__()}[what](real)
        return found

    def real(self, value: Any) -> Any:
        """Return what the framework is to be given."""
        if isinstance(value, StandIn):
            return value._real
        if isinstance(value, (list, tuple)):
            return type(value)(self.real(item) for item in value)
        if isinstance(value, dict):
            return {self.real(key): self.real(item) for key, item in value.items()}
        if callable(value) and not isinstance(value, type):
            return self.called_back(value)
        return value

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function for the framework to call in the place of one of the worker."""

        def wrapper(*arguments: Any, **named: Any) -> Any:
            given = [self.shown(argument) for argument in arguments]
            more = {name: self.shown(value) for name, value in named.items()}
            shown = [[self.answer(g) for g in given], {n: self.answer(v) for n, v in more.items()}]
            self.events.append(["calls back", self.functions.index(function), *shown])
            result = function(*given, **more)
            self.events.append(["called back", self.written(result)])
            return self.real(result)

        return wrapper

    def shown(self, value: Any) -> Any:
        """Return what the worker is to see of a value of the framework."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if type(value) is np.ndarray:
            return value
        if type(value) is list:
            return [self.shown(item) for item in value]
        if isinstance(value, tuple):
            return tuple(self.shown(item) for item in value)
        if type(value) is dict:
            return {key: self.shown(item) for key, item in value.items()}
        return self.new(value)


class Player(Tape):
    """Answers as the framework did, as long as the worker does what it did then."""

    def __init__(self, events: Sequence[Any]) -> None:
        super().__init__()
        self.left = list(events)

    def do(self, who: StandIn, what: str, arguments: Sequence[Any], named: dict[str, Any]) -> Any:
        """Hold what is done to the record, and return what came of it."""
        done = [who._number, what, self.written(arguments), self.written(named)]
        assert self.left, f"nothing more was done, and now {done}"
        expected = self.left.pop(0)
        assert json.loads(json.dumps(done)) == expected
        while True:
            kind, *row = self.left.pop(0)
            if kind == "gives":
                return self.given(row[0])
            if kind == "raises":
                raise TRIED[row[0]]
            assert kind == "calls back"
            number, given, more = row
            result = self.functions[number](
                *(self.given(value) for value in given),
                **{name: self.given(value) for name, value in more.items()},
            )
            expected = self.left.pop(0)
            assert ["called back", json.loads(json.dumps(self.written(result)))] == expected

    def given(self, value: Any) -> Any:
        """Return what is recorded as the worker saw it."""
        if isinstance(value, list):
            return [self.given(item) for item in value]
        if not isinstance(value, dict):
            return value
        ((kind, content),) = value.items()
        if kind == "is":
            self.stand_ins = max(self.stand_ins, content)
            return StandIn(self, content, None)
        if kind == "array":
            dtype, shape, data = content
            return np.frombuffer(bytes.fromhex(data), dtype).reshape(shape).copy()
        if kind == "tuple":
            return tuple(self.given(item) for item in content)
        return {key: self.given(item) for key, item in content}


def standing_in(name: str, tape: Tape) -> Any:
    """Return the worker called ``name``, which sees its framework through stand-ins."""
    path = Path(worker.__file__).with_name(f"worker_{name}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    plain = importlib.import_module

    def imported(package: str) -> Any:
        if package not in PACKAGES[name]:
            return plain(package)
        return tape.new(plain(package) if isinstance(tape, Recorder) else None)

    with mock.patch.object(importlib, "import_module", imported):
        spec.loader.exec_module(module)
    # What the framework imports itself is none of this.
    found = {package.partition(".")[0]: "found" for package in PACKAGES[name]}
    module.importlib = SimpleNamespace(  # type: ignore[attr-defined]
        import_module=imported, util=SimpleNamespace(find_spec=found.get)
    )
    module.sys = SimpleNamespace(modules={})  # type: ignore[attr-defined]
    if hasattr(module, "prepare"):
        module.prepare()
    return module


def run(name: str, tape: Tape, experiment: Experiment) -> dict[str, Any]:
    """Return what the worker answers to an experiment."""
    request = {
        "path": experiment.path, "kind": experiment.kind, "plant": dict(experiment.plant),
        "arguments": dict(experiment.arguments), "observe": list(experiment.observe),
        "input": experiment.input,
        "steps": [
            {"input": s.input, "mode": s.mode, "arguments": dict(s.arguments)}
            for s in experiment.steps
        ],
    }  # fmt: skip
    module = standing_in(name, tape)
    if hasattr(module, "use"):
        assert "cpu" in module.devices()
        module.use("cpu")
    target = tape.new(worker.resolve(experiment.path) if isinstance(tape, Recorder) else None)
    answer: dict[str, Any] = module.run(target, request)
    return answer


def chosen(api: Api, path: str) -> list[matrix.Case]:
    """Return some small experiments with an API, of different kinds."""
    found: dict[tuple[object, ...], matrix.Case] = {}
    for case in matrix.cases(api, path):
        first = case.experiment.steps[0]
        named = case.experiment.arguments.keys() & set(matrix.NAMES)  # no two runs name them alike
        if case.offered and not named and LARGEST / 3 <= first.input.size <= LARGEST:
            modes = tuple(step.mode or str(step.arguments) for step in case.experiment.steps)
            key = modes, len(case.experiment.plant), first.input.ndim
            found.setdefault(key, case)
    cases = list(found.values())
    return cases[:: max(1, len(cases) // EACH)][:EACH]


def main(name: str) -> None:
    """Record the experiments with all APIs of a worker that are installed."""
    rows = []
    worker.load(name)  # it sets what must be set before the framework is imported
    for api in catalogue().load(catalogue().families).apis.values():
        if api.framework.worker != name:
            continue
        paths = [dict(row) for row in api.installed] or [{"path": path} for path in api.aliases]
        found = worker.find(paths)
        if found["path"] is None:
            print(f"{api.id}: {found['reason']}")
            continue
        for number, case in enumerate(chosen(api, found["path"])):
            tape = Recorder()
            try:
                oracle.run(api, case.experiment)
                answer = run(name, tape, case.experiment)
            except Exception as error:
                print(f"{api.id} {number}: {worker.one_line(error)}")
                continue
            rows.append(
                {"api": api.id, "version": found["version"], "path": found["path"], "case": number,
                 "answer": tape.answer(answer), "events": tape.events}
            )  # fmt: skip
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(rows)} experiments")


if __name__ == "__main__":
    main(sys.argv[1])
