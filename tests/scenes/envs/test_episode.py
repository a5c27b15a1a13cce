"""Episodes on disk: the frames are those of the world's camera, and the viewer opens them."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl.io import load, open_rgbd
from geomdl.ops.rasterize import rasterize
from geomdl.viewer.opening import open_scene
from scenes.envs.baselines import ShortestWalk
from scenes.envs.episode import SIZE, save_episode
from scenes.envs.object_goal import ObjectGoalVectorEnv


def test_an_episode_is_frames_and_a_scene(tmp_path):
    envs = ObjectGoalVectorEnv(1, rooms=2)
    folder = tmp_path / "walk"
    found = save_episode(envs, ShortestWalk(envs.world), folder, seed=3)
    assert found["success"] == 1
    frames, scene = open_rgbd(folder), load(folder / "scene.ply")
    assert len(frames) >= 5
    for number in (0, len(frames) - 1):
        frame = frames[number]
        to_camera = frame.camera.world_to_camera
        seen = to_camera.apply(scene.vertices)
        K = envs.world.view.lens.intrinsics(SIZE).float()
        truth = rasterize(seen, scene.faces, K, SIZE, SIZE, 0.05)[1][0]
        both = torch.isfinite(truth) & (frame.depth > 0)
        assert both.float().mean() > 0.95
        close = (frame.depth - truth)[both].abs() < 0.01
        assert close.float().mean() > 0.98
    assert open_scene([str(folder), str(folder / "scene.ply")]).items


def test_bad_arguments_are_refused(tmp_path):
    envs = ObjectGoalVectorEnv(2, rooms=2)
    with pytest.raises(InputError, match="one lane"):
        save_episode(envs, lambda seen, fresh: np.zeros(2, np.int64), tmp_path)
