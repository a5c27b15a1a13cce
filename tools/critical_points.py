"""The picture of critical points, docs/critical_points.jpg: a PointNet trained for a minute.

python tools/critical_points.py [OUT.jpg]
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from geomdl.models.critical_picture import critical_picture
from geomdl.models.pointnet import PointNet, PointNetEncoder
from geomdl.render import save_image
from scenes.build.shapes import shape
from scenes.datasets.shapes import cloud

KINDS = ("plane", "chair", "table", "lamp", "mug", "car")
SHOWN = 4  # of the kinds
UNSEEN = 900  # the seed of the shapes that are shown


def trained(kinds: tuple[str, ...], *, each: int, steps: int, batch: int = 12) -> PointNet:
    """A PointNet without the feature transform, on `each` shapes of every kind, in evaluation."""
    clouds = [cloud(shape(k, seed), "clean", seed, 1024)[0] for k in kinds for seed in range(each)]
    points, label = torch.stack(clouds), torch.arange(len(kinds)).repeat_interleave(each)
    torch.manual_seed(0)
    net = PointNet(len(kinds), encoder=PointNetEncoder(feature_transform=False))
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    offsets = torch.arange(batch + 1) * 512
    for _ in range(steps):
        chosen = torch.randint(len(points), (batch,))
        some = points[chosen][:, torch.randperm(1024)[:512]]
        some = some + 0.01 * torch.randn_like(some)
        loss = F.cross_entropy(net(some.reshape(-1, 3), offsets), label[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


def picture(kinds: tuple[str, ...] = KINDS, *, each: int = 25, steps: int = 90) -> Tensor:
    """Shapes that the network has not seen."""
    net = trained(kinds, each=each, steps=steps)
    unseen = [cloud(shape(k, UNSEEN), "clean", UNSEEN, 1024)[0] for k in kinds[:SHOWN]]
    return critical_picture(net.encoder, unseen)


def main(arguments: list[str]) -> None:
    path = Path(arguments[0] if arguments else "docs/critical_points.jpg")
    save_image(path, picture())


if __name__ == "__main__":
    main(sys.argv[1:])
