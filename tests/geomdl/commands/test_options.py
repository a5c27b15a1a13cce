import pytest

from geomdl.commands.options import Change
from geomdl.errors import GeometryError


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(GeometryError, match="--points: expected without --vertices"):
        Change(points=3, vertices=True)
    with pytest.raises(GeometryError, match="--points: expected without --voxelize"):
        Change(points=3, voxelize=9)


def test_numbers_that_cannot_be_are_refused() -> None:
    with pytest.raises(GeometryError, match="--scale: expected more than 0"):
        Change(scale=0)
    with pytest.raises(GeometryError, match="--thin: expected more than 0"):
        Change(thin=-1.0)
    with pytest.raises(GeometryError, match="--voxelize: expected at least 2"):
        Change(voxelize=1)
