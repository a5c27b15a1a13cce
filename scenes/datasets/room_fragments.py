"""Fragments of procedural rooms, to train descriptors on more places than were ever recorded.

`scenes.build.home` furnishes a room for every seed; a fragment is what a noisy depth camera saw of
it from one place in a few frames. Made when first asked for, in seconds a room, then kept.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Generator

from core2d.errors import expect_number
from core2d.train.order import seed_of
from geomdl.ops.differential import point_normals
from geomdl.structures import Pose
from scenes import build, scan
from scenes.build.home import furnished_room
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.fragments import Fragments, Pairs, together
from scenes.scan.survey import survey, viewpoints

FRAMES = 3  # of a fragment
SWAY = 0.06  # metres by which the camera moves between them, and its aim a metre ahead
AROUND = 20  # neighbours of a normal


def room_fragments(
    number: int, *, views: int = 16, cell: float = 0.025, seed: int = 0
) -> Fragments:
    """Room `number` of the seed as `views` fragments, each in its camera's frame.

    cell: metres of the cubes that hold one point each. Two fragments share no measurement, only
    surface. Raises InputError.
    """
    expect_number("number", number, low=0)
    expect_number("views", views, low=2)
    expect_number("cell", cell, above=0)
    folders = [Path(package.__path__[0]) for package in (build, scan)]
    sources = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    make = partial(_made, number=number, views=views, cell=cell, seed=seed)
    return Fragments(**decoded(f"room-fragments-{number}-{seed}-{views}-{cell:g}", sources, make))


def room_pairs(
    rooms: int,
    *,
    voxel: float = 0.05,
    noise: float = 0.005,
    least: float = 0.3,
    most: float = 1.0,
    seed: int = 0,
) -> Pairs:
    """The pairs of the first rooms of a seed, two fragments of one room each, to train on.

    Arguments as in `kitchen_pairs`. Raises InputError.
    """
    expect_number("rooms", rooms, low=1)
    parts = [room_fragments(number, seed=seed) for number in range(rooms)]
    whole = together(parts)
    return Pairs(whole, whole.pairs(range(len(whole)), least=least, most=most), voxel, noise)


def _made(sources: Sequence[Path], number: int, views: int, cell: float, seed: int) -> Arrays:
    own = seed_of("room fragments", seed, number) % 2**31
    generator = Generator().manual_seed(own)
    room = furnished_room(own)
    clouds, poses = [], []
    for pose in viewpoints(room, views, generator):
        found = survey(room, generator, cell=cell, poses=_swayed(pose, generator))
        to_fragment = pose.matrix().double()
        points = (found.points.double() @ to_fragment[:3, :3].T + to_fragment[:3, 3]).float()
        clouds.append((points, point_normals(points, AROUND, torch.zeros(3))))
        poses.append(torch.linalg.inv(to_fragment))
    made = Fragments.of(clouds, torch.stack(poses))
    return {name: value.numpy() for name, value in vars(made).items()}


def _swayed(pose: Pose, generator: Generator) -> list[Pose]:
    """A camera held still by a hand: FRAMES poses, world_to_camera, about the given one."""
    back = torch.linalg.inv(pose.matrix())
    eye, ahead = back[:3, 3], back[:3, 2]
    shifts = SWAY * torch.randn(FRAMES, 2, 3, generator=generator)
    up = torch.tensor([0.0, 0.0, 1.0])
    return [Pose.look_at(eye + by, eye + ahead + to, up) for by, to in shifts]
