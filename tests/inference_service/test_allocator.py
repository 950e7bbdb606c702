"""Memory that a window took is there for the next one."""

import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, resource, sys
from inference_service.allocator import retain_freed_memory

if sys.argv[1] == "keep":
    assert retain_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def take(size):
    block = libc.malloc(size)
    libc.memset(block, 1, size)
    libc.free(block)

take(100 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
take(100 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_a_large_block_costs_no_page_faults_the_second_time() -> None:
    assert _count_faults("keep") < 100
    assert _count_faults("default") > 1000  # so this test would notice


def _count_faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, how], check=True, capture_output=True, text=True
    )
    return int(done.stdout)
