import torch

from geomdl.bench.sparse_peers import gradients, on_one_thread, torch_conv, torch_pairs
from geomdl.bench.sparse_surface import layer


def test_the_loop_in_torch_is_a_convolution_with_its_gradients() -> None:
    work = layer(16, 4)
    table = work.where.table
    dense = torch.zeros(len(table), 27, 4)
    for row, column in (table >= 0).nonzero().tolist():
        dense[row, column] = work.features[int(table[row, column])]
    result, by_features, by_weight = gradients(torch_conv(torch_pairs(table), len(table)), work)
    expected = torch.einsum("nkc,kco->no", dense, work.weight)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)
    expected = torch.einsum("nkc,no->kco", dense, work.gradient)
    torch.testing.assert_close(by_weight, expected, rtol=1e-4, atol=1e-3)
    # moved along a random direction, the sum of result * gradient changes as by_features says
    step = torch.randn_like(work.features)
    moved = torch_conv(torch_pairs(table), len(table))(step, work.weight)
    change = float((moved * work.gradient).sum())
    assert abs(change - float((step * by_features).sum())) < 1e-3 * abs(change) + 1e-2


def test_one_thread_is_for_one_call() -> None:
    before = torch.get_num_threads()
    assert on_one_thread(torch.get_num_threads) == 1
    assert torch.get_num_threads() == before
