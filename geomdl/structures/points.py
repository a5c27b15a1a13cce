"""PointCloud: an unordered set of points, with what is known at each of them."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from core2d.offsets import items_of
from geomdl.errors import GeometryError, expect_offsets, expect_tensor
from geomdl.structures import tensors
from geomdl.structures.pose import Pose


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class PointCloud:
    """Points (N, 3) metres; normals (N, 3); colors (N, 3) in 0..1; attributes (N, ...) by name.

    offsets (B+1,) int64 packs several clouds; without them the points are one cloud. len() and []
    speak of points; batch_size, item() and split() of clouds. Raises GeometryError.

    >>> cloud = PointCloud(torch.rand(5, 3))
    >>> len(cloud), len(cloud[cloud.points[:, 2] > 2.0])
    (5, 0)
    """

    points: Tensor
    normals: Tensor | None = None
    colors: Tensor | None = None
    attributes: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    offsets: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        points = expect_tensor("points", self.points, "N 3", dtypes="float", finite=True)
        count = points.shape[0]
        tensors.expect_rows("normals", self.normals, "N 3", count, points)
        tensors.expect_colors("colors", self.colors, count, points)
        tensors.expect_attributes("attributes", self.attributes, count, points)
        offsets = expect_offsets("offsets", self.offsets, count, points)
        object.__setattr__(self, "offsets", offsets)

    @staticmethod
    def concatenate(clouds: Sequence["PointCloud"]) -> "PointCloud":
        """Clouds -> one batch of all their items. Raises GeometryError when fields differ."""
        if not clouds:
            raise GeometryError("clouds: expected at least one, got none")
        return PointCloud(
            torch.cat([cloud.points for cloud in clouds]),
            tensors.join("normals", [cloud.normals for cloud in clouds]),
            tensors.join("colors", [cloud.colors for cloud in clouds]),
            tensors.join_all("attributes", [cloud.attributes for cloud in clouds]),
            tensors.join_offsets([cloud.offsets for cloud in clouds]),
        )

    @property
    def device(self) -> torch.device:
        """Where the points are."""
        return self.points.device

    @property
    def batch_size(self) -> int:
        """How many clouds are packed here."""
        return self.offsets.numel() - 1

    @property
    def items(self) -> Tensor:
        """The cloud (N,) int64 of every point."""
        return items_of(self.offsets)

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest corner (3,) of all points. Raises GeometryError on none."""
        return tensors.bounds_of("points", self.points)

    def item(self, item: int) -> "PointCloud":
        """One cloud of the batch."""
        item = tensors.expect_item(item, self.batch_size)
        chosen = self[int(self.offsets[item]) : int(self.offsets[item + 1])]
        return dataclasses.replace(chosen, offsets=None)  # type: ignore[arg-type]

    def split(self) -> list["PointCloud"]:
        """The clouds of the batch, one by one."""
        return [self.item(item) for item in range(self.batch_size)]

    def merged(self) -> "PointCloud":
        """All points as one cloud."""
        return dataclasses.replace(self, offsets=None)  # type: ignore[arg-type]

    def transformed(self, pose: Pose | Tensor) -> "PointCloud":
        """Moved by a Pose or an affine (4, 4); normals follow (inverse transpose, unit)."""
        if isinstance(pose, Pose):
            points, normals = pose.apply(self.points), pose.rotate_optional(self.normals)
        else:
            points, normals = affine(pose, self.points, self.normals)
        return dataclasses.replace(self, points=points, normals=normals)

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "PointCloud":
        """On another device; floating-point fields in another dtype."""
        return tensors.move(self, device, dtype)

    def __len__(self) -> int:
        return self.points.shape[0]

    def __getitem__(self, chosen: Tensor | slice) -> "PointCloud":
        index, offsets = tensors.chosen_rows("chosen", chosen, self.offsets)
        return PointCloud(
            self.points[index],
            tensors.select(self.normals, index),
            tensors.select(self.colors, index),
            tensors.select_all(self.attributes, index),
            offsets,
        )

    def __repr__(self) -> str:
        parts = [
            tensors.plural(len(self), "point"),
            f"{self.batch_size} clouds" if self.batch_size != 1 else "",
            "normals" if self.normals is not None else "",
            "colors" if self.colors is not None else "",
            "attributes: " + " ".join(self.attributes) if self.attributes else "",
            tensors.describe_box(self.points),
            tensors.describe_place(self.points),
        ]
        return tensors.sentence("PointCloud", parts)


def affine(matrix: Tensor, points: Tensor, normals: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Matrix (4, 4), points (N, 3), normals (N, 3) or None -> both moved. Raises GeometryError."""
    expect_tensor("matrix", matrix, "4 4", dtypes="float", finite=True, like=points)
    matrix = matrix.to(points.dtype)
    last = matrix.detach()[3]
    if not torch.equal(last, last.new_tensor([0.0, 0.0, 0.0, 1.0])):
        raise GeometryError(f"matrix: expected the last row 0 0 0 1, got {last.tolist()}")
    linear = matrix[:3, :3]
    moved = points @ linear.T + matrix[:3, 3]
    if normals is None:
        return moved, None
    if float(torch.linalg.det(linear.detach())) == 0.0:
        raise GeometryError("matrix: it is singular, so normals have no direction after it")
    turned = normals @ torch.linalg.inv(linear)  # row vectors: n^T A^-1
    return moved, torch.nn.functional.normalize(turned, dim=-1)
