"""Takes every file, port and process outside away from this process, by Landlock (Linux 5.13 and later).

It knows nothing of what is run.
"""

from __future__ import annotations

import ctypes
import struct
import sys

_CREATE, _RESTRICT, _VERSION = 444, 446, 1
_FILE_RIGHTS = ((1, 13), (2, 14), (3, 15), (5, 16))  # (first ABI, number of rights)
_NET_RIGHTS, _SCOPES = 0b11, 0b11  # bind and connect TCP; abstract sockets and signals


def restrict() -> bool:
    """Denies all that this kernel's Landlock knows, with no exception. False where there is none."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    abi = int(library.syscall(_CREATE, None, 0, _VERSION))
    if abi < 1:
        return False
    rights = next(count for first, count in reversed(_FILE_RIGHTS) if abi >= first)
    attributes = struct.pack("Q", (1 << rights) - 1)
    attributes += struct.pack("Q", _NET_RIGHTS) if abi >= 4 else b""
    attributes += struct.pack("Q", _SCOPES) if abi >= 6 else b""
    rules = int(library.syscall(_CREATE, attributes, len(attributes), 0))
    if rules < 0 or library.prctl(38, 1, 0, 0, 0):
        return False
    return int(library.syscall(_RESTRICT, rules, 0)) == 0
