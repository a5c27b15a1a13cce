import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io.rgbd import RGBDFrame
from geomdl.reconstruct import Settings
from geomdl.reconstruct.job import Job, source_state
from geomdl.structures import Camera, Pose
from tests.geomdl.reconstruct import corner

SMALL = {"voxel": 0.04, "truncation": 0.16}


def frame(number: int, posed: bool = True, blind: bool = False) -> RGBDFrame:
    pose = corner.camera(number, 8)
    depth, color = corner.see(pose)
    known = Pose.from_matrix(pose.float()) if posed else None
    camera = Camera(corner.LENS, Pose.identity(), corner.WIDTH, corner.HEIGHT)
    return RGBDFrame(str(number), depth * (0 if blind else 1), color, known, camera)


def test_frames_without_pose_or_depth_are_left_out_and_counted() -> None:
    job = Job.begin(Settings(**SMALL), True)
    assert job.add(frame(0)) == ""
    assert job.add(frame(1, posed=False)) == "no pose"
    assert job.add(frame(2, blind=True)) == "no depth"
    assert (job.done, job.invalid, job.volume.frames) == (3, 2, 1)
    assert len(job.path()) == 1
    assert len(job.compared()[0]) == 1


def test_tracking_starts_at_the_first_known_pose() -> None:
    job = Job.begin(Settings(**SMALL, poses="track"), True)
    for i in range(4):
        assert job.add(frame(i)).startswith("fit")
    found, given = job.compared()
    torch.testing.assert_close(found, given, atol=0.02, rtol=0)
    assert len(job.fitness) == 4
    assert all(math.isfinite(r) for r in job.rmse)


def test_a_resumed_job_goes_on_bit_by_bit() -> None:
    source = source_state(corner.Path("/tmp/x"), ["a", "b"])
    whole = Job.begin(Settings(**SMALL, poses="track"), True)
    for i in range(4):
        whole.add(frame(i))
        if i == 1:
            volume = type(whole.volume).from_state(whole.volume.state())
            state = whole.state(source)
    rest = Job.resume(volume, state, whole.settings, source)
    for i in (2, 3):
        rest.add(frame(i))
    assert torch.equal(whole.path(), rest.path())
    for name, tensor in whole.volume.state().items():
        assert torch.equal(rest.volume.state()[name], tensor), name


def test_a_checkpoint_of_something_else_is_refused() -> None:
    source = source_state(corner.Path("/tmp/x"), ["a"])
    job = Job.begin(Settings(**SMALL), True)
    state = job.state(source)
    with pytest.raises(GeometryError, match=r"other settings \(voxel 0.04 -> 0.05"):
        Job.resume(job.volume, state, Settings(0.05, 0.16), source)
    other = source_state(corner.Path("/tmp/y"), ["a", "b"])
    with pytest.raises(GeometryError, match="not /tmp/y"):
        Job.resume(job.volume, state, job.settings, other)
