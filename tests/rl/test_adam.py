"""The same bits as torch's optimiser."""

import torch

from rl.adam import Adam


def test_steps_are_those_of_torch_and_go_on_from_a_state():
    generator = torch.Generator().manual_seed(0)
    values, gradients = (
        torch.randn(40, generator=generator),
        torch.randn(6, 40, generator=generator),
    )
    leaf = torch.nn.Parameter(values.clone())
    theirs = torch.optim.Adam([leaf], 0.1, eps=1e-3, fused=True)
    mine = values.clone()
    ours = Adam(mine, 0.1, 1e-3)
    for step, gradient in enumerate(gradients):
        if step == 3:
            ours.rate = theirs.param_groups[0]["lr"] = 0.05
            again = Adam(mine, 0.05, 1e-3)
            again.load_state_dict(ours.state_dict())
            ours = again
        leaf.grad = gradient.clone()
        theirs.step()
        ours.step(gradient)
        assert torch.equal(mine, leaf.detach())
