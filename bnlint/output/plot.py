"""A picture of what experiments showed, as a PNG that can be pasted into an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnlint.confirm.pictures import Panel, Pictures

#: What common checks of float32 results let pass, relative to the value: the defaults of ``rtol``
#: in NumPy 2.4, TensorFlow 2.21 and PyTorch 2.13, read off their signatures.
TOLERANCES = (
    ("numpy.allclose", 1e-5),
    ("tf.test.TestCase.assertAllClose", 1e-6),
    ("torch.testing.assert_close", 1.3e-6),
)

_STYLES = {"port": ("tab:red", "-"), "fixed": ("tab:green", "--"), "reference": ("black", ":")}


class PlotError(Exception):
    """The picture cannot be made; the message says why."""


def plot(pictures: Pictures, path: str) -> None:
    """Write the picture to ``path``.

    Raises:
        PlotError: matplotlib is missing, there is nothing to draw, or the file cannot be written.
    """
    panels = [
        (panel, draw)
        for panel, draw in (
            (pictures.mean, _mean),
            (pictures.variance, _variance),
            (pictures.output, _output),
        )
        if panel is not None
    ]
    if not panels:
        raise PlotError("nothing was drawn: no experiment on statistics or eps was run")
    if not path.lower().endswith(".png"):
        raise PlotError("expected a file name that ends in .png")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlotError(
            f"cannot be drawn without matplotlib ({error}); pip install 'bnlint[plot]'"
        ) from None
    figure = Figure(figsize=(6.4 * len(panels), 5.0), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (panel, draw) in zip(axes, panels, strict=True):
        draw(axis, panel)
        # below the axes: the labels are long, and must hide no line
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise PlotError(f"cannot be written: {error.strerror or error}") from None


def _mean(axis: Any, panel: Panel) -> None:
    _lines(axis, panel, "running mean of a channel", "training steps")


def _variance(axis: Any, panel: Panel) -> None:
    _lines(axis, panel, "running variance of a channel", "training steps")


def _output(axis: Any, panel: Panel) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_ylim(1e-8, None)
    _lines(axis, panel, "largest output difference, relative", "running variance")
    for number, (label, tolerance) in enumerate(TOLERANCES):
        axis.axhline(tolerance, color="grey", linewidth=0.8, linestyle=(0, (4, 4)))
        axis.annotate(
            f"{label} {tolerance:g}", (0.01, tolerance), xycoords=("axes fraction", "data"),
            fontsize=7, color="grey", va="top" if number == 1 else "bottom",
        )  # fmt: skip


def _lines(axis: Any, panel: Panel, title: str, x_label: str) -> None:
    for line in panel.lines:
        color, dashes = _STYLES[line.label.partition(":")[0]]
        axis.plot(panel.x, line.values, label=line.label, color=color, linestyle=dashes)
    axis.set_title(f"{title}\n{panel.about}", fontsize=9)
    axis.set_xlabel(x_label)
