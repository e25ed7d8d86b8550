"""The numbers of a convolution: kernel, stride, and how many rows it pads on each side."""

from __future__ import annotations

from bnlint.frameworks.tables import Neighbour
from bnlint.semantics.tensors.neighbours import Before, argument
from bnlint.semantics.values.domain import Evaluate
from bnlint.semantics.values.value import Value
from bnlint.startup.typed import NamedTuple

#: How often a stride goes into the size that padding is worked out for: far more than kernels.
TIMES = 64

#: Rows before and after, along one axis.
Pads = tuple[int, int]


class Convolution(NamedTuple):
    """What is known of a convolution over so many ``axes``; there is a size for each of them.

    ``kernel`` and ``stride`` are empty where they are not known. ``pads`` are the rows it pads,
    ``None`` where they depend on the size of the input (``at_end``: as many as give the input's
    size divided by the stride, rounded up, of an odd number the odd one at the end) or are not
    known. ``dilated`` tells a convolution whose dilation is not known to be 1. ``padding`` is the
    argument that says how it pads, in the role ``said_by``.
    """

    axes: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pads: tuple[Pads, ...] | None
    at_end: bool
    dilated: bool
    padding: Value
    said_by: str

    @property
    def is_strided(self) -> bool | None:
        """Whether it leaves rows out, ``None`` where that is not known."""
        return any(step > 1 for step in self.stride) if self.stride else None


def convolution(ev: Evaluate, found: Before) -> Convolution | None:
    """Return the numbers of ``found``, ``None`` if it is no convolution (or a transposed one)."""
    neighbour = found.neighbour
    axes = _axes(ev, found)
    if neighbour.kind != "convolution" or neighbour.transposed:
        return None
    kernel, stride = (_sizes(argument(ev, found, role), axes) for role in ("kernel", "stride"))
    dilation: tuple[int, ...] = (1,) * axes
    if "dilation" in neighbour.roles:
        dilation = _sizes(argument(ev, found, "dilation"), axes)
    padding = argument(ev, found, "padding")
    role = "padding"
    if found.neighbour.padding_modes.get(str(padding.value)) == "amount":
        role = "amount"
        padding = argument(ev, found, role)
    pads, at_end = _pads(neighbour, padding, axes)
    dilated = any(d != 1 for d in dilation or (0,))
    return Convolution(axes, kernel, stride, pads, at_end, dilated, padding, role)


def _axes(ev: Evaluate, found: Before) -> int:
    """Return the number of axes of the image: as the layer has them, or as many as its kernel."""
    if found.neighbour.rank:
        return found.neighbour.rank - 2
    kernel = argument(ev, found, "kernel").value
    return len(kernel) if isinstance(kernel, tuple) else 0


def rows_padded(
    numbers: Convolution, kernel: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[Pads, ...]:
    """Return the rows padded along each axis, at a size that the stride divides.

    Nothing if they are not known. A convolution that pads at the end pads what one with this
    ``kernel`` and ``stride`` would.
    """
    if numbers.pads is not None:
        return numbers.pads
    if not numbers.at_end:
        return ()
    axes = zip(kernel, stride, strict=True)
    return tuple(pads_at_end(size, step, TIMES * step) for size, step in axes)


def pads_at_end(kernel: int, stride: int, size: int) -> Pads:
    """Return what TensorFlow's ``SAME`` pads along an axis of ``size``: the odd row at the end.

    Measured with Keras 3.15.1, TensorFlow 2.21.0, tf_slim and MindSpore 2.10.0, for kernels of 1 to
    7, strides 2 and 3, and even and odd sizes.
    """
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def bias(ev: Evaluate, found: Before) -> bool | None:
    """Return whether the layer has a bias, ``None`` where that is not known."""
    if "bias" not in found.neighbour.roles:
        return None
    value = argument(ev, found, "bias")
    return bool(value.value) if value.is_known else None


def activation(ev: Evaluate, found: Before) -> bool | None:
    """Return whether something that is not linear stands between the layer and what it feeds."""
    if "activation" in found.between:
        return True
    if "activation" not in found.neighbour.roles:
        return False
    value = argument(ev, found, "activation")
    if not value.is_known:
        return None
    return value.value not in (None, *ev.frameworks.word("identities"))


def _pads(neighbour: Neighbour, padding: Value, axes: int) -> tuple[tuple[Pads, ...] | None, bool]:
    """Return the rows that are padded on each side of each axis, and whether at the end."""
    if not padding.is_known:
        return None, False
    if isinstance(padding.value, str):
        mode = neighbour.padding_modes.get(padding.value)
        return ((0, 0),) * axes if mode == "none" else None, mode == "end"
    return _amounts(padding, axes), False


def _amounts(value: Value, axes: int) -> tuple[Pads, ...] | None:
    """Return what a number, one for each axis, or one for each side of each axis pads."""
    numbers = value.value if isinstance(value.value, tuple) else (value.value,)
    if not all(type(n) is int for n in numbers):
        return None
    if len(numbers) == 1:
        return ((numbers[0], numbers[0]),) * axes
    if len(numbers) == axes:
        return tuple((n, n) for n in numbers)
    if len(numbers) == 2 * axes:
        return tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return None


def _sizes(value: Value, axes: int) -> tuple[int, ...]:
    """Return a size for each axis; nothing if they are not known."""
    sizes = value.value if isinstance(value.value, tuple) else (value.value,)
    if not value.is_known or not all(type(size) is int and size > 0 for size in sizes):
        return ()
    if len(sizes) == 1:
        sizes *= axes
    return sizes if len(sizes) == axes else ()
