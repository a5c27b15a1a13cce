"""Legends as HTML."""

from collections.abc import Sequence
from html import escape

import torch

from geomdl.render.colormap import ramp
from geomdl.structures.srgb import to_srgb
from geomdl.viewer.drawing import Legend

STOPS = 12
BLOCK = "padding:0 0.7em 0.5em 0.7em;font-size:0.8em;line-height:1.45"


def to_html(legends: Sequence[Legend]) -> str:
    """Legends -> HTML; names and titles are escaped."""
    return "".join(map(_one, legends))


def _one(legend: Legend) -> str:
    parts = [f'<div style="font-weight:600">{escape(legend.title)}</div>']
    if legend.limits is not None:
        low, high = legend.limits
        middle = (low + high) / 2
        numbers = "".join(f"<span>{number(v)}</span>" for v in (low, middle, high))
        parts.append(
            f'<div style="height:0.9em;border-radius:2px;background:{_gradient(legend.ramp)}">'
            f'</div><div style="display:flex;justify-content:space-between">{numbers}</div>'
        )
    entries = []
    for label, (name, color) in legend.entries.items():
        entries.append(
            '<div style="display:flex;gap:0.5em;align-items:center">'
            f'<span style="width:0.9em;height:0.9em;flex:none;border-radius:2px;'
            f'background:{hex_of(color)}"></span>'
            f'<span style="overflow-wrap:anywhere">{escape(name or str(label))}</span></div>'
        )
    if entries:
        parts.append(f'<div style="max-height:17em;overflow-y:auto">{"".join(entries)}</div>')
    if legend.more:
        parts.append(f'<div style="opacity:0.6">and {legend.more:,} more</div>')
    return f'<div class="geomdl-legend" style="{BLOCK}">{"".join(parts)}</div>'


def hex_of(color: Sequence[float]) -> str:
    """Linear colour (3,) -> '#rrggbb'."""
    srgb = (to_srgb(torch.tensor(color)).clamp(0, 1) * 255).round().int().tolist()
    return "#{:02x}{:02x}{:02x}".format(*srgb)


def note(text: str) -> str:
    """A remark of the panel as HTML, escaped."""
    return f'<div style="{BLOCK};opacity:0.7">{escape(text)}</div>'


def number(value: float) -> str:
    """Up to four digits that count."""
    return f"{value:.4g}".replace("-", "−")


def _gradient(name: str) -> str:
    colors = ramp(torch.linspace(0, 1, STOPS), 0.0, 1.0, name or "viridis")
    return f"linear-gradient(to right,{','.join(map(hex_of, colors.tolist()))})"
