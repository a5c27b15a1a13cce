"""The same bits as torch's optimiser."""

import pytest
import torch

from rl.adam import Adam


@pytest.mark.parametrize("sizes", [(40,), (1, 30, 9)])
def test_steps_are_those_of_torch_and_go_on_from_a_state(sizes):
    generator = torch.Generator().manual_seed(0)
    values, gradients = (
        torch.randn(40, generator=generator),
        torch.randn(6, 40, generator=generator),
    )
    leaves = [torch.nn.Parameter(piece.clone()) for piece in values.split(sizes)]
    theirs = torch.optim.Adam(leaves, 0.1, eps=1e-3, fused=True)
    mine = values.clone()
    ours = Adam(mine, 0.1, 1e-3)
    for step, gradient in enumerate(gradients):
        if step == 3:
            ours.rate = theirs.param_groups[0]["lr"] = 0.05
            again = Adam(mine, 0.05, 1e-3)
            again.load_state_dict(ours.state_dict())
            ours = again
        for leaf, piece in zip(leaves, gradient.split(sizes), strict=True):
            leaf.grad = piece.clone()
        theirs.step()
        ours.step(gradient.split(sizes))
        assert torch.equal(mine, torch.cat(leaves).detach())
