"""The whole line on small series, as the agents call it: sealed, prepared, trained, chosen, served, measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from traineragent.data.frames import read_frame, write_frame
from traineragent.data.meaning import read_columns
from traineragent.data.newer import requests_of
from traineragent.data.rawtable import RawTable
from traineragent.data.reading import from_frame
from traineragent.domain.data import Target
from traineragent.domain.run import Candidate, Trial, TrialResult
from traineragent.domain.task import DataInfo, Metric, Requirement, TaskSpec
from traineragent.engine.ensemble import Limits
from traineragent.errors import InputError, RowError
from traineragent.export.bundle import write_bundle
from traineragent.series import build as building
from traineragent.series import holdout, prepare, train
from traineragent.series.panel import Panel, filled
from traineragent.series.selection import select_series
from traineragent.series.split import split_series
from traineragent.serve.manifest import file_sha256
from traineragent.serve.served import Served, open_bundle
from traineragent.store.files import read_json, write_json

from .tables import monthly, shops

CANDIDATES = (
    Candidate("seasonal_naive"),
    Candidate("exponential_smoothing", {"trend": "additive", "log": True}),
    Candidate("lag_linear", {"seasons": 2}),
)


class Run:
    """A run's folder with what the line made of a table."""

    def __init__(
        self, folder: Path, frame: pd.DataFrame, target: str, horizon: str, constraints: tuple[str, ...] = ()
    ) -> None:
        self.folder, self.data = folder, folder / "data"
        self.spec = TaskSpec(
            "forecasting",
            (Metric("mae", "minimize"),),
            DataInfo(target=target),
            requirements=(
                Requirement("skill_vs_seasonal_naive", ">=", 0.1),
                Requirement("interval_coverage", ">=", 0.8),
            ),
            constraints=(f"horizon:{horizon}", *constraints),
        )
        self.task: Mapping[str, Any] = self.spec.to_json()
        self._seal(from_frame(frame))

    def _seal(self, table: RawTable) -> None:
        self.data.mkdir()
        readings = read_columns(table.frame)
        found, target = split_series(table, self.spec, parts=None, group=None, time=None, seed=0, readings=readings)
        write_frame(table.frame.iloc[found.train], self.data / "train.parquet")
        write_frame(table.frame.iloc[found.holdout], self.data / "holdout.parquet")
        write_json(self.data / "target.json", TypeAdapter(Target).dump_python(target, mode="json"))
        write_json(self.data / "split.json", {"facts": json.loads(json.dumps(dict(found.facts))), "notes": []})

    def prepare(self, **more: dict[str, Any]) -> dict[str, Any]:
        """`more`: further operations with their arguments."""
        facts: dict[str, Any] = prepare.examine(str(self.folder), self.task, 0)["facts"]
        asked = {"set_season": {"steps": facts["season"]}, "bridge_gaps": {}, **more}
        operations = [{"step": "s", "do": do, "args": args, "why": ""} for do, args in asked.items()]
        made: dict[str, Any] = prepare.make(str(self.folder), self.task, operations, 0)
        assert all((self.folder / name).is_file() for name in made["files"])
        return {**facts, **made["facts"]}

    def train(self, candidates: tuple[Candidate, ...] = CANDIDATES) -> list[TrialResult]:
        results = []
        for i, candidate in enumerate(candidates):
            folder = self.folder / "trials" / f"{i:04d}"
            r = train.train(self.data / "prepared", Trial(i, candidate), metric="mae", seed=0, threads=1, folder=folder)
            (folder / "result.json").write_text(json.dumps({"result": asdict(r)}))
            results.append(r)
        return results

    def deliver(self, results: list[TrialResult]) -> Served:
        chosen = select_series(
            self.folder, results, metric="mae", limits=Limits(), seed=0, interpretable=lambda family: True
        )
        facts = building.build(str(self.folder), self.task, [asdict(m) for m in chosen.members], chosen.single_best, {})
        write_json(self.data / "graph.json", facts)
        return self.export(facts)

    def export(self, facts: Mapping[str, Any]) -> Served:
        target = TypeAdapter(Target).validate_python(read_json(self.data / "target.json"))
        files = {name: self.folder / path for name, path in facts["files"].items()}
        write_bundle(
            self.folder / "bundle",
            name="sales",
            version="1",
            task_type="forecasting",
            codec="series",
            columns=(),
            target=target,
            files=files,
            settings=facts["settings"],
        )
        return open_bundle(self.folder / "bundle")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Served]:
    run = Run(tmp_path_factory.mktemp("monthly"), monthly(), "sales", "180d")
    run.prepare()
    return run, run.deliver(run.train())


@pytest.fixture(scope="module")
def of_shops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Served, dict[str, Any]]:
    run = Run(tmp_path_factory.mktemp("shops"), shops(), "sold", "7d")
    facts = run.prepare()
    return run, run.deliver(run.train()), facts


def test_the_newest_steps_are_sealed(delivered: tuple[Run, Served]) -> None:
    run, _ = delivered
    facts = read_json(run.data / "split.json")["facts"]
    assert (facts["steps"], facts["cut"], facts["horizon"]) == (96, 96 - 19, 6)
    held = read_frame(run.data / "holdout.parquet")
    assert held["month"].min() == "2016-06"


def test_candidates_are_judged_from_several_starting_points(delivered: tuple[Run, Served]) -> None:
    run, _ = delivered
    results = [read_json(run.folder / "trials" / f"{i:04d}" / "result.json")["result"] for i in range(3)]
    assert all(r["status"] == "done" and len(r["fold_scores"]) == 20 for r in results)
    assert max(r["score"] for r in results[1:]) > 0.6 * results[0]["score"]  # errors are negated


def test_the_hold_out_is_scored_through_the_bundle_beside_simple_rules(delivered: tuple[Run, Served]) -> None:
    run, _ = delivered
    found = holdout.evaluate(str(run.folder), run.task, 0)
    saved = read_json(run.data / "evaluation.json")
    metric = saved["evaluation"]["metric"]
    others = {m["name"]: m["value"] for m in saved["evaluation"]["others"]}
    assert found["rows"] == 19
    assert metric["value"] < 0.6 * metric["baseline"]
    assert metric["interval"][0] <= metric["value"] <= metric["interval"][1]
    assert others["skill_vs_seasonal_naive"] == pytest.approx(1 - metric["value"] / metric["baseline"])
    assert 0 <= others["interval_coverage"] <= 1
    forecast = saved["forecast"]
    assert {b["name"] for b in forecast["baselines"]} == {"seasonal_naive", "naive", "drift"}
    assert len(forecast["by_step"]) == 6
    assert forecast["pictures"][0]["times"][-1] == "2017-12"
    assert building.validate(str(run.folder), run.task, "mape") is not None
    assert building.validate(str(run.folder), run.task, "roc_auc_of_doom") is None


def test_what_is_served_goes_on_from_the_end_of_the_data(delivered: tuple[Run, Served]) -> None:
    run, served = delivered
    assert served.predict([{"horizon": 2}])[0]["times"] == ["2016-06", "2016-07"]
    holdout.evaluate(str(run.folder), run.task, 0)
    facts = building.refresh(str(run.folder), run.task, 60.0, 0)
    newest = run.export({**read_json(run.data / "graph.json"), **facts})
    answer = newest.predict([{"horizon": 6}])[0]
    assert answer["times"][0] == "2018-01"
    truth = monthly(102)["sales"].to_numpy()[96:]
    assert np.abs(np.array(answer["values"]) - truth).mean() < 25
    assert all(low <= value <= high for value, (low, high) in zip(answer["values"], answer["interval"], strict=True))
    assert facts["relearned"] == len(facts["settings"]["members"])
    hasty = building.refresh(str(run.folder), run.task, 0.0, 0)
    assert hasty["relearned"] == 0
    assert file_sha256(run.folder / hasty["files"]["history.json"]) == file_sha256(
        run.folder / facts["files"]["history.json"]
    )


def test_newer_values_given_in_a_request_are_used(delivered: tuple[Run, Served]) -> None:
    _, served = delivered
    plain = served.predict([{"horizon": 3}])[0]
    newer = served.predict([{"horizon": 3, "history": [1000.0, 1100.0]}])[0]
    named = served.predict(
        [{"horizon": 3, "history": [{"month": "2016-07", "sales": "1100"}, {"time": "2016-06", "value": 1000}]}]
    )[0]
    assert plain["times"][2] == newer["times"][0] == "2016-08"
    assert newer == named
    assert newer["values"][0] > plain["values"][2]
    (table,) = served.requests([{"month": "2016-06", "sales": 1000}, {"month": "2016-07", "sales": 1100}])
    assert served.predict([{**table, "horizon": 3}])[0] == newer


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({}, "horizon"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 2.5}, "horizon"),
        ({"horizon": True}, "horizon"),
        ({"horizon": "soon"}, "horizon"),
        ({"horizon": 10**9}, "horizon"),
        ({"horizon": 10**400}, "horizon"),
        ({"horizon": "1e400"}, "horizon"),
        ({"horizon": 2, "history": [1e308]}, "history"),
        ({"horizon": 2, "history": [10**400]}, "history"),
        ({"horizon": 2, "history": "[" * 100_000}, "history"),
        ({"horizon": 2, "history": "x"}, "history"),
        ({"horizon": 2, "history": [1, "x"]}, "history"),
        ({"horizon": 2, "history": [[1, 2, 3]]}, "history"),
        ({"horizon": 2, "history": [{"time": "2016-06"}]}, "history"),
        ({"horizon": 2, "history": [{"time": "2050-01", "value": 3}]}, "history"),
        ({"horizon": 2, "history": [{"time": "2016-06-15", "value": 3}]}, "history"),
        ({"horizon": 2, "history": [{"time": "2016-06", "value": 3}, 4]}, "history"),
        (17, None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    delivered: tuple[Run, Served], row: Any, column: str | None
) -> None:
    with pytest.raises(RowError) as refused:
        delivered[1].predict([{"horizon": 1}, row])
    assert (refused.value.row, refused.value.column) == (1, column)


def test_warnings_name_what_was_ignored_or_filled(delivered: tuple[Run, Served]) -> None:
    text, warnings, _, _ = delivered[1].answer([{"horizon": 1, "colour": "red", "history": [200.0, None, 210.0]}])
    assert json.loads(text)["times"] == ["2016-09"]
    assert any("colour" in w for w in warnings)
    assert any("filled in" in w for w in warnings)


def test_many_series_are_learned_together_and_asked_by_key(of_shops: tuple[Run, Served, dict[str, Any]]) -> None:
    run, served, facts = of_shops
    assert (facts["series"], facts["gaps"], facts["season"]) == (3, 3, 7)
    answers = served.predict([{"horizon": 7, "series": f"S{k}"} for k in range(3)])
    means = [np.mean(a["values"]) for a in answers]
    assert means[0] < means[1] < means[2]
    assert answers[1]["series"] == "S1"
    assert building.examples(str(run.folder), 2) == [{"horizon": 7, "series": "S0"}, {"horizon": 7, "series": "S1"}]
    with pytest.raises(RowError, match="S0"):
        served.predict([{"horizon": 7}])
    with pytest.raises(RowError, match="history"):
        served.predict([{"horizon": 7, "series": "S9"}])
    (fresh,) = served.predict([{"horizon": 7, "series": "S9", "history": [50.0 + (i % 7) for i in range(28)]}])
    assert 40 < np.mean(fresh["values"]) < 70


def test_rows_with_series_side_by_side_are_taken_apart(of_shops: tuple[Run, Served, dict[str, Any]]) -> None:
    _, served, _ = of_shops
    wide = [{"Datum": "26.04.2022", "S0": 100, "S2": "210", "weather": "dry"}]
    asked = requests_of(served, wide)
    assert [(a["series"], a["history"]) for a in asked] == [
        (["S0"], [{"time": "26.04.2022", "value": 100}]),
        (["S2"], [{"time": "26.04.2022", "value": "210"}]),
    ]


def test_gaps_are_bridged_and_do_not_count(of_shops: tuple[Run, Served, dict[str, Any]]) -> None:
    panel = Panel.load(of_shops[0].data / "prepared")
    assert (~panel.known).sum() == 3
    assert np.isfinite(panel.values).all()
    long = np.tile([1.0, 2.0, 3.0, 4.0], 6)[None]
    holed = long.copy()
    holed[0, 8:14] = np.nan
    assert np.array_equal(filled(holed, 4), long)


def test_where_little_can_be_carried_the_newest_steps_are_learned_from_and_delivered_whole(tmp_path: Path) -> None:
    run = Run(tmp_path, monthly(), "sales", "180d")
    full = run.prepare()
    before = Panel.load(run.data / "prepared")
    light = run.prepare(keep_newest={"steps": 48})
    panel = Panel.load(run.data / "prepared")
    assert (light["steps"], light["rows"]) == (full["steps"], 48)
    assert panel.timeline == before.timeline
    assert np.array_equal(panel.values[:, -48:], before.values[:, -48:])
    warned = " ".join(read_json(run.data / "profile.json")["warnings"])
    assert f"only the newest 48 months are learned from; {full['steps'] - 48} older ones are left out" in warned
    served = run.deliver(run.train(CANDIDATES[:2]))
    answer = served.predict([{"horizon": 3}])[0]
    assert answer["times"][0] == before.timeline.write(full["steps"])
    truth = monthly()["sales"].to_numpy()[full["steps"] : full["steps"] + 3]
    assert np.abs(np.array(answer["values"]) - truth).mean() < 0.1 * truth.mean()


def test_a_history_too_short_is_said_with_an_offer(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ask for at most 10"):
        Run(tmp_path, monthly(32), "sales", "730d")


def test_a_stated_coverage_is_what_intervals_promise(delivered: tuple[Run, Served]) -> None:
    run, served = delivered
    assert served.form()["coverage"] == 0.8
    assert building.promised(replace(run.spec, requirements=()).to_json()) == building.COVERAGE
