"""Registration: every id is found, importing it is cheap, and the plug-in group names it."""

import subprocess
import sys
from importlib.metadata import entry_points

import gymnasium

import scenes.envs

IDS = [name for name in gymnasium.registry if name.startswith("geomdl/")]


def test_every_id_is_registered_once_and_again_does_no_harm(recwarn):
    before = dict(gymnasium.registry)
    scenes.envs.register()
    assert gymnasium.registry == before
    assert len(IDS) == len(scenes.envs.PIXEL_GAMES) + len(scenes.envs.WORLDS)
    assert not recwarn.list


def test_the_plug_in_group_names_register():
    plugins = [e for e in entry_points(group="gymnasium.envs") if e.value.startswith("scenes.")]
    assert [plugin.load() for plugin in plugins] == [scenes.envs.register]


def test_importing_loads_neither_torch_nor_a_world():
    code = (
        "import sys, scenes.envs;"
        "bad = [m for m in sys.modules if m == 'torch' or m.startswith('scenes.envs.')];"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
