"""A step of time is asked for where words name it and reckon the reach in it."""

from __future__ import annotations

import pytest

from traineragent.language.reading import Reading
from traineragent.language.stepping import step_asked


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("Forecast weekly sales for the next 8 weeks", "week"),
        ("How much will we sell each month for the next 3 months?", "month"),
        ("Forecast the sales per week, 4 weeks ahead, per store", "week"),
        ("Wöchentliche Verkäufe für die nächsten 8 Wochen vorhersagen", "week"),
        ("Prévoir les ventes mensuelles des 6 prochains mois", "month"),
        ("predict the sum per day for the next 7 days", "day"),
        ("预测未来8周每周的销量", "week"),
        ("Forecast sales for the next 2 weeks; we retrain weekly", None),
        ("Forecast daily sales for the next 2 weeks, we plan weekly", None),
        ("It runs in a weekly job: forecast demand for the next 4 weeks", None),
        ("Forecast the load for the next 14 days", None),
    ],
)
def test_a_step_is_one_of_values_and_not_of_work(words: str, step: str | None) -> None:
    assert step_asked(Reading.of(words)) == step
