"""Formats in which columns write numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from traineragent.data.numerals import is_code, read_numerals
from traineragent.domain.data import NumberFormat


def read(*texts: str) -> tuple[NumberFormat, list[float]]:
    found = read_numerals(texts, np.ones(len(texts), dtype=np.int64))
    return found.format, found.values.tolist()


@pytest.mark.parametrize(
    ("texts", "fmt", "values"),
    [
        (("1.5", "2", "-3e2"), NumberFormat(), [1.5, 2, -300]),
        (("$2.39", "$11.25", "$1,000.50"), NumberFormat(".", ",", ("$",)), [2.39, 11.25, 1000.5]),
        (("2 343,00 $", "5,5 $", "12 $"), NumberFormat(",", " ", ("$",)), [2343, 5.5, 12]),
        (("€ 1.234,50", "€12,00"), NumberFormat(",", ".", ("€",)), [1234.5, 12]),
        (("1,234.5", "2", "3,000"), NumberFormat(".", ","), [1234.5, 2, 3000]),
        (("1'234'567", "12"), NumberFormat(".", "'"), [1234567, 12]),
        (("12 %", "5%", "7.5 %"), NumberFormat(".", "", ("%",)), [12, 5, 7.5]),
        (("(12.5)", "3", "4-"), NumberFormat(), [-12.5, 3, -4]),
        (("12 km/h", "5 km/h"), NumberFormat(".", "", ("km/h",)), [12, 5]),
        (("5 m2", "7 m2"), NumberFormat(".", "", ("m2",)), [5, 7]),
        (("USD 12", "$13"), NumberFormat(".", "", ("$", "USD")), [12, 13]),
        (("Rs. 500", "Rs. 1,200"), NumberFormat(".", ",", ("Rs.",)), [500, 1200]),
        (("-$5.00", "$3.00"), NumberFormat(".", "", ("$",)), [-5, 3]),
    ],
)
def test_reads_numbers_as_people_write_them(texts: tuple[str, ...], fmt: NumberFormat, values: list[float]) -> None:
    assert read(*texts) == (fmt, values)


def test_a_comma_before_three_digits_groups_unless_other_values_show_a_decimal_comma() -> None:
    assert read("1,234", "2,345")[1] == [1234, 2345]
    assert read("1,5", "2,25", "3,125")[1] == [1.5, 2.25, 3.125]
    assert read("0,125", "3,125")[1] == [0.125, 3.125]


def test_points_group_only_where_small_numbers_have_none() -> None:
    german = ("1.234", "12.500", "5.000", "7.100", "3.400", "999", "12")
    assert read(*german)[1] == [1234, 12500, 5000, 7100, 3400, 999, 12]
    assert read("1.234", "2.345", "3.456", "4.567", "5.678")[1][0] == 1.234
    assert read("1.234", "0.994", "1.001", "1.002", "1.003", "5", "7")[1][0] == 1.234


@pytest.mark.parametrize(
    "texts",
    [
        ("12k", "3M", "950"),  # sizes that differ by a thousand are no common unit
        ("5 kg", "7 lb", "9 kg"),
        ("USD 5", "EUR 7"),
        ("C85", "B12"),
        ("11th", "12th", "1st"),
        ("<5", ">10"),
    ],
)
def test_leaves_codes_and_mixed_units_alone(texts: tuple[str, ...]) -> None:
    assert all(math.isnan(v) for v in read(*texts)[1] if v != 950)


def test_knows_digits_that_are_names() -> None:
    assert is_code(["01234", "99999", "00501"])
    assert is_code(["12345678901234567890", "12345678901234567891"])
    assert not is_code(["100", "250"])
    assert not is_code(["0001.5", "12"])


STYLES = {
    "english": (".", ",", lambda s: s),
    "german": (",", ".", lambda s: s),
    "french": (",", " ", lambda s: s),
    "dollars": (".", ",", lambda s: f"${s}"),
    "euros": (",", ".", lambda s: f"{s} €"),
    "percent": (".", "", lambda s: f"{s} %"),
}


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(STYLES)),
    st.lists(st.integers(-(10**8), 10**8), min_size=4, max_size=30, unique=True),
    st.integers(1, 2),
)
def test_any_column_in_one_style_is_read_back_exactly(style: str, cents: list[int], places: int) -> None:
    decimal, thousands, dress = STYLES[style]
    values = [c / 10**places for c in cents]
    texts = [
        dress(f"{v:,.{places}f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)) for v in values
    ]
    assume(len(set(texts)) == len(texts))
    assert read(*texts)[1] == pytest.approx(values)
