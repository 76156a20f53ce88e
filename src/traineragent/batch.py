"""Batch prediction: a file of rows in, a file of answers out, through the same bundle that is served."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .bundles import bundle_of
from .errors import InputError, RowError

if TYPE_CHECKING:
    from .data.rawtable import RawTable
    from .domain.data import Column

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BOX = ("x0", "y0", "x1", "y1")
NAMED = 12  # columns of a file that an error lists
_DECIMAL = re.compile(r"[+-]?\d+(?P<sign>[.,])\d+")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def answer_file(run_or_bundle: Path, data: str, say: Callable[[str], None] = lambda _: None) -> list[dict[str, Any]]:
    """The answers for every row of `data`, in order; `say` is told what reading made of the file, such as rows that
    hold nothing and get no answer, and what the model makes of it, such as columns that it does not know. Raises
    InputError that names file, row and column."""
    from .data.newer import requests_of
    from .serve.served import open_bundle

    predictor = open_bundle(bundle_of(run_or_bundle))
    pictures = [c.name for c in predictor.manifest.columns if c.kind == "image"]
    others = [c for c in predictor.manifest.columns if c.kind != "image" and not c.nullable]
    if pictures and not others and (files := _picture_files(Path(data).expanduser())):
        return _answer_pictures(predictor, pictures[0], files, say)
    table = _table(data, [c.name for c in predictor.manifest.columns], bool(pictures))
    for note in table.notes:
        say(note)
    frame = table.frame.astype(object).where(table.frame.notna(), None)
    series = "timeline" in predictor.manifest.settings
    read_as_numbers = table.numeric if series else {c.name for c in predictor.manifest.columns if c.kind == "number"}
    for name in table.numeric & read_as_numbers:
        frame[name] = [None if cell is None else float(cell) for cell in frame[name]]
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
    asked: Sequence[Mapping[str, Any]] = rows
    try:
        for name in pictures:
            _with_pictures(rows, name, Path(data).expanduser())
        asked = requests_of(predictor, rows, Path(data).name.partition(".")[0])
        answers: list[dict[str, Any]] = predictor.predict(asked, say)
    except InputError as e:
        if e.column is not None and e.column not in frame.columns and asked is rows:
            raise _absent(Path(data).name, e.column, frame.columns) from e
        name, place = Path(data).name, None if e.row is None or asked is not rows else int(table.row[e.row])
        where = (f"{name}, line {place}" if place is not None else name) + (
            f", column {e.column!r}" if e.column is not None else ""
        )
        declared = next((c for c in predictor.manifest.columns if c.name == e.column), None)
        said = _in_a_file(e, declared) if isinstance(e, RowError) else str(e)
        raise InputError(f"{where}: {said}", file=name, row=place, column=e.column) from e
    for absent in _left_out(predictor.manifest.columns, rows) if asked is rows else ():
        say(f"{Path(data).name} has no column {absent!r}; it counts as empty in every row")
    return answers


def _left_out(columns: Iterable[Column], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Columns that may be empty and are not there at all."""
    there = rows[0].keys() if rows else ()
    return [
        c.name for c in columns if c.nullable and c.name not in there and not (c.kind == "text" and "text" in there)
    ]


def _absent(file: str, column: str, there: Iterable[str]) -> InputError:
    """A column that no row has, which was never empty in training."""
    held = ", ".join(list(map(str, there))[:NAMED])
    said = f"{file} has no column {column!r}, which the model needs: in training it was never empty"
    return InputError(
        f"{said}. Add it, or call it as the training data did; the file has {held}", file=file, column=column
    )


def _in_a_file(error: RowError, column: Column | None) -> str:
    """The remedies of the service speak of requests; for a single cell of a file there is one, or another for all
    numbers of a column that are written in another manner than those learned from."""
    if error.column is None:
        return f"expected {error.expected}, got {error.got}; {error.fix}"
    said, written = f"expected {error.expected}, got {error.got!r}", _DECIMAL.fullmatch(error.got.strip())
    if column is None or column.kind != "number" or not written or written["sign"] == column.number.decimal:
        return f"{said}; correct it"
    other = error.got.strip().replace(written["sign"], column.number.decimal)
    return f"{said}; the numbers learned from have their decimals behind {column.number.decimal!r}: write {other!r}"


def _table(data: str, names: Sequence[str], pictured: bool) -> RawTable:
    """All rows as they stand, one if need be. A table that names pictures is no collection to learn from, whose copies
    would be left out."""
    from .data.reading import read_files, read_table

    read = read_files if pictured and Path(data).expanduser().is_file() else read_table
    return read([data], least_rows=1, expected=names)


def _with_pictures(rows: Sequence[dict[str, Any]], name: str, table: Path) -> None:
    """Puts the files that rows name in place of their names, base64. What is no file stays as it is: it may be base64
    already. Raises InputError where no column names pictures."""
    folder = table.parent if table.is_file() else table
    column = name
    if name not in rows[0]:
        named = (c for c in rows[0] if _file(folder, rows[0][c]) is not None)
        column = next(named, "")
    if not column:
        raise InputError(f"no column names pictures that lie beside it; expected {name!r} with paths or base64")
    for row in rows:
        cell = row.pop(column)
        path = _file(folder, cell)
        row[name] = cell if path is None else _base64(path)


def _file(folder: Path, cell: Any) -> Path | None:
    """The file that a cell names, as it stands or below `folder`."""
    if not isinstance(cell, str) or not 0 < len(cell) < 1000 or "\x00" in cell:
        return None
    try:
        return next((p for p in (folder / cell, Path(cell).expanduser()) if p.is_file()), None)
    except (OSError, RuntimeError):
        return None


def _picture_files(path: Path) -> list[tuple[str, Path]]:
    """Names and paths of the pictures that `path` is or holds; none for tables."""
    from .data.layout import is_picture_name, walk

    if path.is_dir():
        return [(e.name, e.path) for e in walk(path) if is_picture_name(e.name)]
    return [(path.name, path)] if is_picture_name(path.name) and path.is_file() else []


def _answer_pictures(
    predictor: Any, column: str, files: Sequence[tuple[str, Path]], say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """The answer for each file, with its name. `say` is told of each that is no usable picture; raises InputError where
    none is."""
    answers: list[dict[str, Any]] = []
    damaged: list[str] = []
    for name, path in files:
        try:
            (answer,) = predictor.predict([{column: _base64(path)}])
        except RowError as e:
            damaged.append(f"{name}: {e.fix.partition(';')[0]}")
        else:
            answers.append({"file": name, **answer})
    if not answers:
        more = f", and {len(damaged) - 1} more files are no pictures either" if len(damaged) > 1 else ""
        raise InputError(f"{damaged[0]}; repair the file or name others{more}", file=files[0][0])
    for said in damaged:
        say(f"{said}; it has no answer")
    return answers


def _base64(path: Path) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise InputError(f"{path.name}: the picture cannot be read ({error.strerror})", file=path.name) from None


def check_out(out: Path, data: str) -> None:
    """Raises InputError, before any work, for a file that answers cannot be written to: the rows' own, a folder, one in
    a folder that is not there, or one whose name promises a format that is not written."""
    other = "name another file with --out"
    if out.suffix.lower() in OTHER_FORMATS:
        raise InputError(
            f"answers are written as CSV, TSV, JSON or JSON lines, not as {out.suffix}; {other}", file=str(out)
        )
    if out.is_dir() or not out.parent.is_dir():
        why = "it is a folder" if out.is_dir() else f"there is no folder {out.parent}"
        raise InputError(f"{out} cannot be written ({why}); {other}", file=str(out))
    rows = Path(data).expanduser()
    if out.exists() and rows.exists() and out.samefile(rows):
        raise InputError(f"{out} holds the rows themselves and would be overwritten; {other}", file=str(out))


def write_answers(answers: Sequence[Mapping[str, Any]], out: Path | IO[str]) -> None:
    """Writes CSV, or what the name of the file ends in. Nested values become columns such as `probability:yes`. Raises
    InputError for a file that cannot be written."""
    if not isinstance(out, Path):
        _write_table(answers, out, ",")
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as f:
            WRITTEN.get(out.suffix.lower(), WRITTEN[""])(answers, f)
    except OSError as e:
        raise InputError(f"{out} cannot be written ({e.strerror}); name another file with --out", file=str(out)) from e


def _write_json(answers: Sequence[Mapping[str, Any]], f: IO[str]) -> None:
    f.write(json.dumps(list(answers), ensure_ascii=False, indent=1) + "\n")


def _write_lines(answers: Sequence[Mapping[str, Any]], f: IO[str]) -> None:
    f.writelines(json.dumps(a, ensure_ascii=False) + "\n" for a in answers)


def _write_table(answers: Sequence[Mapping[str, Any]], f: IO[str], delimiter: str) -> None:
    rows = [_flat(part) for row, a in enumerate(answers, 1) for part in _parts(a, row)]
    writer = csv.DictWriter(f, list(dict.fromkeys(k for r in rows for k in r)), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)


WRITTEN: dict[str, Callable[[Sequence[Mapping[str, Any]], IO[str]], None]] = {
    **dict.fromkeys(("", ".csv", ".txt"), partial(_write_table, delimiter=",")),
    **dict.fromkeys((".tsv", ".tab"), partial(_write_table, delimiter="\t")),
    **dict.fromkeys((".jsonl", ".ndjson"), _write_lines),
    ".json": _write_json,
}
"""What the name of a file ends in -> how answers are written to it; CSV else."""
OTHER_FORMATS = (
    ".xlsx",
    ".xls",
    ".ods",
    ".parquet",
    ".feather",
    ".arrow",
    ".gz",
    ".zip",
    ".bz2",
    ".xz",
    ".sqlite",
    ".db",
)
"""Names that promise what is not written."""


def _parts(answer: Mapping[str, Any], row: int) -> list[Mapping[str, Any]]:
    """An answer as lines of a table: one, or one a step of a forecast, or one an entity of text number `row`, which has
    a line too where nothing was found."""
    if isinstance(answer.get("entities"), list):
        shared = {"row": row, **{k: v for k, v in answer.items() if k != "entities"}}
        return [{**shared, **e} for e in answer["entities"]] or [shared]
    if not all(isinstance(answer.get(k), list) for k in ("values", "times")):
        return [answer]
    shared = {k: v for k, v in answer.items() if k not in ("values", "times", "interval")}
    steps = range(len(answer["values"]))
    interval = answer.get("interval")
    return [
        {
            **shared,
            "step": i + 1,
            "time": answer["times"][i],
            "value": answer["values"][i],
            **({"interval": interval[i]} if interval else {}),
        }
        for i in steps
    ]


def _flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in answer.items():
        if isinstance(value, Mapping):
            out |= {
                _safe(f"{name.removesuffix('ies')}y:{k}" if name.endswith("ies") else f"{name}:{k}"): v
                for k, v in value.items()
            }
        elif isinstance(value, (list, tuple)) and name == "interval":
            out["interval_low"], out["interval_high"] = value
        elif isinstance(value, (list, tuple)) and name == "box":
            out |= dict(zip(BOX, value, strict=True))
        elif isinstance(value, (list, tuple)):
            out[name] = _safe("|".join(map(str, value)))
        else:
            out[name] = _safe(value) if isinstance(value, str) else value
    return out


def _safe(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; a class called -1 stays as it is."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text) else text
