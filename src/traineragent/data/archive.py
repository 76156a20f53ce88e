"""Compressed files and archives as sources: bytes are counted while reading, never trusted from a header.

Knows nothing of tables. Names inside an archive are data and never become paths.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from traineragent.data.sources import Source, file_source, shown
from traineragent.errors import InputError
from traineragent.store.files import out_of_room

UNPACKED_LIMIT = 20_000_000_000
"""Bytes one compressed stream may unpack to; it is streamed, so this guards time more than memory."""
ARCHIVE_LIMIT = 4_000_000_000
"""Bytes all members of one zip archive may unpack to together."""
RATIO_LIMIT = 400
"""A zip that unpacks to more than this many times its size (deflate's own limit is 1,032) is a bomb, unless small."""
RATIO_FREE = 200_000_000
MEMBER_LIMIT = 2_000
PICTURE_LIMIT = 500_000
"""Members of an archive that is unpacked onto the disk."""
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, OSError, zipfile.BadZipFile, ValueError)

STREAMS: dict[bytes, tuple[str, Callable[[BinaryIO], BinaryIO]]] = {
    b"\x1f\x8b": ("gzip", lambda raw: cast(BinaryIO, gzip.GzipFile(fileobj=raw))),
    b"BZh": ("bzip2", lambda raw: cast(BinaryIO, bz2.BZ2File(raw))),
    b"\xfd7zXZ\x00": ("xz", lambda raw: cast(BinaryIO, lzma.LZMAFile(raw))),  # noqa: SIM115  closed by CountedStream
}


class CountedStream(io.RawIOBase):
    """A decompressed stream that stops at `limit` bytes and turns damage into InputError."""

    def __init__(self, stream: BinaryIO, under: BinaryIO | zipfile.ZipFile, name: str, how: str, limit: int) -> None:
        self._stream, self._under, self._name, self._how, self._limit = stream, under, name, how, limit
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub's Buffer has no len
        try:
            data = self._stream.read(len(buffer))
        except BROKEN as error:
            raise InputError(
                f"{self._name}: the {self._how} data is damaged or cut off after {self._seen:,} bytes "
                f"({shown(str(error))}); fetch or pack the file again",
                file=self._name,
            ) from None
        self._seen += len(data)
        if self._seen > self._limit:
            raise InputError(
                f"{self._name}: unpacks to more than {self._limit // 10**6:,} MB; unpack it and give a smaller table",
                file=self._name,
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._under.close()
        super().close()


def unpack(source: Source) -> list[Source]:
    """The sources inside `source`: itself if it is not packed, the stream of a .gz/.bz2/.xz, the members of a .zip.

    An Excel workbook is a zip file too and is left alone. Raises InputError on damage, bombs and unsafe members."""
    head = source.head(8)
    for magic, (how, opener) in STREAMS.items():
        if head.startswith(magic):
            return [_unpacked_stream(source, how, opener)]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _unpacked_zip(source)
    return [source]


def _unpacked_stream(source: Source, how: str, opener: Callable[[BinaryIO], BinaryIO]) -> Source:
    def fresh() -> BinaryIO:
        raw = source.open()
        counted = CountedStream(opener(raw), raw, source.name, how, UNPACKED_LIMIT)
        return cast(BinaryIO, io.BufferedReader(counted, 1 << 20))

    inner = Source(source.name, fresh, None, how, source.part)
    if not inner.head(1):
        raise InputError(f"{source.name}: the {how} file is empty inside", file=source.name)
    return inner


def _unpacked_zip(source: Source) -> list[Source]:
    try:
        archive = zipfile.ZipFile(source.open())
    except BROKEN as error:
        raise InputError(
            f"{source.name}: it is a ZIP archive (or an Excel workbook) and damaged ({shown(str(error))})",
            file=source.name,
        ) from None
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if any(member.filename == "[Content_Types].xml" for member in members):
            count_members(source, archive, members)
            return [source]
        _refuse_unsafe(source, members, MEMBER_LIMIT)
        wanted = [member for member in members if not _is_chaff(member.filename)]
        if source.part is not None:
            wanted = _named_member(source, wanted)
        if not wanted:
            raise InputError(f"{source.name}: the ZIP archive holds no file", file=source.name)
        count_members(source, archive, wanted)
    return [_member_source(source, member) for member in wanted]


def _named_member(source: Source, members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    found = [m for m in members if source.part in (m.filename, PurePosixPath(m.filename).name)]
    if not found:
        names = ", ".join(shown(PurePosixPath(m.filename).name) for m in members[:8])
        raise InputError(f"{source.name}: holds no {shown(source.part or '')!r}; it holds {names}", file=source.name)
    return found


def unpacked_below(path: Path, work: Path | None) -> Path:
    """An archive of pictures as a folder below `work`, unpacked again only when it changed. Raises InputError."""
    if work is None:
        raise InputError(f"{shown(path.name)}: unpack the archive and give the folder", file=shown(path.name))
    state = path.stat()
    digest = hashlib.sha256(f"{path.absolute()}{state.st_size}{state.st_mtime_ns}".encode()).hexdigest()[:12]
    folder = work / f"{path.stem}-{digest}"
    if not folder.is_dir():
        unpack_zip(file_source(path), folder)
    return folder


def unpack_zip(source: Source, folder: Path) -> None:
    """Unpacks an archive of pictures into `folder`, all or nothing, under the same rules. Raises InputError."""
    try:
        archive = zipfile.ZipFile(source.open())
    except BROKEN as error:
        raise InputError(f"{source.name}: a damaged ZIP archive ({shown(str(error))})", file=source.name) from None
    draft = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    with archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _is_chaff(m.filename)]
        _refuse_unsafe(source, members, PICTURE_LIMIT)
        count_members(source, archive, members)
        for member in members:
            _unpack_member(source, archive, member, draft)
    draft.rename(folder)


def _unpack_member(source: Source, archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    path = folder / member.filename.replace("\\", "/")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, path.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except OSError as error:
        if out_of_room(error, folder.parent):
            raise
        raise InputError(
            f"{source.name}: {shown(member.filename)!r} inside it cannot be a file here ({error.strerror}); "
            "rename it and pack the archive again",
            file=source.name,
        ) from None


def _refuse_unsafe(source: Source, members: list[zipfile.ZipInfo], most: int) -> None:
    def refuse(what: str) -> InputError:
        return InputError(f"{source.name}: the ZIP archive {what}; pack it again", file=source.name)

    if len(members) > most:
        raise refuse(f"holds {len(members):,} files, at most {most:,} are read")
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or name[1:2] == ":" or "\x00" in name:
            raise refuse(f"names a file outside itself ({shown(name)!r})")
        if (member.external_attr >> 16) & 0o170000 == 0o120000:
            raise refuse(f"holds a link ({shown(name)!r})")
        if name.casefold() in seen:
            raise refuse(f"holds two files called {shown(name)!r}")
        seen.add(name.casefold())
        if member.flag_bits & 0x1:
            raise InputError(
                f"{source.name}: the ZIP archive is protected by a password; unpack it and give the table inside",
                file=source.name,
            )
    _refuse_overlaps(members, refuse)


def _refuse_overlaps(members: list[zipfile.ZipInfo], refuse: Callable[[str], InputError]) -> None:
    """Entries that share bytes are how a small archive unpacks to a huge one."""
    end = -1
    for member in sorted(members, key=lambda m: m.header_offset):
        if member.header_offset < end:
            raise refuse("has entries that overlap, as zip bombs do")
        end = member.header_offset + 30 + len(member.orig_filename.encode("utf-8", "replace")) + member.compress_size


def count_members(source: Source, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Read every member once, counting: raises InputError for a bomb, a damaged entry or a wrong checksum."""
    total = 0
    for member in members:
        seen = 0
        try:
            with archive.open(member) as stream:
                while data := stream.read(1 << 20):
                    seen += len(data)
                    total += len(data)
                    if total > ARCHIVE_LIMIT or (total > RATIO_FREE and total > RATIO_LIMIT * (source.size or total)):
                        raise InputError(
                            f"{source.name}: {source.size or 0:,} bytes unpack to more than {total // 10**6:,} MB, "
                            "as a zip bomb does; unpack it yourself if it is genuine",
                            file=source.name,
                        )
        except (*BROKEN, NotImplementedError, RuntimeError) as error:
            raise InputError(
                f"{source.name}: {shown(PurePosixPath(member.filename).name)} inside it is damaged or cut off after "
                f"{seen:,} bytes ({shown(str(error))})",
                file=source.name,
            ) from None


def _member_source(source: Source, member: zipfile.ZipInfo) -> Source:
    def fresh() -> BinaryIO:
        raw = source.open()
        archive = zipfile.ZipFile(raw)
        counted = CountedStream(cast(BinaryIO, archive.open(member)), raw, source.name, "zip", ARCHIVE_LIMIT)
        return cast(BinaryIO, io.BufferedReader(counted, 1 << 20))

    return Source(shown(PurePosixPath(member.filename).name), fresh, None, "zip")


def _is_chaff(name: str) -> bool:
    """Files that tools add beside the data."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name.startswith(".") or path.name.lower() in ("thumbs.db", "desktop.ini")
