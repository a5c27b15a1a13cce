import pytest

from geomdl.errors import GeometryError
from geomdl.viewer.finish import Finish


@pytest.mark.parametrize(
    ("field", "value"),
    [("supersample", 0), ("supersample", 9), ("shadow", 2.0), ("occlusion", -0.1)],
)
def test_what_cannot_be_is_refused(field: str, value: float) -> None:
    with pytest.raises(GeometryError, match=f"^{field}: expected .* got {value}"):
        Finish(**{field: value})  # type: ignore[arg-type]


def test_the_ends_are_allowed() -> None:
    assert Finish(supersample=8, shadow=0, occlusion=1).shadow == 0
