"""Programs that try to get out of the sandbox, each as a feature function that returns 1 where it got what it wanted.

Run by `test_attacks.py` alone, as nobody and in a mount namespace of its own.
"""

from __future__ import annotations

HEAD = "import ctypes, os, resource, struct, sys, _thread\nlibc = ctypes.CDLL(None)\n"
BODY = """
def feature(columns):
    got = attack()
    x = next(iter(columns.values()))
    return x * 0 + (1.0 if got else 0.0)
"""
_TCP = "struct.pack('=HH4s8x', 2, (PORT & 255) << 8 | PORT >> 8, bytes([127, 0, 0, 1]))"

ATTACKS: dict[str, str] = {
    "reads a secret of the same user": "return open(SECRET).read()",
    "lists a home": "return os.listdir(os.path.dirname(SECRET))",
    "reads another process's environment": "return open(f'/proc/{os.getppid()}/environ', 'rb').read()",
    "finds a key in its own environment": "return any('KEY' in k or 'TOKEN' in k for k in os.environ)",
    "writes a file": "return os.open(WRITABLE, os.O_CREAT | os.O_WRONLY) >= 0",
    "deletes a file": "os.unlink(VICTIM); return True",
    "renames a file": "os.rename(VICTIM, VICTIM + '.gone'); return True",
    "makes a link": "os.symlink('/etc/passwd', WRITABLE); return True",
    "connects by TCP": f"s = libc.socket(2, 1, 0); return libc.connect(s, {_TCP}, 16) == 0",
    "opens a TCP socket": "return libc.socket(2, 1, 0) >= 0",
    "sends by UDP": f"s = libc.socket(2, 2, 0); return libc.sendto(s, b'x', 1, 0, {_TCP}, 16) == 1",
    "opens a local socket": "return libc.socket(1, 1, 0) >= 0",
    "opens a raw socket": "return libc.socket(17, 3, 768) >= 0",
    "forks": "child = os.fork(); os._exit(0) if child == 0 else None; return True",
    "starts a thread": "_thread.start_new_thread(lambda: None, ()); return True",
    "starts a program": "os.execv('/bin/true', ['true'])",
    "kills its parent": "os.kill(os.getppid(), 9); return True",
    "kills everything": "return libc.kill(-1, 9) == 0",
    "traces its parent": "return libc.ptrace(16, os.getppid(), 0, 0) == 0",
    "reads its parent's memory": "return open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "mounts": "return libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0",
    "makes a namespace of users": "return libc.unshare(0x10000000) == 0",
    "changes its root": "os.chroot('/tmp'); return True",
    "becomes root": "os.setuid(0); return True",
    "raises its limits": "resource.setrlimit(resource.RLIMIT_NPROC, (99, 99)); return True",
    "takes all memory": "kept = [bytearray(1 << 27) for _ in range(64)]; return True",
    "makes machine code": "return libc.mmap(None, 4096, 7, 34, -1, 0) != -1",
    "reaches for the keyring": "return libc.syscall(250, 0, -3, 1) >= 0",
    "loads a program into the kernel": "return libc.syscall(321, 5, bytes(128), 128) >= 0",
    "opens a file by its handle": "return libc.syscall(304, -100, bytes(64), 0) >= 0",
    "makes a ring of requests": "return libc.syscall(425, 8, bytes(256)) >= 0",
}


def source(name: str, **places: object) -> str:
    """The attack with the places it aims at."""
    values = "".join(f"{k} = {v!r}\n" for k, v in places.items())
    return f"{HEAD}{values}def attack():\n    {ATTACKS[name]}\n{BODY}"
