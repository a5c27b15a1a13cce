"""Evaluation changes nothing and leaves nothing out."""

import torch

from core2d.train.evaluate import Placed, batches, evaluating, place
from tests.core2d.train.toy import Points


def test_batches_hold_every_example_in_order() -> None:
    points = Points(10, 0.5, 0)
    got = list(batches(points, 4))
    assert [len(b["label"]) for b in got] == [4, 4, 2]
    assert torch.equal(torch.cat([b["image"] for b in got]), points.image)  # no augmentation


def test_modes_and_gradients_come_back_as_they_were() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Dropout())
    model[1].eval()
    with evaluating(model):
        assert not any(module.training for module in model.modules())
        assert not model(torch.ones(1, 2)).requires_grad
    assert [module.training for module in model.modules()] == [True, True, False]
    assert model(torch.ones(1, 2)).requires_grad


def test_modes_come_back_after_an_error() -> None:
    model = torch.nn.Linear(2, 2)
    try:
        with evaluating(model):
            raise KeyError
    except KeyError:
        pass
    assert model.training


def test_placed_images_take_the_order_of_memory() -> None:
    examples = Placed(Points(6, 0.0, 0), torch.device("cpu"), channels_last=True)
    batch = examples.batch(torch.arange(3))
    assert len(examples) == 6
    assert batch["image"].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(batch["image"], Points(6, 0.0, 0).image[:3])
    solid = place({"grid": torch.zeros(1, 2, 3, 3, 3)}, torch.device("cpu"), True)["grid"]
    assert solid.is_contiguous(memory_format=torch.channels_last_3d)
