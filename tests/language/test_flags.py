"""Which columns of yes and no are labels of one question, by the words."""

from __future__ import annotations

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.language.flags import flag_columns
from traineragent.language.reading import Reading


def flag(name: str, yes: str = "1", no: str = "0") -> ColumnProfile:
    return ColumnProfile(name, "boolean", 0.0, 2, top=((no, 900), (yes, 100)))


COMMENTS = (
    ColumnProfile("comment_id", "id", 0.0, 1000),
    ColumnProfile("body", "text", 0.0, 990),
    *(flag(n) for n in ("anger", "joy", "love")),
)
AGE = ColumnProfile("age", "number", 0.0, 60)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("which feelings does a comment show - anger, joy or love; may be several", ("anger", "joy", "love")),
        ("predict anger, joy and love", ("anger", "joy", "love")),
        ("Welche Gefühle zeigt ein Kommentar? Es können mehrere sein.", ("anger", "joy", "love")),
        ("tag each comment with all that apply", ("anger", "joy", "love")),
        ("find out whether a comment shows anger", ()),
        ("does a comment show joy or anger", ()),
        ("which feeling does a comment show", ()),
    ],
)
def test_flags_are_labels_where_the_words_ask_for_them_together(words: str, expected: tuple[str, ...]) -> None:
    assert flag_columns(Reading.of(words), COMMENTS) == expected


def test_flags_beside_other_columns_are_labels_only_where_they_are_named() -> None:
    words = "a patient may have several"
    assert flag_columns(Reading.of(words), (*COMMENTS, AGE)) == ()
    assert flag_columns(Reading.of(words + ": anger and love"), (*COMMENTS, AGE)) == ("anger", "love")
