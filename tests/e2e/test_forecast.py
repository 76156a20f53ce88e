"""A sentence and a table with times end in a service that forecasts with intervals, and better than simple rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from product import quick_procedures, run, write_csv
from traineragent import load

pytestmark = pytest.mark.e2e


def test_a_monthly_series_is_forecast_measured_and_documented(tmp_path: Path) -> None:
    t = np.arange(90)
    y = ((200 + 2 * t) * (1 + 0.3 * np.sin(2 * np.pi * t / 12)) + np.random.default_rng(0).normal(0, 5, 90)).round(1)
    month = pd.period_range("2012-01", periods=90, freq="M").astype(str)
    data = write_csv(pd.DataFrame({"month": month, "sales": y}), tmp_path / "sales.csv")
    tried = [{"family": "seasonal_naive"}, {"family": "lag_linear"}, {"family": "exponential_smoothing"}]
    config = quick_procedures(tmp_path / "config", tried, question="series_candidates")
    out = tmp_path / "run"
    words = "Forecast the sales of the next 6 months."
    said = run("train", words, "--data", data, "--trials", 3, "--out", out, "--config", config, "--no-ask", "--json")
    assert said.code == 0, said.err
    report = said.json
    assert report["task_type"] == "forecasting"
    assert report["metric"]["value"] < report["metric"]["baseline"]
    assert {e["family"] for e in report["leaderboard"]} == {c["family"] for c in tried}
    answer = load(out).answers([{"horizon": 6}])[0]
    assert answer["times"] == ["2019-07", "2019-08", "2019-09", "2019-10", "2019-11", "2019-12"]
    assert len(answer["values"]) == len(answer["interval"]) == 6
    assert "What it forecasts" in (out / "report.html").read_text(encoding="utf-8")
    assert json.loads((out / "bundle" / "example.json").read_text())["rows"] == [{"horizon": 6}]


def test_series_are_told_apart_by_words_and_promotions_known_ahead_are_used(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    when = pd.date_range("2023-01-01", periods=150)
    rows = [
        {"Datum": day.strftime("%d.%m.%Y"), "Filiale": shop, "Produkt": product, "Aktion": promo, "Absatz": sold}
        for shop, size in (("Ulm", 90), ("Bonn", 60))
        for day, promo in zip(when, (rng.random(150) < 0.2).astype(int), strict=True)
        for product in ("Brot", "Kuchen")
        for sold in [round(size * (1 + 0.3 * (day.weekday() >= 5)) * (1.5 if promo else 1) * rng.normal(1, 0.04))]
    ]
    data = write_csv(pd.DataFrame(rows), tmp_path / "absatz.csv")
    tried = [{"family": "seasonal_naive"}, {"family": "exponential_smoothing", "params": {"effects": True}}]
    config = quick_procedures(tmp_path / "config", tried, question="series_candidates")
    out = tmp_path / "run"
    words = "Absatz je Filiale für die nächsten 7 Tage vorhersagen"
    said = run("train", words, "--data", data, "--trials", 2, "--out", out, "--config", config, "--no-ask", "--json")
    assert said.code == 0, said.err
    assert said.json["metric"]["value"] < 0.5 * said.json["metric"]["baseline"]
    task = json.loads((out / "task.json").read_text())
    assert {"series:Filiale", "future:Aktion", "horizon:7d"} <= set(task["constraints"])
    plain, raised = load(out).answers(
        [{"horizon": 1, "series": "Ulm", "future": [{"Aktion": promo}]} for promo in (0, 1)]
    )
    assert raised["values"][0] > 1.3 * plain["values"][0] > 130  # bread and cake together
    assert "What is known ahead" in (out / "report.html").read_text(encoding="utf-8")
