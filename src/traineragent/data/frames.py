"""Text tables in the run folder, as Parquet: training rows and the sealed hold-out. Absent cells stay absent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd

from ..domain.data import Column


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    fastparquet.write(str(path), frame.reset_index(drop=True), write_index=False)


def read_frame(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = fastparquet.ParquetFile(str(path)).to_pandas()
    return frame


def cells(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    """The model's columns of a text table, as its codec takes whole columns."""
    return {c.name: frame[c.name] for c in columns}


def sent(frame: pd.DataFrame, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Rows of a text table as a client would send them, None where nothing stands."""
    names = [c.name for c in columns]
    clean = frame[names].astype(object).where(frame[names].notna(), None)
    return [{str(k): v for k, v in row.items()} for row in clean.to_dict("records")]
