"""Rows that come after a forecast was learned are brought into its shape by what was found in the data learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from traineragent.data.coarsening import coarsened
from traineragent.data.happenings import counted
from traineragent.data.meaning import read_columns
from traineragent.data.newer import requests_of
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import from_frame
from traineragent.data.shaping import FILES
from traineragent.data.timetable import arranged, below_one_another
from traineragent.errors import InputError

MONTHS = pd.period_range("2010-01", periods=84, freq="M")
SALES = 100 + np.arange(84)


def learned_from(frame: pd.DataFrame, **more: Any) -> RawTable:
    table = from_frame(frame)
    return arranged(table, read_columns(table.frame), **more)


def bundle(
    table: RawTable, time: str, target: str, key_names: Sequence[str] = (), keys: Sequence[tuple[str, ...]] = ((),)
) -> Any:
    """What is read of a bundle that was learned from `table`; it answers with the rows that it is asked."""
    settings = {"timeline": {}, "time": time, "shaped": table.shaped}
    manifest = SimpleNamespace(settings=settings, target=SimpleNamespace(name=target))
    return SimpleNamespace(manifest=manifest, key_names=key_names, keys=keys, requests=lambda rows: rows)


def test_parts_of_a_date_in_a_single_row() -> None:
    table = learned_from(pd.DataFrame({"Year": MONTHS.year, "Month": MONTHS.strftime("%b"), "sales": SALES}))
    newer = [{"Month": "Jan", "Year": 2017, "sales": 190}]
    assert requests_of(bundle(table, "time", "sales"), newer) == [{"sales": 190, "time": "2017-01-01"}]


def test_rows_that_have_the_shape_already_stay_as_they_are() -> None:
    table = learned_from(pd.DataFrame({"Year": MONTHS.year, "Month": MONTHS.month, "sales": SALES}))
    newer = [{"time": "2017-01-01", "sales": "190"}]
    assert requests_of(bundle(table, "time", "sales"), newer) == newer
    asked = [{"horizon": 3}]
    assert requests_of(bundle(table, "time", "sales"), asked) == asked


def test_fractions_of_a_year_and_dates_in_their_place() -> None:
    table = learned_from(pd.DataFrame({"time": (MONTHS.year + (MONTHS.month - 1) / 12).round(3), "sales": SALES}))
    of_table = bundle(table, "time", "sales")
    newer = [{"time": 2017.083, "sales": 190}]
    assert requests_of(of_table, newer) == [{"time": "2017-02-01", "sales": 190}]
    dated = [{"time": "2017-02-01", "sales": "190"}]
    assert requests_of(of_table, dated) == dated


def test_moments_in_the_header_are_later_ones() -> None:
    years = {str(1980 + k): [k, 2 * k] for k in range(27)}
    of_table = bundle(learned_from(pd.DataFrame({"country": ["A", "B"], **years})), "year", "value")
    newer = requests_of(of_table, [{"country": "A", "2007": 5}, {"country": "B", "2007": 6}])
    assert newer == [{"country": "A", "year": "2007", "value": 5}, {"country": "B", "year": "2007", "value": 6}]
    with pytest.raises(InputError, match="no column is called by a year"):
        requests_of(of_table, [{"country": "A", "value": 5}])


def test_months_in_the_header_follow_one_another_and_all_must_be_there() -> None:
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    frame = pd.DataFrame({"year": range(2010, 2017), **{n: range(k, k + 7) for k, n in enumerate(names)}})
    of_table = bundle(learned_from(frame), "time", "value")
    newer = requests_of(of_table, [{"year": 2017, **{n: k for k, n in enumerate(names)}}])
    assert [(r["time"], r["value"]) for r in newer][:2] == [("2017-01", 0), ("2017-02", 1)]
    with pytest.raises(InputError, match=r"no column 'Dec'") as caught:
        requests_of(of_table, [{"year": 2017, **dict.fromkeys(names[:-1], 1)}])
    assert caught.value.column == "Dec"


def test_rows_without_a_moment_follow_in_their_order() -> None:
    table = learned_from(pd.DataFrame({"load": SALES}), in_order=True)
    assert requests_of(bundle(table, "step", "load"), [{"load": 7}]) == [{"load": 7}]


@pytest.mark.parametrize("as_columns", [True, False])
def test_series_side_by_side_are_put_below_one_another(as_columns: bool) -> None:
    frame = pd.DataFrame({"month": MONTHS.astype(str), "Ulm": SALES, "Bonn": 2 * SALES})
    table = below_one_another(from_frame(frame), ["Ulm", "Bonn"]) if as_columns else from_frame(frame)
    of_table = bundle(table, "month", "value", ("series",), (("Ulm",), ("Bonn",)))
    newer = requests_of(of_table, [{"month": "2017-01", "Bonn": 3, "weather": "wet"}])
    assert newer == [{"month": "2017-01", "weather": "wet", "series": "Bonn", "value": 3}]


def test_a_file_that_was_a_series_is_one_again() -> None:
    table = replace(from_frame(pd.DataFrame({"day": ["x", "y"]})), shaped=({"do": FILES, "series": "series"},))
    found = requests_of(
        bundle(table, "day", "sold", ("series",), (("ulm",),)), [{"day": "2024-01-01", "sold": 1}], "ulm"
    )
    assert found[0]["series"] == "ulm"


def log(days: Sequence[str]) -> list[Mapping[str, Any]]:
    """Four things that happen on each of the days, from one in the morning to late at night, one in three a call."""
    hours = ("01:10", "09:00", "15:30", "23:20")
    return [{"opened": f"{d} {h}", "channel": "call" if k % 3 else "mail"} for d in days for k, h in enumerate(hours)]


def counting(keys: Sequence[str]) -> Any:
    days = pd.date_range("2023-01-02", periods=60).strftime("%d.%m.%Y")
    table = from_frame(pd.DataFrame(log(list(days))))
    table = counted(table, read_columns(table.frame), "opened", "day", keys)
    known = [("call",), ("mail",), ("visit",)] if keys else [()]
    return bundle(table, "time", "count", tuple(keys), known)


def test_a_log_is_counted_without_the_day_that_it_breaks_off_in() -> None:
    newer = log(["03.04.2023", "04.04.2023"])[:-1]  # dates that another country would read as March and April
    assert requests_of(counting(()), newer) == [{"time": "2023-04-03", "count": "4"}]


def test_a_series_of_which_nothing_happened_is_counted_as_nought() -> None:
    found = requests_of(counting(("channel",)), log(["03.04.2023"]))
    assert {(r["channel"], r["count"]) for r in found} == {("call", "2"), ("mail", "2"), ("visit", "0")}


def test_a_log_of_no_whole_step_is_refused() -> None:
    with pytest.raises(InputError, match="cover no whole"):
        requests_of(counting(()), log(["03.04.2023"])[:2])


def test_days_are_taken_by_the_week_as_far_as_weeks_are_whole() -> None:
    days = pd.date_range("2023-01-02", periods=140)
    table = from_frame(pd.DataFrame({"day": days.strftime("%d/%m/%Y"), "sold": range(140)}))
    of_table = bundle(coarsened(table, read_columns(table.frame), "week"), "day", "sold")
    newer = [{"day": d.strftime("%d/%m/%Y"), "sold": 1} for d in pd.date_range("2023-05-22", periods=10)]
    found = requests_of(of_table, newer)
    assert [r["day"] for r in found] == ["2023-05-22"] * 7
    with pytest.raises(InputError, match="cover no whole week"):
        requests_of(of_table, newer[7:])
