"""Weighted rows against torch's batch norm of rows that are really repeated."""

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor

from core2d.errors import InputError
from core2d.layers.norm import BatchNorm, SyncBatchNorm
from geomdl.nn.row_norm import norm_rows


def rows(seed: int = 0) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(9, 4, generator=g, dtype=torch.float64)


def norm() -> BatchNorm:
    made = BatchNorm(1, 4).double()
    with torch.no_grad():
        made.weight.copy_(torch.tensor([1.5, -0.7, 0.3, 1.0]))
        made.bias.copy_(torch.tensor([0.1, -0.2, 0.3, 0.0]))
    return made


WEIGHT = torch.tensor([1.0, 3, 1, 2, 1, 1, 4, 1, 1], dtype=torch.float64)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("training", [True, False])
def test_a_weight_is_a_repeat(backend: str, slope: float, training: bool) -> None:
    """Values, all gradients and running statistics."""
    bias = torch.tensor([0.5, 0.0, -1.0, 2.0], dtype=torch.float64)
    repeats = WEIGHT.long()
    ours, theirs = norm().train(training), norm().train(training)
    found = []
    for mine, x, b in ((True, rows(), bias.clone()), (False, rows(), bias.clone())):
        x.requires_grad_()
        b.requires_grad_()
        if mine:
            y = norm_rows(x, ours, bias=b, weight=WEIGHT, slope=slope)
        else:
            y = F.leaky_relu(theirs((x + b).repeat_interleave(repeats, 0)), slope)
            y = y[repeats.cumsum(0) - repeats]
        (y * rows(1)).sum().backward()
        module = ours if mine else theirs
        found.append([y, x.grad, b.grad, module.weight.grad, module.bias.grad])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-7)
    for name, value in theirs.named_buffers():
        torch.testing.assert_close(getattr(ours, name), value, check_dtype=False)


@pytest.mark.parametrize("training", [True, False])
def test_without_weights_it_is_batch_norm(backend: str, training: bool) -> None:
    ours, theirs = norm().train(training), norm().train(training)
    torch.testing.assert_close(norm_rows(rows(), ours), F.relu(theirs(rows())))
    torch.testing.assert_close(ours.running_var, theirs.running_var)


def test_gradients(backend: str) -> None:
    x = rows().requires_grad_()
    module = norm()

    def call(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        return norm_rows(x, module, weight=WEIGHT, slope=0.2)

    assert torch.autograd.gradcheck(call, (x, module.weight, module.bias))


def test_processes_share_their_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, played one after the other: what each would send, then what it would get."""
    x, gradient, whole = rows(), rows(1), norm()
    x.requires_grad_()
    y = norm_rows(x, whole, weight=WEIGHT)
    (truth,) = torch.autograd.grad(y, x, gradient)
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    halves, sent = (slice(0, 4), slice(4, 9)), [[], []]
    answers: list[Tensor] = []
    for turn in range(3):  # nothing known; statistics known; sums of the backward known
        found = []
        for process, half in enumerate(halves):
            calls = iter(range(9))

            def all_reduce(t: Tensor, process=process, calls=calls, turn=turn) -> None:
                call = next(calls)
                if call < turn:
                    t.copy_(answers[call])
                elif call == turn:
                    sent[process].append(t.clone())

            monkeypatch.setattr(dist, "all_reduce", all_reduce)
            module = SyncBatchNorm(1, 4).double()
            module.load_state_dict(norm().state_dict())
            part = x.detach()[half].requires_grad_()
            out = norm_rows(part, module, weight=WEIGHT[half])
            (back,) = torch.autograd.grad(out, part, gradient[half])
            found.append((out, back, module.running_var))
        if turn < 2:
            answers.append(sent[0][turn] + sent[1][turn])
    torch.testing.assert_close(torch.cat([out for out, _, _ in found]), y)
    torch.testing.assert_close(torch.cat([back for _, back, _ in found]), truth)
    torch.testing.assert_close(found[0][2], whole.running_var)


def test_half_precision_keeps_its_kind() -> None:
    y = norm_rows(rows().bfloat16(), BatchNorm(1, 4))
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(
        y.double(), F.relu(F.batch_norm(rows(), None, None, training=True)), atol=0.03, rtol=0.03
    )


def test_a_single_row_has_no_variance_and_none_leave_everything_as_it_was() -> None:
    module = norm()
    with pytest.raises(InputError, match=r"more than one value per channel, got .*\(1, 4\)"):
        norm_rows(rows()[:1], module)
    assert norm_rows(rows()[:1], module, weight=WEIGHT[1:2]).shape == (1, 4)  # three equal ones
    before = {name: value.clone() for name, value in module.named_buffers()}
    nothing = rows()[:0].requires_grad_()
    norm_rows(nothing, module).sum().backward()
    assert nothing.grad is not None
    for name, value in module.named_buffers():
        assert torch.equal(value, before[name])
    alone = norm_rows(rows()[:1], module.eval())
    torch.testing.assert_close(alone, F.relu(module(rows()[:1])))
