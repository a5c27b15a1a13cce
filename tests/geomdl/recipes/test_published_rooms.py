"""Rooms of S3DIS: thinned whole, cut to windows to train."""

import torch
from torch import Generator

from geomdl.recipes import published_rooms as s


def test_rooms_are_thinned_to_cells_and_cut_to_windows(monkeypatch) -> None:
    given = {}
    monkeypatch.setattr(s, "s3dis", lambda **how: given.update(how))
    s.data(s.Config(cell=0.5, window=2.0, most=50))
    points = 10 * torch.rand(4000, 3, generator=Generator().manual_seed(0))
    batch = {
        "points": points,
        "features": torch.rand(4000, 3),
        "label": torch.zeros(4000, dtype=torch.int64),
        "offsets": torch.tensor([0, 4000]),
    }
    whole = given["prepare"](batch)
    cells = len((points / 0.5).floor().unique(dim=0))
    assert len(whole["points"]) == cells < 4000
    cut = given["augment"](whole, Generator().manual_seed(1))
    assert 0 < len(cut["points"]) <= 50
    assert float(cut["points"][:, :2].abs().max()) < 2.0
    assert len(cut["label"]) == len(cut["features"]) == len(cut["points"])
