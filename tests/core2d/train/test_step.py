"""One step against a loop written by hand."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric

from core2d.errors import InputError
from core2d.train.order import Order
from core2d.train.settings import Train
from core2d.train.state import State, start
from core2d.train.step import Watch, advance
from tests.core2d.train import toy


def made(**settings: Any) -> State:
    train = Train(batch=12, rate=0.1, optimiser="sgd", momentum=0.9, **settings)
    config = toy.Config(train=train, norm="group", dropout=0.0, noise=0.0)
    return start(toy, config, Fabric(accelerator="cpu", devices=1), 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_equals_a_loop_by_hand(parts: int, clip: float) -> None:
    state, twin = made(clip=clip), made().model
    examples, order = toy.data(state.config).train, Order(90, 12, seed=0, parts=parts)
    theirs = torch.optim.SGD(twin.parameters(), 0.1, momentum=0.9)
    for step in range(4):
        batches = [examples.batch(order.indices(step, part)) for part in range(parts)]
        loss = advance(toy, state, batches, order, 100)  # type: ignore[arg-type]
        whole = examples.batch(torch.cat([order.indices(step, part) for part in range(parts)]))
        theirs.zero_grad()
        expected = F.cross_entropy(twin(whole["image"]), whole["label"])
        expected.backward()
        if clip:
            norm = torch.nn.utils.clip_grad_norm_(twin.parameters(), clip)
            assert float(norm) > clip
        theirs.step()
        torch.testing.assert_close(loss, expected.detach()[None])
    torch.testing.assert_close(state.model.state_dict(), twin.state_dict())
    assert state.step == 4


def test_schedule_names_who_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def optimisers(config: Any, model: Any) -> dict[str, torch.optim.Optimizer]:
        parts = {"body": model.conv, "head": model.fc}
        return {name: torch.optim.SGD(part.parameters(), 0.1) for name, part in parts.items()}

    def loss(model: Any, batch: Any, step: int, generator: Any) -> Any:
        value = F.cross_entropy(model(batch["image"]), batch["label"])
        return {"body": value, "head": value}

    monkeypatch.setattr(toy, "optimisers", optimisers, raising=False)
    monkeypatch.setattr(toy, "loss", loss)
    turns = {0: ["body"], 1: ["head"], 2: ["body", "head"], 3: ["tail"]}
    monkeypatch.setattr(toy, "schedule", lambda step: turns[step], raising=False)
    state, order = made(), Order(90, 12, seed=0)
    batch = toy.data(state.config).train.batch(order.indices(0))
    for moved in ((True, False), (False, True), (True, True)):
        names = ("conv.weight", "fc.weight")
        before = [state.model.get_parameter(name).clone() for name in names]
        advance(toy, state, [batch], order, 100)  # type: ignore[arg-type]
        after = [state.model.get_parameter(name) for name in names]
        pairs = zip(before, after, strict=True)
        assert tuple(not torch.equal(a, b) for a, b in pairs) == moved
    with pytest.raises(InputError, match=r"names of optimisers \(body, head\), got \['tail'\]"):
        advance(toy, state, [batch], order, 100)  # type: ignore[arg-type]


def test_watch_names_the_step_even_when_it_looks_later() -> None:
    state = made()
    watch = Watch(state, every=4)
    for value in (1.0, 2.0):
        state.step += 1
        watch.see(torch.tensor([value]))
    assert state.sums == {}
    watch.flush()
    assert (state.sums, state.count, watch.last) == ({"loss": 3.0}, 2, 2.0)
    state.step += 1
    watch.see(torch.tensor([float("inf")]))
    state.step += 1
    watch.see(torch.tensor([1.0]))
    with pytest.raises(InputError, match="loss is inf in step 3"):
        watch.flush()
