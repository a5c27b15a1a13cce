"""One name, several bodies: a torch body is the specification, a kernel may override it.

`@op` turns a function whose body is plain torch into a custom operator `geomdl::<name>` that is
opaque to autograd, torch.compile and torch.export. When it runs on the CPU and
`geomdl/native/<family>_<isa>` has a function of that name, the kernel runs instead of the body;
on another device `geomdl/ops/gpu/<family>.py` may override it in the same way. The family is the
name of the file. Kernels take the arguments in the same order, then the number of threads.
"""

import contextlib
import functools
import importlib
import inspect
import os
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")
ISAS = {"DEFAULT": "baseline", "AVX2": "avx2", "AVX512": "avx512"}
ORDER = ("avx512", "avx2", "baseline")


@dataclass(frozen=True)
class Op:
    """An operator: its name, family, torch body and the float dtypes that its kernel takes."""

    name: str
    family: str
    body: Callable[..., Any]
    dtypes: tuple[torch.dtype, ...]


OPS: dict[str, Op] = {}
BROKEN: dict[str, str] = {}  # kernel modules that are installed but do not load, and why
_forced: list[str] = []
_in_fork = False


def _after_fork() -> None:
    # OpenMP's pool does not survive a fork: the child would wait for threads that are not there.
    # torch's own loops (in checks and bodies) hang in the same way, so it gets one thread as well,
    # which is what a DataLoader does to its workers.
    global _in_fork
    _in_fork = True
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def threads() -> int:
    """Threads that kernels may use: torch's number, and one in a forked child."""
    return 1 if _in_fork else torch.get_num_threads()


def best_isa() -> str:
    """The widest instruction set of this CPU; GEOMDL_ISA lowers it (baseline, avx2, avx512)."""
    found = ISAS.get(torch.backends.cpu.get_cpu_capability(), "baseline")
    wanted = os.environ.get("GEOMDL_ISA", found)
    if wanted not in ORDER:
        raise ValueError(f"GEOMDL_ISA: expected one of {', '.join(ORDER)}, got {wanted!r}")
    return ORDER[max(ORDER.index(found), ORDER.index(wanted))]


@functools.cache
def native(family: str) -> ModuleType | None:
    """The kernels of a family, built for the widest instruction set that runs here, or None."""
    for isa in ORDER[ORDER.index(best_isa()) :]:
        name = f"geomdl.native.{family}_{isa}"
        if importlib.util.find_spec(name) is not None:
            try:
                return importlib.import_module(name)
            except ImportError as error:  # built against libraries that are newer than ours
                BROKEN[name] = str(error)
    _say_without_kernels()
    return None


def built() -> list[str]:
    """Names of the kernel modules that are installed, whether or not they run here."""
    folder = importlib.import_module("geomdl.native").__path__
    return sorted(m.name for m in pkgutil.iter_modules(folder))


@functools.cache
def _say_without_kernels() -> None:
    if not built() or BROKEN:
        warnings.warn(
            "no native kernels run here, so ops run their torch bodies: right, but slower; "
            "`geomdl doctor` says why",
            RuntimeWarning,
            stacklevel=2,
        )


@functools.cache
def gpu(family: str) -> ModuleType | None:
    """The Triton kernels of a family, or None."""
    name = f"geomdl.ops.gpu.{family}"
    triton_here = importlib.util.find_spec("triton") is not None
    if not triton_here or importlib.util.find_spec(name) is None:
        return None
    return importlib.import_module(name)


@contextlib.contextmanager
def backend(name: str) -> Iterator[None]:
    """Within this context every op runs on `name`: 'torch' (the bodies) or 'native' (kernels).

    'native' raises RuntimeError where a kernel exists but cannot take what it was given, or where
    its family was not built; an op that never had a kernel runs its body.
    """
    if name not in ("torch", "native"):
        raise ValueError(f"backend: expected 'torch' or 'native', got {name!r}")
    _forced.append(name)
    try:
        yield
    finally:
        _forced.pop()


def forced() -> bool:
    """Whether `backend` says on what ops run."""
    return bool(_forced)


def kernel_of(record: Op, tensors: list[Tensor]) -> Callable[..., Any] | None:
    """The kernel that would run `record` on these tensors, or None for the torch body."""
    if _forced and _forced[-1] == "torch":
        return None
    devices = {t.device.type for t in tensors}
    if devices == {"cuda"}:
        return getattr(gpu(record.family), record.name, None)
    floats = {t.dtype for t in tensors if t.is_floating_point()}
    module = native(record.family) if devices <= {"cpu"} else None
    kernel = getattr(module, record.name, None)
    fits = floats <= set(record.dtypes)
    strict = bool(_forced) and _forced[-1] == "native"
    if strict and (module is None or (kernel is not None and not fits)):
        raise RuntimeError(f"{record.name}: no kernel for {sorted(map(str, devices | floats))}")
    return functools.partial(_call_native, kernel) if kernel is not None and fits else None


def _array(tensor: Tensor) -> Any:
    """What a kernel takes: numpy's view of the memory, which costs a third of DLPack's."""
    ready = tensor.detach() if tensor.requires_grad else tensor
    ready = ready if ready.is_contiguous() else ready.contiguous()
    return ready if ready.dtype == torch.bfloat16 else ready.numpy()


def _call_native(kernel: Callable[..., Any], *args: Any) -> Any:
    ready = [_array(a) if isinstance(a, Tensor) else a for a in args]
    return _tensors(kernel(*ready, threads()))


def _tensors(result: Any) -> Any:
    if result is None:  # it changed an argument in place
        return None
    if isinstance(result, tuple):
        return tuple(torch.from_numpy(r) for r in result)
    return torch.from_numpy(result)


def bound(name: str, *first: Any) -> Callable[..., Any]:
    """The op `name` with its first arguments fixed, for calls that should take microseconds.

    The fixed tensors are contiguous and on the CPU; their values may change, their memory stays.
    `check` is not run: the caller vouches for the arguments.
    """
    record = OPS[name]
    kernel = getattr(native(record.family), name, None)
    ready = [_array(a) if isinstance(a, Tensor) else a for a in first]

    def call(*rest: Any) -> Any:
        if kernel is None or _forced:
            body = kernel_of(record, [a for a in (*first, *rest) if isinstance(a, Tensor)])
            return (body or record.body)(*first, *rest)
        given = [a.numpy() if isinstance(a, Tensor) else a for a in rest]
        return _tensors(kernel(*ready, *given, threads()))

    return call


def _plain(values: list[Any]) -> bool:
    """Whether nothing watches these tensors: then the operator's machinery can be stepped over.

    It costs time on every call, and its first call imports torch._dynamo.
    """
    kinds = {type(v) for v in values if isinstance(v, Tensor)}
    return kinds <= {Tensor, torch.nn.Parameter} and torch._C._len_torch_dispatch_stack() == 0


def op(
    *,
    fake: Callable[..., Any],
    check: Callable[..., None] | None = None,
    dtypes: tuple[torch.dtype, ...] = (torch.float32,),
    mutates: tuple[str, ...] = (),
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a custom operator of a torch body.

    fake(*args) -> empty outputs of the right shape, dtype and device (it sees no values);
    check(*args) raises GeometryError on bad arguments and runs before any backend;
    dtypes are the float dtypes for which the native kernel was instantiated;
    mutates names arguments that are changed in place (`check` must refuse non-contiguous ones).
    Outputs carry no gradient: what must be differentiable is computed from them in torch.
    """

    def decorate(body: Callable[P, R]) -> Callable[P, R]:
        name = body.__name__
        record = Op(name, body.__module__.rsplit(".", 1)[-1], body, dtypes)
        OPS[name] = record
        signature = inspect.signature(body)
        names = tuple(signature.parameters)
        defaults = {
            n: p.default for n, p in signature.parameters.items() if p.default is not p.empty
        }

        def complete(args: tuple[Any, ...]) -> tuple[Any, ...]:
            # torch drops trailing arguments that equal their defaults; kernels want them all
            return (*args, *(defaults[n] for n in names[len(args) :]))

        def run(*args: Any) -> Any:
            args = complete(args)
            kernel = kernel_of(record, [a for a in args if isinstance(a, Tensor)])
            return (kernel or record.body)(*args)

        run.__signature__ = signature  # type: ignore[attr-defined]
        run.__annotations__ = body.__annotations__
        custom = torch.library.custom_op(f"geomdl::{name}", run, mutates_args=mutates)
        custom.register_fake(lambda *args: fake(*complete(args)))

        @functools.wraps(body)
        def public(*args: P.args, **kwargs: P.kwargs) -> R:
            compiling = torch.compiler.is_compiling()
            whole = len(args) == len(names) and not kwargs  # nothing to bind, which takes its time
            if not compiling and not whole:  # torch 2.4 cannot trace inspect; the schema catches it
                signature.bind(*args, **kwargs)
            rest = [kwargs.get(name, defaults.get(name)) for name in names[len(args) :]]
            values = [a.detach() if isinstance(a, Tensor) else a for a in [*args, *rest]]
            if check is not None and not compiling:
                check(*values)
            return run(*values) if not compiling and _plain(values) else custom(*values)

        return public

    return decorate
