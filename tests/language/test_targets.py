"""Which column is meant, when no word of the request is its name; and when that has to be asked."""

from __future__ import annotations

import pytest

from traineragent.domain.task import Request, TaskSpec
from traineragent.language.kinds import wish_of
from traineragent.language.reading import Reading
from traineragent.language.substance import is_specific
from traineragent.language.task import target_ranking, understand

from .tables import table


def read(words: str, spec: str) -> TaskSpec:
    return understand(Request(words), table(spec), 2000)


@pytest.mark.parametrize(
    ("words", "spec", "target"),
    [
        # what is asked about is no answer to a yes or no
        (
            "Which street lamps will go dark before Easter?",
            "lamp:cat L-a|L-b|L-c, hours:int 0..9000, lit_flag:flag, dark_by_easter:flag yes|no",
            "dark_by_easter",
        ),
        ("Will the pump jam?", "pump:cat north|south|mill, vib:float 0..9, jammed_7d:flag", "jammed_7d"),
        ("Welche Anlagen fallen aus?", "anlage:cat x|y|z, druck:float 1..9, ausfall_winter:flag", "ausfall_winter"),
        ("哪些水泵下周会坏?", "水泵:cat 甲|乙|丙, 压力:float 1..9, 下周故障:flag", "下周故障"),
        ("Which horses go lame? f1 .7", "horse:cat fjord|arab|shire, age:int 1..30, lame:flag", "lame"),
        (
            "Which tills close early? Accuracy 80 %",
            "till:cat a1|b2|c3, weekday:cat Mon|Tue|Wed, early_close:flag",
            "early_close",
        ),
        (
            "Rank the invoices by how likely they are to be bogus.",
            "invoice_ref:cat I-a|I-b, amount:float 1..900, prior_invoices:int 0..40, is_bogus:flag",
            "is_bogus",
        ),
        (
            "Screen the day's payments for money laundering.",
            "amount:float 1..99, payments_30d:int 0..90, became_case:flag",
            "became_case",
        ),
        # but it is where one of several is asked for
        ("Which cell does the phone join?", "signal:float 1..9, hour:int 0..23, cell:cat north|south|mill", "cell"),
        ("Which products do buyers take next?", "age:int 1..90, product:cat a1|b2|c3", "product"),
        ("Which goat breed is on the pasture?", "weight:float 1..90, breed:cat alpine|saanen|boer", "breed"),
        # no question, but an idea of yes or no
        ("Leases that get cancelled.", "rent:float 1..900, years_in_house:int 0..40, terminated:flag", "terminated"),
        (
            "Guests book tables and then don't come. Who will that be?",
            "booked_at:date, party:int 1..9, regular_guest:flag yes|no, turned_up:flag yes|no",
            "turned_up",
        ),
        # what the pieces of a name are short for
        ("How much does the orchard yield?", "trees:int 1..900, yld_t:float 0..90, water_m3:float 0..50", "yld_t"),
        ("How heavy is the parcel?", "boxes:int 1..9, wt_kg:float 0..40, vol_l:float 0..90", "wt_kg"),
        ("Qual o valor do imóvel?", "vlr_imovel:float 1..900, area:float 20..300, vagas:int 0..4", "vlr_imovel"),
        # what stands behind "what" or "how ..." is what is asked for, and what it is asked of each thing for is not
        ("What amount will a client ask for?", "amount:float 100..9000, months:int 6..60, late_before:flag", "amount"),
        ("How big will the tip be?", "distance:float 0..30, tip:float 0..40, hour:int 0..23", "tip"),
        (
            "How many sacks does each plot bear?",
            "plot:int 1..400, rain:float 0..900, yld_sacks:float 5..90",
            "yld_sacks",
        ),
        # ideas in other words than the column's
        ("Where did they get on?", "fare:float 1..90, embarked:cat C|Q|S, cabin_no:int 1..90", "embarked"),
        ("Who owns a home and who rents?", "income:float 1..90, housing:cat own|rent|free, debts:int 0..9", "housing"),
        (
            "How rich are the people of a block?",
            "median_income:float 1..15, rooms:int 1..900, age:int 1..52",
            "median_income",
        ),
        ("How long do customers stay with us?", "tenure:int 0..72, charges:float 1..99, contract:cat a|b|c", "tenure"),
        ("Does the roof drip?", "age:int 1..90, leaky:flag, tiles:int 1..900", "leaky"),
        ("How sweet is the melon?", "weight:float 1..9, brix:float 3..19, days:int 40..90", "brix"),
        ("Wie süß ist die Traube?", "oechsle:int 50..140, regen:float 0..900, hang:cat n|s|w", "oechsle"),
        ("¿La leche se echa a perder?", "temp:float 1..30, estropeada:flag, horas:int 1..90", "estropeada"),
        # groups to be treated alike are asked about, unless they alone are asked for
        (
            "Pupils who will drop out. The hit rate must not differ between boys and girls.",
            "sex:flag f|m, grade:float 1..6, dropped_out:flag",
            "dropped_out",
        ),
        ("Is the client a man or a woman?", "spend:float 1..90, hour:int 0..23, sex:flag f|m", "sex"),
        # how a name is spelled: its initials, its number, its unit
        ("Estimate melt flow index, RMSE 0.4", "mfi_g:float 1..40, temp_c:float 100..300, mix_g:float 1..40", "mfi_g"),
        (
            "Curd firmness after 40 minutes, please. R2 0.8",
            "milk_fat:float 2..6, firmness_10m:float 1..60, firmness_40m:float 1..60",
            "firmness_40m",
        ),
        (
            "How much bread is thrown away? Within 2 kilos of the truth on average.",
            "loaves:int 10..400, waste_kg:float 1..60, oven_min:int 5..90",
            "waste_kg",
        ),
        (
            "How many km does a tyre last?",
            "passengers:int 1..8, speed_kmh:float 10..120, life_km:float 1..9",
            "life_km",
        ),
        ("How many passengers ride?", "weekday:cat Mon|Tue, km:float 1..90, passengers:int 1..800", "passengers"),
        ("Predict the repair bill, mean error 20 dollars", "model:cat a|b|c, run_hours:float 1..400", None),
        ("预测成品钢坯硬度,误差不超过3", "原料硬度:float 1..90, 碳含量:float 0..2, 成品硬度:float 1..90", "成品硬度"),
        # a column that may be used is not the one to predict
        ("Predict the weight. The feed column may be used.", "feed:cat a|b|c, weight_kg:float 1..90", "weight_kg"),
        # the German verb stands behind what is asked for
        (
            "Aus den Zähnen der Hunde das Alter bestimmen",
            "zaehne:float 1..9, gewicht:float 1..90, alter:float",
            "alter",
        ),
    ],
)
def test_the_answer_is_told_from_what_is_asked_about(words: str, spec: str, target: str | None) -> None:
    assert read(words, spec).data_info.target == target


@pytest.mark.parametrize(
    ("words", "spec", "target"),
    [
        (
            "How full will the car park be?",
            "weekday:cat Mon|Tue, rain:float 0..20, occupancy_pct:float 0..100",
            "occupancy_pct",
        ),
        ("Predict the fuel a car needs.", "mpg:float 9..47, weight:int 1500..5000, hp:int 40..300", "mpg"),
        ("How bad will the fine dust be?", "wind:float 0..20, pm25:float 1..300, traffic:int 0..5000", "pm25"),
        ("How many bikes are rented in an hour?", "hour:int 0..23, temp:float -10..40, cnt:int 0..900", "cnt"),
        (
            "How long will the marathon take them?",
            "longest_run_km:float 5..42, finish_min:float 120..400, age:int 18..80",
            "finish_min",
        ),
        (
            "What will his doctor's bills add up to?",
            "age:int 18..90, bmi:float 15..60, smoker:flag, charges:float 100..60000",
            "charges",
        ),
        (
            "Which motorists are going to fight their parking fine?",
            "appealed:flag, zone:cat A|B, fine_eur:float 5..200",
            "appealed",
        ),
        (
            "Wie schnell fährt der Zug hier?",
            "gewicht_t:float 40..900, geschwindigkeit:float 10..200, steigung:float 0..9",
            "geschwindigkeit",
        ),
        ("Was wiegt der Fisch?", "laenge_cm:float 5..90, gewicht_g:float 20..9000, art:cat a|b", "gewicht_g"),
        ("Quanto mel sai de cada colmeia?", "producao_kg:float 1..60, chuva_mm:float 0..300", "producao_kg"),
        (
            "¿Qué tan alto será el niño?",
            "sexo:cat f|m, peso:float 2..5, altura_adulto:float 140..210",
            "altura_adulto",
        ),
        (
            "一个人跑完十公里得花多长时间?",
            "年龄:int 18..80, 周跑量:float 0..120, 完赛分钟:float 30..120",
            "完赛分钟",
        ),
        (
            "What is a listed company worth on the stock exchange, in billions?",
            "country:cat x|y, sales:float 0..260, assets:float 0..1300, marketvalue:float 0..330",
            "marketvalue",
        ),
        (
            "Estimate how far a car gets on a gallon on the highway. We never know cty beforehand.",
            "displ:float 1..7, cty:float 9..35, hwy:float 12..44, class:cat a|b|c",
            "hwy",
        ),
        ("median house value in Boston", "crim:float 0..80, nox:float 0..1, medv:float 5..50, chas:flag", "medv"),
        ("Will a married woman have a job?", "lfp:yesno yes|no, age:float 2..6, foreign:yesno yes|no", "lfp"),
        (
            "Which heating system will a household install?",
            "depvar:cat gc|gr|ec, income:int 1..9, region:cat a|b",
            "depvar",
        ),
        (
            "Forecast the cell count of a patient after 20 weeks (cd420) of drugs.",
            "cd40:float 0..900, drugs:flag, age:int 1..90, treat:flag, cd420:float 0..1200, cd80:float 0..900",
            "cd420",
        ),
        (
            "Cash or credit card: how will the passenger pay?",
            "passengers:int 1..6, fare:float 1..90, payment:cat cash|credit card",
            "payment",
        ),
    ],
)
def test_a_column_is_found_by_what_is_asked(words: str, spec: str, target: str) -> None:
    assert read(words, spec).data_info.target == target


@pytest.mark.parametrize(
    ("words", "spec"),
    [
        ("Predict it with 90% accuracy.", "complained:flag, renewed:flag, upgraded:flag"),
        (
            "I have three temperature columns, predict the temperature.",
            "temp_a:float 0..9, temp_b:float 0..9, temp_c:float 0..9",
        ),
        ("Which will win?", "team:cat x|y, budget:id, coach:cat a|b"),
        ("Can you predict whether they like it?", "age:int 1..9, city:cat x|y, colour:cat a|b"),
    ],
)
def test_what_the_words_leave_open_is_asked(words: str, spec: str) -> None:
    task = read(words, spec)
    assert task.verdict.decision == "ask"
    assert task.data_info.target is None


def test_words_are_specific_that_say_more_than_that_something_is_to_be_predicted() -> None:
    assert is_specific(Reading.of("Will the home team win, lose or draw?"))
    assert is_specific(Reading.of("这套二手房能卖多少钱?"))
    for words in ("Predict it with 90% accuracy.", "Build a classifier.", "Make predictions", "预测一下"):
        assert not is_specific(Reading.of(words)), words


def test_a_time_that_answers_are_for_is_not_the_answer() -> None:
    told = read("How many parcels arrive per day?", "day:int 1..31, parcels_in:int 0..900, staff:int 1..20")
    assert told.data_info.target == "parcels_in"


def test_none_of_many_columns_that_are_numbered_alike_is_the_answer() -> None:
    pixels = ", ".join(f"pixel_{i}:int 0..16" for i in range(12))
    assert read("Which digit is it?", f"{pixels}, drawn:int 0..9").data_info.target == "drawn"


def test_facts_told_of_each_of_several_things_are_not_the_answer() -> None:
    brands = ("sunshine", "nabisco", "private")
    facts = [f"{fact}.{brand}:flag" for fact in ("disp", "feat") for brand in brands]
    told = read(
        "Which brand of crackers does a shopper take home?",
        ", ".join([*facts, f"choice:cat {'|'.join(brands)}"]),
    )
    assert told.data_info.target == "choice"


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("What will the unemployment rate be?", "amount"),
        ("Which brand does a shopper take home", "choice"),
        ("Which customers will leave?", "flag"),
        ("Will the train be late?", "flag"),
    ],
)
def test_what_kind_of_answer_is_wanted(words: str, wish: str) -> None:
    assert wish_of(Reading.of(words)) == wish


def test_a_name_in_brackets_is_the_column_that_the_words_before_it_speak_of() -> None:
    columns = table("title:text, rating:float 1..10, mpaa:cat G|PG|R")
    best = target_ranking("which age rating (mpaa) should a film get", columns)
    assert best[0][0] == "mpaa"
    assert best[0][1] - best[1][1] > 1.2


def test_of_a_passenger_tip_the_tip_is_meant() -> None:
    columns = table("passengers:int 1..6, tip:float 0..30, fare:float 2..90")
    best = target_ranking("how much will the passenger tip once the ride is over", columns)
    assert best[0][0] == "tip"
    assert best[0][1] - best[1][1] > 1.2


def test_a_name_of_one_letter_in_brackets_is_named() -> None:
    columns = table("s:int 1..900, d:int 1..1100, dept:int 1..14, y:int 1..5")
    asked = "How many points does a lecture get (y)? Which student and department is known by number."
    best = target_ranking(asked, columns)
    assert best[0][0] == "y"
    assert best[0][1] - best[1][1] > 1.2
    assert target_ranking("Guess the lecture(s) dept", columns)[0][0] == "dept"


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("Predict the last column", "column_6"),
        ("The last but one column is the alcohol in percent; estimate it", "column_5"),
        ("Schätze die vorletzte Spalte", "column_5"),
        ("the 3rd column is what we want", "column_3"),
        ("estimate column number 2 please", "column_2"),
        ("Leave out column 3 and predict the fourth column", "column_4"),
        ("Sage Spalte 4 voraus", "column_4"),
        ("Predis la troisieme colonne", "column_3"),
    ],
)
def test_columns_without_names_are_pointed_at_by_their_place(words: str, target: str) -> None:
    columns = table(", ".join(f"column_{i}:float 0..90" for i in range(1, 7)))
    assert understand(Request(words), columns, 2000).data_info.target == target


@pytest.mark.parametrize(
    "words",
    [
        "Predict the price. Ignore the second column.",
        "Predict the price without the second column",
        "Predict the price; column 2 must not be used",
    ],
)
def test_a_column_left_out_by_its_place_is_no_answer(words: str) -> None:
    task = understand(Request(words), table("rooms:int 1..9, code:int 1..90, price:float 5..900"), 2000)
    assert task.data_info.target == "price"
    assert "exclude:code" in task.constraints


def test_a_name_in_brackets_with_its_unit_is_the_column_asked_for() -> None:
    columns = table("months_loan_duration:int 4..72, amount:int 250..18000, age:int 18..75")
    best = target_ranking("how large a loan will an applicant ask for? (amount, in DM)", columns)
    assert best[0][0] == "amount"
    assert best[0][1] - best[1][1] > 1.2


@pytest.mark.parametrize(
    ("words", "spec", "named"),
    [("Estimate date from the rest", "date:date, open:float 1..9, adj_close:float 1..9", "date holds")],
)
def test_a_column_that_is_hardly_an_answer_is_asked_about_where_nothing_else_is_named(
    words: str, spec: str, named: str
) -> None:
    task = read(words, spec)
    assert task.data_info.target is None
    assert named in task.verdict.questions[0].text


@pytest.mark.parametrize(
    ("words", "spec", "target"),
    [
        ("A model that tells Min.Price please", "Price:float 1..9, Min.Price:float 1..9, kind:cat", "Min.Price"),
        ("I want to know the post_2 of new pupils", "post_1:float 1..9, post_2:float 1..9", "post_2"),
        ("Predict sales for each date", "date:date, sales:float 1..9", "sales"),
    ],
)
def test_a_name_written_as_in_the_table_is_meant(words: str, spec: str, target: str) -> None:
    assert read(words, spec).data_info.target == target


FLIGHTS = "flight:int 1..8000, hour:int 5..23, minute:int 0..59, arr_delay:float -80..900"


@pytest.mark.parametrize("words", ["How late will a flight arrive?", "How many minutes late will a flight arrive?"])
def test_what_becomes_of_a_thing_is_asked_and_not_its_number_or_the_minute(words: str) -> None:
    assert understand(Request(words), table(FLIGHTS), 20_000).data_info.target == "arr_delay"


def test_an_amount_is_no_month_of_the_sale() -> None:
    spec = "area:float 30..400, Mo_Sold:int 1..12, Sale_Price:int 12000..700000"
    task = understand(Request("How much will this house sell for?"), table(spec), 2000)
    assert task.data_info.target == "Sale_Price"
    assert not task.verdict.questions
