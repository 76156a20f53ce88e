"""Columns left out by a denied verb of using, wherever the names stand, and sentences that only look like it."""

from __future__ import annotations

import pytest

from traineragent.language.columns import Columns
from traineragent.language.exclusions import find_exclusions
from traineragent.language.reading import Reading

from .tables import ROWS, table


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        ("Please do not let the model see the breed column.", "breed:cat, age:int", "breed"),
        ("Don't let breed into it please, the forms are wrong", "age:int, breed:cat", "breed"),
        (
            "Neither age nor sex may be used, the law is clear.",
            "age:int 1..90, sex:cat m|f, repaid:yesno y|n",
            "age sex",
        ),
        ("The column 'signed_on' tells the outcome, do not use it.", "signed_on:date, y:flag", "signed_on"),
        ("Die Postleitzahl bitte außen vor lassen.", "plz:cat, x:cat", "plz"),
        (
            "Bitte n'utilise ni l'opérateur ni l'équipe dans le modèle.",
            "operateur:cat, equipe:cat, c:cat",
            "operateur equipe",
        ),
        ("Jati aur dharm column mat use karna, kaun sa", "jati:cat, dharm:cat, c:cat", "jati dharm"),
        (
            "Das Alter und das Geschlecht dürfen nicht verwendet werden",
            "alter:int, geschlecht:cat, c:cat",
            "alter geschlecht",
        ),
        (
            "Weder Alter noch Geschlecht sollen in das Modell eingehen",
            "alter:int, geschlecht:cat, c:cat",
            "alter geschlecht",
        ),
        (
            "Betrug? (umsatz ist die Summe danach und darf nicht verwendet werden)",
            "umsatz:int, alter:int, c:cat",
            "umsatz",
        ),
        (
            "Predict y. cd496, r, cd820 and days are not known by then.",
            "cd496:int, r:flag, cd820:int, days:int, age:int",
            "cd496 r cd820 days",
        ),
        ("La edad y el sexo no se pueden usar en el modelo", "edad:int, sexo:cat, c:cat", "edad sexo"),
        ("A idade e o sexo não podem ser usados no modelo", "idade:int, sexo:cat, c:cat", "idade sexo"),
        ("जाति और धर्म का इस्तेमाल नहीं करना है", "जाति:cat, धर्म:cat, c:cat", "जाति धर्म"),
        ("性别和年龄都不能用", "性别:cat, 年龄:int, c:cat", "性别 年龄"),
        ("Predict which customers will not use their voucher", "voucher:flag, age:int", ""),
        ("Which machines have not failed? Predict status from age and load", "status:cat, age:int, load:int", ""),
        ("Kunden, die nicht kündigen, sind uns lieb. Nutze alter und tarif", "alter:int, tarif:cat, k:cat", ""),
    ],
)
def test_a_denied_use_leaves_the_named_columns_out(words: str, columns: str, expected: str) -> None:
    found = find_exclusions(Columns(Reading.of(words), table(columns, ROWS)))
    assert {e.column for e in found} == set(expected.split())


@pytest.mark.parametrize(
    ("words", "columns", "expected"),
    [
        # an order that is a thing here
        ("Will a drop at the second door work? Skip nothing.", "second_door:flag, price:float", ""),
        ("drop second_door and price", "second_door:flag, price:float, y:flag", "second_door price"),
        # what the rows are, and no column of theirs
        ("Hide angry comments until a moderator comes", "comment:text, angry:flag, hour:int", ""),
        ("Hide the hour please", "comment:text, angry:flag, hour:int", "hour"),
        ("Hide comments", "comment:text, angry:flag", "comment"),
        # a person told by what she does
        ("Late? Don't use who drove that day.", "driver:cat, km:int, late:flag", "driver"),
        ("Ignore who graded the paper", "grader:cat, graded_pages:int, y:flag", "grader"),
        ("Ignoriere, wer den Brief geschrieben hat", "autor:cat, briefe:int, y:flag", "autor"),
        ("Ohne Angabe, wer gemessen hat.", "bearbeiter:cat, temp:int, y:flag", "bearbeiter"),
        ("Don't feed it who inspected them", "inspector:cat, weight:int, survived:flag", "inspector"),
        ("Don't give it the age of the rider", "age:int, speed:float, fell:flag", "age"),
        ("The courier's team is off the table", "team:cat, km:int, late:flag", "team"),
        ("Don't use who came", "km:int, hour:int, late:flag", ""),
        # a name in brackets behind other words for it
        ("Leave out the home region (LAND) of the client", "land:cat, km:int, late:flag", "land"),
        ("Não use o município (cidade) do cliente", "cidade:cat, km:int, late:flag", "cidade"),
        # verbs of putting, and what somebody will not have in it
        ("No pongas el sexo del cliente", "sexo:cat, precio:float, z:int", "sexo"),
        ("Ne mettez pas le quartier dans le modèle", "quartier:cat, prix:float, z:int", "quartier"),
        ("Nimm das Alter bitte nicht mit rein", "alter:int, preis:float, z:int", "alter"),
        ("Our council does not want shift or team in there", "shift:cat, team:cat, y:flag", "shift team"),
        ("The mayor won't have noise in this town", "noise:float, street:cat, y:flag", ""),
    ],
)
def test_who_and_what_is_left_out_is_told_from_what_is_spoken_of(words: str, columns: str, expected: str) -> None:
    found = find_exclusions(Columns(Reading.of(words), table(columns, ROWS)))
    assert {e.column for e in found} == set(expected.split())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Who repays? gender must play no role", "gender"),
        ("who repays. no gender, no age pls", "gender age"),
        ("Who repays? Gender is nobody's business and age is of no use.", "gender age"),
        ("Who repays? Leave this out: age & gender.", "gender age"),
        ("Who repays? (not allowed: gender, age)", "gender age"),
        ("Who repays? Use everything but gender.", "gender"),
        ("Who repays? It has to be blind to gender.", "gender"),
        ("Who repays? Gender? Leave it out.", "gender"),
        ("Who repays? 'refund' and 'visits' only exist afterwards, so ignore them.", "refund visits"),
        ("Who repays? refund is only booked once the loan is closed.", "refund"),
        ("Who repays? When we ask nobody knows refund yet.", "refund"),
        ("Who repays? We only learn the refund later.", "refund"),
        ("Who repays? And a client's age is none of your business.", "age"),
        ("Wer zahlt zurueck? Gender ist tabu, age spielt keine Rolle.", "gender age"),
        ("Wer zahlt zurueck? refund steht erst danach fest.", "refund"),
        ("Qui rembourse ? gender ne doit pas compter.", "gender"),
        ("¿Quién paga? gender está prohibido.", "gender"),
        ("Quem paga? refund só é registrado depois.", "refund"),
        ("谁会还款?gender不得使用。", "gender"),
    ],
)
def test_a_column_that_does_not_count_or_comes_later_is_left_out(words: str, expected: str) -> None:
    columns = "client_id:id, age:int 18..90, gender:cat m|f, refund:float, visits:int, repaid:yesno y|n"
    found = find_exclusions(Columns(Reading.of(words), table(columns, ROWS)))
    assert {e.column for e in found} == set(expected.split())


@pytest.mark.parametrize(
    "words",
    [
        "Who repays? No gender may be worse off than the other.",
        "Who repays? There is no refund for most of them.",
        "Who repays? If refund isn't known take the mean.",
        "Who repays? I don't know whether age matters.",
        "Who repays? It's not only age that matters.",
        "Who repays? refund is filled in by our staff every day.",
        "Who repays? visits are counted every month.",
        "Who repays? Not every gender has many rows.",
        "Wer zahlt zurueck? age ist bei allen bekannt.",
        "¿Quién paga? La columna refund tiene huecos, no pasa nada.",
    ],
)
def test_a_column_that_is_only_spoken_of_stays_in(words: str) -> None:
    columns = "client_id:id, age:int 18..90, gender:cat m|f, refund:float, visits:int, repaid:yesno y|n"
    assert not find_exclusions(Columns(Reading.of(words), table(columns, ROWS)))
