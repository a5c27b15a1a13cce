"""Which body runs when: kernels, dtypes, devices, threads, forks, and what autograd sees."""

import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.ops import dispatch
from geomdl.ops.dispatch import op

ROOT = Path(__file__).resolve().parents[3]
calls: list[tuple[str, Any]] = []


def _check_scaled(points: Tensor, factor: float = 2.0, shift: Optional[Tensor] = None) -> None:
    expect_tensor("points", points, "N 3", dtypes="float", finite=True)


@op(fake=lambda points, factor, shift: torch.empty_like(points), check=_check_scaled)
def scaled(points: Tensor, factor: float = 2.0, shift: Optional[Tensor] = None) -> Tensor:
    """Points (N, 3) -> (N, 3): times factor, plus shift."""
    calls.append(("body", None))
    moved = points * factor
    return moved if shift is None else moved + shift


@op(fake=lambda points: (points.new_empty(points.shape[0]), points.new_empty(3)))
def two_results(points: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3) -> sums (N,), sum (3,)."""
    return points.sum(1), points.sum(0)


def _kernel(points: Any, factor: float, shift: Any, threads: int) -> np.ndarray:
    calls.append(("kernel", (points, shift, threads)))
    return points * factor + (0 if shift is None else shift)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A family of kernels, in Python, for the ops above."""
    module = SimpleNamespace(
        scaled=_kernel,
        two_results=lambda p, threads: (p.sum(1), p.sum(0)),
    )
    monkeypatch.setattr(dispatch, "native", lambda family: module)
    calls.clear()
    yield
    calls.clear()


def ran() -> list[str]:
    return [name for name, _ in calls]


def test_the_kernel_overrides_the_body(kernels: None) -> None:
    points = torch.rand(4, 3)
    assert torch.equal(scaled(points, 3.0), points * 3)
    assert ran() == ["kernel"]


def test_tuples_of_results_come_back_as_tensors(kernels: None) -> None:
    points = torch.rand(4, 3)
    rows, columns = two_results(points)
    assert torch.allclose(rows, points.sum(1))
    assert torch.allclose(columns, points.sum(0))


def test_a_dtype_without_kernel_runs_the_body(kernels: None) -> None:
    scaled(torch.rand(4, 3, dtype=torch.float64))
    assert ran() == ["body"]


def test_one_tensor_of_another_dtype_is_enough_for_the_body(kernels: None) -> None:
    scaled(torch.rand(4, 3), 2.0, torch.rand(3, dtype=torch.float64))
    assert ran() == ["body"]


def test_backends_can_be_forced_and_are_restored(kernels: None) -> None:
    with dispatch.backend("torch"):
        scaled(torch.rand(2, 3))
        with dispatch.backend("native"):
            scaled(torch.rand(2, 3))
        scaled(torch.rand(2, 3))
    with pytest.raises(ZeroDivisionError), dispatch.backend("torch"):
        raise ZeroDivisionError
    scaled(torch.rand(2, 3))
    assert ran() == ["body", "kernel", "body", "kernel"]


def test_native_is_strict_about_dtypes(kernels: None) -> None:
    with dispatch.backend("native"), pytest.raises(RuntimeError, match="scaled: no kernel"):
        scaled(torch.rand(4, 3, dtype=torch.float64))


def test_an_unknown_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="'torch' or 'native'"), dispatch.backend("cuda"):
        pass


@pytest.mark.parametrize("count", [1, 2, 3])
def test_native_threads_follow_torch(kernels: None, count: int) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(count)
        scaled(torch.rand(2, 3))
    finally:
        torch.set_num_threads(before)
    assert calls[-1][1][2] == count


def test_kernels_see_contiguous_arrays(kernels: None) -> None:
    points = torch.rand(3, 8).t().requires_grad_()
    shift = torch.nn.Parameter(torch.rand(6)[::2])
    result = scaled(points, shift=shift)
    seen, moved, _ = calls[-1][1]
    assert seen.flags.c_contiguous
    assert moved.flags.c_contiguous
    assert type(seen) is type(moved) is np.ndarray
    assert not result.requires_grad
    assert torch.allclose(result, (points * 2 + shift).detach())


@pytest.mark.parametrize("shape", [(0, 3), (1, 3)])
def test_empty_and_single_inputs(kernels: None, shape: tuple[int, int]) -> None:
    assert scaled(torch.zeros(shape)).shape == shape


def test_arguments_by_name_and_default(kernels: None) -> None:
    points, shift = torch.ones(1, 3), torch.ones(3)
    assert scaled(points=points).tolist() == [[2.0, 2.0, 2.0]]
    assert scaled(points, shift=shift).tolist() == [[3.0, 3.0, 3.0]]
    assert scaled(shift=shift, factor=1.0, points=points).tolist() == [[2.0, 2.0, 2.0]]


@pytest.mark.parametrize(
    ("args", "named"),
    [((), {}), ((torch.ones(1, 3),), {"nothing": 1}), ((torch.ones(1, 3),) * 4, {})],
)
def test_wrong_arguments_raise_type_error(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        scaled(*args, **named)


def test_the_check_speaks_before_any_backend(backend: str) -> None:
    with pytest.raises(GeometryError, match=r"points: expected shape \(N 3\), got float32"):
        scaled(torch.ones(3))
    with pytest.raises(GeometryError, match="points: 1 values are NaN"):
        scaled(torch.tensor([[0.0, float("nan"), 1.0]]))


@pytest.mark.parametrize("mode", ["grad", "no_grad", "inference_mode"])
def test_every_grad_mode(kernels: None, mode: str) -> None:
    contexts = {
        "grad": torch.enable_grad,
        "no_grad": torch.no_grad,
        "inference_mode": torch.inference_mode,
    }
    with contexts[mode]():
        assert torch.equal(scaled(torch.ones(2, 3)), torch.full((2, 3), 2.0))


def test_opcheck() -> None:
    for args in ((torch.rand(4, 3), 2.0, None), (torch.rand(4, 3), 3.0, torch.rand(3))):
        torch.library.opcheck(torch.ops.geomdl.scaled.default, args)
    torch.library.opcheck(torch.ops.geomdl.two_results.default, (torch.rand(4, 3),))


class _Doubled(torch.nn.Module):
    def forward(self, points: Tensor) -> Tensor:
        rows, _ = two_results(scaled(points, shift=points[0]))
        return rows.exp()


def test_compile_keeps_one_graph(kernels: None) -> None:
    model, points = _Doubled(), torch.rand(5, 3)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(points), model(points))
    more = torch.rand(9, 3)
    assert torch.equal(compiled(more), model(more))  # another size, perhaps a dynamic one


def test_export_keeps_the_op(kernels: None) -> None:
    model, points = _Doubled(), torch.rand(5, 3)
    program = torch.export.export(model, (points,))
    named = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert "geomdl.scaled.default" in named
    assert torch.equal(program.module()(points), model(points))


def test_meta_tensors_give_shapes() -> None:
    assert scaled(torch.empty(7, 3), 1.0).shape == (7, 3)
    fake = torch.ops.geomdl.scaled(torch.empty(7, 3, device="meta"), 1.0, None)
    assert fake.device.type == "meta"
    assert fake.shape == (7, 3)


# Instruction sets.


@pytest.mark.parametrize(
    ("capability", "wanted", "chosen"),
    [
        ("AVX512", None, "avx512"),
        ("AVX2", None, "avx2"),
        ("DEFAULT", None, "baseline"),
        ("NO AVX", None, "baseline"),
        ("SVE256", None, "baseline"),
        ("AVX512", "avx2", "avx2"),
        ("AVX512", "baseline", "baseline"),
        ("AVX2", "avx512", "avx2"),  # asking never gives more than the machine has
        ("DEFAULT", "avx512", "baseline"),
    ],
)
def test_best_isa(
    monkeypatch: pytest.MonkeyPatch, capability: str, wanted: str | None, chosen: str
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.delenv("GEOMDL_ISA", raising=False)
    if wanted:
        monkeypatch.setenv("GEOMDL_ISA", wanted)
    assert dispatch.best_isa() == chosen


def test_an_unknown_isa_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOMDL_ISA", "sse9")
    with pytest.raises(ValueError, match="GEOMDL_ISA: expected one of"):
        dispatch.best_isa()


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder that stands for geomdl/native, and dispatch with empty caches."""
    import geomdl.native

    monkeypatch.setattr(geomdl.native, "__path__", [str(tmp_path)])
    monkeypatch.setattr(dispatch, "BROKEN", {})
    caches = (dispatch.native, dispatch._say_without_kernels)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    for cache in caches:
        cache.cache_clear()


def test_without_kernels_it_is_said_once(fresh: Path) -> None:
    with pytest.warns(RuntimeWarning, match="no native kernels"):
        assert dispatch.native("absent") is None
    with warnings.catch_warnings(action="error"):
        assert dispatch.native("missing") is None
    assert dispatch.built() == []


def test_a_module_that_does_not_load_is_skipped_and_named(fresh: Path) -> None:
    (fresh / "stuck_baseline.py").write_text("raise ImportError('GLIBC_9.99 not found')")
    with pytest.warns(RuntimeWarning, match="geomdl doctor"):
        assert dispatch.native("stuck") is None
    assert list(dispatch.BROKEN.items()) == [
        ("geomdl.native.stuck_baseline", "GLIBC_9.99 not found")
    ]
    assert dispatch.built() == ["stuck_baseline"]


def test_the_widest_module_that_loads_is_taken(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.delenv("GEOMDL_ISA", raising=False)
    (fresh / "wide_avx512.py").write_text("raise ImportError('no')")
    (fresh / "wide_avx2.py").write_text("")
    (fresh / "wide_baseline.py").write_text("")
    module = dispatch.native("wide")
    assert module is not None
    assert module.__name__ == "geomdl.native.wide_avx2"


# Processes. The parent has used its OpenMP pool; children must neither hang nor die.

WORKERS = """
    import sys
    import torch
    from torch.utils.data import DataLoader, Dataset
    from geomdl.ops import dispatch
    from geomdl.ops.keys import morton_keys

    def work(seed):
        generator = torch.Generator().manual_seed(seed)
        cells = torch.randint(0, 1000, (200_000, 3), generator=generator)
        return morton_keys(cells).sum()

    class Cells(Dataset):
        def __len__(self):
            return 8
        def __getitem__(self, index):
            return work(index), dispatch.threads()

    def main(start):
        torch.set_num_threads(2)
        truth = [int(work(i)) for i in range(8)]  # the parent's pool is running now
        loader = DataLoader(
            Cells(), num_workers=4, multiprocessing_context=start, persistent_workers=True
        )
        for _ in range(2):
            found = list(loader)
            assert [int(s) for s, _ in found] == truth
            assert all(int(n) == 1 for _, n in found), [int(n) for _, n in found]
        assert [int(work(i)) for i in range(8)] == truth  # and the parent still works
        assert dispatch.threads() == 2
        print("done")

    if __name__ == "__main__":
        main(sys.argv[1])
"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_kernels_run_in_data_loader_workers(tmp_path: Path, start: str) -> None:
    script = tmp_path / "workers.py"
    script.write_text(textwrap.dedent(WORKERS))
    done = subprocess.run(
        [sys.executable, str(script), start],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr


def test_a_forked_child_uses_one_thread_in_kernels_and_bodies() -> None:
    code = """
    import os, torch
    from geomdl.ops import dispatch
    from geomdl.ops.keys import morton_keys
    torch.set_num_threads(2)
    cells = torch.randint(0, 1000, (200_000, 3))
    truth = morton_keys(cells)
    child = os.fork()
    if child == 0:
        same = torch.equal(morton_keys(cells), truth)
        with dispatch.backend("torch"):
            same &= torch.equal(morton_keys(cells), truth)
        os._exit(0 if torch.get_num_threads() == dispatch.threads() == 1 and same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert dispatch.threads() == 2
    print("done")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "done", done.stderr


@op(fake=lambda points, shift: None, mutates=("points",))
def push(points: Tensor, shift: float) -> None:
    """Points (N, 3) moved in place."""
    points += shift


def test_ops_may_work_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def kernel(points: np.ndarray, shift: float, threads: int) -> None:
        points += 10 * shift

    points = torch.zeros(2, 3)
    with dispatch.backend("torch"):
        push(points, 1.0)
    assert torch.equal(points, torch.ones(2, 3))
    monkeypatch.setattr(dispatch, "native", lambda family: SimpleNamespace(push=kernel))
    assert push(points, 1.0) is None
    assert torch.equal(points, torch.full((2, 3), 11.0))
    torch.library.opcheck(torch.ops.geomdl.push, (points, 1.0))


def test_bound_ops_run_what_the_backend_says(kernels: None) -> None:
    points = torch.rand(4, 3)
    call = dispatch.bound("scaled", points)
    assert torch.equal(call(3.0, None), points * 3)
    points.zero_()
    assert torch.equal(call(3.0, torch.ones(3)), torch.ones(4, 3))
    with dispatch.backend("torch"):
        assert torch.equal(call(2.0, None), torch.zeros(4, 3))
    assert ran() == ["kernel", "kernel", "body"]
