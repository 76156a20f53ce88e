"""Which column is meant by what is said around it: what a yes or no is asked of, symbols of two letters, words of
the service, units of errors; what is listed, taken, pointed at, or bounded right behind an order."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.policy import judge_words

from .tables import read

STRINGS = "string:cat S-1-04|S-1-05, irradiance:float 40..1080, current_a:float 0..11.4, state:cat healthy|faulty"
CUTS = "cutting_speed:float 60..340, feed_mm:float 0..0.4, tool_minutes:float 0..48, ra_um:float 0.3..6.8"
CLAIMS = "vehicle_age:int 0..22, hail_mm:int 8..70, panels_hit:int 1..13, paid_gbp:float 180..14200"
INTENTS = "utterance:text, intent:cat sim_swap|bill|roaming|cancel|other"
TYRES = "label:cat good|worn|damaged"


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("From the currents I need to know whether a string is faulty.", STRINGS, "state"),
        ("Estimate Ra from the cutting data. Tools change, so training may take 20 minutes, no longer.", CUTS, "ra_um"),
        ("Estimate what a car hail claim will cost us. RMSE under £1.1k.", CLAIMS, "paid_gbp"),
        ("How large will the hail be, off by 3 mm at most?", CLAIMS, "hail_mm"),
        (
            "Welche Bestellungen kommen zurück? Das Modell darf nicht größer als 1 MB sein.",
            "schuhgroesse:float 35..48, bestellte_groessen:int 1..4, neukunde:flag 0|1, retoure:cat ja|nein",
            "retoure",
        ),
        (
            "Downlink volume per cell for each of the next 24 hours.",
            "hour:date, cell:cat Hillside|Port|Mall, dl_gbyte:float 0.4..188",
            "dl_gbyte",
        ),
        (
            "Apples per tree in kilos from girth and blossom.",
            "girth_cm:float 8..96, blossom:int 1..9, frost_nights:int 0..11, kg:float 1..140",
            "kg",
        ),
    ],
)
def test_the_column_that_is_meant(words: str, columns: str, target: str) -> None:
    assert read(words, columns).data_info.target == target


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        ("A chat bot for customers, what do they want: sim swap, bill, roaming, cancel, other?", "accept"),
        ("Chatbot für Kunden, was wollen sie: sim swap, bill, roaming, cancel, sonstiges?", "accept"),
        ("We need a chatbot that answers questions about bills.", "decline"),
    ],
)
def test_a_chat_bot_whose_answers_are_listed_is_a_task(words: str, decision: str) -> None:
    assert read(words, INTENTS).verdict.decision == decision


@pytest.mark.parametrize(
    ("words", "task_type"),
    [
        (
            "My men make a photo of the tyre with the telephone and it says: good, worn, or damaged.",
            "image_classification",
        ),
        ("Make new photos of good, worn and damaged tyres.", "image_generation"),
        ("Generate pictures of a good, worn or damaged tyre.", "image_generation"),
    ],
)
def test_a_photo_that_is_taken_is_not_drawn(words: str, task_type: str) -> None:
    assert read(words, TYRES, kind="image_folder").task_type == task_type


def test_new_pictures_to_point_at_are_drawn() -> None:
    words = "A generator that makes new backdrops in that hand, so the directors have something to point at."
    assert read(words, "image:id", kind="image_set").task_type == "image_generation"


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("Draw more monsters; five-year-olds play it, so nothing bloody or naked.", True),
        ("Draw fresh pages, and nothing a five-year-old shouldn't see.", True),
        ("Zeichne neue Monster für Fünfjährige, nichts Gruseliges.", True),
        ("Draw new labels for our 12-year-old malt, nothing too dark.", False),
    ],
)
def test_children_told_by_their_age(words: str, safe: bool) -> None:
    task = read(words, "image:id", kind="image_set")
    assert ("content:child_safe" in task.constraints) == safe


def test_the_middle_that_lies_on_the_thing_is_a_hit() -> None:
    words = (
        "Find what the phrase says: in eight of ten cases the centre of what you give should simply lie on the thing."
    )
    task = read(words, "image:id, phrase:text, box:text", kind="grounding")
    assert [(r.name, r.limit) for r in task.requirements] == [("pointing_accuracy", 0.8)]


def test_an_order_that_bounds_a_number_leaves_no_column_out() -> None:
    words = "Forward mails to lending, fines or events. Take your time, but not more than half a second for each mail."
    task = read(words, "mail:text, desk:cat lending|fines|events")
    assert (task.task_type, task.data_info.inputs) == ("text_classification", ("mail",))


@pytest.mark.parametrize(
    "words",
    [
        "People don't come and the chair stands empty. Tell me who is likely not to show up so I can ring them.",
        "Who will take the advice? Find 7 in 10, with the hit rate at most 5 points apart for owners and tenants.",
    ],
)
def test_showing_up_and_hit_rates_harm_nobody(words: str) -> None:
    assert judge_words(Request(words), "tabular_classification").decision == "accept"


def test_answers_that_there_is_no_way_to_get_cannot_be_learned() -> None:
    words = (
        "Predict how much tip each table will leave. Tips were never written down here, and there's no way we can get "
    )
    words += "those figures, now or later."
    assert judge_words(Request(words), "tabular_regression").decision == "decline"


def test_micro_f1_over_whole_entities_is_f1() -> None:
    words = "Extract PART, DEFECT and POSITION. Micro F1 >= 0.82 with strict span matching, whole entity or nothing."
    task = read(words, "tokens:text, bio:cat B-PART|I-PART|B-DEFECT|O", kind="entities")
    assert [(r.name, r.limit) for r in task.requirements] == [("f1", 0.82)]
    assert "eval:entity_level" in task.constraints


def test_what_is_known_begins_behind_what_a_number_is_told_of() -> None:
    words = "Rate wines. Three points off on average would be OK, the grape may be used but the price not."
    task = read(words, "grape:cat Riesling|Merlot, acidity:float 3..9, price:float 4..90, points:int 78..99")
    assert (task.data_info.target, task.constraints) == ("points", ("exclude:price",))


def test_a_metric_of_new_pictures_asks_for_new_pictures() -> None:
    task = read("Tiles like my hand-painted ones. FID 60 tops.", "image:id", kind="image_set")
    assert task.task_type == "image_generation"


def test_an_overlap_that_makes_a_hit_is_no_metric() -> None:
    words = "Find the tool that the worker names; the box has to overlap by half in 3 of 4 photos."
    task = read(words, "image:id, phrase:text, box:text", kind="grounding")
    assert [m.name for m in task.metrics] == ["accuracy_iou50"]


def test_tenants_that_move_out_undress_nobody() -> None:
    words = "Ob ein Mieter im ersten Jahr wieder auszieht, wollen wir wissen."
    assert judge_words(Request(words), "tabular_classification").decision == "accept"


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("Predict pH after 24 h.", "temp_c:float 10..40, sugar_g:float 10..90, pH_24h:float 3..7", "pH_24h"),
        ("Estimate the pH of the pool.", "cl_mg:float 0..2, ph:float 5..9, tds:int 40..900", "ph"),
    ],
)
def test_a_symbol_of_two_letters_is_a_word(words: str, columns: str, target: str) -> None:
    assert read(words, columns).data_info.target == target
