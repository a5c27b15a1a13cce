"""The picture of the dilution study: sites per layer; time and memory by occupancy and extent."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from core2d.inspect.figure import save_figure

if TYPE_CHECKING:
    from geomdl.recipes.dilution import Timing

DENSE, SPARSE, MAP = "#c44e52", "#2a6fbb", "#8a8a8a"


def draw(
    path: Path,
    sites: Mapping[str, Sequence[int]],
    by_share: Sequence["Timing"],
    by_size: Sequence["Timing"],
) -> None:
    """Five panels into a file. Raises InputError for a name of another kind."""
    figure = Figure((11, 6), layout="constrained")
    panels = figure.subplot_mosaic([["sites", "share", "size"], ["sites", "share MB", "size MB"]])
    left = panels["sites"]
    for name, counts in sites.items():
        style = "k--" if name == "submanifold" else "o-"
        left.plot([n / counts[0] for n in counts], style, ms=3, label=name)
    left.set(title="active sites, times the input's", xlabel="layers of kernel 3", yscale="log")
    for name, timings, title, x in (
        ("share", by_share, "scattered cells", [100 * t.share for t in by_share]),
        ("size", by_size, "a surface", [float(t.extent) for t in by_size]),
    ):
        panel, memory = panels[name], panels[f"{name} MB"]
        for label, colour, line, values in (
            ("dense", DENSE, "-", [t.dense for t in timings]),
            ("dense, with backward", DENSE, "--", [t.dense_training for t in timings]),
            ("sparse", SPARSE, "-", [t.sparse for t in timings]),
            ("sparse, with backward", SPARSE, "--", [t.sparse_training for t in timings]),
            ("its look-ups", MAP, ":", [t.look_ups for t in timings]),
        ):
            panel.plot(x, [1e3 * v for v in values], line, color=colour, marker=".", label=label)
        for label, colour, held in (
            ("dense", DENSE, [t.dense_bytes for t in timings]),
            ("sparse", SPARSE, [t.sparse_bytes for t in timings]),
        ):
            memory.plot(x, [b / 1e6 for b in held], color=colour, marker=".", label=label)
        panel.set(title=f"one layer, {title}", ylabel="ms", xscale="log", yscale="log")
        memory.set(ylabel="MB until the backward", xscale="log", yscale="log")
    panels["share MB"].set_xlabel(f"active cells of {by_share[0].extent}^3, %")
    panels["size MB"].set_xlabel("cells per axis")
    extents = [t.extent for t in by_size]
    for name in ("size", "size MB"):
        panels[name].set_xticks(extents, [str(extent) for extent in extents])
        panels[name].minorticks_off()
        panels[name].legend(fontsize=7)
    left.legend(fontsize=7)
    for panel in panels.values():
        panel.grid(alpha=0.3)
    save_figure(path, figure)
