import dataclasses

import pytest
import torch
import trimesh
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.render import Style, frame_shape, picture, sheet, turntable
from geomdl.structures import Mesh, PointCloud

FAST = Style(supersample=1, occlusion=0, shadow=0)


def box() -> Mesh:
    shape = trimesh.creation.box((3, 1, 2))
    return Mesh(torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long())


def test_default_sheets_of_objects_rooms_and_clouds():
    room = Mesh(box().vertices, box().faces.flip(1))
    for shape in (box(), room, PointCloud(torch.rand(200, 3))):
        assert picture(shape, size=(40, 30), style=FAST).shape == (60, 80, 4)


def test_chosen_views_and_cameras_of_other_sizes():
    cameras = [frame_shape(box(), "left", size=(64, 64)), frame_shape(box(), "top", size=(20, 50))]
    found = picture(box(), ["front", (1, 1, 1)], (40, 30), FAST, cameras=cameras, up="y")
    assert found.shape == (60, 80, 4)
    single = picture(box(), ["front"], (40, 30), FAST)
    assert single.shape == (30, 40, 4)
    seen = picture(box(), [], (64, 64), FAST, cameras=cameras[:1], labels=False)
    alone = picture(box(), ["left"], (64, 64), FAST, labels=False)
    assert (seen - alone).abs().max() < 1e-3


def test_numbers_share_one_scale_and_bring_a_legend():
    heat = dataclasses.replace(box(), attributes={"heat": torch.rand(8)})
    labelled = picture(heat, ["front"], (200, 150), dataclasses.replace(FAST, color_by="heat"))
    bare = picture(
        heat, ["front"], (200, 150), dataclasses.replace(FAST, color_by="heat"), labels=False
    )
    changed = (labelled != bare).any(-1).nonzero()
    assert changed.amin(0)[0] > 75
    part = dataclasses.replace(box(), face_attributes={"part": torch.arange(12)})
    assert (
        picture(part, ["front"], (40, 30), dataclasses.replace(FAST, color_by="part"))
        .isfinite()
        .all()
    )


def test_sheets_fill_rows():
    panels = [torch.full((4, 6, 4), float(i)) for i in range(3)]
    whole = sheet(panels)
    assert whole.shape == (8, 12, 4)
    assert whole[0, 0, 0] == 0
    assert whole[0, 6, 0] == 1
    assert whole[4, 0, 0] == 2
    assert sheet(panels, columns=3).shape == (4, 18, 4)
    with pytest.raises(GeometryError, match=r"^panels"):
        sheet([])
    with pytest.raises(GeometryError, match=r"^panels"):
        sheet([torch.zeros(4, 6, 4), torch.zeros(4, 5, 4)])


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_turntables(tmp_path, name):
    turntable(box(), tmp_path / name, frames=4, size=(32, 24), style=FAST)
    film = Image.open(tmp_path / name)
    assert film.size == (32, 24)
    assert film.n_frames == 4
    with pytest.raises(GeometryError, match=r"\.gif or \.webp"):
        turntable(box(), tmp_path / "a.png")
