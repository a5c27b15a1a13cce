"""Real places are read as they lie, asked, drawn, told; those that cannot be used are named."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.losses import VOID
from geomdl.recipes.room_labels import Answer
from geomdl.structures import PointCloud
from geomdl.structures.srgb import from_srgb
from scenes.datasets import s3dis, scannet
from tests.geomdl.recipes.untrained import untrained
from tools import look_rooms as look

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def place(data: Path, out: Path) -> look.Place:
    """A floor in front of a camera whose y points down, tilted; two of its points have labels."""
    x, z = torch.meshgrid(torch.arange(-1, 1, 0.03), torch.arange(1, 3, 0.03), indexing="ij")
    tilt = math.radians(12)
    points = torch.stack([x, 1 + z * math.tan(tilt), z], -1).reshape(-1, 3)
    cloud = PointCloud(points, colors=torch.full_like(points, 0.4))
    known = torch.tensor([0, 5]), torch.tensor([1, 2]), ("ceiling", "floor", "wall")
    return look.Place(cloud, "-y", known, "front")


def gone(data: Path, out: Path) -> look.Place:
    raise look.InputError("gone.ply: there is no such file")


def test_places_are_asked_drawn_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(look, "PLACES", {"floor": place, "gone": gone})
    monkeypatch.setattr(look, "SIZE", (96, 72))
    run, out = untrained("rooms_sparse_unet", tmp_path / "run"), tmp_path / "out"
    words = [str(run), "--only", "floor", "gone", "--out", str(out), "--record"]
    assert look.main([*words, "--results", str(tmp_path / "results")]) == 0
    told = capsys.readouterr().out
    assert "gone           refused: gone.ply: there is no such file" in told
    assert "leans by 12 degrees" in told
    assert "of 2 labels" in told
    found = json.loads((out / "looked.json").read_text())["places"]["floor"]
    assert found["points"] == 67 * 67
    assert found["lean_degrees"] == pytest.approx(12, abs=0.5)
    assert sum(found["shares"].values()) == pytest.approx(1, abs=0.01)
    assert found["labelled"] == 2
    assert set(found["against_labels"]["iou"]) == {"floor", "wall"}
    assert Image.open(out / "floor.png").size == (250, 72)
    record = json.loads((tmp_path / "results" / "real_rooms.json").read_text())
    assert record["metrics"]["floor_labelled"]["mean"] == 2
    assert record["metrics"]["floor_accuracy"]["mean"] == found["against_labels"]["accuracy"]


def test_classes_of_others_are_ours_where_names_agree() -> None:
    ours = ("wall", "floor", "desk", "table", "bookshelf")
    table = dict(zip(s3dis.CLASSES, look.table_of(s3dis.CLASSES, ours).tolist(), strict=True))
    named = {name: ours[k] for name, k in table.items() if k != VOID}
    assert named == {"floor": "floor", "wall": "wall", "table": "table", "bookcase": "bookshelf"}
    given = Answer(torch.tensor([[0.1, 0.0, 0.5, 0.2, 0.2]]), ours)
    joined = look.merged(given, s3dis.CLASSES)
    assert torch.allclose(joined.chances, torch.tensor([[0.1, 0.0, 0.0, 0.7, 0.2]]))
    assert look.merged(given, scannet.CLASSES) is given


def test_a_frame_becomes_the_points_that_it_shows(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6, 3), 128, np.uint8)).save(tmp_path / "color.png")
    depth = np.full((4, 6), 2.0, np.float32)
    depth[0], depth[1, 0] = 0, 9
    cloud = look.unprojected(tmp_path / "color.png", depth)
    assert len(cloud) == 17
    assert torch.allclose(cloud.points[:, 2], torch.tensor(2.0))
    right = cloud.points[cloud.points[:, 0].argmax()]
    assert float(right[0]) == pytest.approx(2 * 2.5 / look.FOCAL)
    assert cloud.colors is not None
    assert torch.allclose(cloud.colors, from_srgb(torch.tensor(128 / 255)).expand(17, 3))


def test_labelled_points_of_scannet_find_their_places(data: Path, tmp_path: Path) -> None:
    """The published alignment brings the 100 points back into the cloud of the whole scan."""
    known = look.scannet_room(data, tmp_path).known
    assert known is not None
    rows, label, names = known
    assert len(rows) >= 95
    assert len(rows) == len(label)
    assert names == scannet.CLASSES
    office = look.s3dis_room(data, tmp_path)
    assert len(office.shape.points) == 100  # type: ignore[union-attr]


def test_simulated_rooms_are_known_in_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = {
        "points": torch.rand(50, 3),
        "features": torch.rand(50, 3),
        "label": torch.arange(50) % 3,
    }
    monkeypatch.setattr(look.room_scans, "read_scan", lambda *given, **more: scan)
    whole, thin = look.simulated(tmp_path, tmp_path), look.simulated_thin(tmp_path, tmp_path)
    for place, count in ((whole, 50), (thin, 5)):
        assert place.known is not None
        rows, label, names = place.known
        assert len(place.shape.points) == len(rows) == count  # type: ignore[union-attr]
        assert names == look.room_scans.LIKE_SCANNET
        for point, kind in zip(place.shape.points, label, strict=True):  # type: ignore[union-attr]
            at = int((scan["points"] - point).norm(dim=1).argmin())
            assert int(kind) == at % 3


def test_clouds_are_drawn_up_to_a_height() -> None:
    z = torch.cat([torch.tensor([-9.0]), torch.linspace(0, 3, 301)])
    kept = z[look.below(z, 1.6)]
    assert float(kept.max()) == pytest.approx(1.6, abs=0.05)
    assert bool(look.below(z, math.inf).all())


def test_single_frames_are_rooms_in_metres(data: Path, tmp_path: Path) -> None:
    for make in (look.tum_frame, look.sun_frame):
        points = make(data, tmp_path).shape.points  # type: ignore[union-attr]
        assert len(points) > 100_000
        assert 0.3 < float(points[:, 2].median()) < 6
