"""How a picture is made: what `geomdl render` has beside the options of the page."""

from dataclasses import dataclass

from geomdl.errors import GeometryError


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What a picture has beyond the look. Raises GeometryError for values that cannot be."""

    supersample: int = 2
    """samples of each pixel along its side"""
    occlusion: float = 0.85
    """darkness in corners, 0..1"""
    shadow: float = 0.8
    """darkness of cast shadows, 0..1; half as dark on scanned colours"""
    floor: bool | None = None
    """an invisible floor catches the shadow; by default where one does not look into a room"""
    captions: bool = True
    """legends, words and the names of views"""

    def __post_init__(self) -> None:
        if not 1 <= self.supersample <= 8:
            raise GeometryError(f"supersample: expected 1 to 8, got {self.supersample}")
        for name in ("occlusion", "shadow"):
            if not 0 <= getattr(self, name) <= 1:
                raise GeometryError(f"{name}: expected 0 to 1, got {getattr(self, name)}")
