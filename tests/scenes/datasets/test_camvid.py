"""Street pictures: published lists, void, and frames too near to what they are judged by."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core2d.errors import InputError
from core2d.losses import VOID
from scenes.datasets import camvid as c

FRAMES = {
    "train": ["a_00000", "a_00090", "a_00115", "b_f00120", "a_00300"],
    "val": ["a_00120", "a_00126"],
    "test": ["b_f00060", "c_00300"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pictures of 4 x 6 in one colour, 10 times their place in their list, labelled in bands."""
    monkeypatch.setenv("GEOMDL_DATA", str(tmp_path))
    monkeypatch.setenv("GEOMDL_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "camvid"
    for part, names in FRAMES.items():
        for place, name in enumerate(sorted(names)):
            for end in (part, f"{part}annot"):
                (root / end).mkdir(parents=True, exist_ok=True)
            colour = np.full((4, 6, 3), (10 * place, 100, 200), np.uint8)
            Image.fromarray(colour).save(root / part / f"{name}.png")
            label = np.repeat(np.array([[0], [5], [10], [11]], np.uint8), 6, 1)
            Image.fromarray(label).save(root / f"{part}annot" / f"{name}.png")
    return root


def test_lists_are_kept_but_for_what_is_too_near(folder: Path) -> None:
    data = c.camvid()
    red = [
        (x.image[x.rows, 0, 0, 0] // 10).tolist() for x in (data.train, data.validation, data.test)
    ]
    assert data.name == "CamVid (a subset of 5, 2 and 2 pictures)"
    assert red == [[0, 1, 3, 4], [0, 1], [0, 1]], "a_00115 is within a second of a_00120"
    batch = data.train.batch(torch.tensor([2]))
    assert batch["label"][0, :, 0].tolist() == [0, 5, 10, VOID]
    wanted = (torch.tensor([30, 100, 200]) / 255 - torch.tensor(c.CHANNELS.mean)) / torch.tensor(
        c.CHANNELS.std
    )
    assert torch.allclose(batch["image"][0, :, 1, 2], wanted, atol=1e-5)


def test_only_training_is_augmented(folder: Path) -> None:
    data = c.camvid(augment=lambda batch, generator: {**batch, "label": batch["label"] * 0 + 9})
    low = [
        int(x.batch(torch.arange(2), torch.Generator())["label"].min())
        for x in (data.train, data.validation, data.test)
    ]
    assert low == [9, 0, 0]


def test_frames_are_compared_within_their_film() -> None:
    names = ["x_0010", "x_f0040", "y_0010", "x_0039", "x_0071"]
    assert c.apart(names, ["x_0041"], 31).tolist() == [0, 2]
    assert c.apart(names, ["x_0041"], 30).tolist() == [0, 2, 4]
    assert c.apart(names, []).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(InputError, match="expected FILM_FRAME"):
        c.apart(["picture"], [])


def test_what_is_missing_or_wrong_is_named(folder: Path) -> None:
    path = folder / "valannot" / "a_00126.png"
    Image.fromarray(np.full((4, 6), 12, np.uint8)).save(path)
    with pytest.raises(InputError, match=r"labels \(2, 4, 6\) of 0 to 11, got .* up to 12"):
        c.camvid()
    path.unlink()
    with pytest.raises(InputError, match="expected the labels of a_00126"):
        c.camvid()
    for path in (folder / "test").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="test: expected pictures, found none"):
        c.camvid()


def test_the_real_pictures(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_DATA", str(data))
    found = c.camvid()
    assert (len(found.train), len(found.validation), len(found.test)) == (120, 30, 50)
    batch = found.train.batch(torch.arange(0, 120, 4))
    assert batch["image"].shape == (30, 3, 360, 480)
    assert float(batch["image"].mean((0, 2, 3)).abs().max()) < 0.1
    assert sorted(batch["label"].unique().tolist()) == [*range(11), VOID]
    rows = batch["label"].float().nan_to_num()
    sky = torch.stack([(rows == 0)[:, :180].float().mean(), (rows == 0)[:, 180:].float().mean()])
    road = torch.stack([(rows == 3)[:, :180].float().mean(), (rows == 3)[:, 180:].float().mean()])
    assert sky[0] > 5 * sky[1], "the sky is above"
    assert road[1] > 5 * road[0], "the road is below"
