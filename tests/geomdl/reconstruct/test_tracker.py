import torch

from geomdl.ops.fuse import TSDFVolume, fuse
from geomdl.reconstruct import Tracker
from tests.geomdl.reconstruct import corner

COUNT = 12


def test_frames_are_followed_and_the_state_goes_on() -> None:
    volume = TSDFVolume(0.02, 0.08, colored=False)
    tracker = Tracker(0.2, 5.0)
    other = Tracker(0.2, 5.0)
    for i in range(COUNT):
        depth, _ = corner.see(corner.camera(i, COUNT))
        guess = torch.linalg.inv(corner.camera(0, COUNT)) if i == 0 else None
        other.restore(tracker.state())
        found = tracker.follow(volume, depth, corner.LENS, guess)
        again = other.follow(volume, depth, corner.LENS, guess)
        assert torch.equal(found.world_to_camera, again.world_to_camera)
        assert not found.lost
        gap = found.world_to_camera @ corner.camera(i, COUNT) - torch.eye(4).double()
        assert float(gap.abs().max()) < 0.012, i
        fuse(volume, depth, corner.LENS, found.world_to_camera.float(), None)


def test_a_frame_of_something_else_is_lost() -> None:
    volume = TSDFVolume(0.02, 0.08, colored=False)
    tracker = Tracker(0.2, 5.0)
    depth, _ = corner.see(corner.camera(0, COUNT))
    first = tracker.follow(volume, depth, corner.LENS)
    fuse(volume, depth, corner.LENS, first.world_to_camera.float(), None)
    found = tracker.follow(volume, torch.full_like(depth, 0.5), corner.LENS)
    assert found.lost
    assert torch.equal(found.world_to_camera, first.world_to_camera)
    assert torch.equal(tracker.velocity, torch.eye(4).double())
    assert not tracker.follow(volume, depth, corner.LENS).lost
