"""Material: what a surface is made of, as far as files of meshes say it."""

import dataclasses

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.structures import tensors


def _white() -> Tensor:
    return torch.ones(3)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Material:
    """Linear color (3,) in 0..1 times texture (H, W, 3|4), sRGB floats in 0..1, row 0 on top.

    A fourth texture channel is opacity. opacity, metallic and roughness in 0..1 follow glTF 2.0.
    Raises GeometryError.
    """

    name: str = "material"
    color: Tensor = dataclasses.field(default_factory=_white)
    opacity: float = 1.0
    texture: Tensor | None = None
    metallic: float = 0.0
    roughness: float = 1.0

    def __post_init__(self) -> None:
        tensors.expect_colors("color", expect_tensor("color", self.color, "3")[None], 1, self.color)
        for field in ("opacity", "metallic", "roughness"):
            if expect_number(field, getattr(self, field), low=0) > 1:
                raise GeometryError(f"{field}: expected 0..1, got {getattr(self, field)}")
        if self.texture is None:
            return
        expect_tensor("texture", self.texture, "H W C", dtypes="float", finite=True)
        if self.texture.shape[2] not in (3, 4) or self.texture.numel() == 0:
            raise GeometryError(
                f"texture: expected shape (H, W, 3) or (H, W, 4), got {tuple(self.texture.shape)}"
            )

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "Material":
        """On another device, in another dtype."""
        return tensors.move(self, device, dtype)

    def __repr__(self) -> str:
        color = " ".join(f"{x:.3g}" for x in self.color.tolist())
        texture = self.texture
        parts = [
            repr(self.name),
            f"color [{color}]",
            f"opacity {self.opacity:.3g}" if self.opacity != 1 else "",
            f"texture {texture.shape[1]}x{texture.shape[0]}" if texture is not None else "",
        ]
        return tensors.sentence("Material", parts)
