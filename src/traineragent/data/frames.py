"""Text tables in the run folder, as Parquet: training rows and the sealed hold-out. Absent cells stay absent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd

from ..domain.data import Column
from ..errors import InputError


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    fastparquet.write(str(path), frame.reset_index(drop=True), write_index=False)


def read_frame(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = fastparquet.ParquetFile(str(path)).to_pandas()
    return frame


def cells(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    """The model's columns of a text table, as its codec takes whole columns."""
    return {c.name: Pictures(frame[c.name]) if c.kind == "image" else frame[c.name] for c in columns}


class Pictures(Sequence[Any]):
    """A column of paths, read as the bytes of the files when a part of it is asked for."""

    def __init__(self, paths: Any) -> None:
        self._paths = paths.astype(object).where(paths.notna(), None).tolist()

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            return [_content(path) for path in self._paths[which]]
        return _content(self._paths[which])


def _content(path: str | None) -> bytes | None:
    """Raises InputError where a picture that was there is gone."""
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        name = Path(path).name
        raise InputError(f"{name}: the picture cannot be read any more ({error.strerror})", file=name) from None


def sent(frame: pd.DataFrame, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Rows of a text table as a client would send them, None where nothing stands."""
    names = [c.name for c in columns]
    pictures = [c.name for c in columns if c.kind == "image"]
    clean = frame[names].astype(object).where(frame[names].notna(), None)
    rows = [{str(k): v for k, v in row.items()} for row in clean.to_dict("records")]
    for row in rows:
        row |= {name: base64.b64encode(_content(row[name]) or b"").decode() for name in pictures}
    return rows
