"""Limits, targets and constraints as people of six languages put them, beside neighbours that say no such thing."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.metrics import find_metrics
from traineragent.language.reading import Reading
from traineragent.language.requirements import find_limits
from traineragent.language.task import understand
from traineragent.language.words import Text, fold

from .tables import ROWS, table

MACHINES = "druck:float 1..9, faul:cat ja|nein"


def limits(words: str, task: str) -> dict[str, float]:
    reading = Reading.of(words)
    return {x.name: round(x.value, 4) for x in find_limits(reading, find_metrics(reading), task)}


def read(words: str, columns: str) -> TaskSpec:
    return understand(Request(words), table(columns, ROWS), ROWS, kind="table")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("औसतन 900 रुपये से ज़्यादा का फर्क नहीं चलेगा", {"mae": 900}),
        ("औसत चूक 3 किलो से कम हो। जवाब आधे सेकंड में आए।", {"mae": 3, "latency_ms_p95": 500}),
        ("15 मिनट तक की गलती ठीक है", {"mae": 900_000}),
        ("१२ प्रतिशत से ज्यादा गलती न हो", {"mape": 0.12}),
        ("5% se zyada galti nahi chalegi", {"mape": 0.05}),
        ("2 quintal tak ki galti chalegi", {"mae": 2}),
        ("woh bata do, galti 10 percent se kam", {"mape": 0.1}),
        ("हर बार 2 लोग आते हैं, यह बता दो", {}),
        ("平均差不超过三天", {"mae": 259_200_000}),
        ("差个两公斤以内可以", {"mae": 2}),
        ("每天温差很大,预测产量", {}),
        ("10 Euro hin oder her sind mir egal wichtig", {"mae": 10}),
        ("er darf im Schnitt 4 km danebenliegen", {"mae": 4}),
        ("er darf sich nie um mehr als 5 cm verschätzen", {"max_error": 5}),
        ("nunca más de 20 minutos de error", {"max_error": 1_200_000}),
        ("nunca mais de 20 minutos de erro", {"max_error": 1_200_000}),
        ("con 30 euros arriba o abajo", {"mae": 30}),
        ("50 reais pra mais ou pra menos", {"mae": 50}),
        ("à 5 % en plus ou en moins", {"mape": 0.05}),
        ("une note sur 20, avec un écart de deux points et demi", {"mae": 2.5}),
    ],
)
def test_how_far_off_answers_may_be(words: str, expected: dict[str, float]) -> None:
    assert limits(words, "regression") == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("झूठे अलार्म 4 प्रतिशत से ज़्यादा नहीं होने चाहिए", {"false_positive_rate": 0.04}),
        ("jhoothe alert 2% se kam hone chahiye", {"false_positive_rate": 0.02}),
        ("जब मॉडल कहे कि खराब है, तो 80 प्रतिशत बार सच में हो", {"precision": 0.8}),
        ("har baar 9/10 sahi bata", {"accuracy": 0.9}),
        ("kam se kam 88% sahi", {"accuracy": 0.88}),
        ("二十头病牛里至少要找出十九头", {"recall": 0.95}),
        ("报警里假的不能超过两成", {"precision": 0.8}),
        ("模型说会坏的,八成以上真的坏了", {"precision": 0.8}),
        ("十次里有八次要判断对", {"accuracy": 0.8}),
        ("wir wollen 85 % Treffer", {"accuracy": 0.85}),
        ("on apprend sur 2019 et teste sur 2020", {}),
        ("jede zwölfte Zuordnung darf falsch sein", {"accuracy": 0.9167}),
    ],
)
def test_how_often_answers_must_be_right(words: str, expected: dict[str, float]) -> None:
    assert limits(words, "classification") == expected


@pytest.mark.parametrize(
    "words",
    [
        "Wer kündigt? Wenn es Alarm gibt, muss es in vier von fünf Fällen stimmen.",
        "Qui part ? Quand le modèle dit « va partir », il doit avoir raison quatre fois sur cinq.",
    ],
)
def test_what_the_model_says_must_be_right(words: str) -> None:
    found = read(words, "alter:float 1..9, plan:cat a|b|c, churn:flag").requirements
    assert [(r.name, r.limit) for r in found] == [("precision", 0.8)]


@pytest.mark.parametrize(
    ("words", "columns", "group"),
    [
        ("O lote não pode aparecer no treino e no teste", "lote:cat a|b|c|d, peso:float 1..9, nota:float 0..9", "lote"),
        (
            "La parcelle ne doit pas être dans l'entraînement et le test",
            "parcelle:cat a|b|c|d, note:float 0..9",
            "parcelle",
        ),
        ("同一台设备不能既在训练又在测试里", "设备编号:cat a|b|c|d, 温度:float 1..9, 产量:float 0..9", "设备编号"),
        ("Ningún árbol puede estar en entrenamiento y en prueba", "arbol:cat a|b|c|d, nota:float 0..9", "arbol"),
    ],
)
def test_groups_that_are_on_one_side_only(words: str, columns: str, group: str) -> None:
    constraints = read(words, columns).constraints
    assert f"split:group:{group}" in constraints
    assert f"exclude:{group}" not in constraints


@pytest.mark.parametrize(
    ("words", "columns", "constraint"),
    [
        ("पुरानी मशीनों की सूची। पुराने डेटा पर सिखाओ और नए पर जाँचो", "a:date, b:float 0..9, c:flag", "split:time"),
        ("用去年的数据训练,今年的数据测试", "日期:date, 振动:float 0..9, 故障:flag", "split:time"),
        ("Les dossiers ne quittent pas la mairie", "a:float 0..9, b:flag", "privacy"),
        ("男女要一视同仁", "性别:cat 男|女, 成绩:float 0..9, 获奖:flag", "fairness:性别"),
        ("Mulher e homem devem ser tratados igual", "sexo:cat H|M, renda:float 0..9, aprovado:flag", "fairness:sexo"),
        ("महिला और पुरुष दोनों के लिए बराबर सही हो", "ling:cat M|F, aay:float 0..9, manjoor:flag", "fairness:ling"),
    ],
)
def test_what_is_asked_for_besides(words: str, columns: str, constraint: str) -> None:
    assert constraint in read(words, columns).constraints


@pytest.mark.parametrize(
    ("words", "columns", "target"),
    [
        ("Drei Viertel der faulen Eier finden", "dichte:float 1..9, farbe:cat w|b, faul:cat ja|nein", "faul"),
        (
            "Was ist die Wohnung an Miete wert?",
            "flaeche:float 1..99, lage:cat a|b|c, warmmiete:float 1..999",
            "warmmiete",
        ),
        (
            "Estimer la durée du trajet",
            "duree_prevue:float 1..99, km:float 1..9, duree_reelle:float 1..99",
            "duree_reelle",
        ),
        (
            "Quel sera le poids à six mois ?",
            "poids_naissance:float 1..99, race:cat a|b, poids_6_mois:float 9..300",
            "poids_6_mois",
        ),
        ("根据长和宽判断品种", "长:float 1..9, 宽:float 1..9, 品种:cat a|b|c", "品种"),
        ("कमरे और इलाका देखकर किराया बताओ", "कमरे:int 1..30, इलाका:cat a|b, किराया:int 1..900", "किराया"),
    ],
)
def test_what_is_to_be_told(words: str, columns: str, target: str) -> None:
    assert read(words, columns).data_info.target == target


def test_signs_that_many_leave_out_make_no_difference() -> None:
    assert fold("ज़्यादा पाँच") == fold("ज्यादा पांच")
    assert Text.of("दाम बताओ। गलती न हो।").sentences == ((0, 10), (10, 20))


def test_marks_of_a_script_end_no_word() -> None:
    assert limits("बिना इंटरनेट के, नई दुकान", "classification") == {}
    assert read("बिना इंटरनेट के बताओ कौन जाएगा", "a:float 0..9, b:flag").constraints == ()


@pytest.mark.parametrize(
    ("words", "task", "expected"),
    [
        ("Last season our accuracy was 72 %. This time at least 85 %.", "classification", {"accuracy": 0.85}),
        ("Letztes Jahr lag die Genauigkeit bei 72 %. Diesmal mindestens 85 %.", "classification", {"accuracy": 0.85}),
        ("El año pasado la exactitud fue del 72 %. Ahora como mínimo el 85 %.", "classification", {"accuracy": 0.85}),
        ("No ano passado a acurácia foi de 72%. Agora no mínimo 85%.", "classification", {"accuracy": 0.85}),
        ("L'an dernier l'exactitude était de 72 %. Maintenant au moins 85 %.", "classification", {"accuracy": 0.85}),
        ("去年准确率是72%。这次至少85%。", "classification", {"accuracy": 0.85}),
        ("पिछले साल सटीकता 72% थी। इस बार कम से कम 85% चाहिए।", "classification", {"accuracy": 0.85}),
        ("Bisher lag der mittlere Fehler bei 9 kg, jetzt höchstens 5.", "regression", {"mae": 5}),
        ("Last season our accuracy was 72 %.", "classification", {}),
        ("Last year it was 12 km off; the file has at least 5 km of road.", "regression", {}),
        ("Our accuracy must be 72 % as it was last year", "classification", {"accuracy": 0.72}),
    ],
)
def test_what_was_is_no_limit(words: str, task: str, expected: dict[str, float]) -> None:
    assert limits(words, task) == expected


@pytest.mark.parametrize(
    ("words", "columns", "constraints"),
    [
        (
            "N'utilise surtout pas l'avis du voisin. Le rendement ?",
            "avis_voisin:int 1..90, rendement:float 1..99",
            ("exclude:avis_voisin",),
        ),
        ("Wie hoch ist der Pegel in 3 Tagen?", "tag:date, regen:float 0..9, pegel:float 1..99", ("horizon:3d",)),
        ("¿Qué nivel habrá dentro de 12 horas?", "hora:date, lluvia:float 0..9, nivel:float 1..99", ("horizon:12h",)),
        ("Treina em 3 horas no máximo. Qual a nota?", "dia:date, chuva:float 0..9, nota:float 1..99", ()),
    ],
)
def test_names_with_a_genitive_and_times_from_now(words: str, columns: str, constraints: tuple[str, ...]) -> None:
    assert read(words, columns).constraints == constraints


@pytest.mark.parametrize(
    "words",
    [
        "90 % de bonnes réponses",
        "90 % richtige Antworten, bitte alle",
        "90 % de respuestas correctas",
        "90% de respostas certas",
    ],
)
def test_right_answers_are_of_no_class(words: str) -> None:
    found = read(words, "poids:float 1..9, etat:cat bonne|correcta|certa").requirements
    assert [(r.name, r.limit) for r in found] == [("accuracy", 0.9)]


@pytest.mark.parametrize(
    "words",
    [
        "Não olhe a raça nem a religião do candidato. Quem vai passar na prova?",
        "No mires la raza ni la religión del candidato. ¿Quién aprobará el examen?",
        "Ne regardez ni l'origine ni la religion du candidat. Qui réussira l'examen ?",
        "आवेदक की जाति और धर्म मत देखना। कौन परीक्षा पास करेगा?",
        "不要看申请人的民族和宗教。谁能通过考试?",
    ],
)
def test_what_is_not_to_be_looked_at_is_no_reason_to_decline(words: str) -> None:
    assert read(words, "marks:float 1..99, hours:float 0..9, passed:flag").verdict.decision != "decline"


@pytest.mark.parametrize(
    "words",
    [
        "Mit den Jahren bis 2021 trainieren und mit 2022 prüfen. Wird es Ausschuss?",
        "用2021年以前的数据训练,用2022年的数据测试。会不会报废?",
        "2021 तक के डेटा से सिखाओ और 2022 के डेटा पर परखो। खराब होगा या नहीं?",
        "Apprends sur les années jusqu'en 2021 et teste sur 2022. Sera-t-il rebuté ?",
    ],
)
def test_years_to_be_measured_on_stand_before_their_verb_or_behind(words: str) -> None:
    assert "holdout:datum>=2022-01-01" in read(words, "datum:date, druck:float 1..9, ausschuss:flag").constraints


@pytest.mark.parametrize(
    ("words", "task", "expected"),
    [
        ("二十条错一条可以", "classification", {"accuracy": 0.95}),
        ("每秒处理300条", "classification", {"throughput_rows_s": 300}),
        ("每三秒有人来", "classification", {}),
        ("误伤好客户不超过百分之二", "classification", {"false_positive_rate": 0.02}),
        ("une faute sur trente tout au plus", "classification", {"accuracy": 0.9667}),
        ("un fallo de cada veinte como mucho", "classification", {"accuracy": 0.95}),
        ("margem de erro de 7%", "regression", {"mape": 0.07}),
        ("uma diferença de no máximo 12 reais", "regression", {"mae": 12}),
        ("que cada raza se reconozca al menos en el 70 % de los casos", "classification", {"min_class_recall": 0.7}),
        ("lieber zehn umsonst geprüft als eins übersehen", "classification", {}),
    ],
)
def test_further_ways_to_tell_a_limit(words: str, task: str, expected: dict[str, float]) -> None:
    assert limits(words, task) == expected


def test_numerals_inside_of_words_count_nothing() -> None:
    constraints = read("同一头牛的数据别分到两边", "牛号:cat a|b|c|d, 温度:float 1..9, 发病:flag").constraints
    assert constraints == ("split:group:牛号",)
    assert limits("一百个坏件里最多漏掉一个", "classification") == {"recall": 0.99}


@pytest.mark.parametrize(
    "words",
    [
        "Wer kündigt? Was das Modell meldet, muss in vier von fünf Fällen stimmen.",
        "¿Quién se va? De los que el modelo señale, cuatro de cada cinco se tienen que ir de verdad.",
        "Quem sai? Dos que o modelo apontar, quatro em cada cinco têm que sair de verdade.",
    ],
)
def test_a_share_of_what_the_model_says(words: str) -> None:
    found = read(words, "alter:float 1..9, plan:cat a|b|c, churn:flag").requirements
    assert [(r.name, r.limit) for r in found] == [("precision", 0.8)]


def test_a_column_named_in_a_compound_is_left_out() -> None:
    task = read(
        "Wer zahlt zu spät? Die Umsatzspalte bleibt außen vor.", "umsatz:float 1..9, lage:float 1..9, verzug:flag"
    )
    assert task.constraints == ("exclude:umsatz",)
