import pytest
import torch
from torch.utils.data import TensorDataset

from core2d.doctor.examples import Listed, Some, Tensors, stacked
from core2d.errors import InputError
from core2d.train.recipe import Examples

X, Y = torch.arange(12.0).reshape(4, 1, 3), torch.tensor([0, 1, 1, 0])


@pytest.mark.parametrize(
    "examples",
    [
        Tensors(X, Y),
        Listed(TensorDataset(X, Y)),
        Listed(list(zip(X.numpy(), Y.tolist(), strict=True))),
    ],
)
def test_batches_hold_what_was_asked_for(examples):
    assert isinstance(examples, Examples)
    batch = examples.batch(torch.tensor([2, 0]))
    assert torch.equal(batch["image"], X[[2, 0]])
    assert torch.equal(batch["label"], Y[[2, 0]])
    assert batch["label"].dtype == torch.int64
    assert len(examples) == 4


def test_some_examples():
    some = Some(Tensors(X, Y), torch.tensor([3, 1]))
    assert len(some) == 2
    assert torch.equal(some.batch(torch.tensor([1]))["image"], X[[1]])


def test_refusals():
    with pytest.raises(InputError, match="expected 4"):
        Tensors(X, Y[:3])
    with pytest.raises(InputError, match="dataset"):
        Listed([])
    assert stacked([1.5, 2.5]).dtype == torch.float32
