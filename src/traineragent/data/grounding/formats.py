"""Files of annotations: tables and JSON records with a phrase or label and a box, COCO, Pascal VOC.

Which columns hold what is found by their names and by what is in them. Knows nothing of pictures but their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

import pandas as pd

from traineragent.data.grounding.annotated import Annotated, Annotation, Four
from traineragent.data.grounding.boxes import WHOLE_CELLS, four_numbers, plain_name, quarters_of
from traineragent.data.layout import is_picture_name
from traineragent.data.sources import shown
from traineragent.errors import InputError

PICTURES = ("image", "image path", "image file", "img", "picture", "photo", "file name", "filename", "file", "path",
            "image id", "image name")  # fmt: skip
PHRASES = ("phrase", "expression", "caption", "sentence", "description", "text", "query", "referring expression", "ref",
           "sent", "utterance", "instruction", "prompt", "satz", "beschreibung", "frase", "texte")  # fmt: skip
LABELS = ("label", "class", "class name", "category", "category name", "name", "object", "type")
INSIDE = ("objects", "annotations", "boxes", "phrases", "regions", "refs")
LARGEST_JSON = 500_000_000
HEAD = 65_536
SAMPLE = 40
FEWEST_DESCRIBED = 10  # records that show whether labels are phrases
MOST_XML = 50_000_000
HEADER_LINES = 5  # of a table, in which the names of its columns stand
BOX_WORDS = (*WHOLE_CELLS, "xmin", "x0", "x1", "left", "bndbox", " x ", "bbox", "cx", "xc")
_BOX_WORD = re.compile(rf"(?<![^\W_])(?:{'|'.join(re.escape(w.strip()) for w in BOX_WORDS)})(?:es|s)?(?![^\W_])")


# ---------------------------------------------------------------------------------------------- tables and records
def read_records(path: Path, name: str) -> Annotated | None:
    """Annotations of a table, or of JSON lines or an array of records; None where they are none."""
    if name.lower().endswith((".json", ".jsonl", ".ndjson")):
        records = list(_json_records(path))
        roles = _roles(dict.fromkeys(k for _, r in records[:SAMPLE] for k in r), records)
        found = [a for line, r in records for a in _of_record(r, line, roles)]
        return Annotated(name, "json", found, "", roles.box_names) if found else None
    return _of_table(path, name)


class _Roles:
    """Which key holds the picture, the phrase, the label and the box (one key, or four); "" where none does."""

    def __init__(self, picture: str, phrase: str, label: str, box: tuple[str, ...], layout: str = "") -> None:
        self.picture, self.phrase, self.label, self.box_names, self.layout = picture, phrase, label, box, layout

    def numbers(self, record: Mapping[str, Any]) -> Four | None:
        if len(self.box_names) == 1:
            return four_numbers(record.get(self.box_names[0]))
        return four_numbers([record.get(n) for n in self.box_names]) if self.box_names else None


def _roles(keys: Mapping[str, Any], records: Sequence[tuple[int, Mapping[str, Any]]]) -> _Roles:
    """By name first, then by content."""
    sample = [r for _, r in records[:SAMPLE]]
    names = list(keys)
    plain = {plain_name(n): n for n in reversed(names)}
    box: tuple[str, ...] = next(((plain[w],) for w in WHOLE_CELLS if w in plain and _boxes(sample, plain[w])), ())
    quarters = quarters_of(names)
    if not box and quarters is not None:
        box = quarters[1]
    if not box:
        box = next(((n,) for n in names if _boxes(sample, n)), ())
    free = [n for n in names if n not in box]
    picture = next((plain[w] for w in PICTURES if w in plain and plain[w] in free), "")
    by_content = next((n for n in free if _share(sample, n, is_picture_name) > 0.5), "")
    if by_content and not (picture and _share(sample, picture, is_picture_name) > 0.5):
        picture = by_content
    free = [n for n in free if n != picture]
    phrase = next((plain[w] for w in PHRASES if w in plain and plain[w] in free), "")
    label = next((plain[w] for w in LABELS if w in plain and plain[w] in free), "")
    if not phrase and not label:
        phrase = next((n for n in free if _share(sample, n, lambda v: len(v.split()) > 1) > 0.5), "")
    if not phrase and label and _described(sample, label):
        phrase, label = label, ""
    return _Roles(picture, phrase, label, box, quarters[0] if quarters and box == quarters[1] else "")


def _boxes(sample: Sequence[Mapping[str, Any]], name: str) -> bool:
    there = [r[name] for r in sample if r.get(name) not in (None, "")]
    return bool(there) and sum(four_numbers(v) is not None for v in there) > 0.5 * len(there)


def _share(sample: Sequence[Mapping[str, Any]], name: str, holds: Any) -> float:
    texts = [r[name].strip() for r in sample if isinstance(r.get(name), str) and r[name].strip()]
    return sum(bool(holds(t)) for t in texts) / max(len(sample), 1)


def _described(sample: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether what is called a label is a phrase of several words, seldom the same twice."""
    texts = [str(r.get(name) or "") for r in sample]
    return (
        len(texts) >= FEWEST_DESCRIBED
        and len({*texts}) > 0.5 * len(texts)
        and sum(len(t.split()) > 2 for t in texts) > 0.5 * len(texts)
    )


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def _of_record(record: Mapping[str, Any], line: int, roles: _Roles) -> Iterator[Annotation]:
    """A record with its own box, or with a list of things that have theirs."""
    if roles.box_names and roles.picture and (roles.phrase or roles.label):
        yield Annotation(
            _text(record.get(roles.picture)), _text(record.get(roles.phrase)), _text(record.get(roles.label)),
            roles.numbers(record), line,
        )  # fmt: skip
        return
    inside = next((k for k in record if plain_name(k) in INSIDE and isinstance(record[k], list)), None)
    if inside is None or not roles.picture:
        return
    things = [(line, t) for t in record[inside] if isinstance(t, dict)]
    if not things:
        return
    own = _roles(things[0][1], [(0, {**t, "image": ""}) for _, t in things])
    for _, thing in things:
        if own.box_names:
            yield Annotation(
                _text(record.get(roles.picture)), _text(thing.get(own.phrase)), _text(thing.get(own.label)),
                own.numbers(thing), line,
            )  # fmt: skip


def _json_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Records with their line, or their number in an array; lines that are none are passed over."""
    if path.stat().st_size > LARGEST_JSON:
        return
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        whole = next((v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)), [whole])
    if isinstance(whole, list):
        yield from ((i, r) for i, r in enumerate(whole, 1) if isinstance(r, dict))
        return
    for number, line in enumerate(text.split("\n"), 1):
        try:
            record = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield number, record


def _of_table(path: Path, name: str) -> Annotated | None:
    from traineragent.data.reading import read_files

    try:
        table = read_files([str(path)])
    except InputError:
        return None
    frame: pd.DataFrame = table.frame.astype(object).where(table.frame.notna(), None)
    rows: list[dict[str, Any]] = [{str(k): v for k, v in r.items()} for r in frame.to_dict("records")]
    records = list(zip(table.row.tolist(), rows, strict=True))
    roles = _roles({str(c): None for c in frame.columns}, records)
    if not (roles.picture and roles.box_names and (roles.phrase or roles.label)):
        return None
    found = [a for line, record in records for a in _of_record(record, line, roles)]
    return Annotated(name, "csv", found, "", roles.box_names)


# ---------------------------------------------------------------------------------------------- COCO
def is_coco(head: str) -> bool:
    """Whether the beginning of a JSON file is that of COCO annotations."""
    return head.lstrip("\ufeff \n\t").startswith("{") and any(
        f'"{key}"' in head for key in ("annotations", "images", "categories")
    )


def read_coco(path: Path, name: str) -> Annotated | None:
    """Annotations of a COCO file; those with a caption or phrase of their own keep it. None where it is none."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(whole, dict) or not all(isinstance(whole.get(k), list) for k in ("images", "annotations")):
        return None
    files = {i.get("id"): _text(i.get("file_name")) for i in whole["images"] if isinstance(i, dict)}
    kinds = {c.get("id"): _text(c.get("name")) for c in whole.get("categories") or [] if isinstance(c, dict)}
    found, crowds = [], 0
    for number, one in enumerate(whole["annotations"], 1):
        if not isinstance(one, dict) or "bbox" not in one:
            continue
        if one.get("iscrowd"):
            crowds += 1
            continue
        phrase = next((_text(one[k]) for k in ("phrase", "caption", "expression", "sentence") if one.get(k)), "")
        label = kinds.get(one.get("category_id"), "")
        found.append(Annotation(files.get(one.get("image_id"), ""), phrase, label, four_numbers(one["bbox"]), number))
    notes = [f"{name}: {crowds:,} boxes around crowds were left out"] if crowds else []
    return Annotated(name, "coco", found, "xywh", ("bbox",), notes) if found else None


def read_refs(path: Path, instances: Path, name: str) -> list[Annotated]:
    """Sentences of a RefCOCO file ("ref_id", "ann_id", "sentences") with the boxes of its COCO file, one Annotated for
    each split that it names; none where it is no such file (Yu et al. 2016)."""
    refs, whole = _json_of(path), _json_of(instances)
    refs = next((v for v in refs.values() if isinstance(v, list)), []) if isinstance(refs, dict) else refs
    if not isinstance(refs, list) or not isinstance(whole, dict):
        return []
    files = {i.get("id"): _text(i.get("file_name")) for i in whole.get("images") or [] if isinstance(i, dict)}
    boxes = {a.get("id"): a for a in whole.get("annotations") or [] if isinstance(a, dict)}
    found: dict[str, list[Annotation]] = {}
    for number, ref in enumerate(refs, 1):
        if not isinstance(ref, dict) or not isinstance(ref.get("sentences"), list):
            continue
        box = boxes.get(ref.get("ann_id"), {})
        picture = files.get(box.get("image_id"), "") or _text(ref.get("file_name"))
        for said in ref["sentences"]:
            phrase = _text(said.get("raw") or said.get("sent")) if isinstance(said, dict) else _text(said)
            one = Annotation(picture, phrase, "", four_numbers(box.get("bbox")), number)
            found.setdefault(_text(ref.get("split")), []).append(one)
    return [
        Annotated(f"{name}: {split}" if split else name, "coco", listed, "xywh", ("bbox",))
        for split, listed in found.items()
    ]


def is_refs(head: str) -> bool:
    """Whether the beginning of a JSON file is that of sentences about the boxes of another."""
    return '"sentences"' in head and '"ann_id"' in head


def _json_of(path: Path) -> Any:
    if path.stat().st_size > LARGEST_JSON:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return None


# ---------------------------------------------------------------------------------------------- Pascal VOC
def is_voc(head: str) -> bool:
    return "<annotation" in head


def read_voc(path: Path, name: str) -> Annotated | None:
    """Annotations of one Pascal VOC file; None where it is none. Declarations of entities are refused."""
    if path.stat().st_size > MOST_XML:
        return None
    try:
        root = _parsed(path.read_bytes())
    except (ParseError, ValueError):
        return None
    if root.tag != "annotation":
        return None
    picture = _text(root.findtext("filename")) or Path(name).stem
    found = []
    for number, one in enumerate(root.findall("object"), 1):
        box = one.find("bndbox")
        parts = [] if box is None else [box.findtext(k) for k in ("xmin", "ymin", "xmax", "ymax")]
        phrase = _text(one.findtext("phrase") or one.findtext("description"))
        found.append(Annotation(picture, phrase, _text(one.findtext("name")), four_numbers(parts), number))
    return Annotated(name, "voc", found, "xyxy", ("xmin", "ymin", "xmax", "ymax"))


def _parsed(data: bytes) -> Element:
    """An XML document without declarations of its own: entities can make a small file huge. Raises ValueError."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("a document that declares entities")
    parser = XMLParser(target=TreeBuilder())
    parser.feed(data)
    root: Element = parser.close()
    return root


def head_of(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(HEAD).decode("utf-8", "replace")


def looks_annotated(path: Path, name: str) -> bool:
    """Whether a file may hold annotations, by its ending and its beginning; cheap."""
    lowered = name.lower()
    if not lowered.endswith((".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xml", ".xlsx", ".parquet")):
        return False
    head = head_of(path)
    if lowered.endswith(".xml"):
        return is_voc(head)
    if lowered.endswith((".xlsx", ".parquet")):
        return True
    if lowered.endswith((".csv", ".tsv")):  # names stand in the first lines; cells below may hold any letters
        head = "\n".join(head.splitlines()[:HEADER_LINES])
        return _BOX_WORD.search(plain_name(head).replace('"', " ")) is not None
    folded = plain_name(head[:HEAD]).replace('"', " ")
    return any(w in folded for w in BOX_WORDS) and "." in head


def read_annotated(path: Path, name: str) -> Annotated | None:
    """The annotations of a file of any known format; None where it holds none."""
    lowered = name.lower()
    if lowered.endswith(".xml"):
        return read_voc(path, shown(name))
    if lowered.endswith(".json"):
        head = head_of(path)
        found = read_coco(path, shown(name)) if is_coco(head) else None
        if found is not None:
            return found
    found = read_records(path, shown(name))
    return found if found is not None and any(a.numbers is not None for a in found.found) else None
