"""Ways of a camera through a world: around an object, and through a room."""

import math

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Pose

UP = (0.0, 0.0, 1.0)


def orbit(
    centre: Tensor, radius: float, count: int, *, height: float = 0.5, turns: float = 1.0
) -> Pose:
    """Centre (3,) -> world_to_camera (count,) that circles it, `height` above, looking at it.

    z is up; the last pose is one step before the first one comes again.
    """
    expect_number("count", count, low=1)
    expect_number("radius", radius, above=0)
    angle = torch.arange(count) * (2 * math.pi * turns / count)
    ring = torch.stack([radius * angle.cos(), radius * angle.sin(), angle * 0 + height], dim=-1)
    return Pose.look_at(centre + ring, centre, centre.new_tensor(UP))


def walk(size: tuple[float, float, float], count: int, *, margin: float = 0.8) -> Pose:
    """Room of size x, y, z about the origin -> world_to_camera (count,): a smooth walk around it.

    Three rounds at the height of the eyes, looking down and up all the while: on an ellipse
    `margin` metres from the walls first across the room, then along the walls, and from nearer
    the middle outwards. z is up, the floor is at 0.
    """
    expect_number("count", count, low=2)
    a, b = size[0] / 2 - margin, size[1] / 2 - margin
    if min(a, b) <= 0.1:
        raise GeometryError(f"margin: {margin:g} leaves no way in a room of {size[0]} x {size[1]}")
    t = torch.linspace(0, 1, count)
    second, third = smoothstep(t, 0.28, 0.42), smoothstep(t, 0.6, 0.74)
    angle = t * (2 * math.pi * 3)
    yaw = angle + math.pi * (1 + second / 2 + third / 2) + 0.3 * (angle * 1.7).sin()
    middle = -0.35 - 0.05 * second + 0.2 * third
    swing = 0.5 + 0.1 * second + 0.15 * third
    pitch = middle + swing * (2 * math.pi * 11 * t).sin()
    shrink = 1 - 0.6 * smoothstep(t, 0.55, 0.75)
    height = 1.45 + 0.15 * (2 * math.pi * 2.3 * t).sin()
    eye = torch.stack([a * shrink * angle.cos(), b * shrink * angle.sin(), height], dim=-1)
    forward = torch.stack([yaw.cos() * pitch.cos(), yaw.sin() * pitch.cos(), pitch.sin()], dim=-1)
    return Pose.look_at(eye, eye + forward, eye.new_tensor(UP))


def smoothstep(t: Tensor, low: float, high: float) -> Tensor:
    """0 below low, 1 above high, with a continuous second derivative between (Perlin 2002)."""
    s = ((t - low) / (high - low)).clamp(0, 1)
    return s**3 * (s * (6 * s - 15) + 10)
