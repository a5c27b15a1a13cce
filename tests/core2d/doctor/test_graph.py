import torch
from torch import nn
from torch.nn import functional as F

from core2d.doctor.graph import (
    WEIGHTED,
    bias_of,
    kind,
    layer_of,
    names_of,
    origin,
    parameter,
    sources,
    upstream,
    walk,
    weight_of,
)


def chain():
    model = nn.Sequential(nn.Conv1d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(9, 4))
    return model, F.cross_entropy(model(torch.randn(2, 2, 5)), torch.tensor([0, 1]))


def test_walk_meets_every_operation_and_parameter():
    model, loss = chain()
    kinds = [kind(node) for node in walk(loss.grad_fn)]
    assert kinds[:3] == ["NllLoss", "LogSoftmax", "Addmm"]
    assert {"Relu", "Convolution"} <= set(kinds)
    found = {id(p) for node in walk(loss.grad_fn) if (p := parameter(node)) is not None}
    assert found == {id(p) for p in model.parameters()}


def test_walk_stops_where_asked():
    _, loss = chain()
    stop = next(n for n in walk(loss.grad_fn) if kind(n) == "Addmm")
    assert [kind(n) for n in walk(loss.grad_fn, stop)] == ["NllLoss", "LogSoftmax", "Addmm"]
    assert list(walk(None)) == []


def test_layers_are_found_behind_views_and_named():
    model, loss = chain()
    names = names_of(model)
    relu = next(n for n in walk(loss.grad_fn) if kind(n) == "Relu")
    before = upstream(relu, WEIGHTED)
    assert layer_of(before, names) == "0"
    assert weight_of(before) is model[0].weight
    assert bias_of(before) is model[0].bias
    linear = origin(sources(next(n for n in walk(loss.grad_fn) if kind(n) == "LogSoftmax"))[0])
    assert layer_of(linear, names) == "3"
    assert upstream(before, WEIGHTED) is None


def test_a_layer_without_bias_has_none():
    y = nn.Linear(3, 2, bias=False)(torch.ones(4, 3))
    assert kind(y.grad_fn) == "Mm"
    assert bias_of(y.grad_fn) is None
    y = nn.Conv2d(1, 2, 1, bias=False)(torch.ones(1, 1, 2, 2))
    assert bias_of(y.grad_fn) is None
