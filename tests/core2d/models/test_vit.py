"""ViT against torchvision 0.28: names, shapes, counts and, with equal weights, equal logits."""

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.models.vit import ViT, vit
from tests.core2d.listed_space import ListedSpace, listed
from tests.oracles.golden import count, digest, fill, picture, uniform, without_gradient

EXTENT = {1: 32, 2: (16, 24), 3: (8, 8, 16)}


def small(**changes) -> ViT:
    sizes = {"width": 16, "layers": 2, "heads": 2, "classes": 3, **changes}
    return ViT(**{"extent": 16, "patch": 4, **sizes})


@pytest.mark.parametrize(
    ("size", "patch", "parameters", "names"),
    [
        ("b", 16, 86_567_656, "2c2360f6707280a8"),
        ("b", 32, 88_224_232, "5d993f6a7cca84cf"),
        ("l", 16, 304_326_632, "bf0dacece57186c9"),
        ("l", 32, 306_535_400, "d47ce21ffb6fb2b3"),
        ("ti", 16, 5_717_416, None),  # the counts of timm 1.0.31
        ("s", 16, 22_050_664, None),
        ("s", 32, 22_878_952, None),
    ],
)
def test_names_shapes_and_counts_are_the_published_ones(
    size: str, patch: int, parameters: int, names: str | None
) -> None:
    with torch.device("meta"):
        net = vit(size, patch=patch)
    assert count(net) == parameters
    assert names in (None, digest(net.state_dict()))


def test_equals_torchvision() -> None:
    net = fill(ViT(32, 8, width=32, layers=2, heads=4, classes=5))
    expected = [
        [-0.2538, -0.3127, -1.0074, 2.4539, 3.9503],
        [2.1671, 0.8408, -1.5460, 0.6735, 0.7542],
    ]
    torch.testing.assert_close(
        net(picture(2, 3, 32, 32)), torch.tensor(expected), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_lives_on_any_number_of_axes(axes: int) -> None:
    net = small(extent=EXTENT[axes], space=axes, inputs=2, dropout=0.1)
    x = net.space.broadcast(
        torch.ones(3, 2), torch.zeros(3, 1, *net.space.sizes("s", EXTENT[axes]))
    )
    x = x * uniform("x", tuple(x.shape))
    assert not net(x).any()  # the head starts at zero
    assert without_gradient(fill(net), x) == []
    tokens, present = net.encode(x)
    assert tokens.shape == (3, 1 + torch.tensor(net.grid).prod(), 16)
    assert present is None


def test_each_patch_has_its_own_position() -> None:
    """Two patches change places: the logits move, unless the positions are equal."""
    net, x = fill(small()), picture(2, 3, 16, 16)
    y = torch.cat([x[..., 4:8], x[..., :4], x[..., 8:]], -1)
    assert (net(x) - net(y)).abs().max() > 1e-3
    torch.nn.init.zeros_(net.encoder.pos_embedding)
    torch.testing.assert_close(net(x), net(y))


def test_every_patch_is_seen_once() -> None:
    net = fill(small())
    x = picture(1, 3, 16, 16).requires_grad_()
    net(x)[0, 0].backward()
    assert bool((F.avg_pool2d(x.grad.abs(), 4) > 0).all())  # type: ignore[union-attr]
    assert bool((net.conv_proj(x)[0, :, 1, 2] - net.conv_proj(x[..., 4:8, 8:12])[0, :, 0, 0]
                 ).abs().max() < 1e-5)  # fmt: skip


def test_absent_sites_do_not_count() -> None:
    """Samples with unlike numbers of sites: each has the logits that it has alone."""
    net = fill(small(space=ListedSpace(2)))
    x, active = picture(2, 3, 16, 16), torch.ones(2, 16, 16, dtype=torch.bool)
    active[0, :8] = False
    active[0, 8:, 12:] = False
    together = net(listed(x, active))
    for row in (0, 1):
        alone = net(listed(x[row : row + 1], active[row : row + 1]))
        torch.testing.assert_close(together[row : row + 1], alone)
    assert (together[0] - net(listed(x))[0]).abs().max() > 1e-3


def test_resized_positions() -> None:
    net, x = fill(small()), picture(1, 3, 24, 32)
    wide = net.resized((24, 32))
    grid = net.encoder.pos_embedding[:, 1:].transpose(1, 2).unflatten(2, (4, 4))
    grid = F.interpolate(grid, (6, 8), mode="bicubic", align_corners=False)
    torch.testing.assert_close(wide.encoder.pos_embedding[:, 1:], grid.flatten(2).transpose(1, 2))
    torch.testing.assert_close(wide.encoder.pos_embedding[:, 0], net.encoder.pos_embedding[:, 0])
    assert wide(x).shape == (1, 3)
    assert net.grid == (4, 4)
    same = picture(1, 3, 16, 16)
    torch.testing.assert_close(net.resized(16)(same), net(same))


def test_gradient_agrees_with_finite_differences() -> None:
    net = fill(small(classes=4)).double().train()
    x, label = picture(3, 3, 16, 16).double(), torch.tensor([0, 1, 3])
    along = {n: uniform("d" + n, tuple(p.shape)).double() - 0.5 for n, p in net.named_parameters()}

    def loss_at(step: float) -> torch.Tensor:
        moved = {n: p + step * along[n] for n, p in net.named_parameters()}
        return F.cross_entropy(torch.func.functional_call(net, moved, (x,)), label)

    F.cross_entropy(net(x), label).backward()
    slope = sum((p.grad * along[n]).sum() for n, p in net.named_parameters())
    with torch.no_grad():
        measured = (loss_at(1e-6) - loss_at(-1e-6)) / 2e-6
    torch.testing.assert_close(measured, slope.detach(), rtol=1e-5, atol=1e-9)


def test_learns_a_handful_by_heart() -> None:
    torch.manual_seed(0)
    net = small(classes=4, width=32)
    x, label = picture(16, 3, 16, 16), torch.arange(16) % 4
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(net(x), label).backward()
        optimiser.step()
    assert (net.eval()(x).argmax(1) == label).all()


def test_refusals() -> None:
    net = small()
    for shape in ((16, 12), (16, 18), (8, 32), (16, 16, 16), (2, 2)):
        with pytest.raises(InputError, match=r"expected extent \(16, 16\)"):
            net(picture(1, 3, *shape))
    sites = small(space=ListedSpace(2))
    with pytest.raises(InputError, match="inside"):
        sites(listed(picture(1, 3, 16, 20)))
    with pytest.raises(InputError, match="multiple of patch"):
        small(extent=18)
    with pytest.raises(InputError, match="size: expected one of ti, s, b, l"):
        vit("base")
