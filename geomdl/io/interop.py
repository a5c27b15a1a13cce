"""Meshes and clouds to and from trimesh and Open3D. Both are imported only when asked for.

Their colours are sRGB, ours are linear light.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.images import encode_png, texture_tensor
from geomdl.structures import Material, Mesh, PointCloud
from geomdl.structures.srgb import from_srgb, to_srgb

if TYPE_CHECKING:
    import trimesh


def to_trimesh(shape: Mesh | PointCloud) -> "trimesh.Trimesh | trimesh.PointCloud":
    """Mesh -> trimesh.Trimesh (process=False), PointCloud -> trimesh.PointCloud; float64.

    Colours, attributes and, for meshes with texture coordinates that agree at every vertex, the
    first material go along. Raises GeometryError when the corners of a vertex disagree.
    """
    import trimesh

    colors = None if shape.colors is None else _bytes(to_srgb(shape.colors.double()))
    if isinstance(shape, PointCloud):
        return trimesh.PointCloud(_array(shape.points), colors=colors)
    mesh = trimesh.Trimesh(
        vertices=_array(shape.vertices),
        faces=shape.faces.cpu().numpy(),
        vertex_normals=None if shape.normals is None else _array(shape.normals),
        vertex_colors=colors,
        vertex_attributes={name: value.cpu().numpy() for name, value in shape.attributes.items()},
        face_attributes={n: value.cpu().numpy() for n, value in shape.face_attributes.items()},
        process=False,
    )
    if shape.uvs is not None:
        mesh.visual = trimesh.visual.TextureVisuals(
            uv=_array(_vertex_uvs(shape)), material=_trimesh_material(shape)
        )
    return mesh


def from_trimesh(
    thing: "trimesh.Trimesh | trimesh.PointCloud | trimesh.Scene",
) -> Mesh | PointCloud:
    """trimesh.Trimesh or Scene -> Mesh, trimesh.PointCloud -> PointCloud, in float32."""
    import trimesh

    if isinstance(thing, trimesh.Scene):
        thing = _flattened(thing)
    if isinstance(thing, trimesh.PointCloud):
        colors = np.asarray(thing.colors)
        has = colors.ndim == 2 and len(colors) == len(thing.vertices)
        return PointCloud(_tensor(thing.vertices), colors=_unit(colors) if has else None)
    if not isinstance(thing, trimesh.Trimesh):
        raise GeometryError(f"thing: expected a trimesh object, got {type(thing).__name__}")
    faces = torch.from_numpy(np.array(thing.faces, dtype=np.int64))
    visual: Any = thing.visual
    uvs: Tensor | None = None
    tints: Tensor | None = None
    materials: tuple[Material, ...] = ()
    if visual.kind == "texture" and visual.uv is not None and len(visual.uv):
        uvs = _tensor(visual.uv)[:, :2][faces]
        materials = (_from_material(visual.material),)
    elif visual.kind == "vertex":
        tints = _unit(np.asarray(visual.vertex_colors))
    kept = "vertex_normals" in thing._cache.cache
    return Mesh(
        _tensor(thing.vertices),
        faces,
        normals=_tensor(thing.vertex_normals) if kept else None,
        colors=tints,
        uvs=uvs,
        materials=materials,
        face_material=torch.zeros(len(faces), dtype=torch.int64) if materials else None,
        attributes=_attributes(thing.vertex_attributes, len(thing.vertices)),
        face_attributes=_attributes(thing.face_attributes, len(faces)),
    )


def _flattened(scene: "trimesh.Scene") -> Any:
    """All meshes of a scene in the world, as one; its points and lines are left out."""
    import trimesh

    meshes = []
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        geometry: Any = scene.geometry[name]
        if isinstance(geometry, trimesh.Trimesh):
            meshes.append(geometry.copy().apply_transform(matrix))
    if not meshes:
        raise GeometryError("thing: the scene has no meshes")
    return trimesh.util.concatenate(meshes)


def to_open3d(shape: Mesh | PointCloud) -> Any:
    """Mesh -> open3d.geometry.TriangleMesh, PointCloud -> open3d.geometry.PointCloud; float64.

    Texture coordinates and textures go along; attributes have no place there.
    """
    o3d = _open3d()
    points = shape.vertices if isinstance(shape, Mesh) else shape.points
    vector = o3d.utility.Vector3dVector
    if isinstance(shape, PointCloud):
        cloud = o3d.geometry.PointCloud(vector(_array(points)))
        if shape.normals is not None:
            cloud.normals = vector(_array(shape.normals))
        if shape.colors is not None:
            cloud.colors = vector(_array(to_srgb(shape.colors)))
        return cloud
    faces = o3d.utility.Vector3iVector(shape.faces.cpu().numpy().astype(np.int32))
    mesh = o3d.geometry.TriangleMesh(vector(_array(points)), faces)
    if shape.normals is not None:
        mesh.vertex_normals = vector(_array(shape.normals))
    if shape.colors is not None:
        mesh.vertex_colors = vector(_array(to_srgb(shape.colors)))
    if shape.uvs is not None:
        flipped = _array(shape.uvs).reshape(-1, 2) * [1, -1] + [0, 1]  # Open3D's v runs down
        mesh.triangle_uvs = o3d.utility.Vector2dVector(flipped)
    textures = [m.texture for m in shape.materials]
    if textures and all(t is not None for t in textures):
        images = [_bytes(t[:, :, :3]) for t in textures if t is not None]
        mesh.textures = [o3d.geometry.Image(np.ascontiguousarray(i)) for i in images]
    if shape.face_material is not None:
        ids = shape.face_material.cpu().numpy().astype(np.int32)
        mesh.triangle_material_ids = o3d.utility.IntVector(ids)
    return mesh


def from_open3d(thing: Any) -> Mesh | PointCloud:
    """open3d.geometry.TriangleMesh -> Mesh, open3d.geometry.PointCloud -> PointCloud; float32.

    The tensor classes (open3d.t.geometry) are taken through `to_legacy`.
    """
    o3d = _open3d()
    if isinstance(thing, o3d.t.geometry.TriangleMesh | o3d.t.geometry.PointCloud):
        thing = thing.to_legacy()
    if isinstance(thing, o3d.geometry.PointCloud):
        return PointCloud(
            _tensor(thing.points),
            normals=_tensor(thing.normals) if thing.has_normals() else None,
            colors=from_srgb(_tensor(thing.colors)) if thing.has_colors() else None,
        )
    if not isinstance(thing, o3d.geometry.TriangleMesh):
        raise GeometryError(f"thing: expected an Open3D mesh or cloud, got {type(thing).__name__}")
    faces = torch.from_numpy(np.array(thing.triangles, dtype=np.int64).reshape(-1, 3))
    uvs = None
    if thing.has_triangle_uvs():
        flipped = np.asarray(thing.triangle_uvs) * [1, -1] + [0, 1]
        uvs = _tensor(flipped).reshape(-1, 3, 2)
    images = [np.asarray(image) for image in thing.textures]
    materials = tuple(
        Material(f"material_{i}", texture=texture_tensor(encode_png(image), f"texture {i}"))
        for i, image in enumerate(images)
        if image.size
    )
    index = None
    if materials:
        ids = np.asarray(thing.triangle_material_ids, dtype=np.int64)
        index = torch.from_numpy(ids.copy()) if len(ids) == len(faces) else torch.zeros(len(faces))
    return Mesh(
        _tensor(thing.vertices),
        faces,
        normals=_tensor(thing.vertex_normals) if thing.has_vertex_normals() else None,
        colors=from_srgb(_tensor(thing.vertex_colors)) if thing.has_vertex_colors() else None,
        uvs=uvs,
        materials=materials,
        face_material=None if index is None else index.long(),
    )


def _open3d() -> Any:
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise GeometryError(
            f"Open3D cannot be imported ({error}); install it: pip install 'geomdl-torch[open3d]'"
        ) from error
    return open3d


def _array(values: Tensor) -> np.ndarray:
    return values.detach().cpu().double().numpy()


def _bytes(colors: Tensor) -> np.ndarray:
    levels = (colors.detach().cpu().double().clamp(0, 1) * 255).round().numpy()
    return levels.astype(np.uint8)


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))


def _unit(colors: np.ndarray) -> Tensor:
    return from_srgb(torch.from_numpy(colors[:, :3].astype(np.float32) / 255))


def _attributes(named: Any, count: int) -> dict[str, Tensor]:
    arrays = {str(name): np.asarray(values) for name, values in named.items()}
    return {
        name: torch.from_numpy(values.copy())
        for name, values in arrays.items()
        if values.dtype.kind in "bif" and values.ndim and len(values) == count
    }


def _vertex_uvs(mesh: Mesh) -> Tensor:
    """Per-corner coordinates (F, 3, 2) as (V, 2), where the corners of each vertex agree."""
    assert mesh.uvs is not None
    uvs = mesh.uvs.new_zeros(len(mesh.vertices), 2)
    uvs[mesh.faces] = mesh.uvs
    if not torch.equal(uvs[mesh.faces], mesh.uvs):
        raise GeometryError(
            "mesh: corners of one vertex have different texture coordinates, which trimesh cannot "
            "hold; save the mesh as .glb and load it again to split those vertices"
        )
    return uvs


def _trimesh_material(mesh: Mesh) -> Any:
    import trimesh
    from PIL import Image

    if not mesh.materials:
        return None
    material = mesh.materials[0]
    image = None if material.texture is None else Image.fromarray(_bytes(material.texture))
    return trimesh.visual.material.PBRMaterial(
        name=material.name,
        baseColorFactor=[*material.color.tolist(), material.opacity],
        baseColorTexture=image,
        metallicFactor=material.metallic,
        roughnessFactor=material.roughness,
    )


def _from_material(material: Any) -> Material:
    import trimesh

    if isinstance(material, trimesh.visual.material.SimpleMaterial):
        material = material.to_pbr()
    factor = np.asarray([255] * 4 if material.baseColorFactor is None else material.baseColorFactor)
    scale = 255.0 if factor.dtype.kind in "iu" else 1.0
    image = material.baseColorTexture
    texture = None
    if image is not None:
        texture = texture_tensor(encode_png(np.asarray(image.convert("RGBA"))), "texture")
    metallic, roughness = material.metallicFactor, material.roughnessFactor
    return Material(
        name=str(material.name or "material"),
        color=torch.tensor((factor[:3] / scale).tolist(), dtype=torch.float32),
        opacity=float(factor[3] / scale) if len(factor) > 3 else 1.0,
        texture=texture,
        metallic=0.0 if metallic is None else float(metallic),
        roughness=1.0 if roughness is None else float(roughness),
    )
