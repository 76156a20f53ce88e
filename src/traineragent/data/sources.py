"""Where bytes come from: files, folders and downloads, each as a named source that can be opened more than once.

Knows nothing of tables or archives. File names are data: they are shown without folders and control characters.
"""

from __future__ import annotations

import difflib
import io
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from traineragent.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv", ".tab", ".psv", ".xlsx", ".xlsm", ".parquet", ".jsonl", ".ndjson", ".json", ".data")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zip")
DOWNLOAD_LIMIT = 2_000_000_000
"""Bytes a download may have; it is held in memory."""
DOWNLOAD_WAIT_S = 30.0
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def shown(name: str, limit: int = 120) -> str:
    """A file, sheet or column name made safe to print: control and direction characters escaped, length capped."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in name)
    return safe if len(safe) <= limit else safe[: limit - 1] + "…"


@dataclass(frozen=True)
class Source:
    """Bytes with a name. `open` gives a fresh stream each time; `packed` says how the file was compressed, if it was;
    `part` selects a sheet or table inside, as written after `#`."""

    name: str
    open: Callable[[], BinaryIO]
    size: int | None = None
    packed: str | None = None
    part: str | None = None

    def head(self, size: int) -> bytes:
        with self.open() as stream:
            return stream.read(size)


def find_sources(address: str) -> list[Source]:
    """The sources behind a path (optionally with `#part`), a folder or an http address. Raises InputError."""
    if address.lower().startswith(("http://", "https://")):
        return [download(address)]
    scheme = _SCHEME.match(address)
    if scheme:
        said = f"{shown(scheme[0])} addresses cannot be read"
        raise InputError(f"{said}; give a file, a folder, http(s)://, hf:// or the address of an SQL table")
    path, part = _split_part(address)
    try:
        folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise InputError(f"{shown(path.name)}: not a usable path ({_reason(error)})", file=shown(path.name)) from None
    if folder:
        return _folder_sources(path)
    return [file_source(path, part)]


def file_source(path: Path, part: str | None = None) -> Source:
    name = shown(path.name)
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{name}: expected a file or a folder, found a device or pipe", file=name)
        path.open("rb").close()
    except FileNotFoundError:
        raise InputError(f"{name}: no such file{_near_names(path)}", file=name) from None
    except NotADirectoryError:
        raise InputError(f"{name}: no such file; a part of its path is a file, not a folder", file=name) from None
    except PermissionError:
        raise InputError(f"{name}: no permission to read it; allow reading (chmod u+r) or copy it", file=name) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be opened ({_reason(error)})", file=name) from None
    if size == 0:
        raise InputError(f"{name}: the file is empty (0 bytes)", file=name)
    return Source(name, lambda: path.open("rb"), size, part=part)


def memory_source(name: str, data: bytes, *, packed: str | None = None, part: str | None = None) -> Source:
    return Source(shown(name), lambda: io.BytesIO(data), len(data), packed, part)


def download(address: str) -> Source:
    """Fetch an http(s) address into memory, at most DOWNLOAD_LIMIT bytes. Raises InputError."""
    address, _, part = address.partition("#")
    pieces = urlsplit(address)
    name = shown(Path(unquote(pieces.path)).name or pieces.hostname or "download")
    request = urllib.request.Request(address, headers={"User-Agent": "traineragent"})
    try:
        with urllib.request.urlopen(request, timeout=DOWNLOAD_WAIT_S) as answer:
            data: bytes = answer.read(DOWNLOAD_LIMIT + 1)
            promised = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        error.close()
        raise InputError(f"{name}: the server answered {error.code} {shown(str(error.reason))}", file=name) from None
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"{name}: could not be downloaded ({shown(str(reason))})", file=name) from None
    if len(data) > DOWNLOAD_LIMIT:
        raise InputError(f"{name}: more than {DOWNLOAD_LIMIT // 10**6} MB; download it and give the file", file=name)
    if promised and promised.isdigit() and len(data) < int(promised):
        raise InputError(f"{name}: the download broke off after {len(data)} of {promised} bytes; try again", file=name)
    if not data:
        raise InputError(f"{name}: the server sent an empty file", file=name)
    return memory_source(name, data, part=part or None)


def _split_part(address: str) -> tuple[Path, str | None]:
    """`book.xlsx#Sheet` is a file and a part, unless a file of that whole name exists."""
    try:
        whole = Path(address).expanduser()
        if "#" not in address or whole.exists():
            return whole, None
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{shown(address)}: not a usable path ({_reason(error)})") from None
    path, _, part = address.rpartition("#")
    return Path(path).expanduser(), part or None


def _folder_sources(folder: Path) -> list[Source]:
    """All table files directly in a folder. Plain .txt files count only where nothing else is there."""
    name = shown(folder.name or str(folder))
    try:
        files = sorted(
            entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith((".", "~$"))
        )
    except PermissionError:
        raise InputError(f"{name}: no permission to list the folder", file=name) from None
    tables = [entry for entry in files if is_table_name(entry.name)]
    tables = tables or [entry for entry in files if entry.suffix.lower() == ".txt" and not is_remark_name(entry.name)]
    if not tables:
        raise InputError(
            f"{name}: the folder holds no table; looked for {', '.join(TABLE_SUFFIXES)} (also packed as "
            f"{', '.join(PACKED_SUFFIXES)}) and found {len(files)} other files; name the file to read",
            file=name,
        )
    return [file_source(entry) for entry in tables]


def is_table_name(name: str) -> bool:
    lowered = name.lower()
    bare = lowered.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")
    return bare.endswith(TABLE_SUFFIXES) or lowered.endswith(PACKED_SUFFIXES)


def is_remark_name(name: str) -> bool:
    """Whether a file is called as those that tell about the others: README.txt, LICENSE, about.txt."""
    return name.lower().startswith(("readme", "read_me", "read me", "info", "about", "licen", "copying", "changelog"))


def tables_among(sources: list[Source]) -> list[Source]:
    """Of several files of one archive those that are called as tables are; all of them where none is."""
    tables = [source for source in sources if is_table_name(source.name)]
    return tables or [source for source in sources if not is_remark_name(source.name)] or sources


def _near_names(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return f" (the folder {shown(path.parent.name)!r} does not exist either)"
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(path.name.lower(), list(by_lower), n=3, cutoff=0.6)
    return "; did you mean " + " or ".join(shown(by_lower[n]) for n in near) + "?" if near else " in its folder"


def _reason(error: Exception) -> str:
    return shown((error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error))
