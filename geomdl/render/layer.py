"""What a camera sees before light: depth, normal and colour of every pixel, and how to get them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.differential import face_normals
from geomdl.ops.rasterize import rasterize
from geomdl.render import colormap, texture
from geomdl.render.creases import creased_normals
from geomdl.structures import Camera, Mesh, PointCloud


@dataclass(frozen=True)
class Layer:
    """Depth (H, W) metres, inf for none; unit normals and linear albedo (H, W, 3).

    Normals are in the camera's axes and look towards it; zero where unknown. lit (H, W) bool is
    false where the albedo is to be seen without light, None for light everywhere.
    """

    depth: Tensor
    normal: Tensor
    albedo: Tensor
    lit: Tensor | None = None

    def nearest(self, other: "Layer") -> "Layer":
        """Of both layers, at each pixel, the nearer one; this one where they are equal."""
        closer = other.depth < self.depth
        lit = self.lit
        if lit is not None or other.lit is not None:
            everywhere = torch.ones_like(closer)
            mine = everywhere if lit is None else lit
            lit = torch.where(closer, everywhere if other.lit is None else other.lit, mine)
        return Layer(
            torch.where(closer, other.depth, self.depth),
            torch.where(closer[..., None], other.normal, self.normal),
            torch.where(closer[..., None], other.albedo, self.albedo),
            lit,
        )

    @staticmethod
    def empty(camera: Camera) -> "Layer":
        """Nothing, on the pixels of a camera."""
        image = torch.zeros(camera.height, camera.width, 3)
        return Layer(torch.full(image.shape[:2], torch.inf), image, image)


@dataclass(frozen=True)
class Paint:
    """How to colour a shape: what by, the plain colour (3,), up (3,), the ramp and its limits."""

    by: str
    plain: Tensor
    up: Tensor
    ramp: str = "viridis"
    limits: tuple[float, float] | None = None


def mesh_layer(mesh: Mesh, camera: Camera, paint: Paint, smooth: bool, cull: bool) -> Layer:
    """Mesh, Camera -> Layer, by rasterisation."""
    seen = camera.world_to_camera.apply(mesh.vertices.float())
    face, depth, weight = rasterize(
        seen, mesh.faces, camera.intrinsics, camera.height, camera.width, near_plane(seen), cull
    )
    hit = face[0] >= 0
    face, depth, weight = face[0][hit], depth[0], weight[0][hit]  # (N,), (H, W), (N, 3)
    flat = face_normals(seen, mesh.faces)[face]
    normal = _smooth_normals(mesh, camera, face, weight, flat) if smooth else flat
    rays = camera.camera_directions(camera.pixel_centres()[hit])
    normal = torch.where((flat * rays).sum(1, keepdim=True) > 0, -normal, normal)
    albedo = _mesh_albedo(mesh, camera, paint, seen, face, weight, depth[hit])
    if paint.by == "normal":
        albedo = colormap.of_normals(camera.camera_to_world.rotate(normal))
    return Layer(depth, spread(normal, hit), spread(albedo, hit))


def scalar_color(values: Tensor, paint: Paint, whole: Tensor) -> Tensor:
    """Values (N,) -> linear colours (N, 3): labels by palette, numbers by ramp.

    Without limits in `paint` the ramp spans the values of the `whole` shape.
    """
    if not values.is_floating_point():
        return colormap.palette(values)
    low, high = paint.limits or limits_of(whole)
    return colormap.ramp(values, low, high, paint.ramp)


def scalar_of(shape: Mesh | PointCloud, by: str, up: Tensor) -> Tensor:
    """What `by` names at every vertex or point (N,): height or an attribute."""
    if by == "height":
        points = shape.points if isinstance(shape, PointCloud) else shape.vertices
        return points.float() @ up
    return attribute_of(shape.attributes, by)


def limits_of(values: Tensor) -> tuple[float, float]:
    """Values (N,) -> their range without the outermost percent."""
    finite = values[values.isfinite()].detach().float().sort().values
    if len(finite) == 0:
        return 0.0, 1.0
    return float(finite[len(finite) // 100]), float(finite[len(finite) - 1 - len(finite) // 100])


def attribute_of(attributes: dict[str, Tensor], name: str) -> Tensor:
    """A scalar attribute (N,) by name. Raises GeometryError that lists what there is."""
    scalars = {k: v for k, v in attributes.items() if v.ndim == 1 or v.shape[1:] == (1,)}
    if name not in scalars:
        there = ", ".join(scalars)
        raise GeometryError(
            f"color_by: expected own, plain, normal, height, depth or a scalar attribute of the "
            f"shape ({there or 'it has none'}), got {name!r}"
        )
    return scalars[name].flatten()


def near_plane(seen: Tensor) -> float:
    """A near plane (metres) that suits the scale of the points (V, 3) in camera axes."""
    reach = float(seen.detach().abs().amax()) if len(seen) else 1.0
    return max(reach * 1e-4, 1e-9)


def spread(values: Tensor, hit: Tensor) -> Tensor:
    """Values (N, C) of the pixels where hit (H, W) is true -> (H, W, C), zero elsewhere."""
    image = values.new_zeros(*hit.shape, values.shape[1])
    image[hit] = values
    return image


def _smooth_normals(
    mesh: Mesh, camera: Camera, face: Tensor, weight: Tensor, flat: Tensor
) -> Tensor:
    """Interpolated normals (N, 3), those of the mesh or else smooth ones with creases."""
    corners, normals = mesh.faces, mesh.normals
    if normals is None:
        corners, _, normals = creased_normals(mesh.vertices.float().contiguous(), mesh.faces)
    corner = camera.world_to_camera.rotate(normals.float())[corners[face]]  # (N, 3, 3)
    normal = torch.nn.functional.normalize((corner * weight[..., None]).sum(1), dim=1)
    return torch.where(normal.norm(dim=1, keepdim=True) > 0.5, normal, flat)


def _mesh_albedo(
    mesh: Mesh,
    camera: Camera,
    paint: Paint,
    seen: Tensor,
    face: Tensor,
    weight: Tensor,
    depth: Tensor,
) -> Tensor:
    corner = mesh.faces[face]  # (N, 3)
    if paint.by in ("plain", "normal"):
        return paint.plain.expand(len(face), 3)
    if paint.by == "depth":
        return scalar_color(depth, paint, depth)
    if paint.by in mesh.face_attributes:
        whole = attribute_of(mesh.face_attributes, paint.by)
        return scalar_color(whole[face], paint, whole)
    if paint.by != "own":
        values = scalar_of(mesh, paint.by, paint.up)
        if values.is_floating_point():
            return scalar_color((values[corner] * weight).sum(1), paint, values)
        largest = corner.gather(1, weight.argmax(1, keepdim=True))[:, 0]
        return scalar_color(values[largest], paint, values)
    has_material = mesh.face_material is not None and len(mesh.materials) > 0
    if mesh.colors is None and not has_material:
        return paint.plain.expand(len(face), 3)
    albedo = torch.ones(len(face), 3)
    if mesh.colors is not None:
        albedo = (mesh.colors.float()[corner] * weight[..., None]).sum(1)
    return (
        albedo * _material_color(mesh, camera, paint, seen, face, weight)
        if has_material
        else albedo
    )


def _material_color(
    mesh: Mesh, camera: Camera, paint: Paint, seen: Tensor, face: Tensor, weight: Tensor
) -> Tensor:
    """Material times texture (N, 3); the plain colour for faces that have neither nor colours."""
    index = (
        mesh.face_material[face] if mesh.face_material is not None else face.new_zeros(len(face))
    )
    bare = torch.ones(3) if mesh.colors is not None else paint.plain
    albedo = bare.expand(len(face), 3).clone()
    for number, material in enumerate(mesh.materials):
        here = (index == number).nonzero()[:, 0]
        if len(here) == 0:
            continue
        albedo[here] = material.color.float()
        if material.texture is not None and mesh.uvs is not None:
            corners = mesh.uvs[face[here]].float()  # (N, 3, 2)
            uv = (corners * weight[here][..., None]).sum(1)
            texels = footprint(corners, camera, seen[mesh.faces[face[here]]], material.texture)
            albedo[here] *= texture.sample(texture.pyramid(material.texture), uv, texels)[:, :3]
    return albedo


def footprint(corners: Tensor, camera: Camera, seen: Tensor, image: Tensor) -> Tensor:
    """uvs (N, 3, 2) and camera corners (N, 3, 3) of faces -> texels (N,) along a pixel's side."""
    z = seen[..., 2:].clamp(min=1e-6)
    pixels = seen[..., :2] / z * camera.intrinsics.diagonal()[:2]
    on_screen, on_texture = (
        ((p[:, 1, 0] - p[:, 0, 0]) * (p[:, 2, 1] - p[:, 0, 1]))
        - ((p[:, 1, 1] - p[:, 0, 1]) * (p[:, 2, 0] - p[:, 0, 0]))
        for p in (pixels, corners)
    )
    texels = on_texture.abs() * image.shape[0] * image.shape[1]
    return (texels / on_screen.abs().clamp(min=1e-3)).sqrt()
