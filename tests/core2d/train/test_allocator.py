"""Freed memory stays in the process: a second use of it faults no pages."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
from core2d.train.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        held = [torch.zeros(n << 18) for n in (1, 4, 16)]  # 1 to 16 MB
        del held
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
print(first, keep_freed_memory(), faults() and faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_pages_are_faulted_once() -> None:
    got = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, got.stderr
    before, kept, after = got.stdout.split()
    assert kept == "True"
    assert int(before) > 10_000
    assert int(after) < int(before) / 20
