"""The character encoding of a text file, decided over all of its bytes: UTF-8 first, then marks, then statistics.

Knows nothing of tables. A wrong guess is worse than an error, so unlikely text is refused with its place.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from charset_normalizer import from_bytes

from traineragent.data.sources import Source
from traineragent.errors import InputError

BLOCK = 1 << 22
SAMPLE_LINES = 4_000
REPLACED_LIMIT = 100
"""So many broken places in a file that is otherwise UTF-8 are replaced and named; more make it another encoding."""
EAST_ASIAN = ("gb18030", "cp932", "big5", "cp949", "euc_jp")
EIGHT_BIT = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp1255", "cp1256", "cp1257", "latin_1")
NAMES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32", "cp1252": "Windows-1252", "cp1250": "Windows-1250", "cp1251": "Windows-1251",
    "cp1253": "Windows-1253", "cp1254": "Windows-1254", "cp1255": "Windows-1255", "cp1256": "Windows-1256",
    "cp1257": "Windows-1257", "latin_1": "Latin-1", "gb18030": "GB18030", "cp932": "Shift-JIS", "big5": "Big5",
    "cp949": "EUC-KR", "euc_jp": "EUC-JP", "koi8_r": "KOI8-R",
}  # fmt: skip
CONTROL = re.compile("[\x00\x02-\x08\x0b\x0c\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")
MAGIC = (
    (b"\x89PNG", "a PNG picture"), (b"\xff\xd8\xff", "a JPEG picture"), (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"), (b"\x7fELF", "a program (ELF)"), (b"MZ", "a Windows program"),
    (b"7z\xbc\xaf", "a 7-Zip archive"), (b"Rar!", "a RAR archive"), (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"), (b"\x80\x04", "a Python pickle"), (b"\x80\x05", "a Python pickle"),
    (b"SQLite format 3", "an SQLite database"), (b"\xca\xfe\xba\xbe", "a program"), (b"OggS", "an Ogg sound file"),
    (b"ID3", "an MP3 sound file"), (b"RIFF", "a RIFF media file"), (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"), (b"\x28\xb5\x2f\xfd", "a Zstandard archive"), (b"ARROW1", "an Arrow/Feather file"),
    (b"ORC", "an ORC file"), (b"Obj\x01", "an Avro file"), (b"\x00asm", "a WebAssembly module"),
    (b"\x00\x00\x01\x00", "an icon"), (b"BM", "a BMP picture"), (b"wOF", "a font"), (b"RDX", "an R data file"),
)  # fmt: skip
MARKUP = (
    (b"<!doctype html", "a web page (HTML)"), (b"<html", "a web page (HTML)"), (b"<?xml", "an XML document"),
    (b"@relation", "an ARFF file"), (b"{\\rtf", "a rich text document"), (b"%!ps", "a PostScript document"),
)  # fmt: skip
TEXT_MAGIC = (b"MZ", b"BM", b"ORC", b"ID3", b"RDX", b"RIFF", b"Rar!", b"OggS", b"ARROW1", b"wOF", b"GIF8")
"""Letters a table may begin with: they count only where control bytes follow."""


@dataclass(frozen=True)
class Encoding:
    """`codec` decodes the file with `errors`; `label` is for people; `broken_lines` had bytes that were replaced."""

    codec: str
    label: str
    errors: str = "strict"
    broken_lines: tuple[int, ...] = ()
    crlf: int = 0
    cr: int = 0
    lf: int = 0


def binary_kind(head: bytes) -> str | None:
    """What a file that is no text is, by its first bytes; None if it may be text."""
    for magic, kind in MAGIC:
        if head.startswith(magic) and (magic not in TEXT_MAGIC or re.search(rb"[\x00\x02-\x08\x0e-\x1a]", head[:512])):
            return kind
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:64].lower()
    for mark, kind in MARKUP:
        if start.startswith(mark):
            return kind
    if head[4:8] == b"ftyp":
        return "an MP4 or HEIC media file"
    return None


def detect_encoding(source: Source) -> Encoding:
    """Decide the encoding of all of `source`. Raises InputError naming the file and the line."""
    head = source.head(4096)
    if kind := binary_kind(head):
        raise InputError(f"{source.name}: expected a table, found {kind}; {ASK}", file=source.name)
    codec = _marked(head)
    if codec is not None:
        return _checked(source, codec)
    scan = _Utf8Scan()
    with source.open() as stream:
        while block := stream.read(BLOCK):
            scan.feed(block)
    scan.finish()
    if scan.nulls > 0:
        raise InputError(
            f"{source.name}: expected a table as text, found binary data (a zero byte in line {scan.null_line}); {ASK}",
            file=source.name, row=scan.null_line,
        )  # fmt: skip
    newlines = (scan.crlf, scan.cr - scan.crlf, scan.lf - scan.crlf)
    if scan.bad == 0:
        _refuse_control(source, scan.control, scan.bytes, scan.control_line)
        return Encoding("utf-8", "UTF-8", "strict", (), *newlines)
    if scan.bad <= REPLACED_LIMIT and scan.good >= 20 * scan.bad:
        return Encoding("utf-8", "UTF-8", "replace", tuple(scan.bad_lines), *newlines)
    guessed = _guess(source, b"\n".join(scan.sample))
    return _checked(source, guessed)


ASK = "give a CSV, TSV, Excel (.xlsx), Parquet or JSON lines file"


def _marked(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2], head[1::2]  # text of the West in UTF-16 without a mark: every other byte is zero
    if len(head) >= 4 and odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if len(head) >= 4 and even.count(0) > 0.6 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


class _Utf8Scan:
    """One pass over the bytes: broken UTF-8 with lines, zero and control bytes, kinds of line ends, a sample of
    the lines that are not ASCII."""

    def __init__(self) -> None:
        self.bytes = self.good = self.bad = self.nulls = self.null_line = self.control = self.control_line = 0
        self.crlf = self.cr = self.lf = 0
        self.bad_lines: list[int] = []
        self.sample: list[bytes] = []
        self._rest = b""
        self._line = 1

    def feed(self, block: bytes) -> None:
        data = self._rest + block
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1 or len(data) - 4
        data, self._rest = data[:cut], data[cut:]
        self._take(data)

    def finish(self) -> None:
        self._take(self._rest)
        self._rest = b""

    def _take(self, data: bytes) -> None:
        self.bytes += len(data)
        self.crlf += data.count(b"\r\n")
        self.cr += data.count(b"\r")
        if 0 in data:
            self.nulls += data.count(0)
            self.null_line = self.null_line or self._line + data.count(b"\n", 0, data.index(0))
        stray = data.translate(None, delete=bytes(set(range(256)) - set(range(2, 9)) - set(range(14, 27)) - {127}))
        if stray:
            self.control += len(stray)
            self.control_line = self.control_line or self._line + data.count(b"\n", 0, data.index(stray[:1]))
        if not data.isascii():
            self._check(data)
        lines = data.count(b"\n")
        self.lf += lines
        self._line += lines

    def _check(self, data: bytes) -> None:
        try:
            data.decode()
            self.good += len(data) - len(data.translate(None, delete=bytes(range(128, 256))))
            self._keep(data, 50)
            return
        except UnicodeDecodeError:
            pass
        self._keep(data, SAMPLE_LINES)
        for offset, line in enumerate(data.split(b"\n")):
            if line.isascii():
                continue
            broken = line.decode(errors="replace").count("�") - line.count("�".encode())
            self.bad += broken
            self.good += len(re.findall(rb"[\xc3-\xf4][\x80-\xbf]+", line)) if broken == 0 else 0
            if broken and len(self.bad_lines) < REPLACED_LIMIT:
                self.bad_lines.append(self._line + offset)

    def _keep(self, data: bytes, limit: int) -> None:
        if len(self.sample) < SAMPLE_LINES:
            lines = [line[:2000] for line in data.split(b"\n") if not line.isascii()]
            self.sample.extend(lines[: min(limit, SAMPLE_LINES - len(self.sample))])


def _refuse_control(source: Source, control: int, total: int, line: int) -> None:
    if control > max(2, total // 1000):
        raise InputError(
            f"{source.name}: expected a table as text, found binary data (control bytes, first in line {line}); {ASK}",
            file=source.name, row=line,
        )  # fmt: skip


def _guess(source: Source, sample: bytes) -> str:
    """The likeliest codec of the lines that are not UTF-8."""
    fitting = [codec for codec in EAST_ASIAN if _common_share(sample, codec) > 0.85]
    if fitting:
        return max(fitting, key=lambda codec: _common_share(sample, codec))
    fitting = [codec for codec in EIGHT_BIT if _eight_bit_score(sample, codec) > 0]
    if not fitting:
        line = sample.split(b"\n", 1)[0]
        raise InputError(
            f"{source.name}: the encoding could not be recognised (near bytes {line[:24].hex(' ')}); "
            "save the file as UTF-8",
            file=source.name,
        )
    if _eight_bit_score(sample, "cp1252") >= 0.9:
        return "cp1252"
    ranked = from_bytes(sample, cp_isolation=fitting)
    best = ranked.best()
    if best is not None and best.encoding in fitting:
        return best.encoding
    return max(fitting, key=lambda codec: _eight_bit_score(sample, codec))


COMMON_EAST = {
    "gb18030": re.compile(rb"[\xa1-\xa3][\xa1-\xfe]|[\xb0-\xd7][\xa1-\xfe]"),  # punctuation and the 3,755 usual hanzi
    "big5": re.compile(rb"[\xa1-\xa3][\x40-\x7e\xa1-\xfe]|[\xa4-\xc6][\x40-\x7e\xa1-\xfe]"),
    "cp932": re.compile(rb"\x81[\x40-\xfc]|\x82[\x4f-\xf1]|\x83[\x40-\x96]|[\x88-\x97][\x40-\xfc]"),
    "cp949": re.compile(rb"\xa1[\xa1-\xfe]|[\xb0-\xc8][\xa1-\xfe]"),
    "euc_jp": re.compile(rb"[\xa1-\xa5][\xa1-\xfe]|[\xb0-\xcf][\xa1-\xfe]"),
}
KANA = {"cp932": re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]"), "euc_jp": re.compile(rb"[\xa4\xa5][\xa1-\xf6]")}


def _common_share(sample: bytes, codec: str) -> float:
    """Share of the non-ASCII bytes that belong to usual characters of an East Asian codec; 0 if it cannot decode."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    if CONTROL.search(text) or sum(map(len, COMMON_EAST[codec].findall(sample))) < 8:
        return 0.0
    high = len(sample) - len(sample.translate(None, delete=bytes(range(128, 256))))
    pairs = COMMON_EAST[codec].findall(sample)
    covered = sum(sum(byte > 127 for byte in pair) for pair in pairs)
    share = min(1.0, covered / max(1, high))
    runs = re.findall(rb"[\x80-\xff]{4,}", sample)
    if codec in ("gb18030", "cp949", "euc_jp") and sum(map(len, runs)) < 0.5 * high:
        return 0.0  # these scripts write in runs; single accented letters among ASCII are the West
    if codec in KANA and not KANA[codec].search(sample):
        share *= 0.8
    elif codec in KANA:
        share += 0.1
    return share + (0.2 if codec == "cp949" and _hangul_share(text) > 0.95 else 0.0)


def _hangul_share(text: str) -> float:
    wide = [c for c in text if ord(c) > 0x2000]
    return sum("가" <= c <= "힣" for c in wide) / max(1, len(wide))


WEST = set("àâäáãåæçéèêëíìîïñóòôöõøœúùûüýÿßÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŸ€£¥§©®°²³µ·¼½¾¿¡«»–—‘’“”„…•‰™\xa0ºª±´`¨×÷†¢")


def _eight_bit_score(sample: bytes, codec: str) -> float:
    """Share of plausible characters among the non-ASCII ones; 0 if it cannot decode or gives control characters."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    if CONTROL.search(text):
        return 0.0
    high = [c for c in text if c > "\x7f"]
    if codec != "cp1252":
        return sum(c.isalpha() or c in WEST for c in high) / max(1, len(high))
    good = sum(c in WEST for c in high)
    crowded = sum(map(len, re.findall(r"[À-ÿ]{3,}", text)))  # three accented letters in a row: not the West
    return (good - crowded) / max(1, len(high))


def _checked(source: Source, codec: str) -> Encoding:
    """Decode all of `source` with `codec`, counting line ends."""
    decoder = codecs.getincrementaldecoder(codec)()
    line, control, total, crlf, cr, lf, control_line = 1, 0, 0, 0, 0, 0, 0
    last = ""
    try:
        for block in _blocks(source):
            text = decoder.decode(block, final=not block)
            if (found := CONTROL.search(text)) is not None:
                control += len(CONTROL.findall(text))
                control_line = control_line or line + text.count("\n", 0, found.start())
            total += len(text)
            crlf += text.count("\r\n") + (last == "\r" and text.startswith("\n"))
            cr, lf, line = cr + text.count("\r"), lf + text.count("\n"), line + text.count("\n")
            last = text[-1:] or last
    except (UnicodeDecodeError, UnicodeError) as error:
        raise InputError(
            f"{source.name}: the text is not valid {NAMES.get(codec, codec)} near line {line} "
            f"({getattr(error, 'reason', error)}); save the file as UTF-8",
            file=source.name, row=line,
        ) from None  # fmt: skip
    _refuse_control(source, control, total, control_line)
    return Encoding(codec, NAMES.get(codec, codec), crlf=crlf, cr=cr - crlf, lf=lf - crlf)


def _blocks(source: Source) -> Iterator[bytes]:
    with source.open() as stream:
        while block := stream.read(BLOCK):
            yield block
    yield b""


def open_text(source: Source, encoding: Encoding) -> io.TextIOWrapper:
    """The decoded text of a source, line ends untouched."""
    stream: BinaryIO = source.open()
    return io.TextIOWrapper(stream, encoding=encoding.codec, errors=encoding.errors, newline="")
