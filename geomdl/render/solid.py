"""Many meshes drawn as one: rasterised together, or met by rays, one face behind the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.ops.rasterize import rasterize
from geomdl.ops.raycast import first_hit
from geomdl.render import texture
from geomdl.render.layer import Layer, footprint, near_plane, spread
from geomdl.structures import Camera, Mesh
from geomdl.structures.srgb import from_srgb

BARE = from_srgb(torch.tensor([0.81, 0.82, 0.84]))  # of meshes without colours or materials
CORNERS = torch.arange(3)


@dataclass(frozen=True, eq=False)
class Solid:
    """Meshes (`pieces`) with their vertices, faces, normals and colours in one tensor each.

    first (P,) is the first face of each piece. A normal of zero means that of the face.
    pyramids: mipmaps by the id of a texture.
    """

    pieces: tuple[Mesh, ...]
    vertices: Tensor
    faces: Tensor
    normals: Tensor
    colors: Tensor
    first: Tensor
    pyramids: dict[int, list[Tensor]]

    @staticmethod
    def of(pieces: Sequence[Mesh]) -> "Solid":
        """Meshes -> Solid; vertices and colours of a single one are not copied."""
        before = 0
        faces, normals, colors, counts = [], [], [], [0]
        pyramids: dict[int, list[Tensor]] = {}
        for mesh in pieces:
            count = len(mesh.vertices)
            faces.append(mesh.faces + before if before else mesh.faces)
            flat = torch.zeros(1, 3).expand(count, 3)
            normals.append(flat if mesh.normals is None else mesh.normals.float())
            colors.append(_vertex_colors(mesh))
            before += count
            counts.append(counts[-1] + len(mesh))
            for image in (material.texture for material in mesh.materials):
                if image is not None and id(image) not in pyramids:
                    pyramids[id(image)] = texture.pyramid(image)
        vertices = _joined([mesh.vertices.float() for mesh in pieces])
        return Solid(
            tuple(pieces), vertices, _joined(faces) if faces else torch.zeros(0, 3).long(),
            _joined(normals), _joined(colors), torch.tensor(counts[:-1]), pyramids,
        )  # fmt: skip

    def piece_of(self, face: Tensor) -> Tensor:
        """Faces (N,) -> the pieces (N,) that they are of."""
        if len(self.pieces) == 1:
            return torch.zeros_like(face)
        return torch.bucketize(face, self.first, right=True) - 1


@dataclass(frozen=True, eq=False)
class Spots:
    """Places on a Solid: faces, depths, pieces (N,), weights, unit normals and colours (N, 3).

    Normals are in the camera's axes and look towards it. alpha (N,) is the opacity of materials
    and textures. away (N,) is true where the back of the face is seen.
    """

    face: Tensor
    depth: Tensor
    piece: Tensor
    weight: Tensor
    normal: Tensor
    albedo: Tensor
    alpha: Tensor
    away: Tensor


def solid_layer(solid: Solid, camera: Camera, cull: bool) -> tuple[Layer, Spots]:
    """The nearest faces, opaque, as a Layer, and its pixels in the order of their rows."""
    seen = camera.world_to_camera.apply(solid.vertices)
    size = (camera.height, camera.width)
    near = near_plane(seen)
    face, depth, weight = rasterize(seen, solid.faces, camera.intrinsics, *size, near, cull)
    hit = face[0] >= 0
    rays = camera.camera_directions(camera.pixel_centres()[hit])
    spots = _spots(solid, camera, face[0][hit], depth[0][hit], weight[0][hit], rays)
    return Layer(depth[0], spread(spots.normal, hit), spread(spots.albedo, hit)), spots


def solid_depth(solid: Solid, camera: Camera, cull: bool) -> Tensor:
    """The depth image (H, W) alone."""
    seen = camera.world_to_camera.apply(solid.vertices)
    size = (camera.height, camera.width)
    return rasterize(seen, solid.faces, camera.intrinsics, *size, near_plane(seen), cull)[1][0]


def met(
    solid: Solid, camera: Camera, bvh: Tensor, pixel: Tensor, start: Tensor
) -> tuple[Tensor, Spots]:
    """What the rays of pixels (N,), counted by rows, meet first beyond the depth start (N,).

    Returns the pixels (K,) that meet something, and the Spots (K,). bvh: of the solid's faces.
    """
    rays = _rays(camera, pixel)  # z = 1: distances are depths
    back = camera.camera_to_world
    direction = back.rotate(rays)
    origin = back.translation + direction * start[:, None]
    ahead, face, weight = first_hit(solid.vertices, solid.faces, origin, direction, bvh)
    hit = face >= 0
    depth = (start + ahead)[hit]
    return pixel[hit], _spots(solid, camera, face[hit], depth, weight[hit], rays[hit])


def edge_distance(
    solid: Solid, camera: Camera, spots: Spots, pixels: Tensor
) -> tuple[Tensor, Tensor]:
    """Spots seen at pixels (N, 2) -> distance (N,) in pixels to the nearest edge of their faces.

    And the lowest height (N,) of the faces on the screen: edges of faces of a pixel or two would
    fill everything.
    """
    seen = camera.world_to_camera.apply(solid.vertices[solid.faces[spots.face]].flatten(0, 1))
    lens = camera.intrinsics
    z = seen[:, 2:].clamp(min=1e-6)
    corner = (seen[:, :2] / z * lens.diagonal()[:2] + lens[:2, 2]).view(-1, 3, 2)
    following = corner.roll(-1, 1)
    side = following - corner
    away = pixels[:, None] - corner
    length = side.norm(dim=2).clamp(min=1e-6)
    distance = (side[..., 0] * away[..., 1] - side[..., 1] * away[..., 0]).abs() / length
    area = (side[:, 0, 0] * side[:, 1, 1] - side[:, 0, 1] * side[:, 1, 0]).abs()
    return distance.amin(1), area / length.amax(1)


def _rays(camera: Camera, pixel: Tensor) -> Tensor:
    column, row = pixel % camera.width, pixel // camera.width
    return camera.camera_directions(torch.stack([column, row], 1) + 0.5)


def _spots(
    solid: Solid, camera: Camera, face: Tensor, depth: Tensor, weight: Tensor, rays: Tensor
) -> Spots:
    corner = solid.faces[face]  # (N, 3)
    a, b, c = solid.vertices[corner].unbind(1)
    turn = camera.world_to_camera.rotate
    flat = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)
    smooth = torch.nn.functional.normalize(_mix(solid.normals, corner, weight), dim=1)
    there = (smooth * smooth).sum(1, keepdim=True) > 0.25
    flat = turn(flat)
    normal = torch.where(there, turn(smooth), flat)
    away = (flat * rays).sum(1) > 0
    normal = torch.where(away[:, None], -normal, normal)
    albedo = _mix(solid.colors, corner, weight)
    alpha = torch.ones(len(face))
    piece = solid.piece_of(face)
    painted = [i for i, mesh in enumerate(solid.pieces) if mesh.materials and not _is_plain(mesh)]
    if painted:
        alone = [(0, torch.arange(len(face)))] if len(solid.pieces) == 1 else None
        for number, here in alone or _by_piece(piece, painted):
            paint = _material(solid, number, camera, face[here], weight[here])
            albedo[here] *= paint[:, :3]
            alpha[here] = paint[:, 3]
    return Spots(face, depth, piece, weight, normal, albedo, alpha, away)


def _mix(values: Tensor, corner: Tensor, weight: Tensor) -> Tensor:
    """Values (V, C) at corners (N, 3) by weights (N, 3) -> (N, C)."""
    total = values[corner[:, 0]] * weight[:, :1]
    total.addcmul_(values[corner[:, 1]], weight[:, 1:2])
    return total.addcmul_(values[corner[:, 2]], weight[:, 2:])


def _by_piece(piece: Tensor, painted: Sequence[int]) -> Iterator[tuple[int, Tensor]]:
    """Pieces (N,) -> the places (K,) of each of the painted pieces that occurs."""
    order = piece.argsort(stable=True)
    counts = torch.bincount(piece, minlength=max(painted) + 1).tolist()
    ends = torch.tensor(counts).cumsum(0).tolist()
    for number in painted:
        if counts[number]:
            yield number, order[ends[number] - counts[number] : ends[number]]


def _material(solid: Solid, number: int, camera: Camera, face: Tensor, weight: Tensor) -> Tensor:
    """Linear colour and opacity (N, 4) of the materials of one piece at some of its faces."""
    mesh = solid.pieces[number]
    own = face - solid.first[number]
    index = torch.zeros_like(own) if mesh.face_material is None else mesh.face_material[own]
    bare = torch.ones(3) if mesh.colors is not None else BARE
    paint = torch.cat([bare, torch.ones(1)]).expand(len(face), 4).clone()
    used = [0] if mesh.face_material is None else mesh.face_material.unique().tolist()
    for which in (w for w in used if w >= 0):
        material = mesh.materials[which]
        here = (index == which).nonzero()[:, 0] if len(used) > 1 else torch.arange(len(face))
        if len(here) == 0:
            continue
        paint[here] = torch.cat([material.color.float(), torch.tensor([material.opacity])])
        if material.texture is not None and mesh.uvs is not None:
            uv = _mix(mesh.uvs.float().view(-1, 2), 3 * own[here, None] + CORNERS, weight[here])
            texels = _texels(solid, number, camera, own[here], material.texture)
            found = texture.sample(solid.pyramids[id(material.texture)], uv, texels)
            paint[here, : found.shape[1]] *= found
    return paint


def _texels(solid: Solid, number: int, camera: Camera, face: Tensor, image: Tensor) -> Tensor:
    """Texels (N,) along the side of a pixel at faces (N,) of one piece."""
    mesh = solid.pieces[number]
    assert mesh.uvs is not None
    few = len(mesh) < len(face)
    chosen = torch.arange(len(mesh)) if few else face
    places = mesh.vertices.float()[mesh.faces[chosen]]  # (K, 3, 3)
    seen = camera.world_to_camera.apply(places.flatten(0, 1)).view(-1, 3, 3)
    texels = footprint(mesh.uvs.float()[chosen], camera, seen, image)
    return texels[face] if few else texels


def _is_plain(mesh: Mesh) -> bool:
    """Whether one opaque material without a texture is all that the mesh has."""
    if len(mesh.materials) != 1 or mesh.materials[0].texture is not None:
        return False
    index = mesh.face_material
    return mesh.materials[0].opacity == 1 and (index is None or bool((index == 0).all()))


def _vertex_colors(mesh: Mesh) -> Tensor:
    """Colours (V, 3): those of the vertices times that of a plain material."""
    base = torch.ones(3) if mesh.materials else BARE
    colors = base.expand(len(mesh.vertices), 3) if mesh.colors is None else mesh.colors.float()
    return colors * mesh.materials[0].color.float() if _is_plain(mesh) else colors


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    if not tensors:
        return torch.zeros(0, 3)
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))
