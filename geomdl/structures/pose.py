"""Pose: rigid motions x -> R x + t, their composition, logarithm and interpolation."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.structures import rotation as so3
from geomdl.structures import tensors

ORTHONORMAL = 2e-3  # 7-Scenes files are off by 4e-4


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Pose:
    """Rotation (..., 3, 3) and translation (..., 3) metres: x -> rotation x + translation.

    A @ B is A after B. Raises GeometryError where the rotation is not a rotation: the
    determinant is not 1, or R^T R differs from the identity by more than 2e-3.

    >>> quarter = Pose.from_axis_angle(torch.tensor([0.0, 0.0, torch.pi / 2]))
    >>> quarter.apply(torch.tensor([[1.0, 0.0, 0.0]])).round().tolist()
    [[0.0, 1.0, 0.0]]
    """

    rotation: Tensor
    translation: Tensor

    def __post_init__(self) -> None:
        expect_tensor("rotation", self.rotation, "*S 3 3", dtypes="float", finite=True)
        expect_tensor(
            "translation", self.translation, "*S 3", dtypes="float", finite=True, like=self.rotation
        )
        if self.rotation.shape[:-1] != self.translation.shape:
            raise GeometryError(
                f"translation: expected shape {tuple(self.rotation.shape[:-1])} beside the "
                f"rotation, got {tuple(self.translation.shape)}"
            )
        off = so3.orthonormality_error(self.rotation)
        if off > ORTHONORMAL:
            raise GeometryError(
                f"rotation: R^T R is off the identity by {off:.3g} (or R mirrors); "
                "Pose.nearest(matrix) gives the closest rigid motion"
            )

    @staticmethod
    def identity(*shape: int, like: Tensor | None = None) -> "Pose":
        """No motion, with batch axes `shape`, in the dtype and on the device of `like`."""
        like = torch.zeros(()) if like is None else like
        eye = torch.eye(3, dtype=like.dtype, device=like.device).expand(*shape, 3, 3)
        return Pose(eye, like.new_zeros(*shape, 3))

    @staticmethod
    def from_matrix(matrix: Tensor) -> "Pose":
        """Matrix (..., 4, 4) or (..., 3, 4) -> Pose. Raises GeometryError when it is not rigid."""
        expect_tensor("matrix", matrix, "*S R 4", dtypes="float", finite=True)
        rows = matrix.shape[-2]
        if rows not in (3, 4):
            raise GeometryError(f"matrix: expected 3 or 4 rows, got {rows}")
        if rows == 4:
            last = matrix.detach()[..., 3, :]
            if bool(((last - last.new_tensor([0.0, 0.0, 0.0, 1.0])).abs() > 1e-6).any()):
                raise GeometryError("matrix: expected the last row 0 0 0 1")
        return Pose(matrix[..., :3, :3], matrix[..., :3, 3])

    @staticmethod
    def nearest(matrix: Tensor) -> "Pose":
        """Any matrix (..., 3|4, 4) -> Pose with the closest rotation (by SVD) to its 3x3 part."""
        expect_tensor("matrix", matrix, "*S R 4", dtypes="float", finite=True)
        return Pose(so3.nearest(matrix[..., :3, :3]), matrix[..., :3, 3])

    @staticmethod
    def from_quaternion(quaternion: Tensor, translation: Tensor | None = None) -> "Pose":
        """Quaternion (..., 4) as w x y z of any length > 0 -> Pose."""
        rotation = so3.from_quaternion(quaternion)
        return Pose(rotation, _or_zeros(translation, quaternion))

    @staticmethod
    def from_axis_angle(vector: Tensor, translation: Tensor | None = None) -> "Pose":
        """Axis times angle (..., 3) in radians -> Pose."""
        return Pose(so3.exp(vector), _or_zeros(translation, vector))

    @staticmethod
    def exp(twist: Tensor) -> "Pose":
        """Twist (..., 6), translation part then rotation part -> Pose (exponential of se(3))."""
        expect_tensor("twist", twist, "*S 6", dtypes="float", finite=True)
        rho, phi = twist[..., :3], twist[..., 3:]
        return Pose(so3.exp(phi), (so3.left_jacobian(phi) @ rho[..., None])[..., 0])

    @staticmethod
    def look_at(eye: Tensor, target: Tensor, up: Tensor) -> "Pose":
        """Eye, target, up (..., 3) -> world_to_camera that looks from eye at target.

        OpenCV axes: the target is on +z, `up` points to -y. Raises GeometryError where the view
        direction is zero or along `up`.
        """
        eye, target, up = torch.broadcast_tensors(eye, target, up)
        forward = target - eye
        right = torch.linalg.cross(forward, up)
        if bool((right.detach().norm(dim=-1) <= 1e-6 * forward.detach().norm(dim=-1)).any()):
            raise GeometryError("target: it is the eye, or straight above or below it along `up`")
        right = torch.nn.functional.normalize(right, dim=-1)
        forward = torch.nn.functional.normalize(forward, dim=-1)
        down = torch.linalg.cross(forward, right)
        rotation = torch.stack([right, down, forward], dim=-2)
        return Pose(rotation, -(rotation @ eye[..., None])[..., 0])

    @staticmethod
    def stack(poses: Sequence["Pose"]) -> "Pose":
        """Poses of one shape -> one Pose with a new first batch axis."""
        return Pose(
            torch.stack([pose.rotation for pose in poses]),
            torch.stack([pose.translation for pose in poses]),
        )

    @property
    def shape(self) -> torch.Size:
        """The batch axes."""
        return self.translation.shape[:-1]

    def apply(self, points: Tensor) -> Tensor:
        """Points (..., N, 3) -> moved points (..., N, 3); batch axes broadcast."""
        expect_tensor("points", points, "*S N 3", dtypes="float", like=self.rotation)
        return points @ self.rotation.mT + self.translation[..., None, :]

    def rotate(self, directions: Tensor) -> Tensor:
        """Directions or normals (..., N, 3) -> turned, not moved."""
        expect_tensor("directions", directions, "*S N 3", dtypes="float", like=self.rotation)
        return directions @ self.rotation.mT

    def rotate_optional(self, normals: Tensor | None) -> Tensor | None:
        """`rotate`, or None for None."""
        return None if normals is None else self.rotate(normals)

    def inverse(self) -> "Pose":
        """The motion back: R^T, -R^T t."""
        back = self.rotation.mT
        return Pose(back, -(back @ self.translation[..., None])[..., 0])

    def matrix(self) -> Tensor:
        """Homogeneous matrix (..., 4, 4)."""
        top = torch.cat([self.rotation, self.translation[..., None]], dim=-1)
        last = top.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*self.shape, 1, 4)
        return torch.cat([top, last], dim=-2)

    def quaternion(self) -> Tensor:
        """Unit quaternion (..., 4) as w x y z, w >= 0."""
        return so3.to_quaternion(self.rotation)

    def axis_angle(self) -> Tensor:
        """Axis times angle (..., 3), the angle in 0..pi."""
        return so3.log(self.rotation)

    def log(self) -> Tensor:
        """Twist (..., 6) with exp(log(pose)) = pose."""
        phi = self.axis_angle()
        rho = torch.linalg.solve(so3.left_jacobian(phi), self.translation[..., None])[..., 0]
        return torch.cat([rho, phi], dim=-1)

    def interpolate(self, other: "Pose", amount: float | Tensor) -> "Pose":
        """At 0 this pose, at 1 the other: rotation by slerp, translation straight.

        amount: a number, or a tensor that broadcasts with the batch axes.
        """
        part = torch.as_tensor(
            amount, dtype=self.translation.dtype, device=self.translation.device
        )[..., None]
        turn = so3.log(self.rotation.mT @ other.rotation)
        rotation = self.rotation @ so3.exp(part * turn)
        return Pose(rotation, torch.lerp(self.translation, other.translation, part))

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Pose":
        """On another device, in another dtype."""
        return tensors.move(self, device, dtype)

    def __matmul__(self, other: "Pose") -> "Pose":
        if not isinstance(other, Pose):
            return NotImplemented
        moved = (self.rotation @ other.translation[..., None])[..., 0] + self.translation
        return Pose(self.rotation @ other.rotation, moved)

    def __getitem__(self, index: int | slice | Tensor) -> "Pose":
        if not self.shape:
            raise GeometryError("pose: it has no batch axes to index")
        return Pose(self.rotation[index], self.translation[index])

    def __len__(self) -> int:
        if not self.shape:
            raise GeometryError("pose: it has no batch axes, so it has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        place = tensors.describe_place(self.translation)
        if self.shape:
            return f"Pose({tuple(self.shape)} poses, {place})"
        angle = float(self.axis_angle().detach().norm())
        at = " ".join(f"{x:.4g}" for x in self.translation.tolist())
        return f"Pose(turns {angle * 57.29578:.4g} degrees, moves [{at}], {place})"


def _or_zeros(translation: Tensor | None, like: Tensor) -> Tensor:
    return like.new_zeros(*like.shape[:-1], 3) if translation is None else translation
