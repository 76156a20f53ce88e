"""Locks the process it is called in: limits, another user, no privileges, Landlock, a filter of system calls.

Called once all that is needed was read and imported; from then on there is only computing and the way out.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from types import ModuleType

from . import landlock, seccomp

resource: ModuleType | None
try:
    import resource
except ImportError:  # no Unix
    resource = None

NOBODY = 65534
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
MB = 1 << 20


def lock(*, memory_mb: int, seconds: int, keep: int) -> list[str]:
    """Locks for good and returns the layers that hold: "user", "landlock", "seccomp", "limits". `keep` is the only
    file descriptor that stays open."""
    layers = []
    os.closerange(0, keep)
    os.closerange(keep + 1, 4096)
    if _leave_root():
        layers.append("user")
    if sys.platform == "linux":  # after the change of user, which clears the first of these
        library = ctypes.CDLL(None, use_errno=True)
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        library.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _limit(memory_mb, seconds)
    layers.append("limits")
    if landlock.restrict():
        layers.append("landlock")
    if sys.platform == "linux" and seccomp.install():
        layers.append("seccomp")
    return layers


def _leave_root() -> bool:
    """Becomes nobody where this is root's process."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:  # a container with one user only; the other layers hold
        return False
    return True


def _limit(memory_mb: int, seconds: int) -> None:
    """Bounds what can be used up: memory beyond what is there now, processor time, files, processes."""
    if resource is None:
        return
    used = 0
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    bounds = {
        "RLIMIT_AS": used + memory_mb * MB,
        "RLIMIT_CPU": seconds + 2,  # the signal that says why comes first
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    for name, most in bounds.items():
        if hasattr(resource, name):
            with contextlib.suppress(OSError, ValueError):
                soft = seconds if name == "RLIMIT_CPU" else most
                resource.setrlimit(getattr(resource, name), (soft, most))
