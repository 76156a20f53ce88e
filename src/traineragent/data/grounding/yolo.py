"""YOLO folders: a text a picture with a class number and a box in shares of the picture a line, and a list of names.

Knows files by their names and first lines; knows nothing of how boxes are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from traineragent.data.grounding.annotated import Annotated, Annotation, Four
from traineragent.data.layout import Entry, is_picture_name, layout_of
from traineragent.data.sources import shown

LARGEST = 4_000_000  # bytes of a file that is read
SEARCHED = 20  # texts that are looked into to know the format
EDGE = 0.05  # by which numbers may lie outside of 0 to 1, for boxes that stick out
NAME_FILES = ("classes.txt", "_classes.txt", "obj.names", "labels.txt", "names.txt", "class_names.txt")
_LINE = re.compile(r"\d{1,5}(?:\.0+)?(?:[ \t]+[-+]?\d*\.?\d+(?:e[-+]?\d+)?){4,}[ \t]*", re.IGNORECASE)


def paired_texts(names: Iterable[str]) -> dict[str, str]:
    """Text -> the picture called as it is, in the same folder or in one called alike but for `labels` and `images`."""
    listed = list(names)
    pictures: dict[str, list[str]] = {}
    for name in filter(is_picture_name, listed):
        pictures.setdefault(PurePosixPath(name).stem, []).append(name)
    out = {}
    for name in listed:
        known = pictures.get(PurePosixPath(name).stem, []) if name.lower().endswith(".txt") else []
        if known:
            out[name] = max(known, key=lambda picture: (_shared(name, picture), picture))
    return out


def _shared(text: str, picture: str) -> int:
    """How many folders of two paths agree, so that train/labels goes with train/images."""
    folders = set(PurePosixPath(text).parts[:-1]) & set(PurePosixPath(picture).parts[:-1])
    return len(folders)


def is_yolo(content: str) -> bool:
    """Whether each line of a text is a class number and at least four shares of a picture; an empty text shows
    nothing."""
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    return bool(lines) and all(_LINE.fullmatch(line) and _numbers(line) is not None for line in lines)


def looks_yolo(names: Sequence[str], read: Callable[[str], str]) -> bool:
    """Whether texts beside pictures are YOLO boxes; `read` gives the text of a name. Looks at few of them. Pictures in
    folders of several classes are told apart by these."""
    layout = layout_of([Entry(Path(name), name) for name in names])
    if not layout.named and len({picture.label for picture in layout.pictures}) > 1:
        return False
    texts = list(paired_texts(names))[:SEARCHED]
    contents = [c for c in map(read, texts) if c.strip()]
    return bool(contents) and all(map(is_yolo, contents))


def yolo_text(path: Path) -> str:
    """The content of a small text; "" where it is none."""
    if path.stat().st_size > LARGEST:
        return ""
    return path.read_bytes().decode("utf-8-sig", "replace")


def read_yolo(entries: Sequence[Entry]) -> list[Annotated]:
    """The annotations of each text beside a picture; none where the texts are something else."""
    by_name = {e.name: e.path for e in entries}
    pairs = paired_texts(list(by_name))
    if not looks_yolo(list(by_name), lambda name: yolo_text(by_name[name])):
        return []
    names = _class_names(entries)
    out = [_annotated(name, by_name[name], picture, names) for name, picture in pairs.items()]
    if out and not names:
        out[0].notes.append("no list of class names (data.yaml, classes.txt) was found: classes are called by number")
    return out


def _annotated(name: str, path: Path, picture: str, names: Mapping[int, str]) -> Annotated:
    found = []
    for number, line in enumerate(yolo_text(path).splitlines(), 1):
        if not line.strip():
            continue
        word = line.split()[0]
        kind = int(float(word)) if re.fullmatch(r"\d+(\.0+)?", word) else -1
        label = names.get(kind, f"class {kind}") if kind >= 0 else ""
        found.append(Annotation(picture, "", label, _numbers(line.strip()), number))
    return Annotated(shown(name), "yolo", found, "cxcywh", ("cx", "cy", "w", "h"), shares=True)


def _numbers(line: str) -> Four | None:
    """Middle and size of a box; of an outline (pairs of x and y) the box around it. None where it is neither."""
    try:
        values = [float(v) for v in line.split()[1:]]
    except ValueError:
        return None
    if not all(-EDGE <= v <= 1 + EDGE for v in values):
        return None
    if len(values) in (4, 5):  # a fifth is how sure a detector was
        return values[0], values[1], values[2], values[3]
    if len(values) < 6 or len(values) % 2:
        return None
    left, right, top, bottom = min(values[::2]), max(values[::2]), min(values[1::2]), max(values[1::2])
    return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def _class_names(entries: Sequence[Entry]) -> dict[int, str]:
    """Class number -> name from data.yaml or a list of names, the flattest file first; {} where there is none."""
    for entry in sorted(entries, key=lambda e: (e.name.count("/"), e.name)):
        base = PurePosixPath(entry.name).name.lower()
        if base.endswith((".yaml", ".yml")):
            names = _from_yaml(yolo_text(entry.path))
        elif base in NAME_FILES or base.endswith(".names"):
            lines = [line.strip() for line in yolo_text(entry.path).splitlines()]
            names = {i: line for i, line in enumerate(lines) if line}
        else:
            continue
        if names:
            return names
    return {}


def _from_yaml(content: str) -> dict[int, str]:
    """`names` of a data.yaml: a list, or numbers with their names."""
    import yaml

    try:
        whole = yaml.safe_load(content)
    except (yaml.YAMLError, RecursionError):
        return {}
    given = whole.get("names") if isinstance(whole, dict) else None
    if isinstance(given, list):
        return {i: str(name).strip() for i, name in enumerate(given)}
    if isinstance(given, dict):
        return {int(k): str(v).strip() for k, v in given.items() if str(k).isdigit()}
    return {}
