import math

import pytest
import torch

from scenes.build import assembly
from scenes.build.paint import linear

RED = linear("#ff0000")


def test_block_and_cushion_fill_their_corners() -> None:
    low, high = (0.0, -1.0, 2.0), (0.5, 1.0, 3.0)
    for mesh in (assembly.block(low, high, RED), assembly.cushion(low, high, 0.1, RED)):
        assert mesh.colors is not None
        assert torch.allclose(mesh.bounds[0], torch.tensor(low), atol=1e-6)
        assert torch.allclose(mesh.bounds[1], torch.tensor(high), atol=1e-6)
        assert bool((mesh.colors == RED).all())


def test_joined_labels_every_vertex() -> None:
    one = assembly.Part("b", assembly.block((0, 0, 0), (1, 1, 1), RED))
    two = assembly.Part("a", assembly.block((2, 0, 0), (3, 1, 1), RED))
    mesh = assembly.joined([[one], [two, one]], ["a", "b"])
    assert mesh.batch_size == 1
    assert mesh.attributes["label"].tolist() == [1] * 8 + [0] * 8 + [1] * 8
    assert mesh.attributes["instance"].tolist() == [0] * 8 + [1] * 16


def test_footprint_turns_with_the_parts() -> None:
    part = assembly.Part("a", assembly.block((0, 0, 0), (3, 1, 1), RED))
    assert assembly.footprint([part]) == pytest.approx((3, 1))
    assert assembly.footprint([part], math.pi / 2) == pytest.approx((1, 3))
    turned = assembly.parts_moved([part], (1.0, 2.0, 0.0), math.pi / 2)
    assert torch.allclose(turned[0].mesh.bounds[0], torch.tensor([0.0, 2.0, 0.0]), atol=1e-5)
    assert torch.allclose(turned[0].mesh.bounds[1], torch.tensor([1.0, 5.0, 1.0]), atol=1e-5)
