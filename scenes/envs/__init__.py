"""Worlds to act in, as Gymnasium environments: `import scenes.envs` registers geomdl/<Game>-v0.

Gymnasium finds them after that import, or by `gymnasium.make("scenes.envs:geomdl/Mason-v0")`.
Since version 1.0 it loads no plug-ins by itself; `rl` does, through the entry-point group
`gymnasium.envs`, which names `register`, so that it need not know this package. Registering
imports no world: each is imported when it is first made.
"""

from gymnasium.envs.registration import register as register_one
from gymnasium.envs.registration import registry

# Games of 10x10 pixels: the name of the id (in lower case that of the module), steps per episode.
PIXEL_GAMES = (
    ("Mason", 1000),
    ("Hail", 500),
    ("Rafts", 200),
    ("Diver", 500),
    ("Worm", 500),
    ("Cellar", 300),
)
# Worlds in 3D: id, entry point, entry point of the vector form, steps per episode.
WORLDS: tuple[tuple[str, str, str | None, int], ...] = tuple(
    (f"geomdl/{name}-v0", f"{module}:{name}Env", f"{module}:{name}VectorEnv", steps)
    for name, module, steps in (
        ("NextBestView", "scenes.envs.next_best_view", 20),
        ("ObjectGoal", "scenes.envs.object_goal", 100),
        ("VoxelMaze", "scenes.envs.voxel_maze", 100),
    )
)


def register() -> None:
    """Make every world of ours known to Gymnasium; once is enough, again does no harm."""
    for name, steps in PIXEL_GAMES:
        module = f"scenes.envs.pixel.{name.lower()}"
        add(f"geomdl/{name}-v0", f"{module}:{name}Env", f"{module}:{name}VectorEnv", steps)
    for world in WORLDS:
        add(*world)


def add(name: str, entry: str, vector_entry: str | None, steps: int) -> None:
    """One id with its entry points "module:callable" and the steps after which it truncates."""
    if name not in registry:
        register_one(name, entry, vector_entry_point=vector_entry, max_episode_steps=steps)


register()
