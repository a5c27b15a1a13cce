"""What a depth camera makes of an ideal view: noise, steps, shadows and holes.

The default is a structured-light camera like the first Kinect. Its numbers:
* axial noise: sigma(z) = 0.0012 + 0.0019 (z - 0.4)^2 m up to 60 degrees of slant, plus
  0.0001 / sqrt(z) * slant^2 / (pi/2 - slant)^2 (Nguyen, Izadi, Lovell, "Modeling Kinect sensor
  noise for improved 3D reconstruction and tracking", 3DIMPVT 2012, eq. 3 and 4); it grows with
  z^2 as disparity is what is measured (Khoshelham, Elberink, Sensors 12(2), 2012, eq. 9);
* lateral noise: about 0.8 pixel near edges (Nguyen et al., eq. 2), as a random shift of every pixel
  (Handa et al., "A benchmark for RGB-D visual odometry", ICRA 2014);
* steps: disparity in 1/8 pixel, so that depth comes in steps of z^2 / (8 f b), 7 cm at 5 m
  (Khoshelham, Elberink, section 3.2).
"""

import dataclasses
import math

import torch
from torch import Tensor

from geomdl.errors import expect_number
from scenes.scan.view import View


@dataclasses.dataclass(frozen=True)
class DepthSensor:
    """Numbers of a depth camera, in metres and pixels; 0 turns an effect off.

    baseline is the way from the camera to its projector, along +x: what the projector does not
    reach has no depth. drop_edge and drop_random are probabilities.
    """

    near: float = 0.4
    far: float = 4.5
    baseline: float = 0.075
    noise: float = 1.0  # times Nguyen's sigma
    lateral: float = 0.5  # pixels
    disparity_step: float = 0.125  # pixels
    grazing: float = 1.35  # radians of slant beyond which there is no depth
    drop_edge: float = 0.5
    drop_random: float = 0.004

    def __post_init__(self) -> None:
        expect_number("near", self.near, above=0)
        expect_number("far", self.far, above=self.near)
        for name in ("baseline", "noise", "lateral", "disparity_step", "drop_edge", "drop_random"):
            expect_number(name, getattr(self, name), low=0)


PERFECT = DepthSensor(0.05, 50.0, 0.0, 0.0, 0.0, 0.0, math.pi / 2, 0.0, 0.0)


def measure(view: View, focal: float, sensor: DepthSensor, generator: torch.Generator) -> Tensor:
    """View, focal length in pixels -> depth (H, W) metres as measured, 0 where there is none."""
    shape = view.depth.shape
    slant = view.cosine.clamp(0, 1).acos()
    lost = ~torch.isfinite(view.depth) | (slant > sensor.grazing)
    lost |= shadow(view.depth, focal, sensor.baseline)
    edge = edges(view.depth)
    lost |= edge & (torch.rand(shape, generator=generator) < sensor.drop_edge)
    lost |= torch.rand(shape, generator=generator) < sensor.drop_random
    depth = _shifted(view.depth, sensor.lateral, generator)
    lost |= ~torch.isfinite(depth)
    depth = torch.where(lost, 1.0, depth)
    sigma = sensor.noise * axial_sigma(depth, slant)
    depth = depth + sigma * torch.randn(shape, generator=generator)
    depth = quantised(depth, focal * sensor.baseline, sensor.disparity_step)
    lost |= (depth < sensor.near) | (depth > sensor.far)
    return torch.where(lost, 0.0, depth)


def axial_sigma(depth: Tensor, slant: Tensor) -> Tensor:
    """Depth in metres, slant in radians -> standard deviation of depth in metres (Nguyen 2012)."""
    sigma = 0.0012 + 0.0019 * (depth - 0.4) ** 2
    steep = slant.clamp(max=1.45)
    extra = 0.0001 / depth.clamp(min=0.05).sqrt() * steep**2 / (math.pi / 2 - steep) ** 2
    return sigma + torch.where(slant > math.radians(60), extra, 0.0)


def quantised(depth: Tensor, focal_baseline: float, step: float) -> Tensor:
    """Depth -> the depth of its disparity focal_baseline / z rounded to whole steps."""
    if step == 0 or focal_baseline == 0:
        return depth
    units = (focal_baseline / step / depth.clamp(min=1e-3)).round().clamp(min=1)
    return focal_baseline / step / units


def shadow(depth: Tensor, focal: float, baseline: float) -> Tensor:
    """True (H, W) where something nearer, further right, hides a pixel from the projector at +x.

    Rectified: a point at column x is at x - focal * baseline / z for the projector, and hidden
    when a pixel right of it is further left there.
    """
    if baseline == 0:
        return torch.zeros_like(depth, dtype=torch.bool)
    column = torch.arange(depth.shape[1]) + 0.5 - focal * baseline / depth
    nearest = column.flip(1).cummin(1).values.flip(1)
    return column > nearest + 0.5


def edges(depth: Tensor, jump: float = 0.03) -> Tensor:
    """True (H, W) at both sides of a jump of depth by over 3 percent of it."""
    filled = torch.where(torch.isfinite(depth), depth, 1e3)
    found = torch.zeros_like(depth, dtype=torch.bool)
    for axis in (0, 1):
        near, after = (
            filled.narrow(axis, 0, depth.shape[axis] - 1),
            filled.narrow(axis, 1, depth.shape[axis] - 1),
        )
        jumps = (near - after).abs() > jump * torch.minimum(near, after)
        found.narrow(axis, 0, depth.shape[axis] - 1).logical_or_(jumps)
        found.narrow(axis, 1, depth.shape[axis] - 1).logical_or_(jumps)
    return found


def expose(
    radiance: Tensor, generator: torch.Generator, *, gain: float = 1.0, noise: float = 0.01
) -> Tensor:
    """Linear radiance (H, W, 3) -> sRGB picture (H, W, 3) uint8 with photon and read-out noise.

    Highlights above 0.8 roll off smoothly to white. The variance of the noise grows with light.
    """
    linear = radiance * gain
    spread = noise * (linear.clamp(min=0) + 0.02).sqrt()
    linear = (linear + spread * torch.randn(linear.shape, generator=generator)).clamp(min=0)
    high = 0.8 + 0.2 * (1 - torch.exp(-(linear - 0.8).clamp(min=0) / 0.2))
    linear = torch.where(linear > 0.8, high, linear)
    srgb = torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return (srgb.clamp(0, 1) * 255).round().to(torch.uint8)


def _shifted(depth: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """Every pixel takes the depth of one some pixels away."""
    if sigma == 0:
        return depth
    height, width = depth.shape
    shift = (torch.randn(2, height, width, generator=generator) * sigma).round().long()
    rows = (torch.arange(height)[:, None] + shift[0]).clamp(0, height - 1)
    columns = (torch.arange(width) + shift[1]).clamp(0, width - 1)
    return depth[rows, columns]
