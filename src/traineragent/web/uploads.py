"""Files that a browser sends: one a request, as raw bytes, straight to the disk under names that were checked.

Knows nothing of what the files hold, only which of them make up one source of data.
"""

from __future__ import annotations

import os
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, Paused
from ..store.files import room_checked

MOST_DEPTH = 12
MOST_NAME_BYTES = 255
KEPT_FREE = 64 * 2**20  # bytes that an upload leaves on the disk
PARTIAL = ".part-"
TOGETHER = (
    ".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".parquet", ".jsonl", ".ndjson", ".json", ".data", ".conll",
    ".gz", ".bz2", ".xz", ".zip",
)  # fmt: skip
"""Files with these names are sources of their own; any others only mean something together with what lies beside."""


@dataclass(frozen=True)
class Entry:
    """A file or folder that was sent: its name, its files, its bytes."""

    name: str
    folder: bool
    files: int
    size: int


def checked_path(said: str) -> tuple[str, ...]:
    """The parts of a path below the folder of uploads. Raises InputError for any that could lead elsewhere."""
    parts = tuple(unicodedata.normalize("NFC", said).split("/"))
    if len(parts) > MOST_DEPTH:
        raise InputError(f"a file lies {len(parts)} folders deep, at most {MOST_DEPTH} are taken; flatten the folder")
    for part in parts:
        if part in ("", ".", "..") or part.startswith(PARTIAL) or "\\" in part or not part.isprintable():
            raise InputError(f"a file cannot be called {part.encode('unicode_escape').decode()!r}; rename it")
        if len(part.encode("utf-8", "surrogatepass")) > MOST_NAME_BYTES or not _is_text(part):
            raise InputError(f"the file name {part[:40]!r}… is too long or not valid text; rename the file")
    return parts


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class Uploads:
    """What was sent for one request, in a folder of its own that is made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def take(self, said: str, chunks: AsyncIterator[bytes], size: int | None) -> None:
        """Streams a file to its place, whole or not at all; one of the same name is replaced. Raises InputError for a
        name that is not taken and for a transfer that broke off, Paused where the disk has no room."""
        place = self._place(checked_path(said))
        self._require_room(size or 0)
        draft = place.with_name(f"{PARTIAL}{secrets.token_hex(8)}")
        written = 0
        try:
            with room_checked(place.name), os.fdopen(os.open(draft, _NEW_FILE, 0o600), "wb") as out:
                async for chunk in chunks:
                    out.write(chunk)
                    written += len(chunk)
            if size is not None and written != size:
                raise InputError(f"{place.name}: {written:,} of {size:,} bytes arrived; send it again")
            if place.is_dir():
                raise InputError(f"{place.name}: a folder of this name was sent before; remove it first")
            draft.replace(place)
        except Paused:
            raise Paused(f"the disk is full; free some room, then send {place.name} again") from None
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    def _place(self, parts: tuple[str, ...]) -> Path:
        """The file's path, its folders made. What lies there is ours alone, so a link in the way is refused."""
        here = self.folder
        try:
            here.mkdir(parents=True, exist_ok=True, mode=0o700)
            for part in parts[:-1]:
                here = here / part
                here.mkdir(exist_ok=True, mode=0o700)
                if here.is_symlink():
                    raise InputError(f"{part}: a link lies in the way; remove it")
        except FileExistsError:
            raise InputError(f"{here.name}: a file of this name was sent before; remove it first") from None
        return here / parts[-1]

    def _require_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if size + KEPT_FREE > free:
            raise Paused(
                f"the file has {size / 1e6:,.0f} MB and the disk only {free / 1e6:,.0f} MB free; free some room, or "
                "give the path of the data where it lies"
            )

    def remove(self, name: str) -> None:
        """Takes one entry of the top away. Raises InputError for a name that is none."""
        if len(checked_path(name)) != 1:
            raise InputError("only what was sent as a whole can be removed; remove the folder")
        place = self.folder / checked_path(name)[0]
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """What lies at the top, by name."""
        if not self.folder.is_dir():
            return []
        found = sorted(p for p in self.folder.iterdir() if not p.name.startswith(PARTIAL) and not p.is_symlink())
        return [entry for p in found if (entry := _entry(p)).files]

    def sources(self) -> list[str]:
        """Paths as `--data` takes them: each table or archive, or a folder; everything as one folder where files only
        make sense together, as pictures beside the table of their labels do."""
        entries = self.entries()
        tables = [e for e in entries if not e.folder and e.name.lower().endswith(TOGETHER)]
        if len(entries) == 1 or len(tables) == len(entries):
            return [str(self.folder / e.name) for e in entries]
        return [str(self.folder)]


_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


def _entry(path: Path) -> Entry:
    if not path.is_dir():
        return Entry(path.name, False, 1, path.stat().st_size)
    sizes = [
        os.stat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(path)
        for name in names
        if not name.startswith(PARTIAL)
    ]
    return Entry(path.name, True, len(sizes), sum(sizes))
