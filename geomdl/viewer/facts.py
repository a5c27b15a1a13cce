"""What is known at a place of a shape, in words: attributes, labels by name, colours."""

from collections.abc import Mapping

import torch
from torch import Tensor

from geomdl.ops.voxelize import trilinear
from geomdl.render.texture import bilinear
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.structures.srgb import from_srgb, to_srgb
from geomdl.viewer.drawing import Drawing, Photo
from geomdl.viewer.field import CONTINUOUS, TERNARY_NAMES, Field
from geomdl.viewer.look import Look
from geomdl.viewer.paint import COMPUTED, depth_view, title_of, values_of
from geomdl.viewer.scene import Item, Scene

MOST = 24  # attributes that are told
WIDE = 8  # numbers of one attribute that are told


def of_face(mesh: Mesh, item: Item, face: int, weights: Tensor) -> dict[str, str]:
    """At a point of a face; weights (3,) are its barycentric coordinates."""
    corners = mesh.faces[face]
    nearest = int(corners[int(weights.argmax())])
    found = {"vertex": f"{nearest:,}"}
    sides = mesh.vertices[corners].detach().double()
    normal = torch.linalg.cross(sides[1] - sides[0], sides[2] - sides[0])
    if float(normal.norm()) > 0:
        found["normal"] = numbers(normal / normal.norm())
    if mesh.face_material is not None and int(mesh.face_material[face]) >= 0:
        material = mesh.materials[int(mesh.face_material[face])]
        found["material"] = material.name
    tint = _tint(mesh, face, weights)
    if tint is not None:
        found["colour"] = hexed(tint)
    for name, values in list(mesh.attributes.items())[:MOST]:
        found[name] = _between(values[corners].detach(), weights, item.label_names)
    for name, values in list(mesh.face_attributes.items())[:MOST]:
        found.setdefault(name, told(values[face].detach(), item.label_names))
    return found


def of_point(cloud: PointCloud, item: Item, index: int) -> dict[str, str]:
    """At a point of a cloud."""
    found = {}
    if cloud.normals is not None:
        found["normal"] = numbers(cloud.normals[index])
    if cloud.colors is not None:
        found["colour"] = hexed(cloud.colors[index].detach())
    for name, values in list(cloud.attributes.items())[:MOST]:
        found[name] = told(values[index].detach(), item.label_names)
    return found


def of_cell(
    grid: VoxelGrid | SparseVoxels, field: Field, item: Item, place: Tensor, inside: Tensor
) -> tuple[int, dict[str, str]]:
    """At `place` (3,), which belongs to the cell of `inside` (3,) -> flat index, what is known.

    The index is that of the cell in a dense grid, of the site in a sparse one, -1 outside.
    """
    cell = ((inside.float() - field.origin) / field.cell).floor().long()
    found = {"cell": " ".join(map(str, cell.tolist()))}
    if isinstance(grid, SparseVoxels):
        rows = (grid.coordinates.cpu().long() == cell).all(1).nonzero()[:, 0]
        if len(rows) == 0:
            return -1, found
        values = grid.features[int(rows[0])].detach().cpu()
        whole = field.numbers is not None and not field.numbers.is_floating_point()
        value = values.round().long()[0] if whole else values
        return int(rows[0]), found | {"value": told(value, item.label_names)}
    size = torch.tensor(field.shape)
    if bool((cell < 0).any()) or bool((cell >= size).any()):
        return -1, found
    index = int(field.rows(cell[None]))
    values = grid.values.detach().cpu().reshape(-1, len(grid))[:, index]
    if grid.kind == "ternary":
        found["value"] = TERNARY_NAMES.get(int(values[0]), str(int(values[0])))
    elif field.kind in CONTINUOUS and field.smooth is not None:
        at = trilinear(field.smooth[None], place.float()[None], field.origin, field.cell)
        found["value"] = f"{float(at):.5g}"
    else:
        found["value"] = told(values, item.label_names)
    if grid.weights is not None:
        found["weight"] = f"{float(grid.weights.flatten()[index]):.5g}"
    return index, found


def of_photo(photo: Photo, place: Tensor) -> dict[str, str]:
    """Of a camera, and the pixel of its photograph at `place` (3,)."""
    camera = photo.camera
    found = {
        "size": f"{camera.width} x {camera.height}",
        "focal": numbers(camera.intrinsics.diagonal()[:2]),
        "stands at": numbers(camera.centre),
    }
    pixels, depth = camera.project(place.to(camera.intrinsics)[None])
    if float(depth) > 0:
        found["pixel"] = numbers(pixels[0].round())
    return found


def computed(
    scene: Scene, item: Item, look: Look, drawing: Drawing, corners: Tensor, weights: Tensor
) -> dict[str, str]:
    """Height, depth or distance, where the look colours by it, at vertices (K,) of weights (K,)."""
    if look.color_by not in COMPUTED:
        return {}
    view = depth_view(look, drawing.low, drawing.high, look.up or scene.up)
    values = values_of(scene, item, look, view)
    if values is None:
        return {}
    at = float((values.values[corners] * weights.to(values.values)).sum())
    return {title_of(scene, look): f"{at:.5g}"}


def told(value: Tensor, names: Mapping[int, str]) -> str:
    """Numbers of an attribute at one place; a whole number with the name of its label."""
    flat = value.flatten().cpu()
    if flat.numel() == 1 and not flat.is_floating_point():
        number = int(flat[0])
        return f"{number} {names[number]}" if number in names else str(number)
    return numbers(flat)


def numbers(values: Tensor) -> str:
    """Up to eight numbers, five digits each."""
    flat = values.detach().flatten().tolist()
    tail = " ..." if len(flat) > WIDE else ""
    return " ".join(f"{value + 0:.5g}" for value in flat[:WIDE]) + tail


def hexed(linear: Tensor) -> str:
    """A linear colour (3,) as '#rrggbb'."""
    red, green, blue = (to_srgb(linear[None].float().cpu())[0] * 255).round().int().tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _between(values: Tensor, weights: Tensor, names: Mapping[int, str]) -> str:
    """Values (3, ...) at the corners, mixed; of labels the one of two corners, or the first."""
    if values.is_floating_point():
        return numbers((values.reshape(3, -1) * weights.to(values)[:, None]).sum(0))
    same = bool((values[1] == values[2]).all())
    return told(values[1] if same else values[0], names)


def _tint(mesh: Mesh, face: int, weights: Tensor) -> Tensor | None:
    """The linear colour (3,) of a mesh at a point of a face; None where it has none."""
    tint = None
    if mesh.colors is not None:
        tint = (mesh.colors[mesh.faces[face]].detach().float() * weights.float()[:, None]).sum(0)
    if mesh.face_material is None or int(mesh.face_material[face]) < 0:
        return tint
    material = mesh.materials[int(mesh.face_material[face])]
    tint = material.color.float() if tint is None else tint * material.color.float()
    if material.texture is not None and mesh.uvs is not None:
        uv = (mesh.uvs[face].detach().float() * weights.float()[:, None]).sum(0)
        texel = bilinear(material.texture, uv[None].to(material.texture))[0, :3]
        tint = tint * from_srgb(texel.float())
    return tint
