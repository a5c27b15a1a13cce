"""Figures with words: grids of pictures, scatter plots, curves. Drawn by matplotlib."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from core2d.errors import InputError, expect_tensor
from core2d.files import replace
from core2d.inspect.curves import Curve
from core2d.inspect.picture import Picture

ENDINGS = ("png", "jpg", "jpeg", "svg", "pdf", "webp")
FRAME = {True: "#2a9d4a", False: "#d1342f"}


@dataclass(frozen=True)
class Panel:
    """A picture (H, W, 3), or a map (H, W) with a scale beside it, under a title.

    span: values of the ends of the map's scale; centred ones are drawn blue - white - red.
    right: a green frame (True), a red one (False), or none.
    """

    image: Picture
    title: str = ""
    span: tuple[float, float] | None = None
    right: bool | None = None


def grid(rows: Sequence[Sequence[Panel]], title: str = "", size: float = 1.6) -> Figure:
    """Rows of panels, `size` inches each. Raises InputError where there are none."""
    if not rows or not all(rows):
        raise InputError("rows: expected at least one panel in each row")
    columns = max(len(row) for row in rows)
    figure = Figure((columns * size, len(rows) * (size + 0.25) + 0.3), layout="constrained")
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for places, row in zip(axes, rows, strict=True):
        for place in places:
            place.set_axis_off()
        for place, panel in zip(places, row, strict=False):
            _draw(place, panel, figure)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def _draw(place: Axes, panel: Panel, figure: Figure) -> None:
    place.set_title(panel.title, fontsize=7, pad=2)
    if panel.image.ndim == 3:
        place.imshow(panel.image, interpolation="nearest")
    else:
        low, high = panel.span or (float(panel.image.min()), float(panel.image.max()))
        colours = "RdBu_r" if low < 0 < high else "viridis"
        drawn = place.imshow(panel.image, colours, vmin=low, vmax=high, interpolation="nearest")
        bar = figure.colorbar(drawn, ax=place, fraction=0.046, pad=0.03)
        bar.ax.tick_params(labelsize=5)
    if panel.right is not None:
        place.set_axis_on()
        place.set_xticks([])
        place.set_yticks([])
        for spine in place.spines.values():
            spine.set(color=FRAME[panel.right], linewidth=2)


def scatter(
    points: Tensor, label: Tensor, names: Sequence[str] = (), title: str = "", dot: float = 4.0
) -> Figure:
    """Points (N, 2) in the colours of their labels (N,) int64, with the names of the classes."""
    expect_tensor("points", points, "N 2", dtypes="float", finite=True)
    expect_tensor("label", label, f"{len(points)}", dtypes="int")
    figure = Figure((6, 5), layout="constrained")
    place = figure.subplots()
    colours = matplotlib.colormaps["tab10" if int(label.max()) < 10 else "tab20"]
    for value in label.unique().tolist():
        x, y = points[label == value].cpu().numpy().T
        name = names[value] if value < len(names) else str(value)
        place.scatter(x, y, dot, color=colours(value % colours.N), label=name, linewidths=0)
    place.legend(
        fontsize=7, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False
    )
    place.set_xticks([])
    place.set_yticks([])
    place.set_title(title, fontsize=10)
    return figure


def draw_curves(runs: Mapping[str, Mapping[str, Curve]], title: str = "") -> Figure:
    """Name of a run -> its curves: one plot per quantity, train dashed, validation drawn through.

    "train/loss" and "validation/loss" share a plot, so that the gap between them is seen.
    """
    quantities = dict.fromkeys(name.rpartition("/")[2] for run in runs.values() for name in run)
    quantities = dict.fromkeys(sorted(quantities, key="rate".__eq__))
    if not quantities:
        raise InputError("runs: expected at least one curve")
    figure = Figure((4.2 * len(quantities), 3.4), layout="constrained")
    places = np.atleast_1d(figure.subplots(1, len(quantities)))
    for place, quantity in zip(places, quantities, strict=True):
        for number, (run, curves) in enumerate(runs.items()):
            for name, curve in curves.items():
                part, _, last = name.rpartition("/")
                if last == quantity:
                    label = " ".join(filter(None, (run if len(runs) > 1 else "", part)))
                    style = "--" if part == "train" else "-"
                    colour = f"C{number % 10}"
                    dots = "." if len(curve.x) < 40 else ""
                    place.plot(curve.x, curve.y, dots + style, color=colour, label=label or None)
        place.set_xlabel("epoch", fontsize=8)
        place.set_title(quantity, fontsize=9)
        place.tick_params(labelsize=7)
        place.grid(alpha=0.3)
        if place.get_legend_handles_labels()[1]:
            place.legend(fontsize=7, handlelength=4)  # long enough to show dashes
    figure.suptitle(title, fontsize=10)
    return figure


def save_figure(path: Path, figure: Figure, dots: int = 130) -> None:
    """Write a figure (png, jpg, svg, pdf), `dots` per inch. Raises InputError."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ENDINGS:
        raise InputError(f"{path}: expected a name ending with {' '.join(ENDINGS)}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: expected a folder for the picture")
    replace(path, lambda part: figure.savefig(part, format=ending, dpi=dots))
