"""What no data can give: years far ahead, codes of single rows, answers that never differ, draws, the unseen."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.far_years import year_asked_for
from traineragent.language.feasibility import feasible
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits
from traineragent.language.task import understand

from .tables import ROWS, table

WEATHER = "date:date, temp:float -9..35, frost:flag"


def task(words: str, columns: str, kind: str = "table") -> TaskSpec:
    return understand(Request(words), table(columns), ROWS, kind=kind)


@pytest.mark.parametrize(
    ("words", "year"),
    [
        ("Will there be frost in our vineyard on 3 May 2068? Yes or no.", 2068),
        ("Will there be frost on June 14th, 2071?", 2071),
        ("Schneit es Heiligabend 2059 um 18 Uhr?", 2059),
        ("¿Helará el 2 de julio de 2064 a mediodía?", 2064),
        ("2080年中秋节那天会下霜吗?", 2080),
        ("Will there be frost tomorrow? The greenhouse dates from 2031 rows of panes.", None),
        ("Our grid plan runs to 2070. Predict frost for tomorrow.", None),
        ("Predict frost, the vines were planted in 1971.", None),
    ],
)
def test_the_year_of_a_moment_far_ahead(words: str, year: int | None) -> None:
    assert year_asked_for(Reading.of(words)) == year


def test_no_answer_for_a_day_beyond_what_the_history_reaches() -> None:
    (found,) = feasible(TaskSpec("tabular_classification"), table(WEATHER), ROWS, 2068)
    assert (found.action, found.about) == ("decline", "horizon")
    assert "2068" in found.text
    assert task("Will there be frost on 3 May 2068?", WEATHER).verdict.decision == "decline"
    assert task("Will there be frost on 3 May 2025?", WEATHER).verdict.decision == "accept"
    assert task("Which bonds default? They mature in 2068.", "coupon:float 0..9, default:flag").verdict.decision != (
        "decline"
    )


@pytest.mark.parametrize(
    "words",
    [
        "Predict who cancels, AUC 0.8. cancelled says no in every line, we opened last week.",
        "Which contracts get cancelled? Recall 85.",
    ],
)
def test_an_answer_that_never_differs_is_told(words: str) -> None:
    found = task(words, "km:float 1..80, model:cat city|trek, cancelled:constant no").verdict
    assert found.decision == "decline", found


def test_a_constant_column_is_not_meant_where_another_is_spoken_of() -> None:
    found = task(
        "Predict the price in our region, mae 5", "region:constant north, price:float 1..900, size:float 1..90"
    )
    assert found.data_info.target == "price"
    assert found.verdict.decision == "accept"


@pytest.mark.parametrize(
    "words",
    [
        "From the parcel's weight and route tell its tracking number digit by digit, 90 percent.",
        "Infer each booking number from room and weekday, all digits.",
        "Aus Gewicht und Farbe die Seriennummer der Uhr vorhersagen.",
        "A partir del menú, predice el número de ticket completo.",
    ],
)
def test_codes_of_single_rows_cannot_be_told(words: str) -> None:
    found = task(words, "weight:float 1..30, route:cat n|s, age:int 6..80, code:id").verdict
    assert found.policy_class == "unattainable:code_of_one_row"


@pytest.mark.parametrize(
    "words",
    [
        "Which article group does a serial number belong to? Predict the group from maker and weight.",
        "Predict the amount on the receipt from dish and table.",
        "Predict the number of tickets from weekday and weather.",
    ],
)
def test_what_codes_stand_beside_is_served(words: str) -> None:
    found = task(words, "maker:cat a|b, weight:float 1..9, group:cat saw|drill, amount:float 1..90").verdict
    assert found.policy_class != "unattainable:code_of_one_row"


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("Sort our bottles. Training may take ten minutes.", 10),
        ("Das Lernen darf eine Sekunde dauern, drei Sorten Nüsse.", 1 / 60),
        ("L'entraînement ne doit durer qu'une minute, photos de noix.", 1),
        ("El entrenamiento puede durar dos minutos, fotos de nueces.", 2),
        ("Sort our bottles, you get thirty seconds of computing.", 0.5),
    ],
)
def test_how_long_training_may_last(words: str, minutes: float) -> None:
    found = [x.value for x in find_limits(Reading.of(words), (), "classification") if x.name == "train_minutes"]
    assert found == [pytest.approx(minutes, abs=1e-6)]


def test_the_time_of_an_answer_is_none_of_training() -> None:
    found = find_limits(Reading.of("Sort our bottles, an answer may take one second."), (), "classification")
    assert [x.name for x in found] == ["latency_ms_p95"]


@pytest.mark.parametrize(
    "words",
    [
        "2,000 throws of a fair die from our game night. What comes up next?",
        "Der Kessel im Kasino ist geprüft. Welche Zahl fällt als nächste?",
        "The lighthouse is haunted. From the foghorn log say which of the drowned keepers is calling.",
        "Im Schloss spukt es. Welcher der verstorbenen Grafen klopft nachts?",
        "Notre grenier est hanté : quel aïeul mort se manifeste ?",
        "La casa está encantada. ¿Cuál de los tres difuntos dueños es?",
        "The pendulum above my herbs swings left or right: which guest has a guilty conscience?",
    ],
)
def test_draws_and_the_unseen_are_declined(words: str) -> None:
    assert understand(Request(words), (), 0, kind="none").verdict.decision == "decline"


@pytest.mark.parametrize(
    "words",
    [
        "Is the roulette wheel tilted? From spin times tell worn wheels from sound ones.",
        "Potter's wheel: which motor speed next? Predict rpm from clay weight.",
        "Haunted house ride at our fair: how many guests per hour?",
        "Ghost train: will the car stop on the track?",
        "Ghost crabs: burrow depth from size.",
        "Classify tea leaves by quality.",
        "Late owners: which of our flat owners pay the charges late?",
    ],
)
def test_games_rides_and_animals_called_after_them_are_served(words: str) -> None:
    assert understand(Request(words), (), 0, kind="none").verdict.decision != "decline"


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        ("Predict the fare, mae 1", "fare_before_tax:float, fare_after_tax:float"),
        ("Predict the weight, mae 2", "weight_before_shearing:float, weight_after_shearing:float"),
        ("Tell us which of these are bad.", "part:cat a|b, length:float 9..11, hardness:float 180..260"),
        ("Welche Äpfel sind gut?", "sorte:cat elstar|gala, gewicht:float 90..300, zucker:float 8..16"),
        ("Which suppliers are the reliable ones?", "region:cat n|s, revenue:float 1..90, years:int 0..40"),
        ("The figure for next week per depot, as usual.", "depot:cat x|y, week:date, parcels:int, litres:float"),
    ],
)  # fmt: skip
def test_asks_where_two_columns_fit_or_none_says_it(words: str, columns: str) -> None:
    found = task(words, columns)
    assert (found.verdict.decision, found.data_info.target) == ("ask", None)


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("Predict the fare after tax, mae 1", "fare_before_tax:float, fare_after_tax:float", "fare_after_tax"),
        ("Tell us which of these are bad.", "part:cat a|b, length:float 9..11, quality:cat good|bad", "quality"),
        ("Welche Teile sind schlecht?", "teil:cat a|b, laenge:float 9..11, ausschuss:flag", "ausschuss"),
        ("The parcels for next week per depot.", "depot:cat x|y, week:date, parcels:int, litres:float", "parcels"),
    ],
)  # fmt: skip
def test_asks_nothing_where_one_is_told(words: str, columns: str, target: str) -> None:
    assert task(words, columns).data_info.target == target
