"""JSON lines, JSON arrays of objects and the ways in which pandas writes tables: nested objects one level deep with
dots, lists as JSON text.

Knows nothing of other formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from traineragent.data.delimited import COLUMN_LIMIT, digest
from traineragent.data.encoding import Encoding, detect_encoding, open_text
from traineragent.data.part import Part, ReadOptions, line_list
from traineragent.data.sources import Source, shown
from traineragent.data.typedpart import typed_part
from traineragent.errors import InputError

Record = dict[str, Any]
FEW_PARTS = 20  # of a row, each with the same keys
ARRAY_LIMIT = 1_000_000_000
"""Bytes of one JSON document; it must be held whole. JSON lines have no such limit but memory."""


def read_records(source: Source, options: ReadOptions) -> Part:
    """Read JSON lines, an array of objects, or an object that holds one. Raises InputError."""
    encoding = detect_encoding(source)
    if encoding.codec == "utf-8" and encoding.errors != "strict":
        raise InputError(
            f"{source.name}: line {encoding.broken_lines[0]} is not valid UTF-8, which JSON must be", file=source.name
        )
    notes: list[str] = []
    records, lines = _records(source, encoding, notes)
    if not records:
        raise InputError(f"{source.name}: holds no JSON object, expected one for each row", file=source.name)
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
        if len(names) > COLUMN_LIMIT:
            raise InputError(f"{source.name}: more than {COLUMN_LIMIT:,} different keys", file=source.name)
    columns = [[record.get(name) for record in records] for name in names]
    return typed_part(source, "json", list(names), columns, lines, options, notes, encoding.label, digest(source))


def _records(source: Source, encoding: Encoding, notes: list[str]) -> tuple[list[Record], list[int]]:
    with open_text(source, encoding) as text:
        start = text.read(4096).lstrip()
    if start.startswith("{") and (lines := _line_records(source, encoding, notes)) is not None:
        return lines
    items = _named(_document(source, encoding))
    records: list[Record] = []
    numbers: list[int] = []
    odd: list[int] = []
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            records.append(flatten(item))
            numbers.append(number)
        else:
            odd.append(number)
    if odd:
        raise InputError(
            f"{source.name}: item {odd[0]} of the JSON array is no object; expected {{column: value, …}} for each row",
            file=source.name, row=odd[0],
        )  # fmt: skip
    return records, numbers


def _named(items: list[Any]) -> list[Any]:
    """Lists of cells as objects, by the names in the first of them, or by numbers where there are none."""
    if len(items) < 2 or not all(isinstance(item, list) and len(item) == len(items[0]) for item in items):
        return items
    head = items[0]
    named = bool(head) and all(isinstance(cell, str) and cell.strip() for cell in head) and len(set(head)) == len(head)
    named = named and any(not isinstance(cell, str) for item in items[1:51] for cell in item)
    names = head if named else [f"column_{i + 1}" for i in range(len(head))]
    return [dict(zip(names, item, strict=True)) for item in items[1 if named else 0 :]]


def _line_records(source: Source, encoding: Encoding, notes: list[str]) -> tuple[list[Record], list[int]] | None:
    """One object a line; None if the first line is no whole object (a document spread over lines)."""
    records: list[Record] = []
    numbers: list[int] = []
    broken: list[int] = []
    first: Record = {}
    for number, line in _lines(source, encoding):
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            if not records:
                return None
            broken.append(number)
            continue
        if not isinstance(item, dict):
            broken.append(number)
            continue
        first = first or item
        records.append(flatten(item))
        numbers.append(number)
    if len(records) == 1 and not broken and (_array_inside(first) or _is_split(first) or _is_indexed(first)):
        return None
    if broken and len(broken) > max(0.01 * len(records), min(10, 0.5 * len(records))):
        raise InputError(
            f"{source.name}: line {broken[0]} is no JSON object ({len(broken):,} lines are like this); expected one "
            "for each line",
            file=source.name, row=broken[0],
        )  # fmt: skip
    if broken:
        notes.append(f"{len(broken)} lines that are no JSON object were left out ({line_list(broken)})")
    return records, numbers


def _lines(source: Source, encoding: Encoding) -> Iterator[tuple[int, str]]:
    with open_text(source, encoding) as text:
        text.reconfigure(newline="\n")
        for number, line in enumerate(text, 1):
            if line.strip("\ufeff \t\r\n"):
                yield number, line.lstrip("\ufeff")


def _array_inside(record: Record) -> bool:
    return any(isinstance(value, list) and value and isinstance(value[0], dict) for value in record.values())


def _document(source: Source, encoding: Encoding) -> list[Any]:
    """The rows of a whole JSON document."""
    with open_text(source, encoding) as text:
        content = text.read(ARRAY_LIMIT + 1)
    if len(content) > ARRAY_LIMIT:
        raise InputError(f"{source.name}: too large for one JSON document; write JSON lines instead", file=source.name)
    try:
        document = json.loads(content.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{source.name}: not valid JSON in line {error.lineno}, column {error.colno} ({error.msg})",
            file=source.name, row=error.lineno,
        ) from None  # fmt: skip
    except (ValueError, RecursionError):
        raise InputError(
            f"{source.name}: the JSON is nested too deeply or holds huge numbers", file=source.name
        ) from None
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return _rows_of_object(source, document)
    raise InputError(f"{source.name}: expected a JSON array of objects, found a single value", file=source.name)


def _rows_of_object(source: Source, document: Record) -> list[Any]:
    """An object that wraps the rows, or holds a list for each column."""
    if _is_split(document):
        names = [".".join(map(str, n)) if isinstance(n, list) else str(n) for n in document["columns"]]
        return [dict(zip(names, cells, strict=False)) for cells in document["data"]]
    arrays = {key: value for key, value in document.items() if isinstance(value, list)}
    tables = [value for value in arrays.values() if value and all(isinstance(item, dict) for item in value)]
    if len(tables) == 1:
        return tables[0]
    if arrays and len(arrays) == len(document) and len(set(map(len, arrays.values()))) == 1 and not tables:
        return [dict(zip(arrays, cells, strict=True)) for cells in zip(*arrays.values(), strict=True)]
    if all(isinstance(value, dict) for value in document.values()) and len(document) > 1:
        return _indexed(document)
    if not arrays:
        return [document]
    keys = ", ".join(shown(key) for key in list(document)[:8])
    raise InputError(
        f"{source.name}: expected a JSON array of objects, found one object with the keys {keys}; "
        "write one object a line",
        file=source.name,
    )


def _is_split(document: Record) -> bool:
    """{"columns": [...], "data": [[...], ...]}, as pandas and others write tables."""
    names, rows = document.get("columns"), document.get("data")
    if not isinstance(names, list) or not isinstance(rows, list) or not names:
        return False
    return all(isinstance(row, list) and len(row) == len(names) for row in rows[:1000])


def _is_indexed(document: Record) -> bool:
    """{column: {row: value}}, or {row: {column: value}} where rows are numbered or many; fewer are parts of one row."""
    inner = [list(value) for value in document.values() if isinstance(value, dict)]
    if len(inner) < max(2, len(document)) or any(keys != inner[0] for keys in inner) or len(inner[0]) < 2:
        return False
    return all(k.isdigit() for k in inner[0]) or all(k.isdigit() for k in document) or len(inner) > FEW_PARTS


def _indexed(document: Record) -> list[Record]:
    """{column: {row: value}} as pandas writes it, or {row: {column: value}}."""
    inner = [list(value) for value in document.values()]
    if all(keys == inner[0] for keys in inner) and all(key.isdigit() for key in inner[0]):
        return [{column: document[column][row] for column in document} for row in inner[0]]
    return list(document.values())


def flatten(item: Record) -> Record:
    """Nested objects one level deep become `outer.inner`; deeper ones stay and are written as JSON."""
    flat: Record = {}
    for key, value in item.items():
        if isinstance(value, dict) and value:
            flat.update({f"{key}.{inner}": deep for inner, deep in value.items()})
        else:
            flat[key] = value
    return flat
