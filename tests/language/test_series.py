"""Which series are meant: by what stands behind "per", by a list of columns, by words for the whole."""

from __future__ import annotations

from datetime import date

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import Request
from traineragent.language.columns import Columns
from traineragent.language.horizon import in_order_said, until_end
from traineragent.language.moments import Moments, steps_until, usual_reach
from traineragent.language.reading import Reading
from traineragent.language.series import key_columns, side_by_side
from traineragent.language.task import understand

from .tables import table


def column(name: str, meaning: str, distinct: int = 300, **stats: object) -> ColumnProfile:
    return ColumnProfile(name, meaning, 0.0, distinct, stats=stats)  # type: ignore[arg-type]


DAY = column("date", "date", 365, first="2023-01-01 00:00:00", last="2023-12-31 00:00:00")
PANEL = (DAY, column("store", "category", 12), column("product", "category", 8), column("sold", "number"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("forecast sales per store and product for the next 4 weeks", ("store", "product")),
        ("Absatz der nächsten 14 Tage je Filiale vorhersagen", ("store",)),
        ("prévision des ventes par magasin pour les 4 prochaines semaines", ("store",)),
        ("pronostica las ventas de cada tienda y producto", ("store", "product")),
        ("prever as vendas diárias de cada loja para os próximos 28 dias", ("store",)),
        ("预测未来 4 周每个门店的销量", ("store",)),
        ("har dukaan ki bikri agle 2 hafte", ("store",)),
        ("how many will be sold each day next week", ()),
        ("forecast sales for every one of our twelve big stores", ("store",)),
    ],
)
def test_series_are_told_apart_by_what_the_words_name(words: str, expected: tuple[str, ...]) -> None:
    assert key_columns(Columns(Reading.of(words), PANEL), "sold", 365 * 96) == expected


def test_the_whole_is_one_series() -> None:
    task = understand(Request("forecast total units sold for the next 14 days", ("x",)), PANEL, 365 * 96)
    assert task.task_type == "forecasting"
    assert "series:*" in task.constraints
    assert any(a.what == "series" for a in task.assumptions)


WIDE = (DAY, *(column(n, "number") for n in ("store_north", "store_south", "store_west", "temperature")))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("forecast store_north and store_west for the next 14 days", ("store_north", "store_west")),
        ("forecast every store for the next 14 days", ("store_north", "store_south", "store_west")),
        ("forecast store_north for the next 14 days", ()),
        ("how much for each of the coming 12 months", ()),
        ("the temperature in each of the next 7 days", ()),
        ("forecast the temperature for each of the next 14 days", ()),
        ("提前24小时预测每小时的用量", ()),
        ("预测未来7天每天的用量", ()),
    ],
)
def test_columns_are_series_of_their_own_where_several_are_asked_for(words: str, expected: tuple[str, ...]) -> None:
    assert side_by_side(Reading.of(words), WIDE, 365) == expected


@pytest.mark.parametrize(
    "words",
    [
        *(
            "until the end of the year",
            "wie viel verkaufen wir bis Jahresende",
            "jusqu'à la fin de l'année",
            "hasta fin de año",
        ),
        *("até o fim do ano", "quanto venderemo fino alla fine dell'anno", "到年底", "for the rest of the year"),
    ],
)
def test_the_end_of_the_year_is_understood(words: str) -> None:
    assert until_end(Reading.of(words)) == "year"


def test_steps_to_the_end_are_counted_from_the_last_value() -> None:
    monthly = Moments(date(2023, 3, 1), 30.4, 60)
    assert steps_until(monthly, "year") == 9
    assert steps_until(Moments(date(2023, 12, 1), 30.4, 60), "year") == 12  # the year is over: the next one
    assert steps_until(Moments(date(2023, 3, 28), 1.0, 900), "month") == 3
    assert steps_until(Moments(date(2023, 4, 1), 91.3, 60), "year") == 2


def test_a_reach_that_is_not_said_is_assumed_and_told() -> None:
    task = understand(Request("Forecast the number sold per store", ("x",)), PANEL, 365 * 96)
    assert task.verdict.decision == "accept"
    assert "horizon:14steps" in task.constraints
    assert next(a for a in task.assumptions if a.what == "horizon").confidence <= 0.5


def test_a_limit_without_a_reach_is_asked_about() -> None:
    task = understand(Request("Forecast the number sold per store, MAPE below 8 %", ("x",)), PANEL, 365 * 96)
    assert task.verdict.decision == "ask"
    assert [q.about for q in task.verdict.questions] == ["horizon"]


def test_the_usual_reach_leaves_enough_history() -> None:
    assert usual_reach(Moments(date(2020, 1, 1), 30.4, 24), 24)[0] == 4
    assert usual_reach(None, 30)[0] == 5


def test_quarters_ahead_are_spans_of_time() -> None:
    task = understand(Request("Forecast sold for the next 4 quarters", ("x",)), (DAY, PANEL[3]), 365)
    assert "horizon:364d" in task.constraints


FUTURE = (*PANEL, column("promo", "boolean", 2), column("temp_c", "number"), column("footfall", "number"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("forecast sold per store for the next 14 days", ["promo"]),
        (
            "forecast sold for the next 14 days; the temperature forecast will be available at prediction time",
            ["temp_c", "promo"],
        ),
        ("Prognose für 14 Tage, footfall ist vorher bekannt", ["footfall", "promo"]),
        ("forecast sold for 14 days, leave promo out", []),
    ],
)
def test_what_is_known_ahead_comes_from_words_and_names(words: str, expected: list[str]) -> None:
    task = understand(Request(words, ("x",), target="sold"), FUTURE, 365 * 96)
    assert [c.removeprefix("future:") for c in task.constraints if c.startswith("future:")] == expected


@pytest.mark.parametrize(
    "words",
    ["What will the jobless rate be in each of the next 8 quarters?", "forecast the jobless rate, 8 quarters ahead"],
)
def test_a_count_of_steps_ahead_names_no_column_to_predict(words: str) -> None:
    profiles = (DAY, column("quarter", "number", 4, min=1, max=4), column("jobless", "number"))
    assert understand(Request(words, ("x",)), profiles, 365).data_info.target == "jobless"


CARS = (
    column("Make", "category", 48),
    column("Year", "number", 28, min=1990, max=2017),
    *(column(n, "number", 600, min=1, max=900) for n in ("HP", "Doors", "Weight", "Popularity", "MSRP")),
)


@pytest.mark.parametrize("words", ["Forecast the price a used car will fetch (MSRP)", "Forecast the MSRP of a car"])
def test_a_forecast_of_one_thing_among_many_is_no_forecast_of_values_ahead(words: str) -> None:
    assert understand(Request(words, ("x",)), CARS, 12_000).task_type == "tabular_regression"


@pytest.mark.parametrize("words", ["Forecast MSRP for the next 3 years", "Make a good forecast of MSRP"])
def test_what_lies_ahead_is_forecast_all_the_same(words: str) -> None:
    assert understand(Request(words, ("x",)), CARS, 12_000).task_type == "forecasting"


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("Forecast the count of a patient", 20, False),
        ("Forecast the values, 10 steps ahead", 20, True),
        ("This is a time series, predict it", 20, True),
        ("forecast sales", 2, True),
        ("tell the price", 2, False),
    ],
)
def test_rows_are_values_in_their_order_only_where_words_or_the_table_say_so(
    words: str, columns: int, expected: bool
) -> None:
    assert in_order_said(Reading.of(words), columns) is expected


@pytest.mark.parametrize(
    ("words", "spec", "reach"),
    [
        ("Forecast the visitors for the next 8 quarters", "t:int 1..127, visitors:float 9..240", "horizon:8steps"),
        ("Forecast the visitors for the next 12 months", "t:int 1..127, visitors:float 9..240", "horizon:12steps"),
        ("Forecast the visitors for the next 12 months", "month:int 1..127, visitors:float 9..240", "horizon:365d"),
    ],
)
def test_rows_without_a_time_are_taken_for_the_unit_that_is_said(words: str, spec: str, reach: str) -> None:
    task = understand(Request(words, ("x",)), table(spec), 127, kind="series")
    assert reach in task.constraints
    assert any("nothing says when" in a.why for a in task.assumptions) == reach.endswith("steps")


def test_the_one_column_that_is_named_is_forecast_though_it_stands_behind_from() -> None:
    spec = "t:int 1..127, Japan:float 9..240, UK:float 9..240, US:float 9..240"
    task = understand(
        Request("Forecast arrivals from Japan for the next 8 quarters", ("x",)), table(spec), 127, kind="series"
    )
    assert task.data_info.target == "Japan"
    reading = Reading.of("Forecast arrivals from Japan, UK and US for the next 8 quarters")
    assert side_by_side(reading, table("Japan:float 9..240, UK:float 9..240, US:float 9..240"), 127) == (
        "Japan",
        "UK",
        "US",
    )
