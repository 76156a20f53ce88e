"""Requests that want no personal data, and the columns that hold some."""

from __future__ import annotations

import pytest

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import Request
from traineragent.language.personal import personal_wish, what_it_holds
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import ROWS, table

MEMBERS = (
    "member_id:id, Full Name:text, e-mail:id, sex:cat m|f, birth_date:date, plan:cat basic|plus|pro, "
    "visits:int 0..90, remarks:text, lapsed:flag no|yes"
)


@pytest.mark.parametrize(
    "words",
    [
        "Which members will lapse? Please do not use any personal data.",
        "Which members will lapse? Without personally identifiable information.",
        "Which members will lapse? Exclude all PII.",
        "Which members will lapse? Personal details must not be used.",
        "Welche Mitglieder kündigen? Keine personenbezogenen Daten verwenden.",
        "Quels membres vont partir ? Sans données personnelles.",
        "¿Qué miembros se dan de baja? No uses datos personales.",
        "Quais membros vão cancelar? Sem usar dados pessoais.",
        "Quali membri disdicono? Senza usare dati personali.",
        "哪些会员会流失?不要使用个人信息。",
        "どの会員が退会しますか。個人情報は使わないでください。",
        "어떤 회원이 이탈할까요? 개인정보는 사용하지 마세요.",
    ],
)
def test_a_wish_for_no_personal_data_leaves_such_columns_out(words: str) -> None:
    task = understand(Request(words, target="lapsed"), table(MEMBERS), ROWS)
    out = {i.column: i.why for i in task.data_info.ignored}
    assert set(out) == {"member_id", "Full Name", "e-mail", "sex", "birth_date"}
    assert all("holds" in why or "stands for" in why for why in out.values())
    assert not set(out) & set(task.data_info.inputs)
    assert "privacy" in task.constraints
    assert {f"exclude:{name}" for name in out} <= {a.what for a in task.assumptions}
    assert any("remarks" in a.value for a in task.assumptions)


@pytest.mark.parametrize(
    "words",
    [
        "Which members will lapse? Personal data must not leave our building.",
        "Which members will lapse? No personal data may be sent to anybody outside.",
        "Which members will lapse? There is no personal data in the file.",
        "Which members will lapse?",
    ],
)
def test_other_words_about_personal_data_leave_no_column_out(words: str) -> None:
    assert personal_wish(Reading.of(words)) is None
    assert understand(Request(words), table(MEMBERS), ROWS).data_info.ignored == ()


def test_says_so_where_nothing_looks_personal() -> None:
    pumps = table("flow:float 0..9, heat:float 0..90, site:cat a|b|c, broke:flag no|yes")
    task = understand(Request("Which pumps break? Use no personal data."), pumps, ROWS)
    assert task.data_info.ignored == ()
    assert [a.value for a in task.assumptions if a.what == "personal_data"] == ["none found"]


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (("ann@mail.example", "bo@post.example", "?"), "an e-mail address"),
        (("+49 30 1234567", "+44 20 7946 0000"), "a telephone number"),
        (("women", "men"), "the sex or gender"),
        (("M", "F"), "the sex or gender"),
        (("red", "blue"), None),
        (("2021.5", "11.25"), None),
    ],
)
def test_values_give_personal_data_away(values: tuple[str, ...], held: str | None) -> None:
    column = ColumnProfile("x1", "category", 0.0, len(values), top=tuple((v, 9) for v in values))
    assert what_it_holds(column) == held


@pytest.mark.parametrize(
    ("column", "personal"),
    [
        ("Nachname:text", True),
        ("customer_name:text", True),
        ("phone:id", True),
        ("date_of_birth:date", True),
        ("age:int 18..95", True),
        ("nationality:cat de|fr|pl", True),
        ("postcode:int 10000..99999", True),
        ("product_name:text", False),
        ("PhoneService:flag No|Yes", False),
        ("phone_minutes:float 0..900", False),
        ("account_age_days:int 0..900", False),
        ("car_model_name:cat a|b|c", False),
        ("income:float 0..90000", False),
        ("message:text", False),
    ],
)
def test_names_give_personal_data_away(column: str, personal: bool) -> None:
    assert (what_it_holds(table(column)[0]) is not None) == personal
