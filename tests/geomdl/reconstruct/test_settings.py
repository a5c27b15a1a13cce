import pytest

from geomdl.errors import GeometryError
from geomdl.reconstruct import Settings


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"voxel": 0.0}, "voxel"),
        ({"truncation": 0.001}, "truncation"),
        ({"every": 0}, "every"),
        ({"limit": 0}, "limit"),
        ({"far": 0.1}, "far"),
        ({"poses": "guess"}, "poses"),
        ({"smallest": -1.0}, "smallest"),
        ({"min_weight": float("nan")}, "min_weight"),
    ],
)
def test_nonsense_is_refused_by_name(wrong: dict, word: str) -> None:
    with pytest.raises(GeometryError, match=word):
        Settings(**wrong)


def test_differences_name_what_changed() -> None:
    assert Settings().differences(Settings().to_dict()) == []
    assert Settings(voxel=0.02).differences(Settings().to_dict()) == ["voxel 0.01 -> 0.02"]
