"""Which column is meant by what the others are: circumstances, early measurements, other units, things asked about."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.abbreviations import cut_from
from traineragent.language.alternatives import listed
from traineragent.language.conventions import at_stage, circumstance
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import table


def read(words: str, spec: str) -> TaskSpec:
    return understand(Request(words), table(spec), 2000)


@pytest.mark.parametrize(
    ("words", "spec", "target"),
    [
        # the one that no circumstance is called after
        (
            "Cheese dairy: which wheels will we have to throw out?",
            "breed:cat a|b|c, salted:flag, zq:flag, cellar_temp:float 4..14, shift:cat A|B|C",
            None,
        ),
        (
            "Cheese dairy: which wheels will we have to throw out?",
            "breed:cat a|b|c, weekend:flag, zq:flag, cellar_temp:float 4..14, shift:cat A|B|C",
            "zq",
        ),
        (
            "How long does the glaze take to set?",
            "q_min:float 1..90, room_temp:float 5..40, humidity:float 10..90, depth_mm:float 1..9",
            "q_min",
        ),
        ("Wie viel bringt die Fuhre ein?", "zz:float 1..900, alter:int 1..90, schicht:cat A|B", "zz"),
        ("Combien de miel par ruche ?", "region:cat n|s, age_reine:int 1..5, pluie:float 0..90, kk:float 0..60", "kk"),
        # of two measurements the last one
        ("How heavy will the calf be?", "birth_kg:float 20..60, wean_kg:float 90..300, farm:cat a|b", "wean_kg"),
        (
            "How late does the coach get in? Within six minutes.",
            "arr_late_min:int 0..90, dep_late_min:int 0..90, stops:int 1..30",
            "arr_late_min",
        ),
        # a length is not how long it takes
        ("How long will the skipper wait at the lock?", "boat_len_m:float 4..40, w_min:int 1..120", "w_min"),
        # pieces of names that are short for words of what is spoken of
        ("Which guests never turn up?", "insd:flag, vip:flag, nshw:flag, age:int 1..90", "nshw"),
        ("Which patients come back within a month?", "icu:flag, smk:flag, readm:flag, age:int 1..90", "readm"),
        # the thing that is asked about is no answer
        ("How many chicks will the flock hatch?", "flock_n:int 10..900, h_n:int 0..900, barn:cat a|b", None),
        ("Is that boat going to sink?", "boat_new:flag, went_down:flag, hull:cat wood|steel|grp", "went_down"),
        # what is said not to matter
        ("Who gets hurt on the slope? We don't care whether they sued.", "injured:flag, sued:flag", "injured"),
        # one of several is asked for
        ("Quelle essence est-ce ?", "dens:float 1..9, hauteur:float 1..30, essence:cat chene|hetre|pin", "essence"),
        ("Para que setor vai o chamado?", "vip:flag, canal:cat tel|web, setor_dest:cat a|b|c|d", "setor_dest"),
        # its values are of the kind that is asked for
        ("What stone is this wall made of?", "q1:cat marble|slate|basalt, q2:cat a|b|c, era:cat x|y|z", "q1"),
        ("Quel poisson est sur la photo ?", "bateau:cat a|b|c, qq:cat saumon|thon|truite, mer:cat n|s|o", "qq"),
        # a yes or no is asked for by turning the verb round
        ("Le train arrive-t-il en gare ce soir ?", "quai:cat a|b|c, xx:flag, sens:cat n|s|o", "xx"),
        ("What will the garage charge?", "xx:int 10..900, alu:flag, year:int 2000..2024", "xx"),
        # as many values as are told apart
        ("How is the goat today: lively, a bit dull, or down?", "ss:cat viv|mid|low, farm:cat a|b|c|d", "ss"),
        # symbols of substances
        ("How much nickel is in the slag?", "ni_x:float 0..9, fe_x:float 0..9, mn_x:float 0..9", "ni_x"),
        # that it comes last says nothing beside another that is called alike
        ("How tall will the tree get?", "h_crown:float 1..40, age:int 1..90, h_trunk:float 1..40", None),
        # what is done with the answer is no answer
        ("Tell us if a run ends in a fall, so that the guide changes the slope.", "slope:cat a|b|c, fell:flag", "fell"),
    ],
)  # fmt: skip
def test_the_answer_is_told_from_what_it_depends_on(words: str, spec: str, target: str | None) -> None:
    assert read(words, spec).data_info.target == target


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("cellar temp", True), ("schicht", True), ("nb enfants", True), ("品牌", True), ("zq", False), ("yield", False)],
)
def test_names_of_circumstances(name: str, is_one: bool) -> None:
    assert circumstance(name) is is_one


def test_stages_are_told_by_names() -> None:
    names = ("birth kg", "final weight", "yield")
    assert [n for n in names if at_stage(n, "first")] == ["birth kg"]
    assert [n for n in names if at_stage(n, "last")] == ["final weight"]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Is it calm, windy or stormy?", 3),
        ("How is the bread: fine, burnt, raw or flat?", 4),
        ("Wird es Regen, Schnee oder Hagel?", 3),
        ("Is it red or green?", 0),
        ("We sell bread, cakes and tea to whoever comes in from the street.", 0),
    ],
)
def test_how_many_are_told_apart(words: str, number: int) -> None:
    assert listed(Reading.of(words)) == number


@pytest.mark.parametrize(
    ("token", "word", "short"),
    [("recl", "reclamation", True), ("nshw", "noshow", True), ("rec", "reclamation", False), ("late", "later", False)],
)
def test_beginnings_and_consonants_stand_for_words(token: str, word: str, short: bool) -> None:
    assert cut_from(token, word) is short


@pytest.mark.parametrize(
    "words",
    [
        "Is this stamp genuine or a forgery?",
        "Sobald eine Bestellung reinkommt, soll klar sein, aus welchem Lager sie kommt.",
        "Welche Keller sind feucht, weil Wasser eindringt?",
        "औसतन दो किलो से ज़्यादा गलती न हो, वज़न कितना होगा?",
    ],
)
def test_nothing_harmful_is_read_into_it(words: str) -> None:
    assert read(words, "a1:float 1..9, b1:float 1..9, kind:cat a|b|c").verdict.decision != "decline"
