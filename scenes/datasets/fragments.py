"""Fragments of a real room: surfaces fused from a few consecutive frames each, to be put together.

As in the 3DMatch benchmark (Zeng et al. 2017), here of one scene: the "redkitchen" of 7-Scenes
(Shotton et al. 2013). Poses are those that come with the frames. One room is one place: however
its fragments are divided, `seen` says how much of the test's surface the training showed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_choice, expect_number
from core2d.train.recipe import Batch, Data
from geomdl.augment import jitter, tumble
from geomdl.io.rgbd import RGBDFolder, open_rgbd
from geomdl.ops.differential import vertex_normals
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.ops.isosurface import isosurface_blocks
from geomdl.ops.neighbors import build_tree, nearest_within
from geomdl.ops.registration import thin_index
from geomdl.ops.voxelize import voxelize
from geomdl.structures import Pose
from scenes.datasets.cache import Arrays, decoded
from scenes.datasets.download import data_folder, remedy
from scenes.datasets.point_batches import packed

KITCHEN = "rgbd_redkitchen"
NEAR, FAR = 0.3, 4.0  # metres that the depth camera is trusted in
LEAST = 2.0  # frames that must have seen a surface
GRAIN, REACH = 0.025, 0.0375  # metres: overlap is counted on points so far apart, within that
Split = Literal["time", "place"]


@dataclass(frozen=True)
class Fragments:
    """Fragments end to end, each in the frame of its middle camera, in the order of time.

    points (N, 3) m and unit normals (N, 3) towards the camera's side, offsets (F+1,) int64, poses
    (F, 4, 4) float64 from fragment to world, overlap (F, F): the share of both that the other
    shows, the smaller of the two.
    """

    points: Tensor
    normals: Tensor
    offsets: Tensor
    poses: Tensor
    overlap: Tensor

    @classmethod
    def of(cls, clouds: Sequence[tuple[Tensor, Tensor]], poses: Tensor) -> "Fragments":
        """Points and normals (n, 3) of every fragment, poses (F, 4, 4); overlaps are measured."""
        counts = torch.tensor([0] + [len(points) for points, _ in clouds])
        points, normals = (torch.cat(parts) for parts in zip(*clouds, strict=True))
        whole = cls(points, normals, counts.cumsum(0), poses, torch.zeros(0, 0))
        return replace(whole, overlap=_overlaps([whole.places(i) for i in range(len(whole))]))

    def __len__(self) -> int:
        return len(self.poses)

    def item(self, number: int) -> tuple[Tensor, Tensor]:
        """Points and normals (n, 3) of one fragment."""
        rows = slice(int(self.offsets[number]), int(self.offsets[number + 1]))
        return self.points[rows], self.normals[rows]

    def places(self, number: int) -> Tensor:
        """Points (n, 3) of one fragment in the world."""
        return _at(self.poses[number], self.item(number)[0])

    def truth(self, source: int, target: int) -> Tensor:
        """Transform (4, 4) float64 that maps fragment `source` onto `target`."""
        return torch.linalg.solve(self.poses[target], self.poses[source])

    def pairs(
        self, chosen: Sequence[int], *, least: float = 0.3, most: float = 1.0, apart: int = 1
    ) -> Tensor:
        """Pairs (P, 2) among the chosen fragments, the earlier first, that overlap by a share.

        The share is `least` or more, and below `most` or 1. apart: how many fragments later the
        second is at least; 2 leaves out neighbours, whose motion is known from tracking.
        """
        share = self.overlap.numpy()
        found = [
            (i, j)
            for i in chosen
            for j in chosen
            if j - i >= max(apart, 1) and least <= share[i, j] < (most if most < 1 else 2)
        ]
        return torch.tensor(found, dtype=torch.int64).reshape(-1, 2)

    def divided(self, by: Split = "time") -> tuple[list[int], list[int]]:
        """Numbers of the fragments that train and that test; what lies between is left out.

        time: the first half, one left out, the rest. place: the third on one side of the room
        and that on the other, along the line on which the fragments' middles spread most.
        """
        count = len(self)
        if expect_choice("by", by, ("time", "place")) == "time":
            return list(range(count // 2)), list(range(count // 2 + 1, count))
        middles = torch.stack([self.places(i).mean(0) for i in range(count)])
        axis = torch.linalg.svd(middles - middles.mean(0))[2][0]
        axis = axis * axis[axis.abs().argmax()].sign()
        order = (middles @ axis).argsort(stable=True).tolist()
        return sorted(order[: count // 3]), sorted(order[-(count // 3) :])

    def seen(self, train: Sequence[int], test: Sequence[int]) -> float:
        """The share of the test fragments' surface that training fragments show as well."""
        known = torch.cat([self.places(i) for i in train])
        known = known[thin_index(known, GRAIN)]
        points = torch.cat([_thin(self.places(i)) for i in test])
        return _shown(known, points)


@dataclass(frozen=True)
class Pairs:
    """Pairs of fragments as packed examples.

    Both fragments of a pair are thinned to a point per cube of `voxel` metres and stand end to
    end: "points" (N, 3), "normal" (N, 3), "side" (N,) int64, 0 for the source and 1 for the
    target, and "place" (N, 3), where the points lie in the world. Where a generator is given
    each fragment is turned any way, and its points shift by `noise` metres.
    """

    fragments: Fragments
    pairs: Tensor
    voxel: float = 0.05
    noise: float = 0.0

    def __len__(self) -> int:
        return len(self.pairs)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) -> a packed batch."""
        return packed([self._pair(pair.tolist(), generator) for pair in self.pairs[index]])

    def joined(self, other: "Pairs") -> "Pairs":
        """These pairs, then those of another place; voxel and noise are the first one's."""
        both = together([self.fragments, other.fragments])
        pairs = torch.cat([self.pairs, other.pairs + len(self.fragments)])
        return replace(self, fragments=both, pairs=pairs)

    def _pair(self, pair: Sequence[int], generator: Generator | None) -> Batch:
        sides: list[Batch] = []
        for side, number in enumerate(pair):
            points, normals = self.fragments.item(number)
            offsets = torch.tensor([0, len(points)])
            one = {"points": points, "features": normals, "offsets": offsets}
            if generator is not None:
                one = jitter(tumble(one, generator, vectors=0), generator, sigma=self.noise)
            # The lattice that networks count voxels on: a thinner one would leave holes in theirs.
            rows = voxelize(one["points"], self.voxel).first.sort().values
            sides.append(
                {
                    "points": one["points"][rows],
                    "normal": one["features"][rows],
                    "side": torch.full((len(rows),), side),
                    "place": self.fragments.places(number)[rows],
                }
            )
        return {name: torch.cat([side[name] for side in sides]) for name in sides[0]}


def together(parts: Sequence[Fragments]) -> Fragments:
    """Fragments of several places as one: those of different places do not overlap.

    Raises InputError for none.
    """
    if not parts:
        raise InputError("parts: expected fragments of at least one place, got none")
    starts = torch.tensor([0] + [len(part.points) for part in parts]).cumsum(0)
    ends = [part.offsets[1:] + start for part, start in zip(parts, starts, strict=False)]
    return Fragments(
        torch.cat([part.points for part in parts]),
        torch.cat([part.normals for part in parts]),
        torch.cat([starts[:1], *ends]),
        torch.cat([part.poses for part in parts]),
        torch.block_diag(*(part.overlap for part in parts)),
    )


def kitchen(*, frames: int = 10, cell: float = 0.015) -> Fragments:
    """The kitchen's fragments of `frames` frames, fused in cells of `cell` metres.

    Fused on the first call, which takes about 20 seconds, and kept in the cache. Raises InputError
    where the frames are not there.
    """
    expect_number("frames", frames, low=1)
    expect_number("cell", cell, above=0)
    folder = data_folder() / KITCHEN
    if not folder.is_dir():
        raise InputError(f"{KITCHEN}: expected RGB-D frames in {folder}; {remedy(KITCHEN)}")
    sources = sorted(path for path in folder.iterdir() if path.is_file())
    make = partial(_decode, frames=frames, cell=cell)
    found = decoded(f"fragments-{frames}-{cell:g}", sources, make, by_date=True)
    return Fragments(**found)


def kitchen_pairs(
    *,
    by: Split = "time",
    voxel: float = 0.05,
    noise: float = 0.005,
    least: float = 0.3,
    most: float = 1.0,
) -> Data:
    """Pairs of the kitchen's fragments: those that train and those that test.

    Training pairs overlap by 30 %, as in 3DMatch; those of the test by `least` to `most`, which is
    10 to 30 % in 3DLoMatch (Huang et al. 2021), and are no neighbours in time. There is no
    validation: nothing is steered.
    """
    fragments = kitchen()
    train, test = fragments.divided(by)
    return Data(
        train=Pairs(fragments, fragments.pairs(train), voxel, noise),
        validation=Pairs(fragments, fragments.pairs([]), voxel),
        test=Pairs(fragments, fragments.pairs(test, least=least, most=most, apart=2), voxel),
        name=f"7-Scenes redkitchen, divided by {by}",
    )


def fused(source: RGBDFolder, frames: int, cell: float) -> Fragments:
    """Posed frames -> a fragment of every `frames` of them; a shorter rest is left out.

    Raises InputError for frames without poses, and where there are not two fragments.
    """
    if len(source) < 2 * frames:
        raise InputError(f"frames: expected at most half of {len(source)}, got {frames}")
    clouds, poses = [], []
    for start in range(0, len(source) - frames + 1, frames):
        part = source[start : start + frames]
        pose = part[frames // 2].pose
        if pose is None:
            raise InputError(f"{source.folder}: frame {start + frames // 2} has no pose")
        poses.append(Pose.nearest(pose.matrix().double()).matrix())
        clouds.append(_surface(part, cell, torch.linalg.inv(poses[-1])))
    return Fragments.of(clouds, torch.stack(poses))


def _decode(paths: Sequence[Path], *, frames: int, cell: float) -> Arrays:
    found = fused(open_rgbd(paths[0].parent), frames, cell)
    return {name: np.asarray(value) for name, value in vars(found).items()}


def _surface(frames: RGBDFolder, cell: float, to_fragment: Tensor) -> tuple[Tensor, Tensor]:
    """Frames -> points (n, 3) and normals (n, 3) of what `LEAST` of them saw, in the fragment."""
    volume = TSDFVolume(cell, 4 * cell, colored=False)
    for number in range(len(frames)):
        frame = frames[number]
        if frame.pose is None:
            raise InputError(f"{frames.folder}: {frame.name} has no pose")
        pose = frame.camera.world_to_camera.matrix()
        fuse(volume, frame.depth, frame.camera.intrinsics, pose, None, NEAR, FAR)
    least = min(LEAST, len(frames)) - 0.5
    vertices, faces = isosurface_blocks(
        volume.coordinates, volume.tsdf, volume.weights, least, origin=volume.origin, cell=cell
    )
    normals = vertex_normals(vertices, faces)
    kept = normals.norm(dim=1) > 0.5  # none where all faces of a point lack an area
    turned = normals[kept].double() @ to_fragment[:3, :3].T
    return _at(to_fragment, vertices[kept]), turned.float()


def _at(transform: Tensor, points: Tensor) -> Tensor:
    """Transform (4, 4) float64, points (n, 3) -> points (n, 3) float32."""
    return (points.double() @ transform[:3, :3].T + transform[:3, 3]).float()


def _thin(points: Tensor) -> Tensor:
    return points[thin_index(points, GRAIN)]


def _shown(known: Tensor, points: Tensor) -> float:
    """The share of points (n, 3) that have one of `known` (m, 3) within REACH."""
    return float((nearest_within(known, points, REACH, build_tree(known)) >= 0).float().mean())


def _overlaps(clouds: Sequence[Tensor]) -> Tensor:
    """Points (n, 3) of every fragment in the world -> overlap (F, F), 1 on the diagonal."""
    thin = [_thin(points) for points in clouds]
    shares = torch.tensor([[_shown(known, points) for known in thin] for points in thin])
    return torch.minimum(shares, shares.T)
