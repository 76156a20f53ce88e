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
