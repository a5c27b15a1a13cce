"""Looking into networks that live on an explicit list of sites, instead of a grid."""

import pytest
import torch

from core2d.errors import InputError
from core2d.inspect.ascent import Climb, ascend
from core2d.inspect.features import features
from core2d.inspect.gradient import deconvnet, saliency
from core2d.inspect.occlusion import occlusion
from core2d.inspect.patches import top_patches
from core2d.inspect.receptive import receptive_field
from core2d.inspect.watch import Unit
from core2d.models.cifar_resnet import CifarResNet
from core2d.space import Dense
from tests.core2d.listed_space import ListedSpace, dense, listed

EXTENTS = [(16,), (4, 8), (4, 4, 4)]


def twins(extent):
    """The same network on a grid and on listed sites, and an input."""
    torch.manual_seed(0)
    axes = len(extent)
    grid, sites = (CifarResNet(8, width=2, space=s) for s in (Dense(axes), ListedSpace(axes)))
    sites.load_state_dict(grid.state_dict())
    return grid.double(), sites.double(), torch.randn(2, 3, *extent, dtype=torch.float64)


@pytest.mark.parametrize("extent", EXTENTS)
def test_where_all_sites_are_active_everything_is_as_on_the_grid(extent):
    grid, sites, x = twins(extent)
    field = listed(x)
    for look in (
        lambda model, x: deconvnet(model, x, 1, "layer2"),
        lambda model, x: saliency(model, x, 3),
        lambda model, x: ascend(model, Unit(3), x, Climb(steps=2, l2=0.1, small=0.2)),
    ):
        torch.testing.assert_close(dense(look(sites, field), extent), look(grid, x))
    torch.testing.assert_close(features(sites, [field], "layer3"), features(grid, [x], "layer3"))
    assert receptive_field(sites, "layer2", field) == receptive_field(grid, "layer2", x)


def test_hiding_blocks_of_listed_sites_equals_the_grid():
    grid, sites, x = twins((4, 4))
    ours, theirs = (
        occlusion(model, field, Unit(2), size=2, fill=0.5, probability=True)
        for model, field in ((sites, listed(x)), (grid, x))
    )
    assert torch.equal(ours.starts, theirs.starts)
    torch.testing.assert_close(ours.scores, theirs.scores)
    torch.testing.assert_close(dense(ours.drop, (4, 4)), theirs.drop)


def test_blocks_run_over_the_active_sites_alone():
    """A hidden block without sites costs nothing; the box of the active sites is what is walked."""
    _, sites, x = twins((8, 12))
    active = torch.zeros(2, 8, 12, dtype=torch.bool)
    active[0, 4:8, 4:10], active[1, 4:6, 4:6] = True, True
    seen = occlusion(sites, listed(x, active), Unit(0), size=2, stride=2)
    assert seen.starts.tolist() == [[y, x] for y in (4, 6) for x in (4, 6, 8)]
    lost = seen.whole - seen.scores  # (W, B)
    assert lost[0].abs().min() > 1e-6
    assert torch.equal(lost[1:, 1], torch.zeros(5, dtype=lost.dtype))


def test_patches_need_a_grid_and_say_so():
    _, sites, x = twins((8, 12))
    with pytest.raises(InputError, match="exists on Dense alone, got ListedSpace"):
        top_patches(sites, [listed(x)], "layer1")
