"""The shape folder: light, edges and opacity of surfaces, size of points, grids, cameras."""

from typing import get_args

import torch

from geomdl.structures import VoxelGrid
from geomdl.viewer.drawing import Dots, Drawing, Photo
from geomdl.viewer.look import Look, Shading, Sides, Voxels, Wireframe
from geomdl.viewer.page.controls import Controls, show
from geomdl.viewer.page.cuts import floored, places, step_of

LARGEST = 12.0  # times the size that closes the gaps


def build(controls: Controls, kinds: frozenset[str]) -> None:
    """Controls for the kinds of things that the scene holds."""
    gui = controls.gui
    if kinds & {"surfaces", "voxels"}:
        controls.field(gui.add_dropdown("Shading", get_args(Shading), hint="Key H"), "shading")
        controls.field(
            gui.add_dropdown("Wireframe", get_args(Wireframe), hint="Key F"), "wireframe"
        )
        controls.field(
            gui.add_dropdown("Sides", get_args(Sides), hint="auto looks into rooms"), "sides"
        )
        controls.field(gui.add_slider("Opacity", 0.0, 1.0, 0.01, 1.0), "opacity")
    if "points" in kinds:
        _sizes(controls, "Point size", "point_size", Dots)
    if "voxels" in kinds:
        controls.field(gui.add_dropdown("Voxels", get_args(Voxels)), "voxels")
        _level(controls)
        slices = gui.add_checkbox("Slices", True, hint="show the values where a plane cuts a grid")
        controls.field(slices, "slices")
    if "cameras" in kinds:
        controls.field(gui.add_checkbox("Cameras", True, hint="Key V"), "cameras")
        controls.field(gui.add_checkbox("Photos", True, hint="Key I"), "photos")
        _sizes(controls, "Camera size", "camera_size", Photo)


def _sizes(controls: Controls, label: str, field: str, kind: type[Dots] | type[Photo]) -> None:
    """A slider of a length whose default, None, shows what the drawing took instead."""
    slider = controls.gui.add_slider(label, 0.0, 1.0, 0.001, 0.0, visible=False)
    controls.on_user(slider, lambda: controls.change({field: slider.value or None}))

    def redraw(drawing: Drawing) -> None:
        found = [
            2 * part.radius if isinstance(part, Dots) else part.size
            for part in drawing.parts
            if isinstance(part, Dots | Photo) and isinstance(part, kind)
        ]
        if not found:
            return
        taken = max(found)
        if not slider.visible:
            slider.step = step_of(0.0, LARGEST * taken)
            slider.precision = places(slider.step)
            slider.max = slider.step * round(LARGEST * taken / slider.step)
            slider.visible = True
        value = getattr(controls.session.look, field)
        show(slider, min(taken if value is None else value, slider.max))

    controls.drawn(redraw)


def _level(controls: Controls) -> None:
    """A slider over the values of the grids."""
    slider = controls.gui.add_slider("Level", 0.0, 1.0, 0.001, 0.0, visible=False)
    controls.on_user(slider, lambda: controls.change({"level": slider.value}))
    scene = controls.session.scene

    def measure() -> None:
        shapes = [scene.shape(name, controls.session.look.frame) for name in scene.names]
        grids = [shape for shape in shapes if isinstance(shape, VoxelGrid)]
        if not grids:
            return
        finite = [grid.values[torch.isfinite(grid.values)].float() for grid in grids]
        low = min(float(values.min()) for values in finite if len(values))
        high = max(float(values.max()) for values in finite if len(values))
        slider.step = step_of(low, high)
        slider.precision = places(slider.step)
        slider.min, slider.max = floored(low, slider.step), -floored(-high, slider.step)
        signed = any(grid.kind in ("sdf", "tsdf") for grid in grids)
        show(slider, min(max(0.0 if signed else 0.5, low), high))
        slider.visible = high > low
        follow(controls.session.look)

    def follow(look: Look) -> None:
        if look.level is not None and slider.visible:
            show(slider, min(max(look.level, slider.min), slider.max))

    controls.session.later(measure)
    controls.seen(follow)
