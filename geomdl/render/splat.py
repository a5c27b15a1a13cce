"""Point clouds as depth-tested discs: each pixel shows the nearest point whose disc covers it."""

import torch
from torch import Tensor

from geomdl.ops.neighbors import knn_index
from geomdl.render import colormap
from geomdl.render.layer import Layer, Paint, attribute_of, scalar_color
from geomdl.structures import Camera, PointCloud

MOST_PIXELS = 24  # radius of the largest disc


def cloud_layer(cloud: PointCloud, camera: Camera, paint: Paint, radius: float) -> Layer:
    """PointCloud, Camera, radius of the discs in metres -> Layer."""
    seen = camera.world_to_camera.apply(cloud.points.float())
    pixels = radius * float(camera.intrinsics[0, 0])
    index, depth = splat(seen, camera.intrinsics, camera.height, camera.width, pixels)
    hit = index >= 0
    point = index[hit]
    albedo = _cloud_albedo(cloud, paint, point, depth[hit])
    normal = torch.zeros(*hit.shape, 3)
    if cloud.normals is not None:
        turned = camera.world_to_camera.rotate(cloud.normals.float()[point])
        away = (turned * seen[point]).sum(1, keepdim=True) > 0
        normal[hit] = torch.where(away, -turned, turned)
        if paint.by == "normal":
            albedo = colormap.of_normals(camera.camera_to_world.rotate(normal[hit]))
    image = torch.zeros(*hit.shape, 3)
    image[hit] = albedo
    return Layer(depth, normal, image)


def splat(
    points: Tensor, intrinsics: Tensor, height: int, width: int, radius: float
) -> tuple[Tensor, Tensor]:
    """Camera points (N, 3) -> index (H, W) int64 of the nearest disc, -1 for none, depth (H, W).

    radius: of a disc at one metre, in pixels; at depth z it is radius / z, at least half a pixel
    and at most 24. Among equally near points the lower index wins.
    """
    order = (points[:, 2] > 1e-6).nonzero()[:, 0]
    z = points[order, 2]
    u = intrinsics[0, 0] * points[order, 0] / z + intrinsics[0, 2]
    v = intrinsics[1, 1] * points[order, 1] / z + intrinsics[1, 2]
    size = (radius / z).clamp(0.5, MOST_PIXELS)
    near = (u > -size) & (u < width + size) & (v > -size) & (v < height + size)
    order, z, u, v, size = order[near], z[near], u[near], v[near], size[near]
    # Positive floats sort like their bits, so one integer minimum settles depth, then index.
    keys = (z.view(torch.int32).long() << 32) | order
    nothing = torch.iinfo(torch.int64).max
    best = torch.full((height * width,), nothing)
    column, row = u.floor().long(), v.floor().long()
    reach = int(size.max().ceil()) if len(size) else 0
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            far = max(abs(dx) - 1, 0) ** 2 + max(abs(dy) - 1, 0) ** 2
            some = (size**2 >= far).nonzero()[:, 0] if far else torch.arange(len(size))
            x, y = column[some] + dx, row[some] + dy
            apart = (x + 0.5 - u[some]) ** 2 + (y + 0.5 - v[some]) ** 2
            own = (apart <= size[some] ** 2) | (dx == 0 and dy == 0)
            inside = own & (x >= 0) & (x < width) & (y >= 0) & (y < height)
            best.scatter_reduce_(0, (y * width + x)[inside], keys[some[inside]], "amin")
    index = torch.where(best == nothing, -1, best & 0xFFFFFFFF).view(height, width)
    bits = (best >> 32).to(torch.int32).view(torch.float32).view(height, width)
    return index, torch.where(index < 0, torch.inf, bits)


def disc_radius(cloud: PointCloud) -> float:
    """A radius in metres at which the discs of a cloud just close: 0.8 of the usual spacing."""
    points = cloud.points.detach().float()
    if len(points) < 2:
        return 0.01
    some = points[:: max(len(points) // 2000, 1)]
    index = knn_index(points, some, min(5, len(points)))
    apart = (points[index[:, -1]] - some).norm(dim=1)
    apart = apart[apart > 0]
    return 0.5 * float(apart.median()) if len(apart) else 0.01


def _cloud_albedo(cloud: PointCloud, paint: Paint, point: Tensor, depth: Tensor) -> Tensor:
    if paint.by == "depth":
        return scalar_color(depth, paint)
    if paint.by == "height":
        return scalar_color(cloud.points[point, 2], paint)
    if paint.by not in ("own", "plain", "normal"):
        return scalar_color(attribute_of(cloud.attributes, paint.by)[point], paint)
    if paint.by == "own" and cloud.colors is not None:
        return cloud.colors.float()[point]
    return paint.plain.expand(len(point), 3)
