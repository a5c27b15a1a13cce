"""The copied command says what the look says."""

import shlex
from pathlib import Path

import torch
import tyro

from geomdl.structures import PointCloud
from geomdl.viewer.look import Look
from geomdl.viewer.page.command import command_of, flag
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.viewpoint import Viewpoint

CLOUD = PointCloud(torch.rand(3, 3))
SCENE = Scene(
    [
        Item("a b", (CLOUD,), Path("/data/a b.ply")),
        Item("mine", (CLOUD,)),
        Item("twice", (CLOUD,), Path("/data/a b.ply")),
    ]
)


def test_files_once_and_only_what_differs():
    words = shlex.split(command_of(SCENE, Look(color_by="height")))
    assert words == [
        "geomdl",
        "render",
        "/data/a b.ply",
        "-o",
        "picture.png",
        "--color-by",
        "height",
    ]


def test_the_view_is_part_of_it():
    view = Viewpoint((1.0, 2.0, 1 / 3), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 40.0)
    words = command_of(SCENE, Look(), view)
    assert words.endswith("--eye 1.0 2.0 0.333333 --target 0.0 0.0 0.0") or words.endswith(
        "--eye 1 2 0.333333 --target 0 0 0"
    )


def test_kinds_of_fields():
    assert flag("legend", False) == ["--no-legend"]
    assert flag("axes", True) == ["--axes"]
    assert flag("clip", ("x<1", "z>50%")) == ["--clip", "x<1", "z>50%"]
    assert flag("up", "-z") == ["--up=-z"]
    assert flag("limits", (-1.0, 2.5)) == ["--limits", "-1", "2.5"]
    assert flag("measure", ((0.0, 1.0, 2.0, 3.0, 4.0, 5.0),)) == ["--measure", *"012345"]


def test_words_of_the_shell_are_quoted():
    assert "'x<50%'" in command_of(SCENE, Look(clip=("x<50%",)))


def test_a_path_makes_a_film():
    words = shlex.split(command_of(SCENE, Look(), path="a b.json"))
    assert words[-4:] == ["-o", "film.mp4", "--path", "a b.json"]


def test_the_command_line_reads_it_back():
    look = Look(
        color_by="distance", distance_to="a b", limits=(-1.0, 2.5), legend=False, axes=True,
        clip=("x>-0.5", "0.6,0.8,0>0.5"), hide=("mine", "a b"), up="-z", wireframe="over",
        measure=((0.0, -1.0, 2.0, 3.0, 4.0, 5.0),), point_size=0.25, background="none", frame=3,
        eye=(-1.0, 2.0, 3.5), target=(0.0, -0.25, 0.0), fov=55.0,
    )  # fmt: skip
    words = shlex.split(command_of(SCENE, look))
    assert tyro.cli(Look, args=words[words.index("-o") + 2 :]) == look
