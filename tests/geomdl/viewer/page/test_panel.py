"""The whole panel: a control for every field of the look, and none that starts a change."""

import dataclasses

import torch

from geomdl.structures import Camera, VoxelGrid
from geomdl.viewer.look import Look
from geomdl.viewer.page.panel import build
from tests.geomdl.viewer.page.visitor import Visitor, ball, controls, dots, scene_of, words

LABELS = {
    "color_by": "Colour by", "distance_to": "to", "color": "Colour", "ramp": "Ramp",
    "limits": "Limits", "legend": "Legend", "shading": "Shading", "wireframe": "Wireframe",
    "sides": "Sides", "opacity": "Opacity", "point_size": "Point size", "voxels": "Voxels",
    "level": "Level", "slices": "Slices", "clip": "X", "cameras": "Cameras",
    "camera_size": "Camera size", "photos": "Photos", "axes": "Axes", "box": "Box",
    "names": "Names", "hide": "Show", "measure": "Measure", "background": "Background",
    "up": "Up", "frame": "Frame", "fov": "Lens °", "eye": "Go to", "target": "Go to",
}  # fmt: skip


def everything(look: Look = Look()) -> Visitor:  # noqa: B008
    grid = VoxelGrid(torch.linspace(-1, 1, 64).reshape(4, 4, 4), "sdf")
    scene = scene_of(ball(), dots(), grid, Camera.from_fov(8, 6, 1.0), frames=2)
    visitor = Visitor(scene, look)
    build(visitor)
    return visitor


def test_every_field_has_its_control():
    assert set(LABELS) == {field.name for field in dataclasses.fields(Look)}
    assert set(LABELS.values()) <= set(controls(everything()))


def test_building_changes_nothing():
    look = Look(color_by="height", clip=("x<50%", "1,1,0<1"), hide=("b",), opacity=0.5, fov=70.0)
    assert everything(look).look == look


def test_every_field_may_change_elsewhere():
    """Keys, links and other threads change the look; the panel must follow without a word."""
    visitor = everything()
    changes = {
        "color_by": "label", "ramp": "turbo", "limits": (0.0, 1.0), "legend": False,
        "shading": "none", "wireframe": "over", "sides": "front", "opacity": 0.2,
        "point_size": 5.0, "voxels": "cells", "level": 0.25, "slices": False,
        "clip": ("y>20%", "1,1,1<0.5"), "cameras": False, "camera_size": 2.0, "photos": False,
        "axes": True, "box": True, "names": True, "hide": ("a",), "background": "none",
        "up": "-z", "frame": 1, "fov": 20.0, "measure": ((0.0, 0.0, 0.0, 1.0, 1.0, 1.0),),
    }  # fmt: skip
    for name, value in changes.items():
        visitor.change(**{name: value})
        assert getattr(visitor.look, name) == value
    assert visitor.notes == []
    assert visitor.look == Look(**changes)


def test_names_of_files_stay_words():
    from geomdl.viewer.scene import Item, Scene

    visitor = Visitor(Scene([Item("<img src=x onerror=alert(1)>", (ball(),))]))
    build(visitor)
    assert "<img" not in words(visitor)
