"""Rooms in which people and dogs walk and furniture is pushed, frame by frame.

All frames have the same vertices in the same order, so labels, instances and colours stay and the
true motion of every vertex is known (`flow`). Paths are smooth curves along the free floor, walked
with smooth starts and stops; nothing runs into what stands or into each other.
"""

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Mesh
from scenes.build.draw import Draw
from scenes.build.home import LABELS, Home, furnish
from scenes.build.room import Room
from scenes.build.shapes import living
from scenes.build.solid import Solid, curve
from scenes.build.thing import Thing, mesh_of, thing

PUSHED = ("chair", "stool", "box", "bin", "bag", "plant", "bench")
STEP = 0.75  # metres that a person goes with one leg
PUSH = 2.5  # metres per second squared that furniture is pushed with
FINE = 4  # checks of a path per frame


@dataclasses.dataclass(frozen=True, eq=False)
class MovingRoom:
    """A home, and the poses (T, 4) x y z turn of those of its things (by number) that move.

    forms hold the points (T, V, 3) of those that change their form as well, in the thing's own
    coordinates. seconds lie between two frames.
    """

    home: Home
    poses: dict[int, Tensor]
    forms: dict[int, Tensor]
    frames: int
    seconds: float

    def things(self, frame: int) -> tuple[Thing, ...]:
        """All things as they stand in a frame. Raises GeometryError for a frame out of range."""
        if not 0 <= frame < self.frames:
            raise GeometryError(f"frame: expected 0..{self.frames - 1}, got {frame}")
        things = list(self.home.things)
        for number, poses in self.poses.items():
            item = things[number]
            if number in self.forms:
                item = dataclasses.replace(
                    item, solid=Solid(self.forms[number][frame], item.solid.faces)
                )
            x, y, z, turn = poses[frame].tolist()
            things[number] = item.put(x, y, z, turn)
        return tuple(things)

    def room(self, frame: int) -> Room:
        """A frame as a Room; (V,) int64 `moving` is 1 on what moves at some time."""
        mesh = mesh_of(self.things(frame), LABELS)
        moves = torch.zeros(len(self.home.things), dtype=torch.int64)
        moves[list(self.poses)] = 1
        attributes = {**mesh.attributes, "moving": moves[mesh.attributes["instance"]]}
        mesh = Mesh(mesh.vertices, mesh.faces, colors=mesh.colors, attributes=attributes)
        return Room(mesh, LABELS, self.home.size, self.home.floor)

    def flow(self, frame: int) -> Tensor:
        """How far every vertex (V, 3) goes from a frame to the next, in metres."""
        here = torch.cat([item.points() for item in self.things(frame)])
        return torch.cat([item.points() for item in self.things(frame + 1)]) - here


def moving_room(
    seed: int,
    frames: int = 16,
    kind: str | None = None,
    *,
    bodies: int = 2,
    pushed: int = 2,
    seconds: float = 0.1,
) -> MovingRoom:
    """A seed -> MovingRoom with up to so many people and dogs, and pieces that are pushed.

    Who finds no free way stands still or stays away, so small rooms may have fewer. Raises
    GeometryError.
    """
    expect_number("frames", frames, low=2)
    expect_number("seconds", seconds, above=0)
    home = furnish(seed, kind)
    draw = Draw("moving", seed)
    traffic = _Traffic(home, frames, seconds, draw)
    things, poses, forms = list(home.things), dict[int, Tensor](), dict[int, Tensor]()
    free = [n for n in home.floor if things[n].label in PUSHED and not _carries(home, n)]
    while free and len(poses) < pushed:
        number = free.pop(draw.whole(0, len(free) - 1))
        way = traffic.push(number)
        if way is not None:
            poses[number] = way
    for index in range(bodies):
        walker, shapes, radius = _walker(draw, seed, index)
        walked = traffic.walk(radius)
        if walked is None:
            continue
        way, far = walked
        number = len(things)
        things.append(walker)
        front = math.pi / 2 if walker.label == "person" else 0.0  # people look to -y, dogs to +x
        poses[number] = way + torch.tensor([0.0, 0.0, 0.0, front])
        if shapes is not None:
            forms[number] = torch.stack([shapes(distance) for distance in far.tolist()])
    home = dataclasses.replace(home, things=tuple(things))
    return MovingRoom(home, poses, forms, frames, seconds)


class _Traffic:
    """The free floor over time: what stands, and discs that move."""

    def __init__(self, home: Home, frames: int, seconds: float, draw: Draw) -> None:
        self.home, self.frames, self.seconds, self.draw = home, frames, seconds, draw
        self.fine = (frames - 1) * FINE + 1
        self.still = dict(home.floor)
        self.discs: list[tuple[Tensor, float]] = []  # places (fine, 2) and radius

    def push(self, number: int) -> Tensor | None:
        """A way (T, 4) of a piece that stands on the floor to another free place."""
        item = self.home.things[number]
        start, radius = torch.tensor(item.place[:2]), math.hypot(*item.size[:2]) / 2
        kept = self.still.pop(number)
        first, last = self.draw.between(0, 0.15), self.draw.between(0.85, 1)
        s = smooth(torch.linspace(0, 1, self.fine), first, last)
        duration = (last - first) * (self.frames - 1) * self.seconds
        reach = min(1.4, PUSH * duration**2 / 5.77)  # `smooth` accelerates by 5.77 at most
        for _ in range(60):
            angle, far = self.draw.between(0, 2 * math.pi), reach * self.draw.between(0.3, 1.0)
            end = start + far * torch.tensor([math.cos(angle), math.sin(angle)])
            swerve = far * self.draw.between(-0.2, 0.2)
            side = torch.tensor([-math.sin(angle), math.cos(angle)]) * swerve
            middle = (start + end) / 2 + side
            path = _along(_curve([start, middle, end]), s)
            if self._passes(path, radius, stuck=True):
                self.discs.append((path, radius))
                turn = item.turn + s[::FINE] * self.draw.between(-0.9, 0.9)
                return _poses(path[::FINE], turn)
        self.still[number] = kept
        return None

    def walk(self, radius: float) -> tuple[Tensor, Tensor] | None:
        """Poses (T, 4) with the turn in the direction of the walk, and metres gone (T,)."""
        x, y = (side / 2 - radius for side in self.home.size[:2])
        duration = (self.frames - 1) * self.seconds
        for attempt in range(400):
            speed = self.draw.between(0.5, 1.1) * (1 - 0.7 * attempt / 400)
            spots = [
                torch.tensor([self.draw.between(-x, x), self.draw.between(-y, y)])
                for _ in range(self.draw.whole(2, 4))
            ]
            line = _curve(spots)
            length = float((line[1:] - line[:-1]).norm(dim=1).sum())
            far = speed * duration
            if length < 0.05 + min(far, 0.4):
                continue
            share = min(far / length, 1.0)
            time = torch.linspace(0, 1, self.fine)
            s = share * (0.6 * time + 0.4 * smooth(time, 0.0, 1.0))
            path = _along(line, s)
            if self._passes(path, radius):
                self.discs.append((path, radius))
                ahead = _along(line, (s + 0.02).clamp(max=1)) - _along(
                    line, (s - 0.02).clamp(min=0)
                )
                heading = _unwrapped(torch.atan2(ahead[:, 1], ahead[:, 0]))
                return _poses(path[::FINE], heading[::FINE]), (s * length)[::FINE]
        return None

    def _passes(self, path: Tensor, radius: float, stuck: bool = False) -> bool:
        """Whether a disc may go along a path (fine, 2).

        stuck: what it is too near to at the start (a chair to its table) it may move away from.
        """
        x, y = (side / 2 - radius for side in self.home.size[:2])
        if bool((path.abs() > torch.tensor([x, y]) + 1e-6).any()):
            return False
        for rectangle in self.still.values():
            low, high = torch.tensor(rectangle[:2]), torch.tensor(rectangle[2:])
            off = torch.maximum(low - path, path - high)
            far = off.clamp(min=0).norm(dim=1) + off.amax(1).clamp(max=0)
            least = min(radius, float(far[0])) if stuck else radius
            leaves = least == radius or float(far.diff().min()) > -1e-3
            if float(far.min()) < least - 1e-3 or not leaves:
                return False
        for other, size in self.discs:
            far = (path - other).norm(dim=1)
            least = min(radius + size, float(far[0])) if stuck else radius + size
            if float(far.min()) < least - 1e-3:
                return False
        return True


def smooth(time: Tensor, first: float, last: float) -> Tensor:
    """Times -> 0 before first, 1 after last, between them the polynomial of least jerk.

    Flash, Hogan, "The coordination of arm movements", J. Neuroscience 5(7), 1985, eq. 5.
    """
    t = ((time - first) / (last - first)).clamp(0, 1)
    return t**3 * (10 - 15 * t + 6 * t**2)


def _walker(
    draw: Draw, seed: int, index: int
) -> tuple[Thing, Callable[[float], Tensor] | None, float]:
    """A person or a dog, its form by metres gone (None if it has one form), and its radius."""
    if draw.chance(0.25):
        dog = thing(Draw("dog", seed, index), "dog", living.dog(Draw("dog", seed, index)), {})
        return dog, None, 0.35

    def figure(far: float) -> Solid:
        stride = 0.45 * math.sin(math.pi * far / STEP)
        pieces = living.figure(Draw("person", seed, index), stride)
        solid = thing(Draw("paint", seed, index), "person", pieces, {}, hung=True).solid
        return solid.at(0, 0, -float(solid.points[:, 2].amin()))

    pieces = living.figure(Draw("person", seed, index), 0.0)
    body = thing(Draw("paint", seed, index), "person", pieces, {}, hung=True)
    return body, lambda far: figure(far).points, 0.33


def _carries(home: Home, number: int) -> bool:
    """Whether something lies on a thing."""
    low, high = home.things[number].box
    for item in home.things:
        x, y, z = item.place
        if 0.05 < z < home.size[2] - 0.05 and low[0] < x < high[0] and low[1] < y < high[1]:
            return True
    return False


def _curve(spots: list[Tensor]) -> Tensor:
    """A smooth line (P, 2) through places."""
    return curve([(float(x), float(y), 0.0) for x, y in spots], 60)[:, :2]


def _along(line: Tensor, share: Tensor) -> Tensor:
    """Places (N, 2) at shares (N,) of the length of a line (P, 2)."""
    steps = (line[1:] - line[:-1]).norm(dim=1)
    gone = torch.cat([steps.new_zeros(1), steps.cumsum(0)])
    at = (share * gone[-1]).clamp(max=float(gone[-1]))
    piece = torch.searchsorted(gone, at, right=True).sub(1).clamp(0, steps.numel() - 1)
    t = ((at - gone[piece]) / steps[piece].clamp(min=1e-9))[:, None]
    return line[piece] + t * (line[piece + 1] - line[piece])


def _unwrapped(angle: Tensor) -> Tensor:
    """Angles (N,) without jumps of a whole turn."""
    step = angle.diff()
    step = step - 2 * math.pi * (step / (2 * math.pi)).round()
    return torch.cat([angle[:1], angle[0] + step.cumsum(0)])


def _poses(path: Tensor, turn: Tensor) -> Tensor:
    return torch.cat([path, torch.zeros(path.shape[0], 1), turn[:, None]], dim=1)
