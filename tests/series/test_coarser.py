"""Weekly values are forecast from daily ones where they are asked for, from words to the service."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from product import run, write_csv


@pytest.mark.e2e
def test_daily_sales_are_summed_and_forecast_by_the_week(tmp_path: Path) -> None:
    days = np.arange(400)
    frame = pd.DataFrame({
        "day": pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d"),
        "sales": 100 + 20 * (days % 7) + np.random.default_rng(0).normal(0, 3, 400).round(1),
    })  # fmt: skip
    table = write_csv(frame, tmp_path / "sales.csv")
    words = "Forecast the weekly sales of the next 6 weeks."
    done = run("train", words, "--data", table, "--trials", 1, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert any("taken together by the week" in w for w in report["data"]["warnings"])
    assert not any("different answer" in w for w in report["data"]["warnings"])
    (tmp_path / "ask.json").write_text(json.dumps([{"horizon": 6}]))
    said = run("predict", tmp_path / "run", "--data", tmp_path / "ask.json")
    lines = [line.split(",") for line in said.out.splitlines()]
    steps = [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]]
    assert len(steps) == 6
    assert all(float(s["value"]) == pytest.approx(7 * 160, rel=0.05) for s in steps)
    times = pd.to_datetime([s["time"] for s in steps])
    assert set(np.diff(times) / np.timedelta64(1, "D")) == {7.0}
    newer = frame.assign(day=pd.date_range("2024-02-05", periods=400).strftime("%Y-%m-%d"))[:16]
    said = run("predict", tmp_path / "run", "--data", write_csv(newer, tmp_path / "newer.csv"))
    assert said.out.splitlines()[1].split(",")[1] == "2024-02-19", "two whole weeks of days came since"
