import json
from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.reconstruct.checkpoint import Checkpoints, partial_folder
from tests.geomdl.reconstruct import corner


def fused(count: int) -> TSDFVolume:
    volume = TSDFVolume(0.05, 0.2, colored=False)
    for i in range(count):
        pose = corner.camera(i, 5)
        fuse(volume, corner.see(pose)[0], corner.LENS, torch.linalg.inv(pose).float(), None)
    return volume


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "room.ply.partial", 0)
    assert kept.read() is None
    for count in (1, 2):
        volume = fused(count)
        kept.write(volume, {"done": count})
    found = kept.read()
    assert found is not None
    assert found[1]["done"] == 2
    for name, tensor in volume.state().items():
        assert torch.equal(found[0].state()[name], tensor)
    assert len(list(kept.folder.glob("volume-*"))) == 1
    kept.remove()
    assert not kept.folder.exists()


def test_broken_checkpoints_are_told(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "p", 0)
    kept.write(fused(1), {})
    state = kept.folder / "state.json"
    whole = state.read_text()
    state.write_text(whole[:20])
    with pytest.raises(GeometryError, match="broken checkpoint"):
        kept.read()
    state.write_text(json.dumps({**json.loads(whole), "version": 99}))
    with pytest.raises(GeometryError, match="another version"):
        kept.read()
    state.write_text(whole)
    volume = next(kept.folder.glob("volume-*"))
    volume.write_bytes(volume.read_bytes()[:100])
    with pytest.raises(GeometryError, match="broken checkpoint"):
        kept.read()


def test_due_after_the_time_and_never_too_often(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, 0).due()
    assert not Checkpoints(tmp_path, 100).due()
    assert Checkpoints(tmp_path, 100, _last=-1e6).due()
    assert not Checkpoints(tmp_path, 100, _last=-1e3, _cost=1e6).due()


def test_names(tmp_path: Path) -> None:
    assert partial_folder(tmp_path / "room.ply").name == "room.ply.partial"
