"""How long each network that labels rooms takes for one scan, preparation included."""

import functools
from collections.abc import Iterator

import torch

from geomdl.bench.measure import Floor, Row, Work
from geomdl.structures import PointCloud
from geomdl.structures.srgb import from_srgb

PARAMETERS = {  # each of which is read once at least
    "rooms_pointnet2": 968_947,
    "rooms_sparse_unet": 972_931,
    "rooms_minkunet18a": 15_493_075,
    "rooms_point_transformer": 7_767_927,
}


@functools.cache
def scan() -> PointCloud:
    """A simulated scan of a procedural room, a point in each cell of 5 cm."""
    from geomdl.recipes import rooms

    batch = rooms.data(rooms.Config(rooms=(1, 1, 1))).test.batch(torch.tensor([0]))
    return PointCloud(batch["points"], colors=from_srgb(batch["features"]))


def prepare(name: str) -> Work:
    """The network as it is made before training, which costs what it costs afterwards."""
    from geomdl.recipes.find import find

    recipe = find(name)
    config = recipe.Config()
    torch.manual_seed(0)
    model, cloud = recipe.model(config).eval(), scan()

    def ours() -> torch.Tensor:
        with torch.no_grad():
            return recipe.predict(model, recipe.read(cloud, config))  # type: ignore[attr-defined]

    return Work(ours)


def rows() -> Iterator[Row]:
    for name, count in PARAMETERS.items():
        yield Row(
            name="label_room",
            group="train",
            work=f"{name}, a room of 23k points",
            peer="(no peer)",
            prepare=functools.partial(prepare, name),
            floor=Floor(moved=4.0 * count),
            repeats=5,
        )
