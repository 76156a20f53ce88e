"""Small pictures of coloured shapes with phrases and boxes, for tests of finding things by words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from traineragent.data.grounding.phrasing import phrases_for
from traineragent.engine.grounding.phraseset import PhraseSet
from traineragent.engine.grounding.words import learned_words, reading_of

COLOURS = {"red": (210, 40, 40), "blue": (40, 70, 210), "green": (40, 160, 60)}
SHAPES = ("circle", "square", "triangle")
SIDE = 64


def drawn(rng: np.random.Generator, side: int = 128) -> tuple[Image.Image, list[tuple[str, list[float]]]]:
    """A picture of two to five shapes that do not overlap, and (label, box in pixels) of each."""
    picture = Image.new("RGB", (side, side), tuple(int(v) for v in rng.integers(200, 250, 3)))
    pen, things = ImageDraw.Draw(picture), []
    for _ in range(int(rng.integers(2, 6))):
        size = float(rng.uniform(0.16, 0.34) * side)
        for _ in range(30):
            left, top = rng.uniform(2, side - size - 2, 2)
            box = [float(left), float(top), float(left) + size, float(top) + size]
            if all(box[2] < b[0] or b[2] < box[0] or box[3] < b[1] or b[3] < box[1] for _, b in things):
                colour, shape = str(rng.choice(list(COLOURS))), str(rng.choice(SHAPES))
                _draw(pen, shape, box, COLOURS[colour])
                things.append((f"{colour} {shape}", box))
                break
    return picture, things


def _draw(pen: Any, shape: str, box: list[float], colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    if shape == "circle":
        pen.ellipse(box, fill=colour)
    elif shape == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon([((left + right) / 2, top), (right, bottom), (left, bottom)], fill=colour)


def write_shapes(folder: Path, pictures: int = 40, seed: int = 0, side: int = 128, most: int = 4) -> Path:
    """A folder of pictures and phrases.jsonl, at most `most` phrases a picture."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    with (folder / "phrases.jsonl").open("w", encoding="utf-8") as file:
        for number in range(pictures):
            picture, things = drawn(rng, side)
            name = f"images/{number:04d}.png"
            picture.save(folder / name)
            boxes = np.array([b for _, b in things])
            made = phrases_for([label for label, _ in things], boxes / side, rng)
            for i in rng.permutation(len(made))[:most].tolist():
                phrase, place = made[i]
                record = {"image": name, "phrase": phrase, "box": [round(v, 1) for v in things[place][1]]}
                file.write(json.dumps(record) + "\n")
    return folder


def phrase_set(pictures: int = 20, seed: int = 0, side: int = SIDE) -> PhraseSet:
    """Pictures of shapes as models learn from them; a quarter is kept back."""
    rng = np.random.default_rng(seed)
    pixels, said, of, boxes = [], [], [], []
    for number in range(pictures):
        picture, things = drawn(rng, side)
        pixels.append(np.asarray(picture))
        true = np.array([b for _, b in things]) / side
        for phrase, place in phrases_for([label for label, _ in things], true, rng)[:4]:
            said.append(phrase)
            of.append(number)
            boxes.append(true[place])
    held = np.arange(pictures) < pictures // 4
    reading = reading_of(said)
    return PhraseSet(
        np.stack(pixels), held, tuple(said), np.array(of), np.array(boxes, np.float32), reading,
        learned_words(said, reading["known"]),
    )  # fmt: skip
