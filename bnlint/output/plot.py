"""A picture of what experiments showed, as a PNG that can be pasted into an issue."""

from __future__ import annotations

import contextlib
import io
import os
import textwrap
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bnlint.files.display import clean

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

#: A line that jumps about the true value is no better an estimate than one on its way to it.
_TRUTH = "true value of the data; a line that jumps follows the last batch alone: noise"

#: Inches of one panel, and characters of text that fit into its width.
_WIDTH, _HEIGHT, _CHARACTERS = 5.2, 4.4, 62


class PlotError(Exception):
    """The picture cannot be made; the message says why."""


def check(path: str) -> None:
    """See to it that a picture can be drawn and written to ``path``, before long experiments.

    Raises:
        PlotError: it is no path for a PNG, or matplotlib is missing.
    """
    if not path.lower().endswith(".png"):
        raise PlotError(f"expected a file name that ends in .png, found {path!r}")
    if os.path.isdir(path):
        raise PlotError(f"{path}: is a folder")
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise PlotError(f"{path}: there is no folder {folder}")
    _matplotlib()


def plot(pictures: Pictures, path: str) -> bool:
    """Write the picture to ``path``; return whether there was anything to draw.

    Raises:
        PlotError: matplotlib is missing, or the file cannot be written.
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
        return False
    drawn = _drawn(panels)
    try:
        with open(path, "wb") as stream:
            stream.write(drawn)
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror or error}") from None
    return True


def _matplotlib() -> Any:
    """Import matplotlib from another folder: it reads a ``matplotlibrc`` in the current one.

    That would be a file of the linted project, which could have LaTeX run.
    """
    try:
        with _in_own_folder():
            import matplotlib
            import matplotlib.backends.backend_agg
            import matplotlib.figure
    except Exception as error:  # a broken installation raises what it likes
        raise PlotError(
            f"needs matplotlib ({type(error).__name__}: {error}); pip install 'bnlint[plot]'"
        ) from None
    return matplotlib


@contextlib.contextmanager
def _in_own_folder() -> Iterator[None]:
    before = os.getcwd()
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    try:
        yield
    finally:
        os.chdir(before)


def _drawn(panels: list[tuple[Panel, Any]]) -> bytes:
    """Return a PNG: statistics side by side, outputs below them."""
    matplotlib = _matplotlib()
    columns = min(len(panels), 2)
    rows = (len(panels) + 1) // 2
    written = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that no font here has: boxes show it
        matplotlib.rcdefaults()
        figure = matplotlib.figure.Figure(
            figsize=(_WIDTH * columns, _HEIGHT * rows), layout="constrained", dpi=120
        )
        matplotlib.backends.backend_agg.FigureCanvasAgg(figure)
        grid = figure.add_gridspec(rows, columns)
        for number, (panel, draw) in enumerate(panels):
            row, column = divmod(number, 2)
            wide = column == 0 and number == len(panels) - 1
            axis = figure.add_subplot(grid[row, :] if wide else grid[row, column])
            draw(axis, panel, _CHARACTERS * (columns if wide else 1))
        figure.savefig(written, format="png")
    return written.getvalue()


def _mean(axis: Any, panel: Panel, room: int) -> None:
    _lines(axis, panel, "running mean of a channel", "training steps", room)


def _variance(axis: Any, panel: Panel, room: int) -> None:
    _lines(axis, panel, "running variance of a channel", "training steps", room)


def _output(axis: Any, panel: Panel, room: int) -> None:
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_ylim(5e-10, None)  # what is equal is drawn at 1e-9
    title = "largest difference of the output, relative to the largest output of the reference"
    _lines(axis, panel, title, "running variance", room)
    for number, (label, tolerance) in enumerate(TOLERANCES):
        axis.axhline(tolerance, color="grey", linewidth=0.8, linestyle=(0, (4, 4)))
        below = number == 1  # the next is so close that there is no room above
        axis.annotate(
            f"{label} {tolerance:g}", (0.01, tolerance), xycoords=("axes fraction", "data"),
            xytext=(0, -2 if below else 2), textcoords="offset points",
            fontsize=8, color="dimgrey", va="top" if below else "bottom",
        )  # fmt: skip


def _lines(axis: Any, panel: Panel, title: str, x_label: str, room: int) -> None:
    for line in panel.lines:
        color, dashes = _STYLES[line.label.partition(":")[0]]
        label = textwrap.fill(clean(line.label), room, subsequent_indent="    ")
        axis.plot(panel.x, line.values, label=label, color=color, linestyle=dashes)
    if panel.truth is not None:
        axis.axhline(panel.truth, color="tab:blue", linewidth=0.8, label=_TRUTH)
    code, _, place = clean(panel.about).partition(", ")
    if len(place) > room - 12:  # what tells files apart is at the end
        place = f"...{place[12 - room :]}"
    heading = f"{textwrap.fill(title, room)}\n{code}, {place}"
    axis.set_title(heading, fontsize=9, parse_math=False)
    axis.set_xlabel(x_label)
    if panel.truth is not None:
        axis.set_ylabel("running statistic")
    # below the axes: the labels are long, and must hide no line
    legend = axis.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar in a path is a dollar
