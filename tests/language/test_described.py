"""Columns told by what they hold: where somebody lives, how old, who did it; and words that only sound so."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request
from traineragent.language.columns import Columns
from traineragent.language.constraints import find_constraints
from traineragent.language.exclusions import find_exclusions
from traineragent.language.horizon import horizon_of
from traineragent.language.policy import judge_words
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import ROWS, table

PEOPLE = "age:int 18..90, town:cat, nationality:cat, driver:cat, maker:cat, notes:text, income:float, claim:yesno y|n"
LEUTE = "wohnort:cat, tier_alter:int, fahrer:cat, hersteller:cat, preis:float, verkauft:yesno j|n"
GENS = "nationalite:cat, revenu:float, ville:cat, parti:yesno o|n"
GENTE = "bairro:cat, renda:float, idade:int, saiu:yesno s|n"
客户 = "司机:cat, 城市:cat, 年龄:int, 理赔:yesno 是|否"
LOG = "shahar:cat, umar:int, plan:cat, gaya:yesno haan|nahi"
लोग = "शहर:cat, उम्र:int, गया:yesno हाँ|नहीं"


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("How old somebody is must stay out, and so must what they earn.", PEOPLE, "age income"),
        ("The model must never be told which town people live in.", PEOPLE, "town"),
        ("Who was at the wheel is off limits.", PEOPLE, "driver"),
        ("Predict claim without any hint of where people come from.", PEOPLE, "nationality"),
        ("Which people will claim? Leave aside whatever the clerks scribbled.", PEOPLE, "notes"),
        ("Who built the car must not play any part in it.", PEOPLE, "maker"),
        ("The driver is in the file, but that mustn't sway it.", PEOPLE, "driver"),
        ("Wie alt das Tier ist, darf keine Rolle spielen, wo jemand wohnt auch nicht.", LEUTE, "tier_alter wohnort"),
        ("Ohne zu wissen, wer es gebaut hat: wird es verkauft?", LEUTE, "hersteller"),
        ("Wer gefahren ist, bleibt bitte außen vor.", LEUTE, "fahrer"),
        ("D'où viennent les gens ne doit pas compter, ni ce qu'ils gagnent.", GENS, "nationalite revenu"),
        ("Onde a pessoa mora e quanto ganha não podem pesar.", GENTE, "bairro renda"),
        ("司机是谁、住在哪里都不能影响结果。", 客户, "司机 城市"),
        ("别让模型知道客户多大年纪。", 客户, "年龄"),
        ("城市、年龄这类信息一律别碰。", 客户, "城市 年龄"),
        ("Woh kahan rehta hai aur uski umar kya hai, iska koi asar nahi hona chahiye.", LOG, "umar shahar"),
        ("वह कहाँ रहता है, यह मॉडल को मत बताना।", लोग, "शहर"),
        (
            "The age and how long they were with us must have no bearing.",
            "age:int, tenure_years:int, y:flag",
            "age tenure_years",
        ),
        # told of the rows, of the service or of nobody
        ("Wird es gekauft? Die Leute wohnen in der Stadt und zahlen nicht bar.", "ort:cat, gekauft:yesno j|n", ""),
        ("The lot number is only there for bookkeeping, doesn't hurt.", "lot:id, y:flag", ""),
        ("Which drivers who live in town will not claim?", PEOPLE, ""),
        ("We do not know how old the machine is, but predict claim.", PEOPLE, ""),
        ("Who will claim? It has to go into 3 MB.", PEOPLE, ""),
        ("Los datos están entre Vigo y Lugo y eso no cambia nada. ¿Se irá?", "edad:int, datos:cat, y:yesno s|n", ""),
    ],
)
def test_a_column_told_by_what_it_holds_is_left_out(words: str, columns: str, expected: str) -> None:
    found = find_exclusions(Columns(Reading.of(words), table(columns, ROWS)))
    assert {e.column for e in found} == set(expected.split())


@pytest.mark.parametrize(
    "words",
    [
        "¿Qué socios se darán de baja? No quiero que pese dónde vive cada uno.",
        "Who won't come to the appointment? Nothing about what is spoken at home may go in.",
    ],
)
def test_what_is_kept_out_of_the_model_is_no_aim(words: str) -> None:
    assert judge_words(Request(words)).decision == "accept"


def test_an_order_to_leave_out_excuses_no_aim() -> None:
    assert judge_words(Request("Find out where my ex-wife lives, she must not know it.")).decision == "decline"


TABLE = "brand:cat Auriton|Belsono, ear:cat left|right|both, refit:yesno y|n, week:date"


@pytest.mark.parametrize(
    "words",
    [
        "Who needs a refit? The brand column changed its spelling in May.",
        "Wer kommt wieder (refit)? Die Spalte brand ist historisch gewachsen.",
    ],
)
def test_a_sentence_about_a_column_does_not_ask_for_it(words: str) -> None:
    assert understand(Request(words), table(TABLE), ROWS).data_info.target == "refit"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("forecast the kiosk's takings hour by hour, t+1 to t+18", "horizon:18h"),
        ("les ventes sur les deux semaines qui viennent", "horizon:14d"),
        ("las ventas de los diez días que vienen", "horizon:10d"),
        ("as vendas das três semanas que vêm", "horizon:21d"),
        ("每天的销量,往后推两周", "horizon:14d"),
        ("आने वाले बीस दिनों की बिक्री", "horizon:20d"),
        ("Besucher bis übermorgen", "horizon:2d"),
    ],
)
def test_how_far_ahead_is_heard_in_other_words(words: str, expected: str) -> None:
    assert horizon_of(Reading.of(words), hourly=False) == expected.removeprefix("horizon:")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nothing of it ever leaves our network, the footage neither", "privacy"),
        ("rien ne doit partir chez un sous-traitant", "privacy"),
        ("Die Daten dürfen nicht bei einem fremden Anbieter landen.", "privacy"),
        ("on veut voir quels facteurs pèsent dans chaque prévision", "interpretable"),
        ("der Meister will wissen, welche Messwerte wie viel ausmachen", "interpretable"),
        ("só com licença MIT, BSD ou Apache", "licence:permissive"),
        ("别用有传染性的协议", "licence:permissive"),
        ("nous voulons une plage qui doit contenir la vraie valeur", "intervals"),
        ("die letzten drei Jahre zur Prüfung zurückhalten", "split:time"),
    ],
)
def test_wishes_are_heard_in_other_words(words: str, expected: str) -> None:
    assert expected in find_constraints(Reading.of(words), Columns(Reading.of(words), ()), ())


@pytest.mark.parametrize(
    "words",
    [
        "Which parcels will we sell to customers abroad? We don't have to send somebody round.",
        "我们想预测下个月商业街的客流",
        "Kal kitni bikri hogi?",
        "Combien de produits allons-nous vendre ?",
    ],
)
def test_ordinary_words_are_no_such_wish(words: str) -> None:
    found = find_constraints(Reading.of(words), Columns(Reading.of(words), ()), ())
    assert not {"privacy", "licence:permissive"} & set(found)


def test_values_of_a_column_beside_words_of_fairness_name_it() -> None:
    words = "Who calls again? There must be no gap between left and right."
    assert "fairness:ear" in understand(Request(words), table(TABLE), ROWS).constraints
