"""Words of a table beside a request in another script, and the many ways in which one word is spelled."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.reading import Reading
from traineragent.language.task import understand
from traineragent.language.transliteration import in_words_of, sounds_alike
from traineragent.language.words import fold

from .tables import ROWS, table

HOUSE = "kamre:int 1..5, ilaka:cat sadar|cantt|civil, umar:int 0..60, kiraya:int 3500..42000"


def read(words: str, columns: str) -> TaskSpec:
    return understand(Request(words), table(columns, ROWS), ROWS, kind="table")


@pytest.mark.parametrize(
    ("native", "latin"),
    [
        ("दूध", "doodh"),
        ("दूध", "dudh"),
        ("किराये", "kiraya"),
        ("मरीज़ों", "mareez"),
        ("गाड़ी", "gaadi"),
        ("गाड़ी", "gari"),
        ("पैदावार", "paidawar"),
        ("बच्चों", "bachche"),
        ("छात्रवृत्ति", "chhatravriti"),
        ("क्षेत्रफल", "kshetrafal"),
        ("लंबाई", "lambai"),
        ("उम्र", "umar"),
        ("मंज़ूर", "manjoor"),
        ("सब्ज़ी", "sabzi"),
        ("बीएमआई", "bmi"),
        ("टीबी", "tb"),
    ],
)
def test_words_that_sound_alike(native: str, latin: str) -> None:
    assert sounds_alike(fold(native), latin)


@pytest.mark.parametrize(
    ("native", "latin"),
    [("दाम", "dum"), ("दूध", "dhood"), ("किला", "kela"), ("काम", "kamre"), ("घर", "ghee"), ("मन", "man_")],
)
def test_words_that_sound_otherwise(native: str, latin: str) -> None:
    assert not sounds_alike(fold(native), latin)


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("मकान का किराया बताओ", HOUSE, "kiraya"),
        ("हमारे घर का किराया कितना होगा?", HOUSE, "kiraya"),
        ("makaan ka kiraaya batao", HOUSE, "kiraya"),
        ("मशीन खराब होगी या नहीं?", "kampan:float 0..9, tapman:float 20..90, kharaab:flag", "kharaab"),
        ("doodh kitna aayega?", "garmi:float 5..45, दूध:float 900..4100, चारा:float 5..40", "दूध"),
        ("कितनी पैदावार होगी?", "barish:float 0..90, khad:float 0..200, paidawar:float 5..60", "paidawar"),
    ],
)
def test_a_target_in_another_script_is_found(words: str, columns: str, target: str) -> None:
    assert read(words, columns).data_info.target == target


def test_columns_in_another_script_are_left_out_and_kept_together() -> None:
    assert "exclude:umar" in read("किराया बताओ। मकान की उम्र का इस्तेमाल मत करो।", HOUSE).constraints
    farm = "kisan:cat a|b|c|d|e|f, khad:float 0..200, paidavar:float 5..60"
    words = "पैदावार बताओ। एक ही किसान का डेटा ट्रेनिंग और टेस्ट दोनों में नहीं होना चाहिए।"
    assert read(words, farm).constraints == ("split:group:kisan",)


def test_words_of_the_request_itself_stay_as_they_are() -> None:
    columns = table("kam:int 1..5, galti:int 0..9, daam:int 100..900", ROWS)
    reading = in_words_of(Reading.of("दाम बताओ, औसत गलती 50 से कम हो"), columns)
    assert reading.text.plain == "daam बताओ, औसत गलती 50 से कम हो"


def test_a_request_in_another_language_is_read_as_it_is() -> None:
    reading = Reading.of("predict the rent, off by 50 at most")
    assert in_words_of(reading, table("rentt:int 1..5, दूध:int 0..9", ROWS)) is reading
