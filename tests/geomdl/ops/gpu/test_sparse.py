"""Sparse convolution in Triton: values in its interpreter, and what it compiles for GPUs."""

import re
from typing import Any, Optional

import pytest
import torch
from torch import Tensor

from geomdl.ops import dispatch
from geomdl.ops.sparse import gather_conv, gather_multiply, gather_outer
from tests.geomdl.ops.gpu.interpreter import Interpreter, run_op

pytestmark = pytest.mark.xdist_group("triton")
DTYPES = [torch.float32, torch.float16]


def some_work(
    dtype: torch.dtype, channels: int, outputs: int, groups: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features (50, C), weight (5, C/G, O), table (70, 5), bias (O,); two rows read nothing."""
    generator = torch.Generator().manual_seed(channels)
    table = torch.randint(-30, 50, (70, 5), generator=generator).clamp(min=-1).int()
    table[:2] = -1
    return (
        torch.randn(50, channels, generator=generator).to(dtype),
        torch.randn(5, channels // groups, outputs, generator=generator).to(dtype),
        table,
        torch.randn(outputs, generator=generator).to(dtype),
    )


def by_loops(
    features: Tensor, weight: Tensor, table: Tensor, bias: Optional[Tensor], groups: int
) -> Tensor:
    """Row by row and group by group, in float64."""
    channels, outputs = weight.shape[1], weight.shape[2] // groups
    result = torch.zeros(len(table), weight.shape[2], dtype=torch.float64)
    for row, line in enumerate(table.tolist()):
        for entry, read in enumerate(line):
            for group in range(groups if read >= 0 else 0):
                out = slice(group * outputs, (group + 1) * outputs)
                taken = features[read, group * channels : (group + 1) * channels].double()
                result[row, out] += taken @ weight[entry, :, out].double()
    return result if bias is None else result + bias.double()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("channels", "outputs", "groups"), [(40, 24, 1), (3, 70, 1), (8, 4, 2), (5, 5, 5)]
)
def test_gather_multiply(
    interpreted: Interpreter, dtype: torch.dtype, channels: int, outputs: int, groups: int
) -> None:
    features, weight, table, bias = some_work(dtype, channels, outputs, groups)
    ready = (features, weight, table, bias, groups, False)
    result = interpreted(run_op, "sparse", "gather_multiply", *ready)
    assert result.dtype == torch.float32
    expected = by_loops(features, weight, table, bias, groups)
    torch.testing.assert_close(result.double(), expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(result[:2], bias.float().expand(2, -1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("channels", "outputs", "groups"), [(40, 24, 1), (6, 4, 2)])
def test_the_turned_weight(
    interpreted: Interpreter, dtype: torch.dtype, channels: int, outputs: int, groups: int
) -> None:
    features, weight, table, _ = some_work(dtype, channels, outputs, groups)
    gradient = torch.randn(50, outputs, generator=torch.Generator().manual_seed(1)).to(dtype)
    ready = (gradient, weight, table, None, groups, True)
    result = interpreted(run_op, "sparse", "gather_multiply", *ready)
    parts = weight.unflatten(2, (groups, -1)).transpose(1, 3).transpose(2, 3)  # (K, O/G, C/G, G)
    turned = parts.transpose(2, 3).flatten(2)  # (K, O/G, C)
    expected = by_loops(gradient, turned, table, None, groups)
    assert result.shape == (len(table), features.shape[1])
    torch.testing.assert_close(result.double(), expected, rtol=1e-5, atol=1e-5)


def outer_in_parts(pairs: int, *args: Any) -> Tensor:
    from geomdl.ops.gpu import sparse

    before, sparse.PAIRS = sparse.PAIRS, pairs
    try:
        return sparse.gather_outer(*args)
    finally:
        sparse.PAIRS = before


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("channels", "outputs", "groups", "pairs"), [(40, 24, 1, 2048), (3, 70, 1, 30), (6, 4, 2, 30)]
)
def test_gather_outer(
    interpreted: Interpreter,
    dtype: torch.dtype,
    channels: int,
    outputs: int,
    groups: int,
    pairs: int,
) -> None:
    features, weight, table, _ = some_work(dtype, channels, outputs, groups)
    gradient = torch.randn(70, outputs, generator=torch.Generator().manual_seed(1)).to(dtype)
    result = interpreted(outer_in_parts, pairs, features, gradient, table, groups)
    inner, outer = channels // groups, outputs // groups
    expected = torch.zeros(weight.shape, dtype=torch.float64)
    for row, line in enumerate(table.tolist()):
        for entry, read in enumerate(line):
            for group in range(groups if read >= 0 else 0):
                out = slice(group * outer, (group + 1) * outer)
                taken = features[read, group * inner : (group + 1) * inner].double()
                expected[entry, :, out] += taken[:, None] * gradient[row, out].double()
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.double(), expected, rtol=1e-5, atol=1e-5)


def gradients_on_triton(field: Tensor, kernel: Tensor, out: Tensor) -> list[Tensor]:
    """A dense field (C, H, W) as a list of sites: result and gradients, kernels of the GPU only."""
    before = dispatch.kernel_of
    dispatch.kernel_of = lambda record, tensors: getattr(
        dispatch.gpu(record.family), record.name, None
    )
    try:
        from geomdl.ops.keys import morton_keys
        from geomdl.ops.sites import kernel_map

        height, width = field.shape[1:]
        sites = torch.cartesian_prod(torch.arange(height), torch.arange(width)).int()
        sites = sites[morton_keys(sites).argsort()].contiguous()
        ends = torch.tensor([0, len(sites)])
        table = kernel_map(sites, ends, sites, ends, [3, 3], [1, 1], [1, 1])
        row, column = sites.long().unbind(1)
        values = field[:, row, column].t().contiguous().requires_grad_()
        weight = kernel.permute(2, 3, 1, 0).flatten(0, 1).contiguous().requires_grad_()
        result = gather_conv(values, weight, table)
        result.backward(out[:, row, column].t())
        assert values.grad is not None
        assert weight.grad is not None
        dense = torch.empty_like(out), torch.empty_like(field)
        dense[0][:, row, column], dense[1][:, row, column] = result.detach().t(), values.grad.t()
        return [*dense, weight.grad.unflatten(0, (3, 3)).permute(3, 2, 0, 1)]
    finally:
        dispatch.kernel_of = before


def test_a_full_grid_is_a_dense_convolution(interpreted: Interpreter) -> None:
    generator = torch.Generator().manual_seed(0)
    field = torch.randn(3, 8, 9, generator=generator).requires_grad_()
    kernel = torch.randn(5, 3, 3, 3, generator=generator).requires_grad_()
    out = torch.randn(5, 8, 9, generator=generator)
    expected = torch.nn.functional.conv2d(field[None], kernel, padding=1)[0]
    expected.backward(out)
    found = interpreted(gradients_on_triton, field.detach(), kernel.detach(), out)
    for mine, theirs in zip(found, (expected.detach(), field.grad, kernel.grad), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_float64_and_nothing_go_to_the_bodies(interpreted: Interpreter) -> None:
    features, weight, table, bias = some_work(torch.float64, 4, 6, 2)
    ready = (features, weight, table, bias, 2, False)
    result = interpreted(run_op, "sparse", "gather_multiply", *ready)
    assert torch.equal(result, gather_multiply(*ready))
    gradient = torch.ones(70, 6, dtype=torch.float64)
    result = interpreted(run_op, "sparse", "gather_outer", features, gradient, table, 2)
    assert torch.equal(result, gather_outer(features, gradient, table, 2))
    none = (torch.empty(0, 4), torch.ones(5, 4, 6), table[:0], torch.ones(6), 1, False)
    assert interpreted(run_op, "sparse", "gather_multiply", *none).shape == (0, 6)


def test_a_cpu_never_asks_for_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(family: str) -> None:
        raise AssertionError(f"asked for the GPU kernels of {family}")

    monkeypatch.setattr(dispatch, "gpu", refuse)
    features, weight, table, bias = some_work(torch.float32, 4, 6, 1)
    gather_conv(features.requires_grad_(), weight, table, bias).sum().backward()
    assert features.grad is not None


POINTERS = {"order", "entries", "counts", "table", "sources", "readers", "starts"}


def compiled(kernel: Any, dtype: str, capability: int, constants: dict[str, Any]) -> str:
    """The kernel's PTX for a GPU of this capability, as for 16-byte aligned arguments."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    names = kernel.arg_names
    signature = dict.fromkeys(names, "i32") | dict.fromkeys(POINTERS & set(names), "*i32")
    signature |= {n: f"*{dtype}" for n in ("features", "weight", "bias", "gradient") if n in names}
    signature |= {"result": "*fp32", **dict.fromkeys(constants, "constexpr")}
    even = [
        (at,)
        for at, name in enumerate(names)
        if signature[name].startswith("*") or (name.startswith("stride") and name not in constants)
    ]
    source = ASTSource(kernel, signature, constants, {a: [["tt.divisibility", 16]] for a in even})
    target = GPUTarget("cuda", capability, 32)
    options = {"num_warps": 4, "num_stages": 4}
    return triton.compile(source, target=target, options=options).asm["ptx"]


@pytest.mark.parametrize(
    ("dtype", "capability", "unit"), [("bf16", 90, r"wgmma\.mma_async"), ("fp16", 80, r"mma\.sync")]
)
def test_gpus_get_matrix_instructions_and_wide_loads(
    dtype: str, capability: int, unit: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton", reason="Triton is not installed (it has wheels for Linux)")
    from geomdl.ops.gpu import sparse

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    tile = {"K": 27, "IN": 64, "OUT": 64, "GROUPS": 1, "PRECISION": "ieee"}
    tile |= {"ROWS": 64, "INNER": 64, "COLUMNS": 64}
    multiply = compiled(
        sparse._multiply, dtype, capability, {**tile, "BIASED": True, "stride_out": 1}
    )
    outer = compiled(sparse._outer, dtype, capability, tile)
    for ptx in (multiply, outer):
        assert re.search(unit, ptx)
        assert re.search(r"cp\.async\.cg", ptx)  # 16 bytes a time, ahead of their use
        assert not re.search(r"(ld|st)\.local", ptx)


def test_float16_is_taken_on_a_cpu_too() -> None:
    features, weight, table, bias = some_work(torch.float16, 8, 6, 2)
    result = gather_conv(features, weight, table, bias, 2)
    assert result.dtype == torch.float16
    expected = by_loops(features, weight, table, bias, 2)
    torch.testing.assert_close(result.double(), expected, rtol=1e-3, atol=5e-3)
