"""A filter of system calls for a process that has read all it needs: memory, time, and writing to open pipes.

Everything else is refused by the kernel (EPERM), whatever the code does. Linux on x86-64 and AArch64.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
SECCOMP_SET_MODE_FILTER, TSYNC = 1, 1
_ALLOW, _KILL, _EPERM = 0x7FFF0000, 0x80000000, 0x00050000 | 1
_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _THIRD_ARGUMENT = 0, 4, 32  # offsets in struct seccomp_data
_EXECUTABLE = 4  # PROT_EXEC: no new machine code
_X32 = 0x40000000

NAMES = (
    "read", "write", "close", "fstat", "lseek", "mmap", "mprotect", "munmap", "mremap", "madvise", "brk",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "sched_yield", "getpid",
    "gettid", "exit", "exit_group", "futex", "set_robust_list", "rseq", "membarrier", "clock_gettime",
    "clock_nanosleep", "nanosleep", "gettimeofday", "getrusage", "times", "getrandom",
)  # fmt: skip
_NUMBERS = {
    "x86_64": (
        0, 1, 3, 5, 8, 9, 10, 11, 25, 28, 12, 13, 14, 15, 131, 219, 24, 39, 186, 60, 231, 202, 273, 334, 324, 228,
        230, 35, 96, 98, 100, 318,
    ),
    "aarch64": (
        63, 64, 57, 80, 62, 222, 226, 215, 216, 233, 214, 134, 135, 139, 132, 128, 124, 172, 178, 93, 94, 98, 99, 293,
        283, 113, 115, 101, 169, 165, 153, 278,
    ),
}  # fmt: skip
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install() -> bool:
    """Puts the filter over this process, all threads included, for good. False where the machine has no such thing."""
    machine = os.uname().machine if sys.platform == "linux" else ""
    if machine not in _NUMBERS:
        return False
    library = ctypes.CDLL(None, use_errno=True)
    code = _filter(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    done = library.syscall(_SECCOMP[machine], SECCOMP_SET_MODE_FILTER, TSYNC, ctypes.byref(program))
    return int(done) == 0


def _filter(machine: str) -> bytes:
    """The program in classic BPF: instructions of (code, steps if true, steps if false, operand)."""
    numbers = dict(zip(NAMES, _NUMBERS[machine], strict=True))
    out = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, _AUDIT[machine], 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
        _instruction(_AT_LEAST, _X32, 0, 1),
        _instruction(_RETURN, _KILL),
    ]
    for name in ("mmap", "mprotect"):
        out += [
            _instruction(_EQUAL, numbers.pop(name), 0, 4),
            _instruction(_LOAD, _THIRD_ARGUMENT),
            _instruction(_BITS, _EXECUTABLE, 1, 0),
            _instruction(_RETURN, _ALLOW),
            _instruction(_RETURN, _EPERM),
        ]
    for number in numbers.values():
        out += [_instruction(_EQUAL, number, 0, 1), _instruction(_RETURN, _ALLOW)]
    out.append(_instruction(_RETURN, _EPERM))
    return b"".join(out)


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, operand)
