"""What phrases say, in the words of rules and in freer ones."""

from __future__ import annotations

import pytest

from traineragent.engine.grounding.words import learned_words, mirrored, places, reading_of
from traineragent.serve.grounding.phrases import PhraseReader, Thing

TAUGHT = ["the king", "the queen", "the ten", "the ace", "the red circle", "the blue square", "the green kettle"] * 3


@pytest.fixture(scope="module")
def reader() -> PhraseReader:
    return PhraseReader(**reading_of(TAUGHT))


@pytest.mark.parametrize(
    ("phrase", "words", "ends", "rank"),
    [
        ("the king", ("king",), (), 1),
        ("kings", ("king",), (), 1),
        ("the leftmost king", ("king",), ("left",), 1),
        ("the left-most king", ("king",), ("left",), 1),
        ("whichever king is furthest to the left", ("king",), ("left",), 1),
        ("the king on the far left", ("king",), ("left",), 1),
        ("the king on the left of the picture", ("king",), ("left",), 1),
        ("the left of the two kings", ("king",), ("left",), 1),
        ("the lowest of the kings", ("king",), ("bottom",), 1),
        ("the ace closest to the right edge", ("ace",), ("right",), 1),
        ("the ace farthest from the right edge", ("ace",), ("left",), 1),
        ("the ace in the bottom right corner", ("ace",), ("bottom", "right"), 1),
        ("the king in the middle", ("king",), ("middle",), 1),
        ("the second king from the left", ("king",), ("left",), 2),
        ("the 3rd ace from the bottom", ("ace",), ("bottom",), 3),
        ("the second king", ("king",), ("left",), 2),
        ("second largest queen", ("queen",), ("largest",), 2),
        ("the big red circle", ("red", "circle"), ("largest",), 1),
        ("the one on the left", (), ("left",), 1),
        ("der linke king", ("king",), ("left",), 1),
        ("le king tout à gauche", ("king",), ("left",), 1),
        ("the 10", ("ten",), (), 1),
        ("the king above", ("king",), ("top",), 1),
    ],
)
def test_things_are_told_by_words_ends_and_order(
    reader: PhraseReader, phrase: str, words: tuple[str, ...], ends: tuple[str, ...], rank: int
) -> None:
    assert reader.read(phrase) == Thing(words, ends, rank)


@pytest.mark.parametrize(
    ("phrase", "relation", "anchor"),
    [
        ("the king left of the queen", "left_of", Thing(("queen",))),
        ("the king to the left of the queen", "left_of", Thing(("queen",))),
        ("the king on the right side of the queen", "right_of", Thing(("queen",))),
        ("the king directly below the leftmost queen", "below", Thing(("queen",), ("left",))),
        ("the king next to the red circle", "near", Thing(("red", "circle"))),
        ("the king on top of the blue square", "above", Thing(("blue", "square"))),
        ("king über dem queen", "above", Thing(("queen",))),
        ("the king inside the blue square", "inside", Thing(("blue", "square"))),
    ],
)
def test_things_are_told_by_other_things(reader: PhraseReader, phrase: str, relation: str, anchor: Thing) -> None:
    assert reader.read(phrase) == Thing(("king",), relations=((relation, (anchor,)),))


def test_between_has_two_anchors_or_two_of_a_kind(reader: PhraseReader) -> None:
    assert reader.read("the ace between the king and the ten").relations == (
        ("between", (Thing(("king",)), Thing(("ten",)))),
    )
    assert reader.read("the ace between two queens").relations == (("between", (Thing(("queen",)),)),)


def test_two_relations_may_be_to_one_thing_or_to_two(reader: PhraseReader) -> None:
    queen, ten = Thing(("queen",)), Thing(("ten",))
    assert reader.read("the king above and left of the queen").relations == (("above", (queen,)), ("left_of", (queen,)))
    assert reader.read("the king above the queen and left of the ten").relations == (
        ("above", (queen,)),
        ("left_of", (ten,)),
    )


def test_relations_nest(reader: PhraseReader) -> None:
    thing = reader.read("the king left of the queen above the ten")
    (relation, (queen,)) = thing.relations[0]
    assert relation == "left_of"
    assert queen.relations == (("above", (Thing(("ten",)),)),)
    assert thing.queries() == [("king",), ("queen",), ("ten",)]


def test_words_nobody_taught_are_put_aside_and_named(reader: PhraseReader) -> None:
    thing = reader.read("the shiny king left of the zebra queen")
    assert thing.words == ("king",)
    assert thing.all_unknown == ("shiny", "zebra")


def test_sizes_name_things_where_training_phrases_use_them_so() -> None:
    taught = PhraseReader(**reading_of(["the small circle", "the large circle", "the square"] * 5))
    assert taught.read("the small circle") == Thing(("small", "circle"))
    assert taught.read("the smallest circle") == Thing(("circle",), ("smallest",))


def test_whole_phrases_are_mirrored_word_by_word() -> None:
    swapped = mirrored(places())
    assert swapped["leftmost"] == "rightmost"
    assert swapped["right"] == "left"
    assert swapped["linke"] == "rechte"


def test_words_of_things_come_first_among_all_words() -> None:
    known = reading_of(TAUGHT)["known"]
    assert list(learned_words(TAUGHT, known)[: len(known)]) == known
