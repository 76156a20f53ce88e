"""Which mistake is the worse one, and whether all classes count alike, in the words of many languages."""

from __future__ import annotations

import pytest

from traineragent.domain.preference import still_preferred
from traineragent.domain.task import Request
from traineragent.language.costs import classes_alike, dreaded
from traineragent.language.followup import read_follow_up
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import ROWS, table

PUMPS = table("pump:id, flow:float 0..90, heat:float 10..80, site:cat a|b|c, broke:flag no|yes")
MAILS = table("words:int 1..900, sender:cat shop|bank|friend, urgency:cat low|medium|high")


@pytest.mark.parametrize(
    ("words", "mistake"),
    [
        ("Warn us when a machine is about to fail; missing a failure is worse than a false alarm.", "miss"),
        ("A false alarm is worse than missing one.", "alarm"),
        ("False alarms are worse than to miss a case", "alarm"),
        ("It is worse to overlook a tumour than to raise a false alarm.", "miss"),
        ("I'd rather have a false alarm than miss a fire.", "miss"),
        ("I would rather miss a few than get false alarms.", "alarm"),
        ("Only tell me when you're sure.", "alarm"),
        ("False positives are fine, just find the leaks", "miss"),
        ("We must not miss any fraud.", "miss"),
        ("Which patients get worse?", None),
        ("Predict missed payments", None),
        ("Which customers will leave?", None),
        ("Better a false alarm too many than an undetected crack", "miss"),
        ("Einen Ausfall zu übersehen ist schlimmer als ein Fehlalarm.", "miss"),
        ("Lieber ein Fehlalarm zu viel als ein übersehener Brand", "miss"),
        ("Ein Fehlalarm ist teurer als ein übersehener Fall.", "alarm"),
        ("Melde dich nur, wenn du dir sicher bist.", "alarm"),
        ("Rater une panne est pire qu'une fausse alerte.", "miss"),
        ("Une fausse alerte est plus grave que de rater un cas.", "alarm"),
        ("Mieux vaut une fausse alerte que de manquer un incendie", "miss"),
        ("Pasar por alto un fraude es peor que una falsa alarma.", "miss"),
        ("Una falsa alarma es peor que pasar por alto un caso", "alarm"),
        ("Avisa solo cuando estés seguro", "alarm"),
        ("Deixar passar uma falha é pior do que um falso alarme.", "miss"),
        ("Um falso alarme é pior do que deixar passar uma falha.", "alarm"),
        ("Lasciarsi sfuggire un guasto è peggio di un falso allarme", "miss"),
        ("Meglio un falso allarme che un guasto perso", "miss"),
        ("漏报比误报更严重", "miss"),
        ("误报比漏报更糟", "alarm"),
        ("宁可误报也不要漏报", "miss"),
        ("誤報より見逃しのほうが悪い", "miss"),
        ("見逃しより誤報のほうが困る", "alarm"),
        ("오탐보다 놓치는 것이 더 나쁘다", "miss"),
        ("Galat alarm se miss karna zyada bura hai", "miss"),
        (
            "Find the sick patients. About six in a hundred are, and missing one is worse than a false alarm.",
            "miss",
        ),
        ("Detect leaks. Recall 90 %.", None),
        ("Nothing is worse than an overlooked leak", "miss"),
        ("False alarms annoy our staff.", "alarm"),
        ("Predict which students miss class", None),
        ("Find spam with false alarms below 5%", None),
    ],
)
def test_tells_which_mistake_is_worse(words: str, mistake: str | None) -> None:
    assert dreaded(Reading.of(words)) == mistake


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("Which pumps will break? Overlooking one would be far worse than an unnecessary alarm.", "prefer:recall"),
        ("Which pumps will break? Only ring me when you are certain.", "prefer:precision"),
    ],
)
def test_the_worse_mistake_becomes_a_constraint(words: str, word: str) -> None:
    task = understand(Request(words), PUMPS, ROWS)
    assert task.constraints == (word,)
    assert task.metric.name == "average_precision"
    assert not task.metric.stated


def test_no_preference_where_none_is_said() -> None:
    assert understand(Request("Which pumps will break?"), PUMPS, ROWS).constraints == ()
    assert dreaded(Reading.of("Kündigt er? Das Alter darf nicht verwendet werden.")) is None
    assert dreaded(Reading.of("Kein kranker Baum darf unentdeckt bleiben.")) == "miss"


@pytest.mark.parametrize(
    "words",
    [
        "Every class matters equally.",
        "All categories are equally important",
        "Jede Klasse ist gleich wichtig.",
        "Alle Klassen zählen gleich viel",
        "Chaque classe compte autant",
        "Todas las clases importan por igual",
        "Todas as classes têm o mesmo peso",
        "Ogni classe conta allo stesso modo",
        "每个类别同样重要",
        "すべてのクラスを同じ重要度で扱う",
        "모든 클래스가 똑같이 중요하다",
        "har class barabar zaroori hai",
        "Rare classes count just as much as frequent ones",
        "Give the same weight to each of the classes",
        "Treat all classes the same",
    ],
)
def test_hears_that_classes_count_alike(words: str) -> None:
    assert classes_alike(Reading.of(words))


@pytest.mark.parametrize(
    "words",
    [
        "Which class is it?",
        "men and women about equally well",
        "Each class has 20 pupils",
        "All types of wine",
        "Classify all kinds of animals with the same model",
    ],
)
def test_classes_are_not_alike_without_being_said_so(words: str) -> None:
    assert not classes_alike(Reading.of(words))


@pytest.mark.parametrize(
    ("words", "metric"),
    [
        ("Sort mails by urgency; the rare kinds matter as much as the others.", "balanced_accuracy"),
        ("Sort mails by urgency, macro F1 please, since each class weighs the same.", "f1_macro"),
        ("Sort mails by urgency, F1 above 0.7; all classes are equally important.", "f1_macro"),
        ("Sort mails by urgency.", "accuracy"),
    ],
)
def test_classes_that_count_alike_set_the_metric(words: str, metric: str) -> None:
    task = understand(Request(words), MAILS, ROWS)
    assert task.metric.name == metric
    assert all(r.name == metric for r in task.requirements)


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("Which pumps will break? At most 5 % false alarms.", "false_positive_rate"),
        ("Which pumps will break? Specificity of at least 0.9.", "specificity"),
    ],
)
def test_a_metric_that_silence_fulfils_is_a_limit_and_leads_no_search(words: str, limit: str) -> None:
    task = understand(Request(words), PUMPS, ROWS)
    assert [(m.name, m.stated) for m in task.metrics] == [("average_precision", False), (limit, True)]
    assert [r.name for r in task.requirements] == [limit]


def test_a_metric_that_can_lead_stands_first() -> None:
    task = understand(Request("Which pumps will break? False alarms below 4 %, recall over 80 %."), PUMPS, ROWS)
    assert [m.name for m in task.metrics] == ["recall", "false_positive_rate"]


@pytest.mark.parametrize(
    ("words", "constraint"),
    [
        ("Predict left; a missed leaver costs us 200 euro, a false alarm 10 euro.", "costs:200:10"),
        ("Predict left. A false positive costs 5 and a false negative costs 100.", "costs:100:5"),
        ("Predict left. Missing one is ten times as expensive as a false alarm.", "costs:10:1"),
        ("Predict left. A false alarm is twice as bad as a missed one.", "costs:1:2"),
        ("left vorhersagen: ein Fehlalarm kostet 5 Euro, ein übersehener Fall 300 Euro.", "costs:300:5"),
        ("Prédire left : une fausse alerte coûte 20 euros, un faux négatif 400 euros.", "costs:400:20"),
        ("Predecir left: una falsa alarma cuesta 3 euros y un falso negativo cuesta 90 euros.", "costs:90:3"),
        ("Predict left with a decision threshold of 0.3.", "threshold:0.3"),
        ("Predict left, cut-off 40 %.", "threshold:0.4"),
        ("Flag customers who leave when the predicted probability is above 70 %.", "threshold:0.7"),
        ("left vorhersagen mit einem Schwellwert von 0,25", "threshold:0.25"),
        ("Prédire left avec un seuil de 0,6", "threshold:0.6"),
    ],
)
def test_what_mistakes_cost_and_from_where_on_to_answer(words: str, constraint: str) -> None:
    task = understand(Request(words), table("age:int 18..90, income:float 0..90, left:flag yes|no"), 2000)
    assert constraint in task.constraints
    assert not [c for c in task.constraints if c.startswith("prefer:")]
    assert not task.requirements
    assert any(a.what == "decision" for a in task.assumptions)


@pytest.mark.parametrize(
    "words",
    [
        "Predict left. Missing one is worse than a false alarm.",
        "Predict left with a recall of 0.9; a false alarm costs 10 euro.",
        "Predict left, a missed payment costs 10 euro and 20 of them are usual.",
        "Who will leave once the threshold for rebates falls to 100 euro?",
    ],
)
def test_costs_that_are_not_both_told_settle_nothing(words: str) -> None:
    task = understand(Request(words), table("age:int 18..90, income:float 0..90, left:flag yes|no"), 2000)
    assert not [c for c in task.constraints if c.startswith(("costs:", "threshold:"))]


def test_a_follow_up_replaces_what_was_said_of_mistakes() -> None:
    columns = table("age:int 18..90, income:float 0..90, left:flag yes|no")
    task = understand(Request("Predict left. Missing one is worse than a false alarm."), columns, 2000)
    assert "prefer:recall" in task.constraints
    found = read_follow_up("a missed one costs 50 euro, a false alarm 5 euro", task, columns)
    assert found.constraints == ("costs:50:5",)
    assert not found.unread
    assert still_preferred(task.constraints, found.constraints) == ()
