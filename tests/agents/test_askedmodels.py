"""A search tries the kinds of models that words ask for, and says where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from product import churn, run, write_csv

FORESTS = {"random_forest", "extra_trees"}


def tried(folder: Path) -> dict[str, float]:
    """Families of the run's trials with their weight in what is served."""
    report = json.loads((folder / "report.json").read_text())
    return {t["family"]: t["weight"] for t in reversed(report["leaderboard"])}


@pytest.mark.e2e
def test_a_forest_is_tried_where_it_is_asked_for_and_a_follow_up_asks_for_another(tmp_path: Path) -> None:
    table = write_csv(churn(), tmp_path / "customers.csv")
    words = "Predict which customers left, with a random forest and no ensemble."
    done = run("train", words, "--data", table, "--trials", 2, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    assert set(tried(tmp_path / "run")) <= FORESTS
    done = run("refine", tmp_path / "run", "use logistic regression instead")
    assert done.code == 0, done.err
    after = tried(tmp_path / "run")
    assert {family for family, weight in after.items() if weight} <= {"linear", "probe"}
    assert "linear model is asked for" in done.out.lower()


@pytest.mark.e2e
def test_where_what_is_asked_for_cannot_learn_the_data_others_are_tried_and_it_is_said(tmp_path: Path) -> None:
    step = np.arange(96)
    months = pd.date_range("2016-01-01", periods=96, freq="MS").strftime("%Y-%m")
    table = write_csv(pd.DataFrame({"month": months, "sales": 100 + 20 * np.sin(step / 2) + step}), tmp_path / "s.csv")
    words = "Forecast the sales of the next 6 months with a random forest."
    done = run("train", words, "--data", table, "--trials", 1, "--out", tmp_path / "run")
    assert done.code == 0, done.err
    warnings = json.loads((tmp_path / "run" / "report.json").read_text())["data"]["warnings"]
    assert any("random forest was asked for" in w and "others are tried" in w for w in warnings)
