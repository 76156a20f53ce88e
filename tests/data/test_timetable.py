"""Tables of values over time, however people lay them out, become rows of one moment and one value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from traineragent.data.meaning import read_columns
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import from_frame, read_table
from traineragent.data.timetable import arranged, below_one_another, counts_steps, go_on, holds_years, told_by_file


def read(frame: pd.DataFrame, in_order: bool = False) -> RawTable:
    table = from_frame(frame.astype(str))
    return arranged(table, read_columns(table.frame), in_order=in_order)


def test_years_in_the_header_become_rows() -> None:
    years = {str(y): [y / 10, y / 20] for y in range(1990, 2002)}
    table = read(pd.DataFrame({"country": ["Chad", "Peru"], **years}))
    assert table.kind == "series"
    assert table.target == "value"
    assert set(table.frame.columns) == {"country", "year", "value"}
    assert len(table.frame) == 24
    peru = table.frame[table.frame["country"] == "Peru"]
    assert peru["year"].iloc[-1] == "2001"
    assert float(peru["value"].iloc[-1]) == pytest.approx(100.05)
    assert table.row[table.frame.index[peru.index[0]]] == 2  # still the line of the file
    assert "1990" in table.notes[-1]


def test_months_in_the_header_of_years_follow_one_another() -> None:
    names = ("Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez")
    frame = pd.DataFrame({"Jahr": range(2000, 2008)} | {m: np.arange(8) * 12 + i for i, m in enumerate(names)})
    table = read(frame)
    assert table.frame["time"].tolist()[:2] == ["2000-01", "2000-02"]
    assert table.frame["value"].astype(int).tolist() == list(range(96))


@pytest.mark.parametrize(
    ("parts", "first", "second"),
    [
        ({"year": [2001, 2001], "quarter": [1, 2]}, "2001-01-01", "2001-04-01"),
        ({"Jahr": [2001, 2001], "Monat": ["Januar", "Februar"]}, "2001-01-01", "2001-02-01"),
        ({"year": [2001, 2001], "week": [1, 2]}, "2001-01-01", "2001-01-08"),
        ({"yr": [2001, 2001], "mo": [12, 12], "day": [30, 31], "hr": [0, 13]}, "2001-12-30 00:00", "2001-12-31 13:00"),
    ],
)
def test_moments_in_several_columns_become_dates(parts: dict[str, list[object]], first: str, second: str) -> None:
    names = list(parts)
    more = {names[0]: [2003, 2004, 2005, 2006]} | {n: [parts[n][0]] * 4 for n in names[1:]}
    frame = pd.DataFrame({n: [*parts[n], *more[n]] for n in names} | {"sold": range(6)})
    table = read(frame)
    assert table.frame["time"].tolist()[:2] == [first, second]
    assert not set(parts) & set(table.frame.columns)  # a part of the moment is no answer
    assert table.kind == "table"  # whether a forecast is wanted is for the words to say


def test_fractions_of_years_become_months() -> None:
    frame = pd.DataFrame({"time": [f"{1949 + i / 12:.4f}" for i in range(30)], "flown": range(30)})
    table = read(frame)
    assert table.frame["time"].tolist()[:3] == ["1949-01-01", "1949-02-01", "1949-03-01"]
    assert "fractions" in table.notes[-1]


def test_columns_side_by_side_become_series_of_their_own() -> None:
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=9), "north": range(9), "south": range(9, 18)})
    table = below_one_another(read(frame), ("north", "south"))
    assert table.frame.groupby("series", observed=True).size().to_dict() == {"north": 9, "south": 9}
    assert table.target == "value"
    assert table.part.shape == (18,)
    assert table.row.shape == (18,)


def test_rows_without_dates_are_counted_only_where_the_words_allow_it() -> None:
    frame = pd.DataFrame({"load": [5.5, 6.5, 5.0, 7.5, 8.5, 6.5, 9.5]})
    assert read(frame).frame.columns.tolist() == ["load"]
    table = read(frame, in_order=True)
    assert table.frame["step"].tolist() == ["1", "2", "3", "4", "5", "6", "7"]
    assert table.kind == "series"


def test_a_counting_column_is_taken_as_it_is() -> None:
    table = read(pd.DataFrame({"week": range(1, 31), "sold": np.arange(30) % 7 + 0.5}), in_order=True)
    assert table.frame.columns.tolist() == ["week", "sold"]
    assert table.kind == "series"
    assert counts_steps(read_columns(table.frame)["week"])


def test_a_plain_table_stays_as_it_is() -> None:
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=9), "price": np.arange(9) + 0.5})
    table = read(frame, in_order=True)
    assert table.frame.columns.tolist() == ["date", "price"]
    assert table.kind == "table"
    assert not table.notes


def test_annual_numbers_called_time_are_years() -> None:
    frame = pd.DataFrame({"time": range(1821, 1861), "lynx": np.arange(40) % 9 * 100})
    assert holds_years(read_columns(from_frame(frame.astype(str)).frame)["time"])


def files(tmp_path: Path, days: dict[str, list[str]]) -> RawTable:
    """A file a shop, with a day and what was sold on it."""
    for shop, moments in days.items():
        lines = ["day;sold", *(f"{day};{i}" for i, day in enumerate(moments))]
        (tmp_path / f"{shop}.csv").write_text("\n".join(lines))
    return told_by_file(read_table([str(tmp_path)]))


def test_a_file_a_shop_is_a_series_a_file(tmp_path: Path) -> None:
    days = [f"2024-01-{d:02d}" for d in range(1, 31)]
    table = files(tmp_path, {"Bonn": days, "Köln": days[5:]})
    assert table.frame["series"].value_counts().to_dict() == {"Bonn": 30, "Köln": 25}
    assert "told apart in 'series'" in table.notes[-1]


def test_a_file_a_month_is_one_series(tmp_path: Path) -> None:
    months = {m: [f"2024-{m}-{d:02d}" for d in range(1, 29)] for m in ("01", "02")}
    assert list(files(tmp_path, months).frame.columns) == ["day", "sold"]


def test_files_with_several_rows_a_moment_are_told_apart_otherwise(tmp_path: Path) -> None:
    days = [f"2024-01-{d:02d}" for d in range(1, 31)] * 2
    assert list(files(tmp_path, {"Bonn": days, "Köln": days}).frame.columns) == ["day", "sold"]


def test_rows_go_on_where_all_numbers_do_and_none_only_because_it_was_sorted() -> None:
    rng = np.random.default_rng(3)
    walks = pd.DataFrame(rng.normal(size=(300, 2)).cumsum(axis=0).round(3), columns=["dax", "cac"])
    people = pd.DataFrame({"age": rng.integers(18, 90, 300), "income": rng.normal(size=300).round(3)})
    assert go_on(read_columns(walks.astype(str)))
    assert not go_on(read_columns(people.astype(str)))
    assert not go_on(read_columns(people.sort_values("age")[["age"]].astype(str)))
    assert not go_on(read_columns(walks.assign(income=people["income"]).astype(str)))
