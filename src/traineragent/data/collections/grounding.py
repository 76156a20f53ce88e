"""Pictures with phrases and boxes: folders, ZIP archives and files of annotations in any of the usual formats.

A row is the path of a picture, a phrase, and the box it means as JSON: left, top, right, bottom in pixels. What cannot
be used is put aside by file and line, and said; nothing of it stops the reading.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from traineragent.data.archive import unpacked_below
from traineragent.data.claiming import claimed
from traineragent.data.grounding.annotated import Annotated, Annotation, Put
from traineragent.data.grounding.boxes import WORDS, corners, layout_of
from traineragent.data.grounding.formats import head_of, is_coco, is_refs, looks_annotated, read_annotated, read_refs
from traineragent.data.grounding.phrasing import phrases_for
from traineragent.data.grounding.yolo import looks_yolo, read_yolo, yolo_text
from traineragent.data.joining import role_of
from traineragent.data.layout import Entry, Resolver, is_picture_name, walk
from traineragent.data.likeness import alike
from traineragent.data.part import FileFacts, Role
from traineragent.data.pictures import Looked, look_at, thumbnails
from traineragent.data.rawtable import RawTable
from traineragent.data.sources import shown
from traineragent.domain.data import Removal
from traineragent.errors import InputError
from traineragent.serve.codecs.picture import upright_size

Progress = Callable[[str], None]
Floats = NDArray[np.float64]
IMAGE, PHRASE, BOX = "image", "phrase", "box"
HEAD = 20_000  # bytes of a member of an archive that are looked at
LOOKED_INTO = 4  # files that may hold annotations, when asked whether this is ours
LEAST_PHRASES = 2
SMALLEST = 1.0  # pixel a side
ONE_BOX = 0.7  # overlap above which two boxes of a phrase are one
DETECTIONS = 0.3  # share of phrases that fit several boxes, above which they are labels
PUT_ASIDE = {
    "no such picture": "no file of that name was found",
    "damaged or unreadable pictures": "they cannot be decoded",
    "no box": "there are not four numbers",
    "no phrase": "it names nothing",
    "boxes without a size": "their width or height is nothing",
    "boxes outside of their picture": "nothing of them is in it",
    "repeated phrases": "the same picture, phrase and box stand there before",
    "phrases that fit several boxes": "no answer could be right for all of them",
}
"""What is left out -> why. What is mended is said as well:"""
SWAPPED, CLIPPED = "corners of boxes were swapped", "boxes that stick out of their picture were cut at its edge"


@dataclass(frozen=True)
class _Row:
    """A phrase with its box in pixels; `shares` the same in shares of the picture."""

    picture: int
    phrase: str
    box: tuple[float, ...]
    file: int
    line: int


class Grounding:
    name: ClassVar[str] = "grounding"
    what: ClassVar[str] = "pictures with phrases and boxes"
    over: ClassVar[frozenset[str]] = frozenset({"images"})

    def claims(self, sources: Sequence[str]) -> bool:
        return claimed(sources, lambda paths: any(map(_holds_phrases, paths)))

    def read(
        self, sources: Sequence[str], *, work: Path | None, max_rows: int | None, progress: Progress | None
    ) -> RawTable:
        say = progress or (lambda sentence: None)
        entries = _entries(sources, work)
        files = _annotated(entries)
        if not files:
            raise InputError(
                'expected annotations such as {"image": "a.jpg", "phrase": "the red cup", "box": [10, 20, 60, 80]}, '
                "COCO, Pascal VOC or YOLO beside the pictures; found none"
            )
        put = Put()
        pictures = _Pictures(entries, put)
        pictures.look(files, say)
        notes = [n for f in files for n in f.notes]
        rows, more = _rows(files, pictures, put)
        return _finished(_sampled(rows, max_rows), len(rows), files, pictures, put, (*notes, *more), sources)


PLUGIN = Grounding()


# ---------------------------------------------------------------------------------------------- files
def _holds_phrases(path: Path) -> bool:
    """Whether there are pictures, and annotations that name a picture and give it a box."""
    if path.suffix.lower() == ".zip" and path.is_file():
        with zipfile.ZipFile(path) as archive:
            names = [m.filename for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
            if not any(map(is_picture_name, names)):
                return False
            return looks_yolo(names, lambda n: _head(archive, n)) or any(
                _in_archive(archive, n) for n in _likely(names)
            )
    if path.is_dir():
        entries = walk(path)
        if not any(is_picture_name(e.name) for e in entries):
            return False
        by_name = {e.name: e.path for e in entries}
        return looks_yolo(list(by_name), lambda n: yolo_text(by_name[n])) or any(
            _is_ours(by_name[n], n) for n in _likely(list(by_name))
        )
    return path.is_file() and _is_ours(path, path.name)


def _likely(names: Sequence[str]) -> list[str]:
    """The few files that are worth looking into: the flattest first, one of many alike."""
    found = [n for n in names if re.search(r"\.(csv|tsv|jsonl|ndjson|json|xml|xlsx|parquet)$", n, re.IGNORECASE)]
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in sorted(found, key=lambda n: (n.count("/"), n)):
        kinds[Path(name).suffix.lower()].append(name)
    return [n for group in kinds.values() for n in group[:LOOKED_INTO]]


def _is_ours(path: Path, name: str) -> bool:
    if not looks_annotated(path, name):
        return False
    found = read_annotated(path, name)
    return found is not None and sum(a.numbers is not None for a in found.found) > 0.5 * len(found.found)


def _head(archive: zipfile.ZipFile, name: str) -> str:
    """The beginning of a member, cut behind its last whole line where there is more."""
    with archive.open(name) as stream:
        head = stream.read(HEAD).decode("utf-8-sig", "replace")
    return head if len(head) < HEAD - 3 else head.rpartition("\n")[0] or head


def _in_archive(archive: zipfile.ZipFile, name: str) -> bool:
    """The same for a member, whose beginning must do: an archive is unpacked only once it is ours."""
    head = _head(archive, name).casefold()
    if name.lower().endswith(".xml"):
        return "<annotation" in head and "<bndbox" in head
    box = re.search(r"\b(box|bbox|x0|x1|xmin|left|xyxy|xywh)\b", head) is not None
    named = re.search(
        r"\b(phrase|expression|caption|sentence|description|label|class|category|categories|objects)", head
    )
    return box and named is not None and re.search(r"\.(jpe?g|png|webp|bmp|gif|tiff?)\b", head) is not None


def _entries(sources: Sequence[str], work: Path | None) -> list[Entry]:
    """All files below the sources; those beside a file of annotations that was named itself are found by it."""
    out: list[Entry] = []
    for source in sources:
        path = Path(source).expanduser()
        if path.suffix.lower() == ".zip":
            out += walk(unpacked_below(path, work))
        elif path.is_dir():
            out += walk(path)
        else:
            out.append(Entry(path, path.name))
    return out


def _annotated(entries: Sequence[Entry]) -> list[Annotated]:
    """The files of annotations; of YOLO and Pascal VOC there is one a picture. Where some have phrases, those that have
    only labels are left out and said."""
    found: list[Annotated] = []
    voc: list[Annotated] = []
    for entry in entries:
        if is_picture_name(entry.name) or not looks_annotated(entry.path, entry.name):
            continue
        one = read_annotated(entry.path, entry.name)
        if one is not None:
            (voc if one.format == "voc" else found).append(one)
    found += voc or ([] if found else read_yolo(entries))
    found += _referring(entries)
    phrased = [f for f in found if f.phrased]
    if phrased and len(phrased) < len(found):
        left = [f.name for f in found if not f.phrased]
        some = ", ".join(left[:3]) + (f" and {len(left) - 3:,} more" if len(left) > 3 else "")
        gives = "gives labels without phrases and was" if len(left) == 1 else "give labels without phrases and were"
        phrased[0].notes.append(f"{some} {gives} left out")
    return phrased or found


def _referring(entries: Sequence[Entry]) -> list[Annotated]:
    """What RefCOCO files say of the boxes in the COCO file beside them."""
    heads = {e: head_of(e.path) for e in entries if e.name.lower().endswith(".json")}
    instances = next((e for e, head in heads.items() if is_coco(head) and not is_refs(head)), None)
    if instances is None:
        return []
    referring = [e for e, head in heads.items() if is_refs(head)]
    return [one for e in referring for one in read_refs(e.path, instances.path, shown(e.name))]


# ---------------------------------------------------------------------------------------------- pictures
class _Pictures:
    """The pictures that annotations name, each looked at once."""

    def __init__(self, entries: Sequence[Entry], put: Put) -> None:
        self._entries = [e for e in entries if is_picture_name(e.name)]
        self._beside = [e.path.parent for e in entries]
        self._put = put
        self._numbers: dict[str, int | None] = {}
        self.paths: list[Path] = []
        self.names: list[str] = []
        self.looked: list[Looked] = []
        self.sizes = np.zeros((0, 2))

    def look(self, files: Sequence[Annotated], say: Progress) -> None:
        """Finds and looks at the pictures that the files name."""
        resolver = Resolver(self._entries, self._beside[0] if self._beside else Path())
        known: dict[Path, int] = {}
        for cell in dict.fromkeys(a.picture for f in files for a in f.found):
            path = resolver.find(cell) or self._loose(cell)
            if path is None:
                self._numbers[cell] = None
                continue
            number = known.setdefault(path, len(known))
            self._numbers[cell] = number
        self.paths = list(known)
        self.names = [shown(p.name) for p in self.paths]
        say(f"looking at {len(self.paths):,} pictures")
        self.looked = look_at(self.paths, say)
        sizes = [upright_size(p) if s.problem is None else (0, 0) for p, s in zip(self.paths, self.looked, strict=True)]
        self.sizes = np.array(sizes, dtype=np.float64).reshape(-1, 2)

    def _loose(self, cell: str) -> Path | None:
        """A picture beside a file of annotations that was given alone."""
        text = cell.strip().replace("\\", "/").removeprefix("./")
        if not text or len(text) > 1000 or "\x00" in text or ".." in Path(text).parts:
            return None
        found = (folder / text for folder in dict.fromkeys(self._beside))
        return next((p for p in found if is_picture_name(p.name) and p.is_file()), None)

    def number(self, file: str, one: Annotation) -> int | None:
        """The picture of an annotation; None, with the reason noted, where there is no usable one."""
        number = self._numbers.get(one.picture)
        if number is None:
            self._put.note("no such picture", file, one.line)
        elif self.looked[number].problem is not None:
            self._put.note("damaged or unreadable pictures", file, one.line)
            return None
        return number


# ---------------------------------------------------------------------------------------------- rows
def _rows(files: Sequence[Annotated], pictures: _Pictures, put: Put) -> tuple[list[_Row], list[str]]:
    """Usable phrases in order; and sentences on what was found and mended."""
    rows: list[_Row] = []
    notes: list[str] = []
    labelled: list[_Row] = []
    said: set[str] = set()
    for number, file in enumerate(files):
        read, how = _boxed(file, number, pictures, put)
        said.add(how)
        for one, row in read:
            (rows if one.phrase else labelled).append(row)
    notes += sorted(filter(None, said))
    rows = _once(rows, files, put)
    several = _several(rows)
    if rows and len(several) > DETECTIONS * len(rows):
        notes.append(
            f"{len(several):,} of {len(rows):,} phrases fit several boxes of their picture: they are taken as labels"
        )
        labelled, rows = [*labelled, *rows], []
    elif several:
        for i in several:
            put.note("phrases that fit several boxes", files[rows[i].file].name, rows[i].line)
        rows = [r for i, r in enumerate(rows) if i not in several]
    if labelled and not rows:
        rows = _made(labelled, pictures)
        notes.append(
            f"the boxes have labels and no phrases: {len(rows):,} phrases were made from the labels and from how the "
            f"things lie, such as {', '.join(repr(p) for p in _some(rows))}"
        )
    notes += put.sentences((SWAPPED, CLIPPED))
    if len(rows) < LEAST_PHRASES:
        said_of = "; ".join(f"{what}: {put.where(what)}" for what in PUT_ASIDE if put.count(what))
        raise InputError(f"{len(rows)} phrases with a box can be used, at least {LEAST_PHRASES} are needed; {said_of}")
    return rows, notes


def _boxed(file: Annotated, number: int, pictures: _Pictures, put: Put) -> tuple[list[tuple[Annotation, _Row]], str]:
    """The sound annotations of a file as rows, boxes in pixels, and how its numbers were read."""
    usable = []
    for one in file.found:
        if one.numbers is None:
            put.note("no box", file.name, one.line)
        elif not (one.phrase or one.label):
            put.note("no phrase", file.name, one.line)
        elif (picture := pictures.number(file.name, one)) is not None:
            usable.append((one, picture))
    if not usable:
        return [], ""
    numbers = np.array([a.numbers for a, _ in usable], dtype=np.float64)
    sizes = pictures.sizes[[p for _, p in usable]]
    layout, shares = (file.layout, file.shares) if file.layout else layout_of(numbers, sizes, _hinted(file))
    boxes = corners(numbers, layout) * (np.tile(sizes, 2) if shares else 1.0)
    out = []
    for (one, picture), box, size in zip(usable, boxes, sizes, strict=True):
        sound = _sound(box, size, file.name, one.line, put)
        if sound is not None:
            out.append((one, _Row(picture, one.phrase or one.label, sound, number, one.line)))
    how = "" if file.format in ("coco", "voc", "yolo") else (
        f"boxes are read as {WORDS[layout]} in {'shares of the picture' if shares else 'pixels'}"
    )  # fmt: skip
    return out, how


def _hinted(file: Annotated) -> str:
    """The layout that the names of columns speak for, "" where they say nothing."""
    from traineragent.data.grounding.boxes import plain_name, quarters_of

    if len(file.names) == 4:
        found = quarters_of(file.names)
        return found[0] if found else ""
    name = plain_name(file.names[0]) if file.names else ""
    return name if name in ("xyxy", "xywh") else ""


def _sound(box: Floats, size: Floats, file: str, line: int, put: Put) -> tuple[float, ...] | None:
    """A box mended where that is safe; None, with the reason noted, where it is no box of the picture."""
    left, right = sorted((float(box[0]), float(box[2])))
    top, bottom = sorted((float(box[1]), float(box[3])))
    swapped = (left, top) != (float(box[0]), float(box[1]))
    if right - left < SMALLEST or bottom - top < SMALLEST:
        put.note("boxes without a size", file, line)
        return None
    inside = max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))
    if inside[2] - inside[0] < SMALLEST or inside[3] - inside[1] < SMALLEST:
        put.note("boxes outside of their picture", file, line)
        return None
    if swapped:
        put.note(SWAPPED, file, line)
    if max(abs(a - b) for a, b in zip(inside, (left, top, right, bottom), strict=True)) > 1.5:
        put.note(CLIPPED, file, line)
    return tuple(round(v, 2) for v in inside)


def _once(rows: Sequence[_Row], files: Sequence[Annotated], put: Put) -> list[_Row]:
    seen: set[tuple[Any, ...]] = set()
    out = []
    for row in rows:
        key = (row.picture, row.phrase.casefold(), row.box)
        if key in seen:
            put.note("repeated phrases", files[row.file].name, row.line)
            continue
        seen.add(key)
        out.append(row)
    return out


def _several(rows: Sequence[_Row]) -> set[int]:
    """Places of the rows whose phrase has another box in the same picture."""
    groups: dict[tuple[int, str], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[row.picture, row.phrase.casefold()].append(i)
    out: set[int] = set()
    for places in groups.values():
        if any(_overlap(rows[places[0]].box, rows[i].box) < ONE_BOX for i in places[1:]):
            out.update(places)
    return out


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _made(labelled: Sequence[_Row], pictures: _Pictures) -> list[_Row]:
    """Rows with phrases made from labels and places, picture by picture."""
    by_picture: dict[int, list[_Row]] = defaultdict(list)
    for row in labelled:
        by_picture[row.picture].append(row)
    rng, out = np.random.default_rng(0), []
    for picture, rows in by_picture.items():
        boxes = np.array([r.box for r in rows]) / np.tile(pictures.sizes[picture], 2)
        for phrase, place in phrases_for([r.phrase for r in rows], boxes, rng):
            row = rows[place]
            out.append(_Row(picture, phrase, row.box, row.file, row.line))
    return out


def _some(rows: Sequence[_Row]) -> list[str]:
    """A few phrases that differ in kind."""
    found: dict[int, str] = {}
    for row in rows:
        found.setdefault(len(row.phrase.split()), row.phrase)
    return list(found.values())[:3]


# ---------------------------------------------------------------------------------------------- the table
def _sampled(rows: list[_Row], max_rows: int | None) -> list[_Row]:
    """All phrases, or those of a uniform sample of the pictures."""
    if max_rows is None or len(rows) <= max_rows:
        return rows
    order = np.random.default_rng(0).permutation(max(r.picture for r in rows) + 1)
    rank = np.argsort(order)
    kept = sorted(range(len(rows)), key=lambda i: (int(rank[rows[i].picture]), i))[:max_rows]
    return [rows[i] for i in sorted(kept)]


def _finished(
    rows: Sequence[_Row], total: int, files: Sequence[Annotated], pictures: _Pictures, put: Put,
    notes: Sequence[str], sources: Sequence[str],
) -> RawTable:  # fmt: skip
    same = _same(pictures)
    frame = pd.DataFrame(
        {
            IMAGE: np.array([str(pictures.paths[r.picture].absolute()) for r in rows], dtype=object),
            PHRASE: np.array([r.phrase for r in rows], dtype=object),
            BOX: np.array([json.dumps(list(r.box)) for r in rows], dtype=object),
        }
    )
    facts, part = _facts(rows, files, pictures, sources)
    removed = [
        Removal(what, put.count(what), f"{why}: {put.where(what)}")
        for what, why in PUT_ASIDE.items()
        if put.count(what)
    ]
    used = len({r.picture for r in rows})
    copies = used - len({int(same[r.picture]) for r in rows})
    told = [f"{len(rows):,} phrases in {used:,} pictures", *notes]
    if copies:
        which = "1 picture is a copy or near-copy" if copies == 1 else f"{copies:,} pictures are copies or near-copies"
        told.append(f"{which} of others; all stay on one side of any split")
    return RawTable(
        frame, facts, part, np.array([r.line for r in rows], dtype=np.int64), tuple(told), total, "grounding", BOX,
        same[[r.picture for r in rows]], tuple(removed), _findings(rows, pictures),
    )  # fmt: skip


def _same(pictures: _Pictures) -> NDArray[np.int64]:
    """A number for each picture, equal for copies."""
    usable = [i for i, s in enumerate(pictures.looked) if s.problem is None]
    out = np.arange(len(pictures.looked), dtype=np.int64)
    looked = [pictures.looked[i] for i in usable]
    if looked:
        found = alike(thumbnails(looked), [s.sha256 for s in looked])
        out[usable] = np.array(usable, dtype=np.int64)[found]
    return out


def _role(name: str) -> Role | None:
    """What the name of a file says, or else a folder around it."""
    return next((role for part in reversed(Path(name).parts) if (role := role_of(part))), None)


def _facts(
    rows: Sequence[_Row], files: Sequence[Annotated], pictures: _Pictures, sources: Sequence[str]
) -> tuple[tuple[FileFacts, ...], NDArray[np.int16]]:
    """A part for each role that files speak of, or one for all; its checksum covers phrases, boxes and pictures."""
    said: list[Role | None] = [_role(f.name) for f in files]
    if len(set(said)) < 2 or "train" not in said:
        said = [None] * len(files)
    roles = list(dict.fromkeys(said[r.file] for r in rows))
    part = np.array([roles.index(said[r.file]) for r in rows], dtype=np.int16)
    name = shown(", ".join(Path(s).name or str(s) for s in sources))
    out = []
    for number, role in enumerate(roles):
        digest = hashlib.sha256()
        for i in np.flatnonzero(part == number).tolist():
            row = rows[i]
            digest.update(
                f"{pictures.looked[row.picture].sha256}\x1f{row.phrase}\x1f{row.box}\n".encode("utf-8", "replace")
            )
        out.append(
            FileFacts(
                f"{name}: {role}" if role and len(roles) > 1 else name, "grounding", rows=int((part == number).sum()),
                columns=3, role=role, sha256=digest.hexdigest(),
            )
        )  # fmt: skip
    return tuple(out), part


def _findings(rows: Sequence[_Row], pictures: _Pictures) -> Mapping[str, Any]:
    used = sorted({r.picture for r in rows})
    widths, heights = pictures.sizes[used].T
    shares = [(r.box[2] - r.box[0]) * (r.box[3] - r.box[1]) / float(np.prod(pictures.sizes[r.picture])) for r in rows]
    return {
        "phrases": len(rows),
        "pictures": len(used),
        "different": len({r.phrase.casefold() for r in rows}),
        "widths": _spread(widths),
        "heights": _spread(heights),
        "box_share_median": float(np.median(shares)),
    }


def _spread(values: Floats) -> dict[str, int]:
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0])
    return {"least": int(low), "median": int(middle), "most": int(high)}
