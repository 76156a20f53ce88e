"""Copies of a picture are found, pictures that are only of one kind are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from traineragent.data.likeness import alike
from traineragent.data.pictures import look_at, thumbnails

from .painted import encoded, painted, write


def numbers(folder: Path, pictures: dict[str, bytes]) -> dict[str, int]:
    paths = [write(folder / name, content) for name, content in pictures.items()]
    seen = look_at(paths)
    return dict(zip(pictures, alike(thumbnails(seen), [s.sha256 for s in seen]).tolist(), strict=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.resize((p.width * 2, p.height * 2)),
        lambda p: Image.open(__import__("io").BytesIO(encoded(p, "JPEG", quality=60))),
        lambda p: ImageEnhance.Brightness(p).enhance(1.08),
        ImageOps.mirror,
        lambda p: p.convert("L"),
    ],
)
def test_a_changed_copy_is_tied_to_its_picture(tmp_path: Path, change: object) -> None:
    picture = painted("stripes", 4, (120, 90))
    found = numbers(tmp_path, {"a.png": encoded(picture), "b.png": encoded(change(picture))})  # type: ignore[operator]
    assert found["a.png"] == found["b.png"]


def test_other_pictures_of_the_same_kind_stay_apart(tmp_path: Path) -> None:
    found = numbers(tmp_path, {f"{i}.png": encoded(painted("disc", i, (120, 90))) for i in range(40)})
    assert len(set(found.values())) == 40


def test_flat_pictures_are_no_copies_of_one_another() -> None:
    thumbs = np.full((5, 16, 16), 128, dtype=np.uint8) + np.arange(5, dtype=np.uint8)[:, None, None]
    assert len(set(alike(thumbs, list("abcde")).tolist())) == 5


def test_many_pictures_are_compared_by_bands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("traineragent.data.likeness.ALL_PAIRS", 10)
    pictures = {f"{i}.png": encoded(painted("disc", i, (120, 90))) for i in range(30)}
    pictures["copy.jpg"] = encoded(painted("disc", 7, (120, 90)), "JPEG")
    found = numbers(tmp_path, pictures)
    assert found["copy.jpg"] == found["7.png"]
    assert len(set(found.values())) == 30


@pytest.mark.shared
def test_handwritten_digits_are_not_taken_for_copies(shared_data: Path) -> None:
    seen = look_at(sorted((shared_data / "image_gen" / "mnist_png" / "images").rglob("*.png"))[:300])
    found = alike(thumbnails(seen), [s.sha256 for s in seen])
    assert len(np.unique(found)) >= 299
