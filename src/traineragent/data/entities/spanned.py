"""Texts with spans in JSON, as annotation tools write them: label with start and end, triples, or tokens with tags.

Knows nothing of files: one record in, one text out. Shapes of doccano, prodigy, Label Studio, spaCy and plain ones.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from traineragent.data.entities.marked import Marked, Repairs, Span, Tagged

TEXTS = ("text", "sentence", "content", "document", "data", "query", "utterance")
SPANS = ("entities", "spans", "entity", "annotations", "ner", "label", "labels", "annotation", "mentions")
SURE_SPANS = frozenset({"entities", "spans", "annotations", "mentions"})
TOKENS = ("tokens", "words", "token")
TAGS = ("tags", "ner_tags", "labels", "ner", "bio", "iob", "label", "slots", "tag")
STARTS = ("start", "start_offset", "begin", "start_char", "startOffset", "from")
ENDS = ("end", "end_offset", "stop", "end_char", "endOffset", "to")
LABELS = ("label", "type", "entity", "tag", "entity_group", "category", "labels", "entity_type", "name", "class")

Found = tuple[str, list[Any]]


def annotated(record: Any, spans_in: Collection[str] = SURE_SPANS) -> Found | None:
    """(text, raw spans) of a record that holds a text with spans; None for any other. `spans_in`: the keys under which
    an empty list is one of spans."""
    if isinstance(record, (list, tuple)) and len(record) == 2 and isinstance(record[0], str):
        record = {"text": record[0], **(record[1] if isinstance(record[1], dict) else {"entities": record[1]})}
    if not isinstance(record, Mapping):
        return None
    text = _text_of(record)
    if text is None:
        return None
    for key in SPANS:
        spans = record.get(key)
        if isinstance(spans, list) and (found := _raw_spans(spans, key in spans_in)) is not None:
            return text, found
    return None


def keys_of_spans(records: Iterable[Any]) -> frozenset[str]:
    """The keys under which lists of spans stand in some of the records, or would stand under their own name."""
    pairs = [(key, r.get(key)) for r in records if isinstance(r, Mapping) for key in SPANS]
    found = {key for key, spans in pairs if isinstance(spans, list) and _raw_spans(spans, False) is not None}
    return SURE_SPANS | found


def _text_of(record: Mapping[str, Any]) -> str | None:
    for key in TEXTS:
        value = record.get(key)
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and isinstance(value.get("text"), str):  # Label Studio: {"data": {"text": …}}
            return str(value["text"])
    return None


def _raw_spans(spans: list[Any], sure: bool) -> list[Any] | None:
    """The spans of a list that is one of spans; an empty list is one only where that is `sure`."""
    if not spans:
        return [] if sure else None
    if all(isinstance(s, Mapping) and isinstance(s.get("result"), list) for s in spans):  # Label Studio
        return [r.get("value", r) for s in spans[:1] for r in s["result"] if isinstance(r, Mapping)]
    return spans if any(span_of(s) is not None for s in spans) else None


def span_of(raw: Any) -> Span | None:
    """A span from its JSON; None if it is none."""
    if isinstance(raw, Mapping):
        start, end, label = (next((raw[k] for k in keys if k in raw), None) for keys in (STARTS, ENDS, LABELS))
        if isinstance(label, list) and label:
            label = label[0]
    elif isinstance(raw, (list, tuple)) and len(raw) >= 3:
        start, end, label = raw[:3] if not isinstance(raw[0], str) else (raw[1], raw[2], raw[0])
    else:
        return None
    if not isinstance(label, str) or not label.strip() or isinstance(start, bool) or isinstance(end, bool):
        return None
    try:
        return Span(label.strip(), int(start), int(end))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def marked_record(found: Found, line: int, repairs: Repairs) -> Marked:
    """The text with its spans put right: inside the text, without blanks at their ends, none over another."""
    text, raw = found
    spans = []
    for item in raw:
        span = span_of(item)
        if span is None:
            repairs.note("an annotation has no label, start and end, and was left out", line)
            continue
        span = _in_place(span, item, text, repairs, line)
        if span is not None:
            spans.append(span)
    return Marked(text, _apart(spans, repairs, line), line)


def _in_place(span: Span, item: Any, text: str, repairs: Repairs, line: int) -> Span | None:
    said = item.get("text", item.get("value")) if isinstance(item, Mapping) else None
    said = said if isinstance(said, str) and said.strip() else None
    inside = 0 <= span.start < span.end <= len(text)
    if said is not None and (not inside or text[span.start : span.end] != said):
        near = _nearest(text, said, span.start)
        if near is not None:
            if text[span.start : span.end].strip() != said.strip():
                repairs.note("an annotation did not stand where its text stands, and was moved there", line)
            span, inside = Span(span.label, near, near + len(said)), True
    if not inside:
        repairs.note("an annotation lies outside its text and was left out", line)
        return None
    part = text[span.start : span.end]
    start, end = span.start + len(part) - len(part.lstrip()), span.end - len(part) + len(part.rstrip())
    if start >= end:
        repairs.note("an annotation marks blanks only and was left out", line)
        return None
    if (start, end) != (span.start, span.end):
        repairs.note("an annotation began or ended with blanks and was trimmed", line)
    return Span(span.label, start, end)


def _nearest(text: str, said: str, start: int) -> int | None:
    places: list[int] = []
    at = text.find(said)
    while at >= 0 and len(places) < 1000:
        places.append(at)
        at = text.find(said, at + 1)
    return min(places, key=lambda p: abs(p - start)) if places else None


def _apart(spans: Sequence[Span], repairs: Repairs, line: int) -> tuple[Span, ...]:
    """Of spans that overlap the longest stays; each place has one label."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda s: (s.start - s.end, s.start, s.label)):
        if any(span.start < k.end and k.start < span.end for k in kept):
            repairs.note("annotations overlap; the longest of them stayed", line)
        else:
            kept.append(span)
    return tuple(sorted(kept, key=lambda s: s.start))


# ---------------------------------------------------------------------------------------------- tokens with tags
def tagged_record(record: Any, line: int, repairs: Repairs) -> Tagged | None:
    """The tokens and tags of a record that holds both as lists, or as texts of equal length; None for any other."""
    if not isinstance(record, Mapping):
        return None
    by_name = {str(k).lower(): v for k, v in record.items()}
    for tags_key in TAGS:
        tags = listed(by_name.get(tags_key))
        if not tags:
            continue
        for tokens_key in (*TOKENS, *TEXTS):
            tokens = listed(by_name.get(tokens_key)) if tokens_key != tags_key else None
            if tokens and len(tokens) == len(tags):
                return Tagged(tuple(tokens), tuple(tags), (line,) * len(tags))
            if tokens and tokens_key in TOKENS:
                repairs.note("a sentence has another number of tokens than of tags, and was left out", line)
                return Tagged((), (), ())
    return None


def listed(cell: Any) -> list[str] | None:
    """The texts of a list, of a list written as text ("['a', 'b']" or "[\\"a\\"]"), or of words with spaces between."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.startswith("[") and text.endswith("]"):
            cell = _literal(text)
        else:
            return text.split() or None
    if isinstance(cell, (list, tuple)) and cell and all(isinstance(c, (str, int)) for c in cell):
        return [str(c).strip() or "_" for c in cell]
    return None


def _literal(text: str) -> Any:
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text.strip("[]").replace("'", " ").replace('"', " ").split()  # numpy writes lists without commas
