"""Rows chosen in words are what is learned from and measured on, from the request to the report and a follow-up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from product import churn, run, write_csv


def sealed(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "data" / "split.json").read_text())
    return found


@pytest.mark.e2e
def test_rows_asked_for_are_learned_from_held_out_and_changed_by_a_follow_up(tmp_path: Path) -> None:
    frame = churn(600).assign(city=np.where(np.arange(600) % 3 == 0, "Bonn", "Ulm"))
    table, folder = write_csv(frame, tmp_path / "customers.csv"), tmp_path / "run"
    words = "Who left? Only customers in Ulm, and keep 30 % for testing."
    done = run("train", words, "--data", table, "--trials", 1, "--out", folder)
    assert done.code == 0, done.err
    found = sealed(folder)
    assert (found["train_rows"], found["holdout_rows"]) == (280, 120)
    assert pd.read_parquet(folder / "data" / "holdout.parquet")["city"].unique().tolist() == ["Ulm"]
    report = json.loads((folder / "report.json").read_text())
    assert {"rows:city=Ulm", "holdout:0.3"} <= set(report["task"]["constraints"])
    assert "city" in (folder / "report.html").read_text()
    changed = run("refine", folder, "only customers in Bonn instead")
    assert changed.code == 0, changed.err
    latest = json.loads((folder / "report.json").read_text())
    assert "rows:city=Bonn" in latest["task"]["constraints"]
    assert "rows:city=Ulm" not in latest["task"]["constraints"]


@pytest.mark.e2e
def test_years_to_be_judged_on_are_held_out(tmp_path: Path) -> None:
    year = np.repeat(np.arange(2015, 2023), 60)
    frame = churn(480).assign(year=year)
    table, folder = write_csv(frame, tmp_path / "customers.csv"), tmp_path / "run"
    words = "Who left? Learn from 2015 to 2020 and be judged on the years after."
    done = run("train", words, "--data", table, "--trials", 1, "--out", folder)
    assert done.code == 0, done.err
    found = sealed(folder)
    assert (found["how"], found["train_rows"], found["holdout_rows"]) == ("given", 360, 120)
    assert "'year' is at least '2021'" in str(found["why"])


@pytest.mark.e2e
def test_a_plan_for_rows_that_there_are_not_says_so(tmp_path: Path) -> None:
    frame = churn(200).assign(city=["Ulm"] * 195 + ["Bonn"] * 5)
    table = write_csv(frame, tmp_path / "customers.csv")
    done = run("train", "Who left? Only customers in Bonn.", "--data", table, "--trials", 1, "--out", tmp_path / "run")
    assert done.code == 4
    assert "5 rows of 200 are such as the words choose" in done.err + done.out


@pytest.mark.e2e
def test_where_too_few_rows_are_asked_to_be_measured_on_the_usual_ones_are_and_it_is_said(tmp_path: Path) -> None:
    frame = churn(300).assign(year=[2015 + i % 6 for i in range(295)] + [2021] * 5)
    table, folder = write_csv(frame, tmp_path / "customers.csv"), tmp_path / "run"
    words = "Who left? Train on 2015 to 2020 and test on 2021."
    done = run("train", words, "--data", table, "--trials", 1, "--out", folder)
    assert done.code == 0, done.err
    found = sealed(folder)
    assert found["how"] != "given"
    assert "too few rows are such that 'year' is at least '2021'" in str(found["why"])
