import pytest

from geomdl.bench.viewer import picture
from tests.geomdl.bench.turns import checked, without


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AROUND": 60, "ACROSS": 30, "WIDTH": 160, "HEIGHT": 120}.items():
        monkeypatch.setattr(picture, name, value)


def test_the_picture_covers_what_the_peer_sees() -> None:
    checked(picture.rows(), "open3d")


def test_a_missing_open3d_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    without(picture.rows(), "open3d", monkeypatch)


def test_the_mesh_is_lit() -> None:
    image = picture.prepare().ours()
    inside = image[image[..., 3] > 0.99][:, :3]
    assert float(inside.std()) > 0.02
    assert float(inside.min()) >= 0
