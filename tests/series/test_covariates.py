"""What is known ahead: read, estimated, taken out and put back, asked of clients and measured as they would send it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from traineragent.data.meaning import read_columns
from traineragent.data.reading import from_frame
from traineragent.domain.data import NumberFormat
from traineragent.domain.run import Candidate
from traineragent.errors import RowError
from traineragent.export.interfaces.series import INTERFACE
from traineragent.report.forecast import forecast
from traineragent.series import build as building
from traineragent.series import holdout
from traineragent.series.covariates import covariate_of, described, estimated
from traineragent.series.panel import Panel
from traineragent.serve.series.covariates import Covariate, Effects
from traineragent.serve.series.timeline import Timeline
from traineragent.serve.served import Served
from traineragent.store.files import read_json

from .tables import promotions
from .test_line import Run

CANDIDATES = (
    Candidate("seasonal_naive"),
    Candidate("exponential_smoothing", {"trend": "none"}),
    Candidate("exponential_smoothing", {"trend": "none", "effects": True}),
    Candidate("lag_linear", {"seasons": 2, "effects": True}),
)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Served]:
    folder = tmp_path_factory.mktemp("promotions")
    run = Run(folder, promotions(), "sold", "14d", ("future:promo", "future:holiday"))
    run.prepare()
    return run, run.deliver(run.train(CANDIDATES))


def test_effects_are_found_behind_trend_and_season(delivered: tuple[Run, Served]) -> None:
    panel = Panel.load(delivered[0].data / "prepared")
    effects = {e["name"]: e for e in described(panel)}
    assert effects["promo"]["relative"]
    assert effects["promo"]["effect"] == pytest.approx(0.5, abs=0.05)
    assert effects["holiday"]["effect"] == pytest.approx(-0.5, abs=0.06)
    assert effects["promo"]["error"] < 0.02


def test_noise_has_hardly_an_effect() -> None:
    rng = np.random.default_rng(1)
    y = 100 + rng.normal(0, 10, (1, 200))
    numbers = rng.normal(0, 1, (1, 200, 1))
    panel = _panel(y, numbers)
    assert abs(estimated(panel).beta[0]) < 0.03


def test_knowing_ahead_wins_in_validation_and_on_the_hold_out(delivered: tuple[Run, Served]) -> None:
    run, _ = delivered
    assert any(m.get("effects") for m in read_json(run.data / "graph.json")["settings"]["members"])
    holdout.evaluate(str(run.folder), run.task, 0)
    saved = read_json(run.data / "evaluation.json")
    metric = saved["evaluation"]["metric"]
    assert metric["value"] < 0.45 * metric["baseline"]
    assert {e["name"] for e in saved["forecast"]["effects"]} == {"promo", "holiday"}


def test_a_promotion_that_is_sent_raises_the_forecast(delivered: tuple[Run, Served]) -> None:
    _, served = delivered
    plain = {"promo": 0, "holiday": "no"}
    without, with_ = served.predict(
        [
            {"horizon": 2, "series": "S0", "future": [plain, plain]},
            {"horizon": 2, "series": "S0", "future": [plain, {**plain, "promo": 1}]},
        ]
    )
    assert with_["values"][0] == pytest.approx(without["values"][0])
    assert with_["values"][1] > 1.2 * without["values"][1]
    times = without["times"]
    (timed,) = served.predict(
        [
            {
                "horizon": 2,
                "series": "S0",
                "future": [{"time": times[1], **plain, "promo": 1}, {"day": times[0], **plain}],
            }
        ]
    )
    assert timed["values"] == pytest.approx(with_["values"])


def test_what_a_past_promotion_sold_is_not_taken_for_the_level(delivered: tuple[Run, Served]) -> None:
    _, served = delivered
    plain = {"promo": 0, "holiday": "no"}
    ask: dict[str, Any] = {"horizon": 1, "series": "S0", "future": [plain]}
    said = [{"value": 150, "promo": 1, "holiday": "no"}] * 3
    known, unknown = served.predict([{**ask, "history": said}, {**ask, "history": [150, 150, 150]}])
    assert known["values"][0] < unknown["values"][0]


def test_without_future_the_data_and_then_the_typical_are_assumed_and_told(delivered: tuple[Run, Served]) -> None:
    run, served = delivered
    _, warnings, _, _ = served.answer([{"horizon": 14, "series": "S0"}])
    assert any("'future' was not sent" in w and "typical" in w for w in warnings)
    holdout.evaluate(str(run.folder), run.task, 0)
    newest = run.export({**read_json(run.data / "graph.json"), **building.refresh(str(run.folder), run.task, 60.0, 0)})
    _, warnings, _, _ = newest.answer([{"horizon": 14, "series": "S0"}])
    assert not warnings  # the data tells of the fourteen days after the last sale
    _, warnings, _, _ = newest.answer([{"horizon": 20, "series": "S0"}])
    assert any("6 of 20 steps" in w for w in warnings)


@pytest.mark.parametrize(
    ("future", "column"),
    [
        ([{"promo": 0, "holiday": "no"}], "future"),
        ([{"promo": 0, "holiday": "no"}] * 3, "future"),
        ([{"promo": 0, "holiday": "perhaps"}] * 2, "holiday"),
        ([{"promo": 0, "holiday": "no"}, {"holiday": "no"}], "promo"),
        ([{"promo": 2, "holiday": "no"}] * 2, "promo"),
        ([1, 2], "future"),
        ("soon", "future"),
        ([{"time": "2050-01-01", "promo": 0, "holiday": "no"}] * 2, "future"),
    ],
)
def test_a_future_that_makes_no_sense_is_refused(delivered: tuple[Run, Served], future: Any, column: str) -> None:
    with pytest.raises(RowError) as refused:
        delivered[1].predict([{"horizon": 2, "series": "S0", "future": future}])
    assert (refused.value.row, refused.value.column) == (0, column)


def test_columns_are_read_by_what_they_hold() -> None:
    frame = promotions(30)
    frame["weather"] = np.resize(["sun", "rain", "snow", "sun"], len(frame))
    frame["price"] = np.linspace(1, 3, len(frame)).round(2)
    readings = read_columns(from_frame(frame.astype(str)).frame)
    kinds = {n: c.kind for n in ("promo", "holiday", "weather", "price") if (c := covariate_of(readings[n]))}
    assert kinds == {"promo": "flag", "holiday": "flag", "weather": "level", "price": "number"}
    weather = covariate_of(readings["weather"])
    assert weather is not None
    assert (weather.base, weather.width) == ("sun", 2)
    again = Covariate.from_json(weather.to_json())
    assert again == weather
    with pytest.raises(ValueError, match="hail"):
        again.read("hail")


def test_effects_survive_being_written(delivered: tuple[Run, Served]) -> None:
    panel = Panel.load(delivered[0].data / "prepared")
    effects = estimated(panel)
    again = Effects.from_json(effects.to_json())
    numbers = effects.numbers({"promo": "1", "holiday": "yes"}, 3)
    assert again.of(numbers[None])[0] == pytest.approx(effects.of(numbers[None])[0], rel=1e-4)


def test_a_service_that_knows_nothing_ahead_says_that_future_is_ignored(tmp_path: Path) -> None:
    run = Run(tmp_path, promotions(90), "sold", "7d")
    run.prepare()
    served = run.deliver(run.train(CANDIDATES[:2]))
    _, warnings, _, _ = served.answer([{"horizon": 1, "series": "S0", "future": [{"promo": 1}]}])
    assert any("'future' was ignored" in w for w in warnings)


def _panel(values: np.ndarray, numbers: np.ndarray) -> Panel:
    covariate = Covariate("noise", "number")
    timeline = Timeline("second", 86_400, "2024-01-01")
    return Panel(values, np.isfinite(values), ((),), timeline, 7, 7, {}, (covariate,), numbers)


def test_the_interface_tells_what_to_send(delivered: tuple[Run, Served]) -> None:
    manifest = delivered[1].manifest
    schema = INTERFACE.row_schema(manifest)
    item = schema["properties"]["future"]["items"]
    assert set(item["required"]) == {"promo", "holiday"}
    assert len(INTERFACE.example(manifest)["future"]) == 14
    assert "promo" in INTERFACE.inputs(manifest)
    assert any("`future`" in said for said in INTERFACE.limits(manifest, {}))
    assert [c["name"] for c in delivered[1].form()["known_ahead"]] == ["promo", "holiday"]
    delivered[1].predict([INTERFACE.example(manifest)])


def test_the_report_shows_effects_with_their_margin() -> None:
    effects = [
        {"name": "promo", "base": "", "spread": 0.0, "effect": 0.5, "error": 0.01, "relative": True},
        {"name": "price", "base": "", "spread": 2.0, "effect": -0.01, "error": 0.02, "relative": True},
    ]
    shown = forecast({"forecast": {"horizon": 7, "starts": 3, "effects": effects}})
    assert shown is not None
    promo, price = shown["effects"]["lines"]
    assert (promo["effect"], promo["sure"]) == ("+50 %", True)
    assert price["against"] == "for 2 more"
    assert not price["sure"]


@pytest.mark.slow
def test_several_rows_of_a_step_are_known_as_their_mean(tmp_path: Path) -> None:
    """Promotions of single products, forecast by shop: the share of products on offer is what counts."""
    parts = [promotions(150, seed=seed).assign(product=product) for seed, product in enumerate(("bread", "cake"))]
    frame = pd.concat(parts, ignore_index=True)
    run = Run(tmp_path, frame, "sold", "7d", ("series:shop", "future:promo", "future:holiday"))
    run.prepare()
    run.deliver(run.train((CANDIDATES[0], CANDIDATES[2])))
    holdout.evaluate(str(run.folder), run.task, 0)
    metric = read_json(run.data / "evaluation.json")["evaluation"]["metric"]
    assert metric["value"] < 0.5 * metric["baseline"]


def test_numbers_are_read_as_written_or_as_they_are() -> None:
    price = Covariate("price", "number", 10.0, 2.0, number=NumberFormat(","))
    for value in ("12,0", 12, 12.0):
        found = price.read(value)
        assert found is not None
        assert found[0] == pytest.approx(1.0)
    promo = Covariate("promo", "flag", true_words=("ja",), false_words=("nein",))
    assert [float(f[0]) for v in ("ja", "nein", 1, 0.5, True) if (f := promo.read(v)) is not None] == [1, 0, 1, 0.5, 1]
    with pytest.raises(ValueError, match="2"):
        promo.read(2)


@pytest.mark.parametrize("marks", [("yes",), ("Easter", "Christmas")])
def test_an_empty_cell_between_holidays_says_that_there_is_none(marks: tuple[str, ...]) -> None:
    cells = pd.Series(["" if i % 10 else marks[(i // 10) % len(marks)] for i in range(200)])
    table = from_frame(pd.DataFrame({"holiday": cells, "y": range(200)}).astype(str).replace({"holiday": {"": None}}))
    covariate = covariate_of(read_columns(table.frame)["holiday"])
    assert covariate is not None
    assert set(covariate.levels) == set(marks)
    assert covariate.read(None).tolist() == covariate.read("").tolist() == [0.0] * len(marks)
    assert covariate.read(covariate.levels[0]).tolist()[0] == 1.0
    assert "or nothing" in covariate.expected
    effects = Effects((covariate,), np.ones(len(marks)), np.full((1, len(marks)), 0.25), log=True)
    assert effects.numbers({"holiday": None}, 0).tolist() == [0.0] * len(marks)
    assert effects.numbers({}, 0).tolist() == [0.25] * len(marks)  # nothing is told, so what is typical
