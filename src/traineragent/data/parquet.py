"""Parquet files through fastparquet, row group by row group. Knows nothing of other formats."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from traineragent.data.delimited import COLUMN_LIMIT, digest
from traineragent.data.part import Part, ReadOptions
from traineragent.data.sources import Source, shown
from traineragent.data.typed import distinct_names
from traineragent.data.typedpart import frame_part
from traineragent.errors import InputError


def read_parquet(source: Source, options: ReadOptions) -> Part:
    """Read a Parquet file. Raises InputError where it is damaged or uses what fastparquet cannot read."""
    with source.open() as stream:
        content = stream.read()
    if content[-4:] != b"PAR1":
        raise InputError(f"{source.name}: the Parquet file is cut off; fetch it again", file=source.name)
    with tempfile.TemporaryDirectory(prefix="traineragent-") as folder:
        path = Path(folder, "table.parquet")
        path.write_bytes(content)
        del content
        frame = _frame(source, path)
    frame = frame if isinstance(frame.index, pd.RangeIndex) or frame.index.name is None else frame.reset_index()
    if not len(frame) or not frame.shape[1]:
        raise InputError(f"{source.name}: the Parquet file holds no rows", file=source.name)
    if frame.shape[1] > COLUMN_LIMIT:
        raise InputError(f"{source.name}: more than {COLUMN_LIMIT:,} columns", file=source.name)
    names = distinct_names(frame.columns)
    lines = np.arange(1, len(frame) + 1)
    return frame_part(source, "parquet", names, frame, lines, options, sha256=digest(source))


def _frame(source: Source, path: Path) -> Any:
    import fastparquet  # here, so that other formats are not kept waiting for it

    try:
        file = fastparquet.ParquetFile(str(path))
        return _named(file.to_pandas(), file.key_value_metadata)
    except Exception as error:  # noqa: BLE001  a damaged file fails in many ways inside the C code
        raise InputError(
            f"{source.name}: the Parquet file cannot be read ({shown(type(error).__name__)}: {shown(str(error))}); "
            "write it again, or give a CSV",
            file=source.name,
        ) from None


def _named(frame: Any, about: Mapping[Any, Any]) -> Any:
    """Classes that are written as numbers get the names that the file gives them (the `datasets` library's ClassLabel);
    other numbers there, such as -1, mean that the class is not known."""
    said = about.get("huggingface", about.get(b"huggingface"))
    try:
        features = json.loads(said)["info"]["features"] if said else {}
        named = {c: f["names"] for c, f in features.items() if f.get("_type") == "ClassLabel" and c in frame.columns}
    except (ValueError, KeyError, TypeError, AttributeError):
        return frame
    for column, names in named.items():
        frame[column] = frame[column].map(dict(enumerate(map(str, names))))
    return frame
