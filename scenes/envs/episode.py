"""An episode on disk, for the viewer: what the camera took on its way, and the scene itself.

    save_episode(ObjectGoalVectorEnv(1), Seeker(1), Path("walk"))
    geomdl view walk walk/scene.ply               the way as cameras, in the room

The frames are a folder of RGB-D frames in the layout of 7-Scenes, so `geomdl reconstruct walk` also
makes a mesh of what the agent saw.
"""

from pathlib import Path

import numpy as np
import torch

from core2d.errors import InputError, expect_number
from geomdl.io import save
from geomdl.io.rgbd import RGBDWriter
from geomdl.structures import Camera, Pose
from scenes.envs.baselines import Player
from scenes.envs.batch_view import BatchView
from scenes.envs.window import coloured
from scenes.envs.world import WorldVectorEnv

SIZE = 128  # pixels per side


def save_episode(
    envs: WorldVectorEnv, player: Player, folder: Path, *, seed: int = 0, limit: int = 100
) -> dict[str, float]:
    """Play one episode of at most `limit` steps with one lane and write it; its measures.

    Writes the frames and scene.ply. Raises InputError for more lanes, GeometryError for a folder
    that holds frames already.
    """
    if envs.num_envs != 1:
        raise InputError(f"envs: expected one lane, got {envs.num_envs}")
    expect_number("limit", limit, low=1)
    view = getattr(envs.world, "view", None)
    if not isinstance(view, BatchView):
        raise InputError("envs: expected a world with cameras, got a flat one")
    seen, infos = envs.reset(seed=seed)
    lens = Camera(view.lens.intrinsics(SIZE).float(), Pose.identity(), SIZE, SIZE)
    writer = RGBDWriter(folder, lens)
    body = view.library.body(int(view.scene[0]))
    save(folder / "scene.ply", coloured(body))
    fresh, over = np.ones(1, bool), False
    for step in range(limit + 1):
        color, depth = view.shot(0, SIZE)
        pose = np.concatenate([view.world_to_camera[0], [[0, 0, 0, 1]]])
        to_world = Pose.from_matrix(torch.from_numpy(np.linalg.inv(pose)).float())
        writer.write(depth, color, to_world)
        if over or step == limit:
            break
        seen, _, terminated, truncated, infos = envs.step(player(seen, fresh))
        fresh, over = np.zeros(1, bool), bool(terminated[0] | truncated[0])
    return {name: float(infos[name][0]) for name in envs.world.measures()}
