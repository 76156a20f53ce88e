"""What phrases teach at each place of a picture: where their things are, and where they surely are not.

Most data name some things of a picture and not all: then nothing is known of what was never named. But "the leftmost
king" says that no king lies further left, and "the king" that there is no other; what is called a queen is no king.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ..engine.grounding.phraseset import PhraseSet
from ..serve.codecs.prompts import folded
from ..serve.grounding.phrases import Thing
from ..serve.grounding.scene import KEYS, iou
from ._grid_views import View, boxes_of

Floats = NDArray[np.float32]
Words = tuple[str, ...]
STRIDES = (8, 16, 32)
SIZES = ((0.0, 88.0), (44.0, 200.0), (110.0, np.inf))  # pixels of the things that each grid finds
SMALL, FEW_SMALL = 40.0, 0.03  # pixels of things that need the finest grid, and the share of them that is not heeded
CORE = 0.25  # of a thing's width and height, around its middle, that find it
ONE_THING = 0.7  # overlap of boxes that are of one thing
UNNAMED = 0.2  # weight of places of which nothing was said
ABSENT = 0.5  # weight of places of a picture in which a word was never said
AROUND = 0.25  # weight of places inside of a thing but not in its core
EXPECTED = 3.0  # times that two words would meet by chance, from which never meeting means that they exclude each other
POSITIONS = ("left", "right", "top", "bottom")


@dataclass
class Named:
    """A thing of a picture with all that was said of it."""

    box: Floats
    words: set[str] = field(default_factory=set)


@dataclass
class Lesson:
    """What one picture teaches of some words. `boxes`: places in `Scene.things`; `alone`: there are no others;
    `ends`: (end, thing) where none lies further. `phrase`: as it stands, with places."""

    words: Words
    things: set[int] = field(default_factory=set)
    alone: bool = False
    ends: list[tuple[str, int]] = field(default_factory=list)
    phrase: bool = False


@dataclass
class Scene:
    """A picture's things and lessons."""

    things: list[Named] = field(default_factory=list)
    lessons: list[Lesson] = field(default_factory=list)
    phrases: list[Lesson] = field(default_factory=list)

    @property
    def anything(self) -> Lesson:
        """All things of it, whatever they are called."""
        return Lesson((), set(range(len(self.things))))


@dataclass(frozen=True)
class Marks:
    """A lesson on the places of a view: `thing` int (cells,) that each finds, -1 for none; `weight` (cells,) of what
    is said; `boxes` (things, 4)."""

    thing: NDArray[np.int64]
    weight: Floats
    boxes: Floats


class Course:
    """All lessons of some pictures, and which words exclude one another."""

    def __init__(self, phrases: PhraseSet, pictures: NDArray[np.int64], mirrored: Mapping[str, str]) -> None:
        self.mirrored = mirrored
        self.finest = finest_of(phrases)
        self.scenes: dict[int, Scene] = {int(p): Scene() for p in pictures}
        for thing, phrase, of, box in zip(phrases.things, phrases.phrases, phrases.of, phrases.boxes, strict=True):
            scene = self.scenes.get(int(of))
            if scene is not None:
                _enter(scene, thing, folded(phrase), box)
        self._count()
        for scene in self.scenes.values():
            for lesson in scene.lessons:
                lesson.things |= {i for i, t in enumerate(scene.things) if {*lesson.words} <= t.words}
            scene.lessons = [one for one in scene.lessons if one.words]
        heads = Counter(lesson.words for s in self.scenes.values() for lesson in s.lessons)
        self.heads: tuple[Words, ...] = tuple(heads)
        self._often = np.array([heads[h] for h in self.heads], dtype=np.float64)

    def _count(self) -> None:
        """How often words are said, and said of one thing."""
        self._said: Counter[str] = Counter()
        self._together: Counter[tuple[str, str]] = Counter()
        self._things = 0
        for scene in self.scenes.values():
            for thing in scene.things:
                self._things += bool(thing.words)
                self._said.update(thing.words)
                self._together.update(product(thing.words, thing.words))

    def excludes(self, words: Sequence[str], thing: Named) -> bool:
        """Whether what was said of a thing makes it none of what the words mean."""
        return any(
            a not in thing.words
            and self._together[a, b] == 0
            and self._said[a] * self._said[b] / max(self._things, 1) >= EXPECTED
            for a, b in product(words, thing.words)
        )

    def absent(self, scene: Scene, rng: np.random.Generator) -> Lesson | None:
        """Words of other pictures that were not said of this one, the frequent ones rather."""
        if not self.heads:
            return None
        for place in rng.choice(len(self.heads), 4, p=self._often / self._often.sum()):
            words = self.heads[int(place)]
            said = any({*words} <= t.words for t in scene.things)
            if not said and all(self.excludes(words, t) or not t.words for t in scene.things):
                return Lesson(words)
        return None

    def marks(self, scene: Scene, lesson: Lesson, view: View, side: int) -> Marks:
        """The lesson on the cells of a view."""
        cells = Cells.of(side, self.finest)
        all_boxes = np.array([t.box for t in scene.things], np.float32).reshape(-1, 4)
        boxes, visible = boxes_of(view, all_boxes)
        taught = bool(lesson.things)
        base = (1.0 if lesson.alone or lesson.phrase else UNNAMED) if taught else ABSENT
        weight = np.full(len(cells.x), base, np.float32)
        for end, place in lesson.ends:
            weight[cells.further(view.end(end), boxes[place])] = 1.0
        found = np.full(len(cells.x), -1, np.int64)
        for i in sorted(range(len(boxes)), key=lambda i: -float(np.prod(boxes[i, 2:] - boxes[i, :2]))):
            if i in lesson.things:
                weight[cells.inside(boxes[i])] = AROUND if visible[i] else 0.0
                if visible[i]:
                    core = cells.core(boxes[i], side)
                    found[core], weight[core] = i, 1.0
            elif self.excludes(lesson.words, scene.things[i]) and not lesson.phrase:
                core = cells.core(boxes[i], side)
                weight[core] = np.where(found[core] < 0, 1.0, weight[core])
        return Marks(found, weight, boxes)

    def phrase_in(self, lesson: Lesson, view: View) -> Words | None:
        """The words of a phrase as it stands, for a view; None where they would not be true there."""
        if view.turns:
            return None
        if not view.mirrored:
            return lesson.words
        return tuple(self.mirrored.get(w, w) for w in lesson.words)


def finest_of(phrases: PhraseSet) -> int:
    """The first grid that is needed: the finest costs four times as much as all others together, and finds only things
    that are smaller than those of the next."""
    sizes = np.sqrt(np.prod(phrases.boxes[:, 2:] - phrases.boxes[:, :2], axis=1)) * phrases.side
    return int(np.quantile(sizes, FEW_SMALL) >= SMALL)


def _enter(scene: Scene, thing: Thing, words: Words, box: Floats) -> None:
    """A phrase and its box into a scene."""
    known = np.array([t.box for t in scene.things], np.float64).reshape(-1, 4)
    overlaps = iou(known, box[None].astype(np.float64))[:, 0] if len(known) else np.zeros(0)
    if len(overlaps) and overlaps.max() >= ONE_THING:
        place = int(overlaps.argmax())
    else:
        place = len(scene.things)
        scene.things.append(Named(box))
    scene.things[place].words |= set(thing.words)
    lesson = next((one for one in scene.lessons if one.words == thing.words), None)
    if lesson is None:
        lesson = Lesson(thing.words)
        scene.lessons.append(lesson)
    lesson.things.add(place)
    lesson.alone = lesson.alone or (thing.plain and bool(thing.words))
    if len(thing.ends) == 1 and thing.ends[0] in POSITIONS and thing.rank == 1 and not thing.relations:
        lesson.ends.append((thing.ends[0], place))
    scene.phrases.append(Lesson(words, {place}, phrase=True))


@dataclass(frozen=True)
class Cells:
    """Places of all grids: middles `x`, `y` in shares of the picture, `stride` in pixels, `level` of each."""

    x: Floats
    y: Floats
    stride: Floats
    level: NDArray[np.int64]

    @classmethod
    def of(cls, side: int, finest: int = 0) -> Cells:
        """Those of a picture of `side` pixels, from grid `finest` on."""
        if (side, finest) not in _CELLS:
            parts = []
            for level, stride in enumerate(STRIDES[finest:], finest):
                n = side // stride
                middles = (np.arange(n, dtype=np.float32) + 0.5) / n
                y, x = np.meshgrid(middles, middles, indexing="ij")
                parts.append((x.ravel(), y.ravel(), np.full(n * n, stride, np.float32), np.full(n * n, level)))
            x, y, strides, levels = (np.concatenate(p) for p in zip(*parts, strict=True))
            _CELLS[side, finest] = cls(
                x.astype(np.float32), y.astype(np.float32), strides.astype(np.float32), levels.astype(np.int64)
            )
        return _CELLS[side, finest]

    def inside(self, box: Floats) -> NDArray[np.bool_]:
        return np.asarray((self.x > box[0]) & (self.x < box[2]) & (self.y > box[1]) & (self.y < box[3]))

    def core(self, box: Floats, side: int) -> NDArray[np.intp]:
        """The cells that should find a box: near its middle, on the grids for its size."""
        width, height = box[2] - box[0], box[3] - box[1]
        size = float(np.sqrt(max(width * height, 0.0))) * side
        low, high = np.array(SIZES).T
        low = np.where(np.arange(len(low)) <= self.level[0], 0.0, low)  # the finest that there is finds all small ones
        levels = (size >= low) & (size < high)
        near_x = np.abs(self.x - (box[0] + box[2]) / 2) <= np.maximum(CORE * width, 0.5 * self.stride / side)
        near_y = np.abs(self.y - (box[1] + box[3]) / 2) <= np.maximum(CORE * height, 0.5 * self.stride / side)
        return np.flatnonzero(near_x & near_y & levels[self.level])

    def further(self, end: str, box: Floats) -> NDArray[np.bool_]:
        """Cells further towards an end than the middle of a box, its core left out."""
        points = np.stack([self.x, self.y, self.x, self.y], axis=1).astype(np.float64)
        margin = CORE * float(box[2] - box[0] if end in ("left", "right") else box[3] - box[1])
        return np.asarray(KEYS[end](points) > KEYS[end](box[None].astype(np.float64)) + margin)


_CELLS: dict[tuple[int, int], Cells] = {}
