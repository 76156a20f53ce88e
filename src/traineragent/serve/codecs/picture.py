"""One picture: the bytes of a file in, uint8 pixels of a declared size out; training and serving decode alike.

Knows nothing of files, requests or models. Formats are allow-listed; bytes and pixels are capped before anything is
decoded.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

Fit = Literal["squash", "crop"]
Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")
MOST_BYTES = 60_000_000
MOST_PIXELS = 50_000_000
MOST_JPEG_PIXELS = 170_000_000
"""JPEG may be larger, because it is decoded at an eighth of its size or less."""
ORIENTATION = 0x0112  # EXIF tag
TURNED = (5, 6, 7, 8)  # orientations that swap width and height
WHITE = (255, 255, 255)

for _plugin in ("Avif", "Bmp", "Gif", "Jpeg", "Mpo", "Png", "Ppm", "Tiff", "WebP"):
    import_module(f"PIL.{_plugin}ImagePlugin")  # each enters its format; no others are loaded
warnings.simplefilter("error", Image.DecompressionBombWarning)  # said in our words; nothing so large is ever decoded
warnings.filterwarnings("ignore", module=r"PIL\.")  # damaged metadata of a picture that can be decoded


class BadPicture(Exception):
    """Bytes that are no picture this can take. `expected` and `fix` are words for whoever sent it."""

    def __init__(self, found: str, fix: str = "send the bytes of a JPEG, PNG, WebP, GIF, BMP or TIFF file") -> None:
        super().__init__(found)
        self.found, self.fix = found, fix


def open_picture(data: bytes) -> ImageFile.ImageFile:
    """The picture, not yet decoded. Raises BadPicture for what is no picture or is too large."""
    if not data:
        raise BadPicture("an empty file")
    if len(data) > MOST_BYTES:
        raise BadPicture(f"{len(data) / 1e6:.0f} MB", f"send at most {MOST_BYTES / 1e6:.0f} MB")
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.format == "PNG":  # whose decoder passes over torn data in silence
            Image.open(io.BytesIO(data), formats=("PNG",)).verify()
    except UnidentifiedImageError:
        raise BadPicture(_what_it_is(data)) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_many_pixels("more than 170 million pixels") from None
    except Exception as error:  # noqa: BLE001  decoders raise anything on damaged headers
        raise BadPicture(f"a damaged picture ({_reason(error)})") from None
    width, height = picture.size
    most = MOST_JPEG_PIXELS if picture.format in ("JPEG", "MPO") else MOST_PIXELS
    if width * height > most:
        raise _too_many_pixels(f"{width} x {height} pixels")
    if width < 1 or height < 1:
        raise BadPicture("a picture without pixels")
    return picture


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height of a file's picture as people see it, its orientation heeded. Raises BadPicture, OSError."""
    picture = open_picture(path.read_bytes())
    width, height = picture.size
    return (height, width) if _orientation(picture) in TURNED else (width, height)


def opened_upright(data: bytes, side: int) -> tuple[Pixels, int, int]:
    """(uint8 (side, side, 3), all of the picture squashed; its own width and height, upright). Raises BadPicture."""
    picture = open_picture(data)
    width, height = picture.size
    if _orientation(picture) in TURNED:
        width, height = height, width
    return np.asarray(scaled(picture, side, side)), width, height


def read_pixels(data: bytes, width: int, height: int, fit: Fit = "squash") -> Pixels:
    """The first frame, upright, in RGB on white, at the declared size: uint8 (height, width, 3).

    `fit`: "squash" keeps all of it and changes its shape, "crop" keeps the shape and cuts what sticks out.
    Raises BadPicture."""
    return np.asarray(scaled(open_picture(data), width, height, fit))


def scaled(picture: ImageFile.ImageFile, width: int, height: int, fit: Fit = "squash") -> Image.Image:
    """An opened picture, decoded and brought to a size. Raises BadPicture where its content is damaged."""
    orientation = _orientation(picture)
    turned = orientation in TURNED
    asked = (height, width) if turned else (width, height)
    share = max(asked[0] / picture.size[0], asked[1] / picture.size[1])
    if fit == "crop" and share < 1:
        picture.draft(None, (max(1, int(picture.size[0] * share)), max(1, int(picture.size[1] * share))))
    elif fit == "squash":
        picture.draft(None, asked)
    try:
        picture.load()
        flat = rgb(picture)
    except Exception as error:  # noqa: BLE001  decoders raise anything on damaged content
        raise BadPicture(f"a damaged picture ({_reason(error)})", "send the whole, undamaged file") from None
    small = flat.resize(asked, Image.Resampling.BILINEAR, _box(flat.size, asked, fit), reducing_gap=3.0)
    return _upright(small, orientation)


def rgb(picture: Image.Image) -> Image.Image:
    """In RGB: transparency on white, 16 bits and fractions brought to 8, CMYK and palettes resolved."""
    if picture.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        return Image.fromarray(_eight_bits(np.asarray(picture, dtype=np.float64))).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", layer.size, WHITE)
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def from_base64(value: Any) -> bytes:
    """The bytes of a picture as JSON carries them, with or without "data:image/...;base64,". Raises BadPicture."""
    if not isinstance(value, str):
        raise BadPicture(f"a value of type {type(value).__name__}", "send the file as one base64 string")
    text = value.partition(",")[2] if value[:5].lower() == "data:" else value
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise BadPicture(f"{len(text) / 1.33e6:.0f} MB", f"send at most {MOST_BYTES / 1e6:.0f} MB")
    try:
        return base64.b64decode(text if text.isascii() else "", validate=True) or _not_base64(text)
    except (binascii.Error, ValueError):
        return _not_base64(text)


def _not_base64(text: str) -> bytes:
    """Base64 with line breaks or of the kind for addresses is read too. Raises BadPicture for what is none."""
    plain = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        shown = "an empty text" if not text.strip() else f"text that is not base64 ({text[:20]!r})"
        raise BadPicture(shown, "send the bytes of the picture file, encoded as base64")
    return data


def _eight_bits(values: NDArray[np.float64]) -> Pixels:
    """Grey levels of any range as 8 bits: whole numbers by the bits they need, fractions by their own range."""
    values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    whole = low >= 0 and high > 1 and bool((values == np.round(values)).all())
    if not whole:
        return np.asarray(255.0 * (values - low) / max(high - low, 1e-12)).astype(np.uint8)
    most = next((bits for bits in (8, 10, 12, 14, 16) if high < 2**bits), 32)
    return np.asarray(values * (255.0 / (2.0**most - 1.0))).astype(np.uint8)


def _box(size: tuple[int, int], asked: tuple[int, int], fit: Fit) -> tuple[float, float, float, float] | None:
    """The part of the picture that is shown, left, upper, right and lower; None for all of it."""
    if fit == "squash":
        return None
    share = max(asked[0] / size[0], asked[1] / size[1])
    across, down = asked[0] / share, asked[1] / share
    left, upper = max((size[0] - across) / 2, 0.0), max((size[1] - down) / 2, 0.0)  # rounding goes below 0
    return (left, upper, min(left + across, size[0]), min(upper + down, size[1]))


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001  damaged metadata says nothing about the picture
        return 1


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _too_many_pixels(found: str) -> BadPicture:
    return BadPicture(found, "send a smaller picture; a million pixels are plenty")


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:100]


def _what_it_is(data: bytes) -> str:
    """What bytes look like that are no picture of a known format."""
    head = data[:512].lstrip()
    kinds = (
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip file"),
        (b"<svg", "an SVG drawing"),
        (b"<?xml", "an XML or SVG document"),
        (b"<", "a web page or XML document"),
        (b"{", "JSON text"),
    )
    for magic, words in kinds:
        if head.startswith(magic):
            return words
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        return "a HEIC picture, a format that cannot be read here"
    if len(data) < 12:
        return f"{len(data)} bytes that are no picture"
    if not any(data[:64]):
        return "zeros instead of a picture"
    return "a file of no known picture format"
