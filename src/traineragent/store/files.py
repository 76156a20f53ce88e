"""Durable files: written to a temporary name, flushed to disk, then renamed. Knows nothing of runs."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError, Paused


def sync(path: Path) -> None:
    """Has a file, or the names in a folder, on the disk and not only on its way there."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def room_checked(what: str) -> Iterator[None]:
    """Turns "disk full", "no permission" and "read-only" into errors a person can act on."""
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Paused(
                f"the disk is full while writing {what}; free some space, then `traineragent resume` goes on from here"
            ) from e
        if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise InputError(
                f"{what} may not be written ({os.strerror(e.errno)}); allow it, or choose another folder with --out"
            ) from e
        raise


LITTLE_ROOM = 1 << 20


def out_of_room(error: OSError, folder: Path) -> bool:
    """Whether an error of writing means a full disk. NumPy's errors carry no number, so the disk itself is asked."""
    if error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return little_room(folder)


def little_room(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < LITTLE_ROOM


def write_bytes(path: Path, data: bytes) -> str:
    """Writes atomically and durably; returns the sha256 of `data`."""
    with room_checked(path.name):
        temporary = draft_of(path)
        try:
            with temporary.open("wb") as f:
                f.write(data)
                f.flush()
                os.fsync(f.fileno())
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync(path.parent)
    return hashlib.sha256(data).hexdigest()


def draft_of(path: Path) -> Path:
    """Where this process may write what is renamed to `path` once it is whole. Drafts of it that processes left which
    were killed meanwhile are removed."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        import psutil  # hardly ever needed, and not free

        number = left.name.split(".")[-2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def write_text(path: Path, text: str) -> str:
    return write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> str:
    return write_text(path, json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """What `write_json` wrote. Raises InputError for a file that was damaged, OSError as reading does."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as e:
        name = f"{path.parent.name}/{path.name}"
        raise InputError(f"{name} is damaged and cannot be read ({e}); put it back, or start the run again") from e
