"""Classes that are counted, columns that only their place speaks for, pictures in bulk, errands in vain, numbers put
right behind an aside, and quotes that end before the next clause is joined to them."""

from __future__ import annotations

import pytest

from traineragent.language.beyond import beyond
from traineragent.language.reading import Reading

from .tables import limits, read

REPORTS = "narrative:text, kind:cat bird|fuel|radio|runway"
PLANKTON = "label:cat larva|copepod|diatom|jelly"
CLIENTS = "months:int 1..60, plan:cat a|b|c, churned:flag yes|no"
JOBS = "km:int 12..2400, tonnes:float 0.1..24, dispatcher:cat Marek|Ilse|Jo, price_eur:float 85..4900"


@pytest.mark.parametrize(
    "words",
    [
        "None of the four may drop below 60% found.",
        "60 % found in each of the four.",
        "Keine der vier darf unter 60 % gefunden fallen.",
        "Aucune des quatre ne doit descendre sous 60 % de trouvés.",
        "Ninguna de las cuatro puede bajar del 60 % encontrado.",
    ],
)
def test_as_many_as_there_are_classes_are_each_of_them(words: str) -> None:
    assert limits(read(f"Sort reports by kind. {words}", REPORTS)) == {"min_class_recall": 0.6}


def test_four_other_things_are_no_classes() -> None:
    words = "Sort reports by kind, 80 % right. None of the four fields may be missing."
    assert limits(read(words, REPORTS)) == {"accuracy": 0.8}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("I need 9 in 10 found in every single one of the four classes, the worst one counts.", "min_class_recall"),
        ("Recognise 9 in 10 in each of the four classes.", "min_class_recall"),
        ("The right one has to be among the top three 9 times in 10.", "top3_accuracy"),
    ],
)
def test_every_one_of_the_classes_is_no_shortlist(words: str, name: str) -> None:
    assert limits(read(words, PLANKTON, "image_folder")) == {name: 0.9}


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("We must get through 500 images a second.", {"throughput_rows_s": 500}),
        ("Wir müssen 500 Bilder pro Sekunde schaffen.", {"throughput_rows_s": 500}),
        ("Il faut traiter 500 images par seconde.", {"throughput_rows_s": 500}),
        ("Hay que procesar 500 fotos por segundo.", {"throughput_rows_s": 500}),
        ("每秒要处理500张图片。", {"throughput_rows_s": 500}),
        ("The line moves fast: 20 pictures a second.", {"latency_ms_p95": 50}),
        ("It has to process 20 images a second live from the camera.", {"latency_ms_p95": 50}),
        ("It has to handle 20 frames a second.", {"latency_ms_p95": 50}),
    ],
)
def test_pictures_in_bulk_and_live(words: str, limit: dict[str, float]) -> None:
    assert limits(read(f"Plankton. {words}", PLANKTON, "image_folder")) == limit


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Of 100 reminders no more than 8 to people who would have stayed anyway.", {"precision": 0.92}),
        ("Of 20 letters no more than 3 to customers who stay anyway.", {"precision": 0.85}),
        ("Von 100 Briefen höchstens 10 an Kunden, die ohnehin geblieben wären.", {"precision": 0.9}),
        ("Sur 100 courriers, au plus 8 à des clients qui seraient restés de toute façon.", {"precision": 0.92}),
        ("We send 100 letters a week. Find 80 % of those that leave.", {"recall": 0.8}),
    ],
)
def test_errands_to_those_who_need_none(words: str, limit: dict[str, float]) -> None:
    assert limits(read(f"Who will leave? {words}", CLIENTS)) == limit


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Mark drug and dose. What it marks must be right in 9 of 10 cases.", "precision"),
        ("O que ele marcar tem de estar certo em pelo menos 9 de cada 10 casos.", "precision"),
        ("Mark drug and dose. 9 of 10 doses have to be found.", "recall"),
    ],
)
def test_of_what_is_marked_and_of_what_is_there(words: str, name: str) -> None:
    assert limits(read(words, "words:tokens, tags:tokens")) == {name: 0.9}


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("RMSE of 90 euro at most - hm no, just heard from the boss, make that 60.", {"rmse": 60}),
        ("MAE under 90 euro. Wait, say it 60.", {"mae": 60}),
        ("RMSE 90 euro at most. It has to answer within 20 ms, no, make that 30.", {"rmse": 90, "latency_ms_p95": 30}),
    ],
)
def test_a_number_put_right_keeps_the_unit_of_the_first(words: str, limit: dict[str, float]) -> None:
    assert limits(read(f"Price of a freight job. {words}", JOBS)) == limit


@pytest.mark.parametrize(
    ("words", "quotes"),
    [
        ("Keep it below 20 MB and RMSE under 90 euro.", ["Keep it below 20 MB", "RMSE under 90 euro"]),
        ("RMSE unter 90 Euro und unter 20 MB.", ["RMSE unter 90 Euro", "unter 20 MB"]),
        ("RMSE sous 90 euros et moins de 20 Mo.", ["RMSE sous 90 euros", "moins de 20 Mo"]),
        ("RMSE bajo 90 euros y menos de 20 MB.", ["RMSE bajo 90 euros", "menos de 20 MB"]),
    ],
)
def test_a_quoted_limit_ends_before_the_next_one_is_joined(words: str, quotes: list[str]) -> None:
    assert [r.stated_as for r in read(f"Price. {words}", JOBS).requirements] == quotes


def test_groups_named_before_what_may_not_differ() -> None:
    words = "Which need an inspection? Between the sales regions the recall may not differ by more than 5 points."
    task = read(words, "hours:int 0..60, region:cat north|south|east, needs_inspection:flag 0|1")
    assert (limits(task), task.constraints) == ({"recall_gap": 0.05}, ("fairness:region",))


@pytest.mark.parametrize(
    "words", ["Keepers must be able to follow why somebody is on the list.", "We have to retrace the reasoning."]
)
def test_following_why_asks_for_a_model_that_can_be_understood(words: str) -> None:
    assert "interpretable" in read(f"Who will leave? {words}", CLIENTS).constraints


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("Predict which bottles are going to leak.", "fill:float 1..9, shift:cat early|late", None),
        ("Welche Flaschen werden undicht?", "fill:float 1..9, shift:cat early|late", None),
        ("Which bottles are going to leak?", "fill:float 1..9, state:cat good|leaky", "state"),
        ("Which customers will leave?", "months:int 1..60, plan:cat a|b, status:cat active|gone", "status"),
        ("Early or late shift?", "fill:float 1..9, shift:cat early|late", "shift"),
        ("Sort the grant abstracts.", "abstract:text, panel:cat life|arts|law, stream:cat new|old|network", None),
        ("Sort the grant abstracts by panel.", "abstract:text, panel:cat life|arts|law, stream:cat new|old|x", "panel"),
        ("Sort the grant abstracts.", "abstract:text, panel:cat life|arts|law", "panel"),
    ],
)
def test_a_column_that_only_its_place_speaks_for(words: str, columns: str, target: str | None) -> None:
    task = read(words, columns)
    assert task.data_info.target == target
    assert (task.verdict.decision == "ask") == (target is None)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("I'm transcribing logbooks and need ship names picked out.", False),
        ("Wir transkribieren Logbücher und brauchen die Schiffsnamen.", False),
        ("It has to transcribe our calls.", True),
    ],
)
def test_what_people_transcribe_themselves_asks_for_no_speech(words: str, asked: bool) -> None:
    assert (beyond(Reading.of(words), settled=False) is not None) == asked
