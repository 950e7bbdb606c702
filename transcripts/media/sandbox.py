"""What the kernel refuses to a process that reads strangers' files, beyond its limits (`limits`).

    scrub_environment()   no secret key, no database address in this process, nor in its memory
    seal()                no file, socket or program more, for every thread; irreversible

`seal` uses what the kernel has of NO_NEW_PRIVS, PR_SET_DUMPABLE, Landlock and seccomp; elsewhere
than on Linux, and on a machine whose system calls aren't listed, the limits are what holds.

Sources: <linux/prctl.h>, <linux/seccomp.h>, <linux/landlock.h>, <linux/audit.h>; the numbers of the
system calls from the kernel's syscall_64.tbl (x86-64) and <asm-generic/unistd.h> (arm64).
"""

import ctypes
import os
import platform
import struct
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1  # all threads of the process
_LANDLOCK_VERSION: Final = 1
_LANDLOCK_CREATE: Final = 444
_LANDLOCK_RESTRICT: Final = 446
# By ABI: how many rights over files there are, from the lowest bit on.
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}

_FILE_CALLS: Final = frozenset(
    ["open", "openat", "openat2", "open_by_handle_at", "creat", "name_to_handle_at", "memfd_create"]
)
_X86_64: Final = {
    "open": 2, "socket": 41, "connect": 42, "bind": 49, "listen": 50, "execve": 59, "creat": 85,
    "ptrace": 101, "unshare": 272, "openat": 257, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
    "memfd_create": 319, "bpf": 321, "execveat": 322, "io_uring_setup": 425, "pidfd_open": 434,
    "openat2": 437, "pidfd_getfd": 438, "mount": 165,
}  # fmt: skip
_ARM64: Final = {
    "mount": 40, "openat": 56, "unshare": 97, "ptrace": 117, "socket": 198, "bind": 200,
    "listen": 201, "connect": 203, "execve": 221, "name_to_handle_at": 264,
    "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
    "memfd_create": 279, "bpf": 280, "execveat": 281, "io_uring_setup": 425, "pidfd_open": 434,
    "openat2": 437, "pidfd_getfd": 438,
}  # fmt: skip
# What <linux/audit.h> calls the machine, and its system calls.
_MACHINES: Final = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _ARM64)}
_X32_BIT: Final = 0x40000000  # the same calls again, by other numbers

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # <linux/bpf_common.h>
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with EPERM
_NUMBER_AT, _MACHINE_AT = 0, 4  # in struct seccomp_data


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def scrub_environment() -> None:
    """Empty the environment, the block that the kernel shows in /proc included.

    Only where no thread reads it at the same time: as the first thing that a process does.
    """
    os.environ.clear()
    if sys.platform != "linux":
        return
    with open("/proc/self/stat", encoding="ascii", errors="replace") as stat:
        fields = stat.read().rpartition(")")[2].split()
    start, end = int(fields[47]), int(fields[48])  # env_start, env_end: proc(5), 50 and 51
    if 0 < start < end:  # 0 where another process may not know them
        ctypes.memset(start, 0, end - start)


def seal(*, may_open_files: bool = False) -> None:
    """Give up for ever what reading one open file doesn't need. `may_open_files`: but that."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not may_open_files:
        _refuse_files(libc)
    _refuse_calls(libc, may_open_files=may_open_files)


def _refuse_files(libc: ctypes.CDLL) -> None:
    """Landlock: a rule set that handles every right over files, and grants none."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION)
    if abi < 1:
        return
    rights = (1 << _FILE_RIGHTS[min(abi, max(_FILE_RIGHTS))]) - 1
    attributes = struct.pack("=Q", rights)
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0)
    if rules < 0:
        return
    libc.syscall(_LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _refuse_calls(libc: ctypes.CDLL, *, may_open_files: bool) -> None:
    """Seccomp: EPERM for the calls below, and for those of another machine's table."""
    machine, calls = _MACHINES.get(platform.machine(), (0, {}))
    if not calls:
        return
    refused = [
        number for name, number in calls.items() if not (may_open_files and name in _FILE_CALLS)
    ]
    code = _write_filter(machine, refused)
    program = _Program(len(code) // 8, code)
    seccomp = 317 if machine == _MACHINES["x86_64"][0] else 277
    libc.syscall(
        seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program)
    )


def _write_filter(machine: int, refused: list[int]) -> bytes:
    """Return the BPF program. A jump counts the instructions that it passes over."""
    checks = len(refused) + 1
    lines = [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_JUMP_EQUAL, 0, checks + 2, machine),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_AT_LEAST, checks, 0, _X32_BIT),
    ]
    for index, number in enumerate(refused):
        lines.append((_JUMP_EQUAL, checks - index - 1, 0, number))
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
