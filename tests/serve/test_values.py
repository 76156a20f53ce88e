"""Values: numbers, dates, words and blanks as people write them."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traineragent.domain.data import NumberFormat
from traineragent.serve.values import (
    date_part,
    date_text,
    is_missing,
    is_null,
    number_key,
    parse_date,
    parse_number,
    parse_numbers,
    terms,
    tokens,
)

PLAIN = NumberFormat()
ENGLISH = NumberFormat(".", ",", ("$", "USD", "%"))
GERMAN = NumberFormat(",", ".", ("€", "EUR"))
FRENCH = NumberFormat(",", " ", ("$", "€"))
SWISS = NumberFormat(".", "'", ("CHF",))


@pytest.mark.parametrize(
    ("fmt", "text", "value"),
    [
        (PLAIN, "12", 12),
        (PLAIN, " -1.5e3 ", -1500),
        (PLAIN, "+.5", 0.5),
        (PLAIN, "5.", 5),
        (PLAIN, "(12.5)", -12.5),
        (PLAIN, "12.5-", -12.5),
        (PLAIN, "\u22124", -4),
        (PLAIN, "１２", 12),
        (ENGLISH, "$2.39 ", 2.39),
        (ENGLISH, "$1,234,567.50", 1234567.5),
        (ENGLISH, "12,34,567", 1234567),
        (ENGLISH, "-$5", -5),
        (ENGLISH, "$-5", -5),
        (ENGLISH, "($5.00)", -5),
        (ENGLISH, "12 %", 12),
        (ENGLISH, "usd 7", 7),
        (ENGLISH, "1234.5", 1234.5),
        (GERMAN, "1.234,5 €", 1234.5),
        (GERMAN, "12,5", 12.5),
        (FRENCH, "2 343,00 $", 2343),
        (FRENCH, "2\u202f343,00\u00a0€", 2343),
        (SWISS, "CHF 1\u2019234.50", 1234.5),
    ],
)
def test_reads_numbers(fmt: NumberFormat, text: str, value: float) -> None:
    assert parse_number(text, fmt) == value


@pytest.mark.parametrize(
    ("fmt", "text"),
    [
        *(
            (PLAIN, t)
            for t in ("", "abc", "1_000", "nan", "inf", "1e999", "--5", "(5", "5)", "-(5)", "1,5", "0x10", "1 2")
        ),
        *((ENGLISH, t) for t in ("1,2", "1,23", ",123", "1,2345", "$", "5 EUR", "1.2.3")),
        *((GERMAN, t) for t in ("1.5", "1,234,5", "$5")),
        (PLAIN, "9" * 401),
    ],
)
def test_another_format_is_no_number_rather_than_a_wrong_one(fmt: NumberFormat, text: str) -> None:
    assert parse_number(text, fmt) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reads_every_float_as_python_writes_it(value: float) -> None:
    assert parse_number(repr(value), PLAIN) == value


@given(st.integers(-(10**12), 10**12))
def test_reads_grouped_integers(value: int) -> None:
    assert parse_number(f"{value:,}", ENGLISH) == value
    assert parse_number(f"{value:,}".replace(",", "."), GERMAN) == value
    assert parse_number(f"{value:,}".replace(",", " "), FRENCH) == value


def test_reads_many_at_once() -> None:
    np.testing.assert_array_equal(parse_numbers(["1", "x", "2.5"], PLAIN), [1, math.nan, 2.5])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("01", 1),
        ("1.0", 1),
        ("9007199254740993", 9007199254740993),
        ("1e3", 1000),
        ("abc", None),
        ("nan", None),
        ("", None),
    ],
)
def test_number_keys_are_exact(text: str, key: object) -> None:
    assert number_key(text) == key


@pytest.mark.parametrize(
    ("text", "formats", "moment"),
    [
        ("2024-02-29", ["iso"], datetime(2024, 2, 29)),
        ("2024-02-29T10:00:00+02:00", ["iso"], datetime(2024, 2, 29, 8)),
        ("2024-02-29T10:00:00Z", ["iso"], datetime(2024, 2, 29, 10)),
        ("1/2/2024", ["%d/%m/%Y"], datetime(2024, 2, 1)),
        ("01.02.24 7:05", ["%d.%m.%Y", "%d.%m.%y %H:%M"], datetime(2024, 2, 1, 7, 5)),
        ("20240131", ["%Y%m%d"], datetime(2024, 1, 31)),
        ("3 Jan 2024", ["%d %b %Y"], datetime(2024, 1, 3)),
        ("1700000000", ["epoch_s"], datetime(2023, 11, 14, 22, 13, 20)),
        ("1700000000000", ["epoch_ms"], datetime(2023, 11, 14, 22, 13, 20)),
        ("12:30", ["%H:%M"], datetime(1900, 1, 1, 12, 30)),
    ],
)
def test_reads_dates(text: str, formats: list[str], moment: datetime) -> None:
    assert parse_date(text, formats) == moment


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("2024-02-30", ["iso"]),
        ("20240131", ["iso"]),
        ("13/13/2024", ["%d/%m/%Y"]),
        ("", ["iso"]),
        ("1e300", ["epoch_s"]),
    ],
)
def test_what_is_no_date_is_none(text: str, formats: list[str]) -> None:
    assert parse_date(text, formats) is None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)))
def test_fast_formats_read_as_strptime_does(moment: datetime) -> None:
    for fmt in ("%Y-%m-%d %H:%M:%S.%f", "%d/%m/%y", "%m-%d-%Y %H:%M", "%Y%m%d%H%M%S"):
        text = moment.strftime(fmt)
        assert parse_date(text, [fmt]) == datetime.strptime(text, fmt)


def test_parts_of_a_date() -> None:
    moment, origin = datetime(2024, 12, 30, 18, 30), datetime(2024, 12, 29)
    assert date_part(moment, "days", origin) == pytest.approx(1 + 18.5 / 24)
    parts = [date_part(moment, p, origin) for p in ("year", "month", "day", "weekday", "hour", "minute", "week")]
    assert parts == [2024, 12, 30, 0, 18, 30, 1]


def test_words_of_several_scripts() -> None:
    assert tokens("Mr. O'Brien, 3rd ÉCOLE") == ["mr", "o", "brien", "3rd", "école"]
    assert tokens("新闻 abc") == ["新", "闻", "abc"]
    assert tokens("हिन्दी") == ["हिन्दी"]
    assert terms("a b c") == ["a", "b", "c", "a b", "b c"]


def test_knows_blanks() -> None:
    for text in ("", "  ", "NA", "n/a", "?", "NULL", "-", "None"):
        assert is_missing(text)
    assert is_missing("k.A.", ["K.a."])
    assert not is_missing("0")
    assert is_null(None)
    assert is_null(math.nan)
    assert not is_null("")


@pytest.mark.parametrize(
    ("text", "fmt", "moment", "again"),
    [
        ("2019Q3", "quarter", datetime(2019, 7, 1), "2019Q3"),
        ("T1 2020", "quarter", datetime(2020, 1, 1), "2020Q1"),
        ("2020-W05", "week", datetime(2020, 1, 27), "2020-W05"),
        ("17", "count", datetime(1970, 1, 18), "17"),
        ("2019Q5", "quarter", None, ""),
        ("2021-W60", "week", None, ""),
        ("soon", "count", None, ""),
    ],
)
def test_quarters_weeks_and_counted_steps_are_read_and_written(
    text: str, fmt: str, moment: datetime | None, again: str
) -> None:
    assert parse_date(text, (fmt,)) == moment
    if moment is not None:
        assert date_text(moment, fmt) == again
