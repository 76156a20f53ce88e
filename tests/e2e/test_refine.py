"""Follow-ups on a delivered run: what holds is reused, the hold-out stays sealed, a kill does no harm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from product import WORDS, churn, kill_group, quick_procedures, rows_of, run, start, wait_until, write_csv

pytestmark = pytest.mark.e2e

CANDIDATES = (
    {"family": "lightgbm", "params": {"rounds": 150, "num_leaves": 31, "learning_rate": 0.05, "patience": 0}},
    {"family": "lightgbm", "params": {"rounds": 100, "num_leaves": 15, "learning_rate": 0.05, "patience": 0}},
    {"family": "lightgbm", "params": {"rounds": 40, "patience": 0, "num_leaves": 7}},
)
"""Models far larger than what the service needs around them, so that half of it can be had."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered")
    table = write_csv(churn(), folder / "customers.csv")
    procedures = quick_procedures(folder / "procedures", CANDIDATES)
    done = run("train", WORDS, "--data", table, "--trials", 3, "--config", procedures, "--out", folder / "run")
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture
def again(delivered: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be changed."""
    shutil.copytree(delivered, tmp_path / "run")
    return tmp_path / "run"


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def served_mb(folder: Path) -> float:
    manifest = json.loads((folder / "bundle" / "bundle.json").read_text())
    return sum((folder / "bundle" / name).stat().st_size for name in manifest["files"]) / 1e6


def trials_of(folder: Path) -> list[tuple[Any, ...]]:
    return rows_of(folder, "SELECT idx, json_extract(result, '$.files') FROM trials ORDER BY idx")


def test_a_limit_selects_anew_from_what_was_trained(delivered: Path, again: Path) -> None:
    before = report_of(delivered)
    done = run("refine", again, "make it half the size", "--json")
    assert done.code == 0, done.err
    report = done.json
    assert report == report_of(again)
    (limit,) = report["requirements"]
    assert (limit["name"], limit["met"]) == ("size_mb", True)
    assert limit["measured"] <= limit["limit"] < report["earlier"][0]["size_mb"]
    assert served_mb(again) < served_mb(delivered)
    assert report["data"]["holdout"]["sha256"] == before["data"]["holdout"]["sha256"]
    assert report["metric"]["looks"] == 2
    assert trials_of(again / "revisions" / "2")[:3] == trials_of(delivered)
    oof = "trials/0000/oof.npy"
    assert (again / "revisions" / "2" / oof).stat().st_ino == (again / oof).stat().st_ino
    assert report_of(again / "revisions" / "1")["metric"] == before["metric"]
    assert run("predict", again, "--data", delivered.parent / "customers.csv").code == 0
    second = run("refine", again, "use recall instead", "--json")
    assert second.code in (0, 3), second.err
    assert (second.json["metric"]["name"], second.json["metric"]["looks"]) == ("recall", 3)
    assert trials_of(again / "revisions" / "3")[:3] == trials_of(delivered)
    assert [e["revision"] for e in second.json["earlier"]] == [1, 2]
    told = run("explain", again, "--json").json["decisions"]
    assert {d["revision"] for d in told} == {1, 2, 3}
    back = run("refine", again, "no, undo that", "--json")
    assert back.code == 0, back.err
    assert (back.json["revision"], back.json["metric"]) == (4, report["metric"])
    assert back.json["requirements"] == report["requirements"]
    assert [c["kind"] for c in back.json["changes"]] == ["return"]
    half = again / "revisions" / "2" / "bundle" / "model.onnx"
    assert (again / "bundle" / "model.onnx").read_bytes() == half.read_bytes()
    assert not back.json["llm"]["calls"]
    first = run("refine", again, "undo that as well", "--json")
    assert first.code == 0, first.err
    assert first.json["metric"] == before["metric"]
    assert first.json["requirements"] == []


def test_other_inputs_are_learned_anew_on_the_same_rows_also_after_a_kill(delivered: Path, again: Path) -> None:
    """The kill comes while candidates are trained again; the result is that of a follow-up that was never stopped."""
    whole = again.with_name("whole")
    shutil.copytree(delivered, whole)
    assert run("refine", whole, "leave out plan").code == 0
    process = start("refine", again, "leave out plan")
    child = again / "revisions" / "2"
    assert wait_until(lambda: bool(rows_of(child, "SELECT 1 FROM trials")), process)
    kill_group(process)
    assert report_of(again)["revision"] == 1, "what was delivered stands"
    assert run("runs", again.parent, "--json").json["runs"]
    done = run("resume", again, "--json")
    assert done.code == 0, done.err
    assert done.json["revision"] == 2
    assert done.json["data"]["holdout"]["sha256"] == report_of(delivered)["data"]["holdout"]["sha256"]
    columns = json.loads((again / "bundle" / "bundle.json").read_text())["input"]["columns"]
    assert "plan" not in {c["name"] for c in columns}
    assert trials_of(child) == trials_of(whole / "revisions" / "2")
    model = "bundle/model.onnx"
    assert (again / model).read_bytes() == (whole / model).read_bytes()


@pytest.mark.parametrize(("words", "code"), [("paint it blue", 5), ("so that we need not hire pregnant women", 4)])
def test_a_follow_up_that_is_not_carried_out_leaves_the_delivery_as_it_was(again: Path, words: str, code: int) -> None:
    before = {p: p.read_bytes() for p in sorted(again.rglob("bundle/*")) if p.is_file()}
    done = run("refine", again, words, "--no-ask", "--json")
    assert done.code == code, done.err
    assert done.json["status"] == {4: "declined", 5: "needs_answer"}[code]
    assert {p: p.read_bytes() for p in before} == before
    assert report_of(again)["status"] == "delivered"
