"""What ``worker.py`` needs to know of the libraries on JAX. Imports nothing of bnlint.

Serves Flax (linen and nnx), Haiku and Equinox, all in one process.
"""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

# JAX would take most of the memory of a GPU, on which the other side may run too.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

jax = importlib.import_module("jax")
np = importlib.import_module("numpy")


def prepare() -> None:
    """Silence Equinox, which warns of its default mode at each layer."""
    warnings.simplefilter("ignore")


def devices() -> list[str]:
    """Return the devices that JAX sees."""
    return ["cpu"] + (["cuda"] if any(d.platform == "gpu" for d in jax.devices()) else [])


def use(device: str) -> Any:
    """Compute on ``device`` in full float32; return its driver."""
    if device not in devices():
        raise ValueError("JAX sees no " + device + " here")
    chosen = jax.devices({"cpu": "cpu", "cuda": "gpu"}[device])[0]
    jax.config.update("jax_default_device", chosen)
    jax.config.update("jax_default_matmul_precision", "highest")
    if device != "cuda":
        return ""
    about = " ".join(str(chosen.client.platform_version).split())
    return str(chosen.device_kind) + ", " + about


def run(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call a layer once per step; see ``worker.py``."""
    library = request["path"].split(".")[:2]
    if library[0] == "haiku":
        layer: Any = _Haiku(target, request)
    elif library[0] == "equinox":
        layer = _Equinox(target, request)
    elif library == ["flax", "nnx"]:
        layer = _Nnx(target, request)
    else:
        layer = _Linen(target, request)
    for name, value in request["plant"].items():
        layer.plant(name, value)
    outputs: list[Any] = []
    states: list[dict[str, Any]] = []
    for step in request["steps"]:
        if step["mode"]:
            layer.switch(step["mode"])
        outputs.append(np.asarray(layer.call(jax.numpy.asarray(step["input"]), step["arguments"])))
        states.append({name: np.array(layer.state(name)) for name in request["observe"]})
    return {"outputs": outputs, "states": states}


class _Layer:
    """A layer of one library, and the state that a call of it does not keep."""

    def __init__(self, target: Any, request: dict[str, Any]) -> None:
        self.target, self.arguments = target, request["arguments"]
        self.first = jax.numpy.asarray(request["steps"][0]["input"])
        self.build()

    def build(self) -> None:
        raise NotImplementedError

    def switch(self, mode: str) -> None:
        raise ValueError("an argument sets the mode here, not the object: " + mode)


class _Linen(_Layer):
    """A module of Flax: its variables are apart from it, in collections."""

    def build(self) -> None:
        self.layer = self.target(**self.arguments)
        told = self.arguments.get("use_running_average") is not None
        flag = {} if told else {"use_running_average": True}
        try:
            variables = self.layer.init(jax.random.key(0), self.first, **flag)
        except TypeError:  # it has no running statistics
            variables = self.layer.init(jax.random.key(0), self.first)
        self.variables = {name: dict(variables[name]) for name in variables}

    def plant(self, name: str, value: Any) -> None:
        self._holder(name)[name] = jax.numpy.asarray(value)

    def state(self, name: str) -> Any:
        return self._holder(name)[name]

    def _holder(self, name: str) -> Any:
        return next(held for held in self.variables.values() if name in held)

    def call(self, x: Any, arguments: dict[str, Any]) -> Any:
        result, changed = self.layer.apply(self.variables, x, mutable=["batch_stats"], **arguments)
        self.variables.update({name: dict(changed[name]) for name in changed})
        return result


class _Nnx(_Layer):
    """A module of nnx, which holds its variables."""

    def build(self) -> None:
        nnx = importlib.import_module("flax.nnx")
        arguments = dict(self.arguments)
        arguments["rngs"] = nnx.Rngs(arguments["rngs"])  # a seed
        self.layer = self.target(**arguments)

    def switch(self, mode: str) -> None:
        getattr(self.layer, "train" if mode == "training" else "eval")()

    def plant(self, name: str, value: Any) -> None:
        getattr(self.layer, name)[...] = jax.numpy.asarray(value)

    def state(self, name: str) -> Any:
        return getattr(self.layer, name)[...]

    def call(self, x: Any, arguments: dict[str, Any]) -> Any:
        return self.layer(x, **arguments)


class _Haiku(_Layer):
    """A module of Haiku, made a pair of pure functions; its vectors have the rank of the input."""

    def build(self) -> None:
        haiku = importlib.import_module("haiku")

        def applied(x: Any, **arguments: Any) -> Any:
            return self.target(**{**self.arguments, "name": "layer"})(x, **arguments)

        self.layer = haiku.transform_with_state(applied)
        try:
            parameters, state = self.layer.init(jax.random.key(0), self.first, is_training=True)
        except TypeError:  # it has no running statistics
            parameters, state = self.layer.init(jax.random.key(0), self.first)
        self.parameters, self.states = _copied(parameters), _copied(state)

    def plant(self, name: str, value: Any) -> None:
        holder, key = self._holder(name)
        holder[key] = jax.numpy.asarray(value).reshape(holder[key].shape)

    def state(self, name: str) -> Any:
        holder, key = self._holder(name)
        return holder[key].ravel()

    def _holder(self, name: str) -> tuple[Any, str]:
        module, _, key = name.rpartition(".")
        if module:
            return self.states["layer/~/" + module], key
        return self.parameters["layer"], key

    def call(self, x: Any, arguments: dict[str, Any]) -> Any:
        result, state = self.layer.apply(self.parameters, self.states, None, x, **arguments)
        self.states = _copied(state)
        return result


class _Equinox(_Layer):
    """A module of Equinox, which sees one example: the batch is an axis that is mapped over it."""

    def build(self) -> None:
        equinox = importlib.import_module("equinox")
        self.change = equinox.tree_at
        self.layer, self.states = equinox.nn.make_with_state(self.target)(**self.arguments)

    def plant(self, name: str, value: Any) -> None:
        new = jax.numpy.asarray(value)
        if name in _MOMENTS:
            moments = list(self.states.get(self._index()))
            moments[_MOMENTS.index(name)] = new
            self.states = self.states.set(self._index(), tuple(moments))
        else:
            self.layer = self.change(lambda layer: getattr(layer, name), self.layer, new)

    def state(self, name: str) -> Any:
        value = np.asarray(self.states.get(self._index())[_MOMENTS.index(name)], np.float64)
        if self.layer.mode == "ema":
            return value
        # What the layer divides by when it infers: its own averages are not debiased.
        steps = int(self.states.get(self.layer.batch_counter))
        return value / (1 - self.layer.momentum**steps if steps else 1)

    def _index(self) -> Any:
        return self.layer.ema_state_index or self.layer.batch_state_index

    def call(self, x: Any, arguments: dict[str, Any]) -> Any:
        if "axis_name" not in self.arguments:
            return self._without_batch(x)

        def one(example: Any, state: Any) -> Any:
            return self.layer(example, state, **arguments)

        mapped = jax.vmap(one, (0, None), (0, None), axis_name=self.arguments["axis_name"])
        result, self.states = mapped(x, self.states)
        return result

    def _without_batch(self, x: Any) -> Any:
        """Map a layer that knows no batch over all axes but those it is about."""
        call: Any = self.layer
        about = x.ndim - 1
        if "shape" in self.arguments:
            about = np.ndim(np.empty(self.arguments["shape"]))
        for _ in range(x.ndim - about):
            call = jax.vmap(call)
        return call(x)


#: Names for the two averages of an Equinox layer, which are elements of a tuple.
_MOMENTS = ("mean", "variance")


def _copied(tree: Any) -> dict[str, dict[str, Any]]:
    return {module: dict(values) for module, values in tree.items()}
