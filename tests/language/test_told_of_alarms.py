"""Shares of what the model reports, and of the cases, in the words of those who act on them; ordinals as shares."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import ROWS, table

PUMPS = "pump:id, pressure:float 1..9, site:cat north|south, failed:flag"
RESERVAS = "pista:id, hora:int 8..22, anulada:cat si|no"
TEILE = "temp:float 190..260, druck:float 1..9, ergebnis:cat gut|ausschuss"
PALLETS = "height:float 1..9, weight:float 1..90, state:cat fine|mendable|scrap"


def shares(words: str, columns: str) -> dict[str, float]:
    task = understand(Request(words), table(columns, ROWS), ROWS, kind="table")
    return {r.name: round(r.limit, 4) for r in task.requirements}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Of the pumps we open up because of it at least two thirds should truly be broken.", {"precision": 0.6667}),
        ("Of the sites we drive to, six in ten at least should be real.", {"precision": 0.6}),
        ("At least four fifths of the ones you tell us to take apart should really be failing.", {"precision": 0.8}),
        ("POD of at least .8 with a false alarm ratio not above .3.", {"recall": 0.8, "precision": 0.7}),
        ("It loses at most 1 in 25 of the relevant ones.", {"recall": 0.96}),
        ("We lose 1 in 25 pumps a year.", {}),
        ("We want 8 in 10 of them.", {"recall": 0.8}),
        ("Please get 90 % of them right.", {"accuracy": 0.9}),
        ("80 % of them stand in the north.", {}),
        ("Of the pumps we open up, 80 % are fine.", {}),
        ("Of the warnings on our list 70 % are useless.", {}),
        ("75 % of the flagged pumps are false alarms today.", {}),
        ("Nine in ten alarms must not be false.", {"precision": 0.9}),
        ("At most every 20th failure may slip through.", {"recall": 0.95}),
        ("We log every 15th minute.", {}),
        ("Area under the ROC at least 0.88.", {"roc_auc": 0.88}),
    ],
)
def test_a_share_is_told_of_what_is_acted_on(words: str, expected: dict[str, float]) -> None:
    assert shares("Predict which pumps fail. " + words, PUMPS) == expected


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("¿Cuáles se anulan? Quiero acertar 4 de cada 5 veces cuando aviso.", RESERVAS, {"precision": 0.8}),
        ("¿Cuáles se anulan? Cuando diga que sí, que acierte 3 de cada 4 veces.", RESERVAS, {"precision": 0.75}),
        ("¿Cuáles se anulan? Que acierte 9 de cada 10 veces.", RESERVAS, {"accuracy": 0.9}),
        ("Wird es Ausschuss? Von den schlechten darf jedes 40. durchrutschen.", TEILE, {"recall": 0.975}),
        ("Wird es Ausschuss? Wenn er warnt, muss er in vier von fünf Fällen recht haben.", TEILE, {"precision": 0.8}),
        ("Wird es Ausschuss? Wir prüfen jeden 3. Tag.", TEILE, {}),
        ("Of those called scrap 95 in a hundred must truly be scrap.", PALLETS, {"precision": 0.95}),
        ("90 in a hundred of the scrap must be found.", PALLETS, {"recall": 0.9}),
    ],
)
def test_the_case_in_which_the_model_speaks_is_read_in_other_tongues(
    words: str, columns: str, expected: dict[str, float]
) -> None:
    assert shares(words, columns) == expected


def test_an_ordinal_ends_no_sentence() -> None:
    assert len(Reading.of("Höchstens jedes 25. Teil darf fehlen. Das ist viel.").text.sentences) == 2
