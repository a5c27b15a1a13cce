"""Point clouds as depth-tested discs that lie on the surface where normals are known."""

import dataclasses
import math

import torch
from torch import Tensor

from geomdl.ops.differential import point_normals
from geomdl.ops.neighbors import knn_index
from geomdl.ops.rasterize import rasterize
from geomdl.ops.splat import MOST_PIXELS, splat
from geomdl.render import colormap
from geomdl.render.layer import Layer, Paint, scalar_color, scalar_of, spread
from geomdl.structures import Camera, PointCloud

MOST_NORMALS = 1_000_000  # points up to which normals are estimated for light
SIDES = 24  # of the polygons that stand for large discs


def cloud_layer(cloud: PointCloud, camera: Camera, paint: Paint, radius: float) -> Layer:
    """PointCloud, Camera, radius of the discs in metres -> Layer."""
    index, depth, normal = _discs(cloud.points, cloud.normals, radius, camera)
    hit = index >= 0
    albedo = _cloud_albedo(cloud, paint, index[hit], depth[hit])
    if paint.by == "normal" and cloud.normals is not None:
        albedo = colormap.of_normals(camera.camera_to_world.rotate(normal[hit]))
    return Layer(depth, normal, spread(albedo, hit))


def disc_layer(
    points: Tensor, normals: Tensor | None, colors: Tensor, radius: float, camera: Camera
) -> Layer:
    """Points, normals or None, linear colours (N, 3), radius in metres -> Layer."""
    index, depth, normal = _discs(points, normals, radius, camera)
    hit = index >= 0
    layer = Layer(depth, normal, spread(colors[index[hit]].float(), hit))
    return without_holes(without_holes(layer))


def without_holes(layer: Layer) -> Layer:
    """Empty pixels with at least six full ones around them become like the farthest of these."""
    height, width = layer.depth.shape
    hit = torch.isfinite(layer.depth)
    around = torch.nn.functional.avg_pool2d(hit[None].float(), 3, 1, 1)[0] * 9
    row, column = (~hit & (around > 5.5)).nonzero().unbind(1)
    if len(row) == 0:
        return layer
    steps = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2))
    y = (row[:, None] + steps[:, 0]).clamp(0, height - 1)  # (K, 9)
    x = (column[:, None] + steps[:, 1]).clamp(0, width - 1)
    near = layer.depth[y, x]
    chosen = torch.where(near.isfinite(), near, -1.0).argmax(1, keepdim=True)
    source = (y.gather(1, chosen)[:, 0], x.gather(1, chosen)[:, 0])
    images = [layer.depth, layer.normal, layer.albedo]
    depth, normal, albedo = (v.index_put((row, column), v[source]) for v in images)
    return Layer(depth, normal, albedo, layer.lit)


def discs_depth(points: Tensor, normals: Tensor | None, radius: float, camera: Camera) -> Tensor:
    """The depth image (H, W) alone."""
    return _discs(points, normals, radius, camera)[1]


def _discs(
    points: Tensor, normals: Tensor | None, radius: float, camera: Camera
) -> tuple[Tensor, Tensor, Tensor]:
    """Index and depth (H, W) of `splat`, and normals (H, W, 3) towards the camera, or zero."""
    pose = camera.world_to_camera
    seen = pose.apply(points.float())
    turned = None if normals is None else pose.rotate(normals.float())
    size = (camera.height, camera.width)
    index, depth = splat(seen, turned, camera.intrinsics, *size, radius)
    large = _large(seen, radius, camera)
    if len(large):
        across = None if turned is None else turned[large]
        face, near = _polygons(seen[large], across, radius, camera)
        closer = near < depth
        index[closer] = large[face[closer] // (SIDES - 2)]
        depth = torch.where(closer, near, depth)
    hit = index >= 0
    normal = torch.zeros(*size, 3)
    if turned is not None:
        chosen = turned[index[hit]]
        rays = camera.camera_directions(camera.pixel_centres()[hit])
        away = (chosen * rays).sum(1, keepdim=True) > 0
        normal[hit] = torch.where(away, -chosen, chosen)
    return index, depth, normal


def _large(seen: Tensor, radius: float, camera: Camera) -> Tensor:
    """Which camera points (N, 3) have discs larger than `splat` draws, and in the picture."""
    focal = float(camera.intrinsics[0, 0])
    near = (seen[:, 2] > 1e-6) & (seen[:, 2] < radius * focal / MOST_PIXELS)
    some = near.nonzero()[:, 0]
    x, y, z = seen[some].unbind(1)
    u = x / z * focal + camera.intrinsics[0, 2]
    v = y / z * camera.intrinsics[1, 1] + camera.intrinsics[1, 2]
    reach = radius * focal / z
    inside = (u > -reach) & (u < camera.width + reach) & (v > -reach) & (v < camera.height + reach)
    return some[inside]


def _polygons(
    seen: Tensor, normals: Tensor | None, radius: float, camera: Camera
) -> tuple[Tensor, Tensor]:
    """Discs at camera points (K, 3) as polygons -> face, depth (H, W); SIDES - 2 faces each."""
    axis = torch.tensor([[0.0, 0, 1]]).expand(len(seen), 3) if normals is None else normals
    least = torch.eye(3)[axis.abs().argmin(1)]
    right = torch.nn.functional.normalize(torch.linalg.cross(axis, least), dim=1)
    down = torch.linalg.cross(axis, right)
    turn = torch.arange(SIDES) * (2 * math.pi / SIDES)
    around = turn.cos()[:, None] * right[:, None] + turn.sin()[:, None] * down[:, None]
    corners = (seen[:, None] + radius * around).flatten(0, 1)  # (K * SIDES, 3)
    step = torch.arange(1, SIDES - 1)
    fan = torch.stack([torch.zeros_like(step), step, step + 1], 1)
    faces = (torch.arange(len(seen))[:, None, None] * SIDES + fan).flatten(0, 1)
    size = (camera.height, camera.width)
    near = float(seen[:, 2].min()) * 1e-3
    face, depth, _ = rasterize(corners, faces, camera.intrinsics, *size, near)
    return face[0], depth[0]


def with_normals(cloud: PointCloud) -> PointCloud:
    """The cloud with estimated normals, of any sign, where it has none and is not huge."""
    if cloud.normals is not None or not 3 <= len(cloud) <= MOST_NORMALS:
        return cloud
    points = cloud.points.detach()
    normals = point_normals(points, 12, points.new_zeros(3), cloud.offsets)
    return dataclasses.replace(cloud, normals=normals)


def disc_radius(cloud: PointCloud) -> float:
    """A radius in metres at which the discs of a cloud about close its surface."""
    points = cloud.points.detach().float()
    if len(points) < 2:
        return 0.01
    some = points[:: max(len(points) // 2000, 1)]
    index = knn_index(points, some, min(5, len(points)))
    apart = (points[index[:, -1]] - some).norm(dim=1)
    apart = apart[apart > 0]
    return 1.25 * float(apart.median()) if len(apart) else 0.01


def _cloud_albedo(cloud: PointCloud, paint: Paint, point: Tensor, depth: Tensor) -> Tensor:
    if paint.by == "depth":
        return scalar_color(depth, paint, depth)
    if paint.by not in ("own", "plain", "normal"):
        values = scalar_of(cloud, paint.by, paint.up)
        return scalar_color(values[point], paint, values)
    if paint.by == "own" and cloud.colors is not None:
        return cloud.colors.float()[point]
    return paint.plain.expand(len(point), 3)
