"""Numbers, units, ratios and rates in every usual spelling."""

from __future__ import annotations

import pytest

from traineragent.language.quantities import find_quantities
from traineragent.language.reading import Reading
from traineragent.language.words import Text


def found(words: str, language: str = "en") -> list[tuple[str, float]]:
    languages = (language,) if language == "en" else (language, "en")
    return [(q.kind, round(q.value, 6)) for q in find_quantities(Text.of(words).plain, languages)]


@pytest.mark.parametrize(
    ("words", "kind", "value"),
    [
        ("under 30 milliseconds", "time", 30),
        ("20 ms tops", "time", 20),
        ("a fifth of a second", "time", 200),
        ("half a second", "time", 500),
        ("two tenths of a second", "time", 200),
        (".5 s", "time", 500),
        ("500 µs", "time", 0.5),
        ("an hour at most", "time", 3_600_000),
        ("a quarter of an hour", "time", 900_000),
        ("no more than ten minutes", "time", 600_000),
        ("below 10 MB", "size", 10),
        ("256 KiB", "size", 0.262144),
        ("1.5 gigs", "size", 1500),
        ("half a gig", "size", 500),
        ("200 kilobytes", "size", 0.2),
        ("at least nine in ten", "share", 0.9),
        ("9 out of 10", "share", 0.9),
        ("one slip in 200", "share", 0.005),
        ("four times in five", "share", 0.8),
        ("85 hits out of a hundred", "share", 0.85),
        ("90 percent", "share", 0.9),
        ("90 pct", "share", 0.9),
        ("99.5%", "share", 0.995),
        ("half a percent", "share", 0.005),
        ("three quarters", "share", 0.75),
        ("between 80 and 85%", "share", 0.8),
        ("fifteen grand", "number", 15000),
        ("20k", "number", 20000),
        ("4,300 people", "number", 4300),
        ("two hundred and fifty of them", "number", 250),
        ("$2.50", "money", 2.5),
        ("30 frames a second", "fps", 30),
        ("500 rows per second", "rate", 500),
        ("a thousand rows in two seconds", "rate", 500),
        ("12 kWh", "measure", 12),
    ],
)
def test_reads_english(words: str, kind: str, value: float) -> None:
    assert found(words) == [(kind, pytest.approx(value))]


@pytest.mark.parametrize(
    ("language", "words", "kind", "value"),
    [
        ("de", "höchstens 2,5", "number", 2.5),
        ("de", "1.000 Zeilen", "number", 1000),
        ("de", "fünfundzwanzig Millisekunden", "time", 25),
        ("de", "eine halbe Sekunde", "time", 500),
        ("de", "80 Prozent", "share", 0.8),
        ("fr", "85 %", "share", 0.85),
        ("fr", "une demi-seconde", "time", 500),
        ("fr", "quatre-vingt-dix millisecondes", "time", 90),
        ("fr", "neuf fois sur dix", "share", 0.9),
        ("es", "una décima de segundo", "time", 100),
        ("es", "9 de cada 10", "share", 0.9),
        ("pt", "meio segundo", "time", 500),
        ("pt", "9 em cada 10", "share", 0.9),
        ("it", "mezzo secondo", "time", 500),
        ("zh", "九成五", "share", 0.95),
        ("zh", "百分之九十", "share", 0.9),
        ("zh", "50毫秒", "time", 50),
        ("zh", "二十兆", "size", 20),
        ("zh", "5万元", "money", 50000),
        ("ja", "0.05秒", "time", 50),
        ("ja", "100個に1個", "share", 0.01),
        ("hi", "80 प्रतिशत", "share", 0.8),
    ],
)
def test_reads_other_languages(language: str, words: str, kind: str, value: float) -> None:
    assert (kind, pytest.approx(value)) in found(words, language)


@pytest.mark.parametrize(
    "words", ["the last one", "once a day", "a house", "p95", "f1", "since 2012", "column_3", "acc@0.5"]
)
def test_sees_no_quantity_in(words: str) -> None:
    assert found(words) == []


def test_slots_are_lined_up_with_their_numbers() -> None:
    reading = Reading.of("recall / latency / size: 95 / 20 / 3 (%, ms, MB)")
    assert [(q.kind, q.value) for q in reading.quantities] == [("share", 0.95), ("time", 20), ("size", 3)]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("a share of minus 3 percent", -0.03),
        ("ein Anteil von minus 5 Prozent", -0.05),
        ("negative 4 percent", -0.04),
        ("plus or minus 3 percent", 0.03),
        ("plus/minus 3 percent", 0.03),
        ("plus minus 3 Prozent", 0.03),
    ],
)
def test_a_sign_in_words_is_heard_and_a_width_has_none(words: str, value: float) -> None:
    assert [q.value for q in Reading.of(words).quantities if q.kind == "share"] == [pytest.approx(value)]
