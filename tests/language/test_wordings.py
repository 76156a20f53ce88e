"""Wordings of limits that strangers use, each beside a harmless neighbour that must not be read so."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.metrics import find_metrics
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits
from traineragent.language.task import understand

from .tables import ROWS, table


def limits(words: str, task: str = "classification") -> dict[str, float]:
    reading = Reading.of(words)
    return {x.name: round(x.value, 6) for x in find_limits(reading, find_metrics(reading), task)}


def read(words: str, columns: str) -> TaskSpec:
    return understand(Request(words), table(columns, ROWS), ROWS, kind="table")


@pytest.mark.parametrize(
    ("words", "task", "expected"),
    [
        ("who falls ill? sens 80 spec 70", "classification", {"recall": 0.8, "specificity": 0.7}),
        ("build it to the spec of 2019, whatever that makes sense of", "classification", {}),
        ("top-1 above 93 %", "classification", {"accuracy": 0.93}),
        ("95% top-1 please", "classification", {"accuracy": 0.95}),
        ("Top-1 über 93 %, max. 40 ms pro Bild", "classification", {"accuracy": 0.93, "latency_ms_p95": 40}),
        ("off by half a star on average", "regression", {"mae": 0.5}),
        ("off by a quarter of a degree on average", "regression", {"mae": 0.25}),
        ("find half of the thefts", "classification", {"recall": 0.5}),
        ("reply in half a second", "regression", {"latency_ms_p95": 500}),
        ("train for a couple of minutes - well, five at most", "regression", {"train_minutes": 5}),
        ("no more than 10 MB, no, make it 12", "regression", {"size_mb": 12}),
        ("no more than 10 MB for 12 shops", "regression", {"size_mb": 10}),
        ("I've got 10 min for it", "classification", {"train_minutes": 10}),
        ("I have a quarter of an hour for the training", "classification", {"train_minutes": 15}),
        ("I have 10 min of speech per caller", "classification", {}),
        ("we have 3 hours of traffic counts", "regression", {}),
        ("get me at least 19 of every 20 blurry ones", "classification", {"recall": 0.95}),
        ("hit 85 % of the stops", "classification", {"recall": 0.85}),
        ("If I phone ten of them, seven ought to be really leaving", "classification", {"precision": 0.7}),
        ("if we sell ten of them, 7 shops close", "classification", {}),
        ("9 of 10 flagged comments are really hateful", "classification", {"precision": 0.9}),
        ("19 in 20 of what you mark ought to be right", "tokens", {"precision": 0.95}),
        ("letting more than 1 in 200 forgeries through is unacceptable", "classification", {"recall": 0.995}),
        ("out of a thousand bad ones it may call at most one edible", "classification", {"recall": 0.999}),
        ("the worst surface should still have 75% recall", "classification", {"min_class_recall": 0.75}),
        ("recall must not differ by more than 5 points", "classification", {"recall_gap": 0.05}),
        ("recall must be 0.9", "classification", {"recall": 0.9}),
        ("explain 9/10ths of the variance", "regression", {"r2": 0.9}),
        ("concrete mix in, 28-day strength out", "regression", {}),
        ("we use MAPE, and 12 would be good enough", "regression", {"mape": 0.12}),
        ("a MAPE of 12 would be good", "regression", {}),
        ("give ranges too, 80% of the real values should fall inside", "regression", {"interval_coverage": 0.8}),
        ("score 50,000 customers a second for click probability", "classification", {"throughput_rows_s": 50_000}),
        ("a billion rows a second", "classification", {"throughput_rows_s": 1e9}),
        ("score each customer once a second", "classification", {}),
        ("on veut en attraper 90 %, quitte à en relire pour rien", "classification", {"recall": 0.9}),
        ("estimer le prix à 10 % près en moyenne", "regression", {"mape": 0.1}),
        ("R cuadrado de al menos 0,7 y que pese menos de 2 megas", "regression", {"r2": 0.7, "size_mb": 2}),
        ("Estimar o tempo errando em média no máximo 6 reais", "regression", {"mae": 6}),
        ("每十个流失客户至少要找出八个", "classification", {"recall": 0.8}),
        ("每天十个客户, 八个门店", "classification", {}),
    ],
)
def test_reads_limits_as_strangers_say_them(words: str, task: str, expected: dict[str, float]) -> None:
    assert limits(words, task) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("next week's tickets per day. RMSE<=30. train < 90 seconds", "en"),
        ("Détecter les messages : on veut en attraper 90 %", "fr"),
        ("predict résumé quality", "en"),
    ],
)
def test_tells_the_language_of_short_requests(words: str, language: str) -> None:
    assert Reading.of(words).languages[0] == language


def test_a_metric_that_is_set_aside_does_not_lead() -> None:
    words = "Predict disease. Accuracy is misleading here, use balanced accuracy, 80 or above."
    task = read(words, "age:int 18..90, chol:float, disease:cat yes|no")
    assert [m.name for m in task.metrics if m.stated] == ["balanced_accuracy"]


def test_a_hit_rate_over_several_classes_is_the_share_of_right_answers() -> None:
    task = read("Sorte bestimmen, Trefferquote von 85 Prozent", "laenge:float, sorte:cat rot|blau|gelb")
    assert {r.name: r.limit for r in task.requirements} == {"accuracy": 0.85}
    task = read("Wer kündigt? Trefferquote von 85 Prozent", "laenge:float, gekuendigt:cat ja|nein")
    assert {r.name: r.limit for r in task.requirements} == {"recall": 0.85}


def test_german_compounds_name_their_column() -> None:
    task = read("Schätze den Gasverbrauch der Häuser", "flaeche:float, gas_mwh:float, personen:float")
    assert task.data_info.target == "gas_mwh"


@pytest.mark.parametrize(
    ("words", "task", "expected"),
    [
        (
            "At least three quarters of the ones that die must be picked out.",
            "tabular_classification",
            {"recall": 0.75},
        ),
        ("F1 (macro) 0.75 or up", "classification", {"f1_macro": 0.75}),
        ("F1, weighted by class size, at least 80%", "classification", {"f1_weighted": 0.8}),
        ("an F1 of 0.8, and macro recall matters less", "classification", {"f1": 0.8}),
        ("when it says BRAND it has to be one in 92 of 100 cases", "tokens", {"precision": 0.92}),
        ("at most 1 % may be left in", "tokens", {"recall": 0.99}),
        ("not more than one name in twenty may remain readable", "tokens", {"recall": 0.95}),
        ("95 % of the names must be blacked out", "tokens", {"recall": 0.95}),
        ("half a name is worthless", "tokens", {}),
        ("50,000 segments have to be through within ten seconds", "regression", {"throughput_rows_s": 5000}),
        ("60,000 customers must be scored in a minute", "classification", {"throughput_rows_s": 1000}),
        ("50,000 segments were measured last year", "regression", {}),
        ("99 % of requests answered within 100 ms", "classification", {"latency_ms_p99": 100}),
        ("I don't mind waiting two seconds for an answer, but not longer", "classification", {"latency_ms_p95": 2000}),
        ("I don't mind whether it has 90 % accuracy", "classification", {}),
        ("max. 200 MB on disk", "classification", {"size_mb": 200}),
        ("the 6 GB card it runs on must fit it", "generation", {"gpu_memory_mb": 6000}),
        ("I can spare 2 GB of GPU memory", "generation", {"gpu_memory_mb": 2000}),
        ("there is a 6 GB card in the lab", "generation", {"gpu_memory_mb": 6000}),
        ("never more than 50,000 off", "regression", {"max_error": 50_000}),
        ("never mind, 50,000 off on average", "regression", {"mae": 50_000}),
        ("up to 8 % of the harmless events may set it off", "classification", {"false_positive_rate": 0.08}),
        ("no more than two in ten flagged customers may turn out to be loyal", "classification", {"precision": 0.8}),
        ("false negative rate of at most 0.1", "classification", {"recall": 0.9}),
        ("none of the three may have a recall under 90%", "classification", {"min_class_recall": 0.9}),
        (
            "it may take 70 ms... hang on, I looked it up, they gave us 700 ms",
            "classification",
            {"latency_ms_p95": 700},
        ),
        ("I'm hoping for an F1 of 0.8 but I need 0.7", "classification", {"f1": 0.7}),
        ("you may train for half an hour", "classification", {"train_minutes": 30}),
        ("the formula is off by 0.8 degrees on average, I want that cut by a quarter", "regression", {"mae": 0.6}),
        ("they agree in 80 cases of 100, I want half as many mistakes as that", "classification", {"accuracy": 0.9}),
        ("beat her average error by 15%", "forecasting", {"skill_vs_seasonal_naive": 0.15}),
        ("nueve veces de diez debe acertar", "classification", {"accuracy": 0.9}),
        ("Von zehn gemeldeten Kunden sollen acht wirklich gehen", "classification", {"precision": 0.8}),
        ("mindestens 80 % der Varianz erklären", "regression", {"r2": 0.8}),
        ("平均误差不超过一万五", "regression", {"mae": 15_000}),
        ("看哪些会走。50毫秒内出结果", "classification", {"latency_ms_p95": 50}),
        ("モデルは10MB以下でお願いします", "classification", {"size_mb": 10}),
        ("見逃しは50匹に1匹までにしてください", "classification", {"recall": 0.98}),
    ],
)
def test_limits_are_told_in_other_words_too(words: str, task: str, expected: dict[str, float]) -> None:
    assert limits(words, task) == pytest.approx(expected)


def test_what_rows_are_split_by_or_what_is_left_out_is_no_target() -> None:
    columns = "subject:cat a|b|c|d, acc_mean:float, activity:cat walking|sitting|stairs"
    task = read("Tell 'activity' (walking, sitting). Test on persons who weren't in training, column subject.", columns)
    assert task.data_info.target == "activity"
    assert "split:group:subject" in task.constraints
    columns = "age_band:cat 30-39|60-69, gifts:int 0..20, gave_at_christmas:yesno yes|no"
    task = read("Who gives? A supporter's age is nobody's business, so keep the age band out of it.", columns)
    assert task.data_info.target == "gave_at_christmas"


def test_a_range_with_a_share_asks_for_intervals() -> None:
    columns = "area_m2:float, cost_eur:float 0..90000"
    task = read("What will the roof cost? 8 in 10 real costs should lie within the range you give.", columns)
    assert "intervals" in task.constraints


def test_two_that_are_told_apart_at_the_head_are_asked_for() -> None:
    columns = "snap_angle:float, reaction_ms:float, player:cat aimbot|human"
    assert read("Aimbot or honest player, judged per round.", columns).data_info.target == "player"


def test_a_class_is_meant_by_the_recall_whose_sentence_names_it_alone() -> None:
    columns = "pixels:float, seat:cat empty|seated|bar_open"
    task = read("Chairlift: empty, seated, bar open (seat). An open bar has to be noticed 97 times in 100.", columns)
    assert task.verdict.decision == "accept"
    assert {r.name: r.positive_label for r in task.requirements} == {"recall": "bar_open"}


def test_a_model_is_called_after_its_answer() -> None:
    columns = "basket:float, gender:cat f|m, age:int 18..90, loyalty_y:int 0..20, discount_pct:float 0..40"
    words = "Rebuild our discount model, the old one is stale."
    assert read(words, columns).data_info.target == "discount_pct"
