"""The page follows the episodes: one frame a step, the scene and the way of the present one."""

import urllib.request
from types import SimpleNamespace

import numpy as np
import torch

from geomdl.viewer.look import Look
from geomdl.viewer.viewpoint import Viewpoint
from scenes.envs.next_best_view import DIRECTIONS, DISTANCE, NextBestViewEnv
from scenes.envs.voxel_maze import VoxelMazeVectorEnv
from scenes.envs.window import Window, around, coloured


def test_a_page_follows_two_episodes(monkeypatch):
    monkeypatch.setattr("scenes.envs.window.has_screen", lambda: False)
    envs = VoxelMazeVectorEnv(1, mazes=50, cells=3)
    envs.reset(seed=0)
    view, window = envs.world.view, Window(fps=0, port=8190)
    assert window.url == ""
    window.show(view)
    try:
        viewer = window.viewer
        first = viewer.ready()
        assert {part.item for part in first.parts} >= {"scene", "camera", "way"}
        assert urllib.request.urlopen(window.url, timeout=20).status == 200
        scene, body = viewer._shared.scene, view.library.body(int(view.scene[0]))
        assert len(scene.shape("scene")) == len(body.faces)
        told = []
        viewer._sessions[-1] = SimpleNamespace(  # a visitor
            change=lambda **fields: told.append(fields), close=lambda: None, join=lambda _: None
        )
        for _ in range(3):
            envs.step(np.array([1]))  # turns
            window.show(view)
        assert viewer.look.frame == 3
        assert told == [{"frame": 1}, {"frame": 2}, {"frame": 3}]
        camera = scene.shape("camera", 3)
        turn = torch.from_numpy(view.world_to_camera[0, :, :3]).float()
        torch.testing.assert_close(camera.world_to_camera.rotation, turn)
        assert len(scene.shape("way", 3).points) == 4
        envs.reset(seed=3)
        window.show(view, fresh=True)
        body = view.library.body(int(view.scene[0]))
        torch.testing.assert_close(scene.shape("scene", 4).vertices, coloured(body).vertices)
        assert len(scene.shape("way", 4).points) == 1
    finally:
        window.close()
    assert window.url == ""
    window.close()


def test_steps_are_no_faster_than_people(monkeypatch):
    waits = []
    clock = iter([10.0, 10.01, 10.5, 12.0, 12.0])
    monkeypatch.setattr("scenes.envs.window.time.sleep", waits.append)
    monkeypatch.setattr("scenes.envs.window.time.monotonic", lambda: next(clock))

    class Page:
        look = None

        def turn_to(self, frame):
            pass

    monkeypatch.setattr(Window, "_open", lambda self, body: setattr(self, "viewer", Page()))
    env = NextBestViewEnv(objects=1)
    env.reset(seed=0)
    window = Window(fps=4)
    window.show(env.world.view)
    window.show(env.world.view)
    window.show(env.world.view)
    assert [round(wait, 2) for wait in waits] == [0.24, 0.0]


def test_an_object_stands_in_the_middle_of_all_its_cameras():
    env = NextBestViewEnv(objects=1)
    env.reset(seed=0)
    view = env.world.view
    body = view.library.body(int(view.scene[0]))
    for place in torch.from_numpy(DISTANCE * DIRECTIONS).float():
        look = around(Look(), body, place)
        middle = (body.vertices.amin(0) + body.vertices.amax(0)) / 2
        torch.testing.assert_close(torch.tensor(look.target), middle)
        seen = Viewpoint(look.eye, look.target, (0.0, 0.0, 1.0), look.fov).camera(96, 96)
        pixels = seen.project(torch.from_numpy(DISTANCE * DIRECTIONS).float())[0]
        assert pixels.min() > 0
        assert pixels.max() < 96
    assert around(Look(), body, middle) == Look()
