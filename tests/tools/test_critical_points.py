"""The picture is made anew from nothing but seeds."""

import torch

from tools import critical_points


def test_training_makes_a_picture(monkeypatch) -> None:
    net = critical_points.trained(("mug", "table"), each=2, steps=2, batch=4)
    again = critical_points.trained(("mug", "table"), each=2, steps=2, batch=4)
    assert not net.training
    assert torch.equal(net.head.final.weight, again.head.final.weight)
    made = {}
    monkeypatch.setattr(critical_points, "critical_picture", lambda e, c: made.update(clouds=c))
    critical_points.picture(("mug", "table"), each=1, steps=1)
    assert [tuple(cloud.shape) for cloud in made["clouds"]] == [(1024, 3)] * 2
