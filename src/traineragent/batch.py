"""Batch prediction: a file of rows in, a file of answers out, through the same bundle that is served."""

from __future__ import annotations

import base64
import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .bundles import bundle_of
from .errors import InputError, RowError

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def answer_file(run_or_bundle: Path, data: str) -> list[dict[str, Any]]:
    """The answers for every row of `data`, in order. Raises InputError that names file, row and column."""
    from .data.reading import read_table
    from .serve.served import open_bundle

    predictor = open_bundle(bundle_of(run_or_bundle))
    pictures = [c.name for c in predictor.manifest.columns if c.kind == "image"]
    if pictures and (files := _picture_files(Path(data).expanduser())):
        return _answer_pictures(predictor, pictures[0], files)
    table = read_table([data])
    frame = table.frame.astype(object).where(table.frame.notna(), None)
    try:
        rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
        for row in rows:
            row |= {name: _base64(Path(row[name])) for name in pictures if row.get(name)}
        answers: list[dict[str, Any]] = predictor.predict(rows)
    except InputError as e:
        name, place = Path(data).name, None if e.row is None else int(table.row[e.row])
        where = f"{name}, line {place}" + (f", column {e.column!r}" if e.column is not None else "")
        said = f"expected {e.expected}, got {e.got!r}; correct it" if isinstance(e, RowError) else str(e)
        raise InputError(f"{where}: {said}", file=name, row=place, column=e.column) from e
    return answers


def _picture_files(path: Path) -> list[tuple[str, Path]]:
    """Names and paths of the pictures that `path` is or holds; none for tables."""
    from .data.layout import is_picture_name, walk

    if path.is_dir():
        return [(e.name, e.path) for e in walk(path) if is_picture_name(e.name)]
    return [(path.name, path)] if is_picture_name(path.name) and path.is_file() else []


def _answer_pictures(predictor: Any, column: str, files: Sequence[tuple[str, Path]]) -> list[dict[str, Any]]:
    """The answer for each file, with its name. Raises InputError that names the file that is no usable picture."""
    answers: list[dict[str, Any]] = []
    for name, path in files:
        try:
            (answer,) = predictor.predict([{column: _base64(path)}])
        except RowError as e:
            raise InputError(f"{name}: {e.fix}; repair the file or take it out", file=name) from e
        answers.append({"file": name, **answer})
    return answers


def _base64(path: Path) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise InputError(f"{path.name}: the picture cannot be read ({error.strerror})", file=path.name) from None


def write_answers(answers: Sequence[Mapping[str, Any]], out: Path | IO[str]) -> None:
    """Writes CSV, or JSON lines where the name ends so. Nested values become columns such as `probability:yes`."""
    if isinstance(out, Path):
        with out.open("w", encoding="utf-8", newline="") as f:
            _write(answers, f, as_json=out.suffix in (".jsonl", ".ndjson", ".json"))
    else:
        _write(answers, out, as_json=False)


def _write(answers: Sequence[Mapping[str, Any]], f: IO[str], as_json: bool) -> None:
    if as_json:
        f.writelines(json.dumps(a, ensure_ascii=False) + "\n" for a in answers)
        return
    rows = [_flat(a) for a in answers]
    writer = csv.DictWriter(f, fieldnames=list(dict.fromkeys(k for r in rows for k in r)))
    writer.writeheader()
    writer.writerows(rows)


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
        elif isinstance(value, (list, tuple)):
            out[name] = _safe("|".join(map(str, value)))
        else:
            out[name] = _safe(value) if isinstance(value, str) else value
    return out


def _safe(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
