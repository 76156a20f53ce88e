"""Tables of text cells for the tests of this folder, made by hand or read from the data beside the project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

TARGETS = {
    "titanic/train.csv": "Survived",
    "adult_census/train.csv": "class",
    "german_credit/credit.csv": "default",
    "california_housing/housing.csv": "median_house_value",
    "car_price_msrp/cars.csv": "MSRP",
    "telco_churn/churn.csv": "Churn",
    "bike_sharing_hourly/bikeshare.csv": "count",
    "nyc_taxis/taxis.csv": "fare",
    "wine_white_noheader/winequality-white.csv": "column_12",
    "thyroid_sick_imbalanced/sick.csv": "target",
    "dirty_chipotle_orders/chipotle.tsv": "item_price",
}


def texts(values: Sequence[object]) -> list[str | None]:
    """Cells as a file would hold them; None stays absent."""
    return [None if v is None else str(v) for v in values]


def frame(**columns: Sequence[object]) -> pd.DataFrame:
    """A table of text cells."""
    return pd.DataFrame({name: pd.Series(texts(values), dtype=object) for name, values in columns.items()})


def shared_table(folder: Path, name: str, *, renamed: bool = False) -> tuple[pd.DataFrame, str]:
    """A real table as categories of text, blanks kept, with its target; `renamed` calls the columns c0, c1, …"""
    header = None if "noheader" in name else "infer"
    sep = "\t" if name.endswith(".tsv") else ","
    table = pd.read_csv(folder / name, sep=sep, header=header, dtype="category", na_filter=False)
    if header is None:
        table.columns = [f"column_{i + 1}" for i in range(table.shape[1])]
    target = TARGETS[name]
    if renamed:
        target = f"c{list(table.columns).index(target)}"
        table.columns = [f"c{i}" for i in range(table.shape[1])]
    return table, target
