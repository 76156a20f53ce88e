"""Text tables in the run folder, as Parquet: training rows and the sealed hold-out. Absent cells stay absent."""

from __future__ import annotations

from pathlib import Path

import fastparquet
import pandas as pd


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    fastparquet.write(str(path), frame.reset_index(drop=True), write_index=False)


def read_frame(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = fastparquet.ParquetFile(str(path)).to_pandas()
    return frame
