"""Numbers as people of nine languages write them, each beside what looks alike and is none."""

from __future__ import annotations

import pytest

from traineragent.language.quantities import find_quantities
from traineragent.language.reading import Reading
from traineragent.language.words import Text

CASES = {
    "en": {
        "49 out of 50 real ones have to be spotted": ("share", 0.98),
        "1 wrongful block per 1,000 real accounts": ("share", 0.001),
        "every second alarm should be real": ("share", 0.5),
        "out of 100 we may miss 3": ("share", 0.03),
        "for every 100 good ones at most 2": ("share", 0.02),
        "19/20 right": ("share", 0.95),
        "one and a half seconds": ("time", 1500),
        "an hour and a half": ("time", 5_400_000),
        "half a million": ("number", 500_000),
    },
    "de": {
        "jeder zweite davon": ("share", 0.5),
        "binnen einer Viertelsekunde": ("time", 250),
        "anderthalb Sekunden": ("time", 1500),
        "zweieinhalb Minuten": ("time", 150_000),
        "zweihundertfünfzig Millisekunden": ("time", 250),
        "fünfzigtausend Euro": ("money", 50_000),
        "von hundert schlechten dürfen höchstens zwei durch": ("share", 0.02),
        "eins zu tausend": ("share", 0.001),
        "eine halbe Million": ("number", 500_000),
    },
    "fr": {
        "neuf fois sur dix": ("share", 0.9),
        "quatre-vingt-quinze pour cent": ("share", 0.95),
        "une seconde et demie": ("time", 1500),
        "une dizaine de minutes": ("time", 600_000),
        "sur cent pièces, au plus deux": ("share", 0.02),
        "vingt et un": ("number", 21),
    },
    "es": {
        "siete de cada diez": ("share", 0.7),
        "las tres cuartas partes": ("share", 0.75),
        "un segundo y medio": ("time", 1500),
        "de cien podridas se puede escapar una como mucho": ("share", 0.01),
        "treinta y cinco milisegundos": ("time", 35),
        "cuatrocientos euros": ("money", 400),
    },
    "pt": {
        "85 em cada 100": ("share", 0.85),
        "sete vezes em dez": ("share", 0.7),
        "uma hora e meia": ("time", 5_400_000),
        "de cem peças no máximo duas": ("share", 0.02),
        "cento e cinquenta milissegundos": ("time", 150),
    },
    "zh": {
        "千分之二": ("share", 0.002),
        "四分之三": ("share", 0.75),
        "四分之一秒": ("time", 250),
        "十个里有九个": ("share", 0.9),
        "一个半小时": ("time", 5_400_000),
        "一半": ("share", 0.5),
    },
    "hi": {
        "दस में से नौ": ("share", 0.9),
        "100 mein se kam se kam 80 pakde": ("share", 0.8),
        "दो तिहाई": ("share", 2 / 3),
        "पिचासी प्रतिशत": ("share", 0.85),
        "साढ़े तीन सेकंड": ("time", 3500),
        "डेढ़ लाख रुपये": ("money", 150_000),
        "सवा घंटे": ("time", 4_500_000),
    },
}
NEIGHBOURS = {
    "en": (
        "we sell in 10 countries and at least 5 shops are new",
        "it takes 10, 20 or 50 rows",
        "of 10 machines at most 2 seconds each",
        "open 10:30 to 9/10",
        "answers every second",
    ),
    "de": ("auf 10 Rechnern höchstens 2 GB", "jede Sekunde zählt"),
    "fr": ("sur 10 serveurs, au plus 2 Go",),
    "es": ("de 2020 a 2024, como mucho",),
}


@pytest.mark.parametrize(
    ("language", "words", "kind", "value"), [(x, w, *kv) for x, book in CASES.items() for w, kv in book.items()]
)
def test_a_number_is_read_as_it_is_said(language: str, words: str, kind: str, value: float) -> None:
    found = find_quantities(Text.of(words).plain, tuple(dict.fromkeys((language, "en"))))
    assert any(q.kind == kind and q.value == pytest.approx(value) for q in found), found


@pytest.mark.parametrize(("language", "words"), [(x, w) for x, book in NEIGHBOURS.items() for w in book])
def test_numbers_that_only_stand_together_are_no_ratio(language: str, words: str) -> None:
    found = find_quantities(Text.of(words).plain, tuple(dict.fromkeys((language, "en"))))
    assert not [q for q in found if q.kind == "share"], found


def test_a_word_that_begins_like_a_numeral_is_none() -> None:
    assert not find_quantities(Text.of("eineinhalbmal dreister Zweifel").plain, ("de", "en"))


def test_coming_quarters_are_counted_and_no_share() -> None:
    ahead = Reading.of("How much gas will be used in each of the next four quarters?")
    assert [(q.kind, q.value) for q in ahead.quantities] == [("number", 4)]
    part = Reading.of("three quarters of the alarms must be right")
    assert [(q.kind, q.value) for q in part.quantities] == [("share", 0.75)]
