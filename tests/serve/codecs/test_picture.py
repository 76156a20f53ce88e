"""A picture's bytes become pixels of the declared size, or words that say what is wrong with them."""

from __future__ import annotations

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from traineragent.serve.codecs.picture import BadPicture, from_base64, open_picture, read_pixels


def encoded(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (80, 40)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    return picture.convert(mode)


def test_squash_keeps_all_and_crop_keeps_the_middle() -> None:
    picture = Image.new("RGB", (90, 30), (0, 255, 0))
    picture.paste((255, 0, 0), (0, 0, 20, 30))
    squashed, cropped = (read_pixels(encoded(picture), 30, 30, fit) for fit in ("squash", "crop"))
    assert squashed.shape == cropped.shape == (30, 30, 3)
    assert squashed[15, 0].tolist() == [255, 0, 0]
    assert cropped[15, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_photos_stand_upright(orientation: int) -> None:
    """What the camera stored, read through its orientation, is the picture that was taken."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    picture = halves()
    stored = picture if orientation == 1 else picture.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = read_pixels(encoded(stored, "JPEG", exif=exif, quality=95), 40, 20)
    assert pixels[10, 5, 0] > 200
    assert pixels[10, 35, 2] > 200
    assert pixels[10, 5, 2] < 60


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "1", "I;16", "I", "F", "YCbCr"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    format = {"CMYK": "JPEG", "YCbCr": "JPEG", "F": "TIFF", "I": "TIFF"}.get(mode, "PNG")
    if mode == "I;16":
        picture = Image.fromarray(np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (16, 1)))
    elif mode in ("I", "F"):
        grey = np.tile(np.linspace(0, 255, 64), (16, 1))
        picture = Image.fromarray(grey.astype(np.int32 if mode == "I" else np.float32))
    else:
        picture = Image.linear_gradient("L").rotate(90).convert("RGB").convert(mode)
    pixels = read_pixels(encoded(picture, format), 32, 32)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    assert pixels[16, -1].mean() > 150
    assert pixels[16, 0].mean() < 100


def test_transparent_places_become_white() -> None:
    picture = Image.new("RGBA", (10, 10), (0, 0, 0, 0))
    assert (read_pixels(encoded(picture), 8, 8) == 255).all()
    palette = Image.new("P", (10, 10), 0)
    assert (read_pixels(encoded(palette, "PNG", transparency=0), 8, 8) == 255).all()


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    pixels = read_pixels(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), 4, 4)
    assert pixels[2, 2].tolist() == [255, 0, 0]


def test_a_large_jpeg_gives_what_full_decoding_gives() -> None:
    picture = halves(size=(2400, 1600))
    quick = read_pixels(encoded(picture, "JPEG", quality=95), 64, 64).astype(int)
    exact = np.asarray(picture.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(quick - exact).mean() < 3


def test_too_many_pixels_are_refused_before_decoding() -> None:
    small = encoded(Image.new("1", (10, 10)))
    head = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + small[24:29]
    huge = small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]
    with pytest.raises(BadPicture, match="pixels"):
        open_picture(huge)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...........", "PDF"),
        (b"<svg xmlns='x'></svg>", "SVG"),
        (b"\x00\x00\x00\x18ftypheic....", "HEIC"),
        (bytes(200), "zeros"),
        (b"abc", "3 bytes"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(data: bytes, words: str) -> None:
    with pytest.raises(BadPicture, match=words):
        read_pixels(data, 8, 8)


def test_a_cut_off_picture_is_damaged() -> None:
    data = encoded(halves(size=(300, 200)), "JPEG")
    with pytest.raises(BadPicture, match="damaged"):
        read_pixels(data[: len(data) // 2], 8, 8)


@pytest.mark.parametrize("form", ["{0}", "data:image/png;base64,{0}", " {0}\n"])
def test_base64_is_read_as_clients_write_it(form: str) -> None:
    data = encoded(halves())
    assert from_base64(form.format(base64.b64encode(data).decode())) == data
    assert from_base64(base64.urlsafe_b64encode(data).decode().rstrip("=")) == data


@pytest.mark.parametrize("value", [None, 5, ["x"], "", "  ", "not base64!", "/etc/passwd.", "ünï"])
def test_values_that_are_no_base64_are_refused(value: object) -> None:
    with pytest.raises(BadPicture):
        from_base64(value)
