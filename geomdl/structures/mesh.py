"""Mesh: triangles over shared vertices, with normals, colours, texture coordinates, materials."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from core2d.offsets import items_of
from geomdl.errors import GeometryError, expect_faces, expect_offsets, expect_tensor
from geomdl.structures import tensors
from geomdl.structures.materials import Material
from geomdl.structures.points import PointCloud, affine
from geomdl.structures.pose import Pose


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Mesh:
    """Vertices (V, 3) metres and faces (F, 3) int64, counter-clockwise seen from outside.

    normals (V, 3) and colors (V, 3) in 0..1 belong to vertices; uvs (F, 3, 2) to face corners,
    u right and v up; face_material (F,) int64 indexes `materials`, -1 for none. attributes hold
    (V, ...) tensors by name, face_attributes (F, ...). vertex_offsets and face_offsets (B+1,)
    pack several meshes, whose faces index the packed vertices. len() and [] speak of faces;
    batch_size, item() and split() of meshes. Raises GeometryError.

    >>> mesh = Mesh(torch.eye(3), torch.tensor([[0, 1, 2]]))
    >>> mesh
    Mesh(3 vertices, 1 face, bounds [0 0 0] to [1 1 1], float32 on cpu)
    """

    vertices: Tensor
    faces: Tensor
    normals: Tensor | None = None
    colors: Tensor | None = None
    uvs: Tensor | None = None
    materials: tuple[Material, ...] = ()
    face_material: Tensor | None = None
    attributes: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    vertex_offsets: Tensor = None  # type: ignore[assignment]
    face_offsets: Tensor = None  # type: ignore[assignment]
    face_attributes: dict[str, Tensor] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        vertices = expect_tensor("vertices", self.vertices, "V 3", dtypes="float", finite=True)
        expect_tensor("faces", self.faces, "F 3", dtypes=(torch.int64,), like=vertices)
        expect_faces("faces", self.faces, vertices.shape[0])
        v, f = vertices.shape[0], self.faces.shape[0]
        tensors.expect_rows("normals", self.normals, "V 3", v, vertices)
        tensors.expect_colors("colors", self.colors, v, vertices)
        tensors.expect_rows("uvs", self.uvs, "F 3 2", f, vertices)
        tensors.expect_attributes("attributes", self.attributes, v, vertices)
        tensors.expect_attributes("face_attributes", self.face_attributes, f, vertices)
        self._check_materials()
        if (self.vertex_offsets is None) != (self.face_offsets is None):
            raise GeometryError("face_offsets: expected together with vertex_offsets")
        vertex_offsets = expect_offsets("vertex_offsets", self.vertex_offsets, v, vertices)
        face_offsets = expect_offsets("face_offsets", self.face_offsets, f, vertices)
        object.__setattr__(self, "vertex_offsets", vertex_offsets)
        object.__setattr__(self, "face_offsets", face_offsets)
        self._check_items()

    def _check_materials(self) -> None:
        if not all(isinstance(material, Material) for material in self.materials):
            raise GeometryError("materials: expected a tuple of Material")
        index = self.face_material
        if index is None:
            return
        expect_tensor("face_material", index, "F", dtypes=(torch.int64,), like=self.vertices)
        tensors.expect_attributes("mesh", {"face_material": index}, len(self), self.vertices)
        if index.numel() and not -1 <= int(index.min()) <= int(index.max()) < len(self.materials):
            raise GeometryError(
                f"face_material: expected -1..{len(self.materials) - 1}, got "
                f"{int(index.min())}..{int(index.max())}"
            )

    def _check_items(self) -> None:
        if self.vertex_offsets.numel() != self.face_offsets.numel():
            raise GeometryError(
                f"face_offsets: expected {self.vertex_offsets.numel()} numbers, as many as "
                f"vertex_offsets, got {self.face_offsets.numel()}"
            )
        if self.batch_size < 2 or len(self) == 0:
            return
        owner = torch.bucketize(self.faces, self.vertex_offsets[1:], right=True)  # (F, 3)
        wrong = (owner != items_of(self.face_offsets)[:, None]).any(1)
        if bool(wrong.any()):
            face = int(wrong.nonzero()[0])
            raise GeometryError(f"faces: face {face} uses vertices of another mesh of the batch")

    @staticmethod
    def concatenate(meshes: Sequence["Mesh"]) -> "Mesh":
        """Meshes -> one batch of all their items. Raises GeometryError when fields differ."""
        if not meshes:
            raise GeometryError("meshes: expected at least one, got none")
        faces: list[Tensor] = []
        index: list[Tensor | None] = []
        materials: list[Material] = []
        first = 0
        for mesh in meshes:
            faces.append(mesh.faces + first)
            shift = mesh.face_material
            index.append(None if shift is None else shift + (shift >= 0) * len(materials))
            materials.extend(mesh.materials)
            first += mesh.vertices.shape[0]
        return Mesh(
            torch.cat([mesh.vertices for mesh in meshes]),
            torch.cat(faces),
            normals=tensors.join("normals", [mesh.normals for mesh in meshes]),
            colors=tensors.join("colors", [mesh.colors for mesh in meshes]),
            uvs=tensors.join("uvs", [mesh.uvs for mesh in meshes]),
            materials=tuple(materials),
            face_material=tensors.join("face_material", index),
            attributes=tensors.join_all("attributes", [mesh.attributes for mesh in meshes]),
            vertex_offsets=tensors.join_offsets([mesh.vertex_offsets for mesh in meshes]),
            face_offsets=tensors.join_offsets([mesh.face_offsets for mesh in meshes]),
            face_attributes=tensors.join_all(
                "face_attributes", [mesh.face_attributes for mesh in meshes]
            ),
        )

    @property
    def device(self) -> torch.device:
        """Where the vertices are."""
        return self.vertices.device

    @property
    def batch_size(self) -> int:
        """How many meshes are packed here."""
        return self.vertex_offsets.numel() - 1

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest corner (3,) of all vertices. Raises GeometryError on none."""
        return tensors.bounds_of("vertices", self.vertices)

    @property
    def triangles(self) -> Tensor:
        """Corners (F, 3, 3) of every face, differentiable in the vertices."""
        return self.vertices[self.faces]

    def item(self, item: int) -> "Mesh":
        """One mesh of the batch, with all of its vertices."""
        item = tensors.expect_item(item, self.batch_size)
        v0, v1 = self.vertex_offsets[item : item + 2].tolist()
        f0, f1 = self.face_offsets[item : item + 2].tolist()
        vertices = torch.arange(v0, v1, device=self.device)
        return self._chosen(vertices, torch.arange(f0, f1, device=self.device), None, None)

    def split(self) -> list["Mesh"]:
        """The meshes of the batch, one by one."""
        return [self.item(item) for item in range(self.batch_size)]

    def merged(self) -> "Mesh":
        """All faces as one mesh."""
        return dataclasses.replace(self, vertex_offsets=None, face_offsets=None)  # type: ignore[arg-type]

    def submesh(self, chosen: Tensor | slice) -> "Mesh":
        """The faces of a mask (F,), indices (K,) or slice, with only the vertices they use."""
        index, face_offsets = tensors.chosen_rows("chosen", chosen, self.face_offsets)
        vertices = self.faces[index].unique()  # ascending, so items stay in order
        vertex_offsets = torch.searchsorted(vertices, self.vertex_offsets)
        return self._chosen(vertices, index, vertex_offsets, face_offsets)

    def _chosen(
        self,
        vertices: Tensor,
        faces: Tensor,
        vertex_offsets: Tensor | None,
        face_offsets: Tensor | None,
    ) -> "Mesh":
        position = self.faces.new_full((self.vertices.shape[0],), -1)
        position[vertices] = torch.arange(vertices.numel(), device=self.device)
        return Mesh(
            self.vertices[vertices],
            position[self.faces[faces]],
            normals=tensors.select(self.normals, vertices),
            colors=tensors.select(self.colors, vertices),
            uvs=tensors.select(self.uvs, faces),
            materials=self.materials,
            face_material=tensors.select(self.face_material, faces),
            attributes=tensors.select_all(self.attributes, vertices),
            vertex_offsets=vertex_offsets,  # type: ignore[arg-type]
            face_offsets=face_offsets,  # type: ignore[arg-type]
            face_attributes=tensors.select_all(self.face_attributes, faces),
        )

    def transformed(self, pose: Pose | Tensor) -> "Mesh":
        """Moved by a Pose or an affine (4, 4); a mirroring one turns the faces over too."""
        if isinstance(pose, Pose):
            points, normals = pose.apply(self.vertices), pose.rotate_optional(self.normals)
            return dataclasses.replace(self, vertices=points, normals=normals)
        points, normals = affine(pose, self.vertices, self.normals)
        moved = dataclasses.replace(self, vertices=points, normals=normals)
        return moved.flipped() if float(torch.linalg.det(pose.detach()[:3, :3])) < 0 else moved

    def flipped(self) -> "Mesh":
        """The same surface with the faces turned over; vertex normals stay as they are."""
        uvs = None if self.uvs is None else self.uvs.flip(1)
        return dataclasses.replace(self, faces=self.faces.flip(1), uvs=uvs)

    def with_normals(self) -> "Mesh":
        """With vertex normals: unit, area-weighted means of the normals of the faces around.

        Vertices without faces, or between faces that cancel out, get the zero vector.
        """
        a, b, c = self.triangles.unbind(1)
        twice_area = torch.linalg.cross(b - a, c - a)
        total = torch.zeros_like(self.vertices)
        for corner in range(3):  # index_add has a fixed order on the CPU
            total = total.index_add(0, self.faces[:, corner], twice_area)
        normals = torch.nn.functional.normalize(total, dim=-1, eps=1e-20)
        return dataclasses.replace(self, normals=normals)

    def point_cloud(self) -> PointCloud:
        """The vertices, with their normals, colours and attributes."""
        return PointCloud(
            self.vertices, self.normals, self.colors, self.attributes, self.vertex_offsets
        )

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Mesh":
        """On another device; floating-point fields in another dtype."""
        return tensors.move(self, device, dtype)

    def __len__(self) -> int:
        return self.faces.shape[0]

    def __getitem__(self, chosen: Tensor | slice) -> "Mesh":
        return self.submesh(chosen)

    def __repr__(self) -> str:
        named = {"attributes: ": self.attributes, "face_attributes: ": self.face_attributes}
        fields = ("normals", "colors", "uvs")
        parts = [
            tensors.plural(self.vertices.shape[0], "vertex"),
            tensors.plural(len(self), "face"),
            f"{self.batch_size} meshes" if self.batch_size != 1 else "",
            *(field for field in fields if getattr(self, field) is not None),
            tensors.plural(len(self.materials), "material") if self.materials else "",
            *(head + " ".join(names) for head, names in named.items() if names),
            tensors.describe_box(self.vertices),
            tensors.describe_place(self.vertices),
        ]
        return tensors.sentence("Mesh", parts)
