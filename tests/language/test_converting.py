"""Amounts in the unit of a column: by its name, and percentage points by its values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traineragent.domain.task import Request
from traineragent.language.converting import in_unit_of
from traineragent.language.reading import Reading
from traineragent.language.task import understand

from .tables import ROWS, table


@pytest.mark.parametrize(
    ("words", "column", "value"),
    [
        ("30 mbar", "leck_bar", 0.03),
        ("15 microns", "wear_mm", 0.015),
        ("12 µm", "wear_mm", 0.012),
        ("a hundredth of a millimetre", "wear_um", 10),
        ("300克", "重量千克", 0.3),
        ("5 km/h", "wind_ms", 1.388888889),
        ("0.01 m/s", "speed_mm_s", 10),
        ("2 degrees celsius", "temp_f", 3.6),
        ("12,000 euros", "price_keur", 12),
        ("500 square metres", "area_ha", 0.05),
        ("a tenth of a volt", "u_mv", 100),
        ("off by a litre and a half", "volume_ml", 1500),
        ("half a kilo", "harvest_g", 500),
        ("90 seconds", "wait_min", 1.5),
        ("4 kg", "leftovers", 4),
        ("700", "price_keur", 700),
    ],
)
def test_an_amount_is_told_in_the_unit_that_a_name_ends_in(words: str, column: str, value: float) -> None:
    quantity = Reading.of(words).quantities[0]
    assert in_unit_of(quantity, column) == pytest.approx(value, rel=1e-6)


def test_a_speed_is_no_rate_of_rows() -> None:
    assert [q.kind for q in Reading.of("an error of 2 m/s, and 200 rows/s").quantities] == ["measure", "rate"]


@pytest.mark.parametrize(
    ("words", "metric", "limit"),
    [
        ("RMSE below 6 percentage points", "rmse", 6),
        ("MAE of half a percentage point", "mae", 0.5),
        ("off by one percentage point on average at most", "mae", 1),
        ("im Schnitt höchstens 4 Prozentpunkte daneben", "mae", 4),
        ("error absoluto medio de un punto y medio como mucho", "mae", 1.5),
        ("erro médio de um ponto percentual no máximo", "mae", 1),
        ("erreur moyenne de 3 points de pourcentage au plus", "mae", 3),
        ("平均误差不超过8个百分点", "mae", 8),
    ],
)
def test_percentage_points_are_hundredths_where_values_are_fractions(words: str, metric: str, limit: float) -> None:
    for columns, scale in (("cover:float 0..1, days:int 20..260", 100), ("cover:float 2..96, days:int 20..260", 1)):
        task = understand(Request(f"Predict cover: {words}"), table(columns, ROWS), ROWS, kind="table")
        assert {r.name: r.limit for r in task.requirements} == pytest.approx({metric: limit / scale})


def test_an_error_is_told_in_the_unit_that_the_cells_are_written_in() -> None:
    age, finish = table("age:int 18..80, finish:float 7000..20000")
    columns = (age, replace(finish, stats=finish.stats | {"unit": "s"}))
    task = understand(Request("Estimate the finish, at most 4 minutes off on average"), columns, ROWS)
    assert task.data_info.target == "finish"
    assert [(r.name, r.limit) for r in task.requirements] == [("mae", 240)]
