"""What is delivered: the score, the report, the bundle and its service, the Python interface, and limits kept."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import traineragent as ta
from product import (
    COMMAND,
    PRICE_WORDS,
    WORDS,
    churn,
    kill_group,
    prices,
    quick_procedures,
    rows_of,
    run,
    species,
    start,
    wait_until,
    write_csv,
)

pytestmark = pytest.mark.e2e

SMALL_TREES = {"family": "lightgbm", "params": {"rounds": 40, "patience": 0, "num_leaves": 7}}
CANDIDATES = ({"family": "linear"}, SMALL_TREES)
SERVING = re.compile(rb"serving \S+ on (http://127\.0\.0\.1:\d+)")
CANARY = "canary-7c1e"
"""In a column that names each row, so that no model needs it."""


def named(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(contact=[f"{CANARY}-{i}@example.org" for i in range(len(table))])


JOBS: dict[str, tuple[str, pd.DataFrame]] = {
    "two classes": (WORDS, named(churn(300))),
    "four classes": ("Tell the species of a plant from its measures.", named(species(300))),
    "a number": (PRICE_WORDS, named(prices(300))),
}


@pytest.fixture(scope="module")
def procedures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quick_procedures(tmp_path_factory.mktemp("config") / "procedures", CANDIDATES)


@pytest.fixture(scope="module", params=JOBS)
def job(request: pytest.FixtureRequest, procedures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivered run for each kind of answer."""
    words, table = JOBS[request.param]
    folder = tmp_path_factory.mktemp("job")
    data, out = write_csv(table, folder / "table.csv"), folder / "run"
    done = run("train", words, "--data", data, "--trials", 2, "--config", procedures, "--out", out, "--json")
    assert done.code == 0, done.err
    assert done.json == json.loads((out / "report.json").read_text())
    return out


def report_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def new_rows(report: Mapping[str, Any], rows: int = 5) -> list[dict[str, Any]]:
    """Rows that the run has never seen, as a client sends them."""
    made = {"left": churn, "species": species, "price": prices}[str(report["target"])](rows, seed=9)
    frame = made.drop(columns=str(report["target"])).astype(object)
    return [{str(k): v for k, v in r.items()} for r in frame.where(frame.notna(), None).to_dict("records")]


# -------------------------------------------------------------------------------------------------- report and bundle
def test_the_score_beats_answering_without_looking_by_far(job: Path) -> None:
    metric = report_of(job)["metric"]
    low, high = metric["interval"]
    assert low <= metric["value"] <= high
    assert metric["looks"] == 1
    assert metric["rows"] == 60
    if metric["name"] in ("rmse", "mae", "log_loss"):
        assert metric["value"] < 0.5 * metric["baseline"]
    else:
        assert metric["value"] > metric["baseline"] + 0.25


def test_the_report_holds_what_the_contract_promises(job: Path) -> None:
    report = report_of(job)
    assert {"status", "task_type", "target", "metric", "requirements", "model", "data", "leaderboard", "reason",
            "alternative", "questions", "seconds", "llm", "bundle"} <= set(report)  # fmt: skip
    assert report["status"] == "delivered"
    assert {"name", "value", "interval", "baseline", "rows"} <= set(report["metric"])
    assert {"family", "size_mb", "parameters", "ensemble_of"} <= set(report["model"])
    assert {"rows_read", "rows_used", "removed", "leaks", "warnings"} <= set(report["data"])
    assert report["data"]["rows_read"] == 300
    assert {"total", "understand", "prepare", "train", "deliver"} <= set(report["seconds"])
    assert report["llm"] == {"calls": 0, "tokens": 0, "cost_usd": 0.0}
    assert report["bundle"] == str(job / "bundle")
    assert len(report["leaderboard"]) == 2
    assert (job / "report.html").stat().st_size > 10_000


def test_the_parts_of_the_run_add_up_to_its_time(job: Path) -> None:
    seconds = report_of(job)["seconds"]
    parts = {k: v for k, v in seconds.items() if k != "total"}
    assert all(v > 0 for v in parts.values()), seconds
    assert sum(parts.values()) == pytest.approx(seconds["total"], abs=0.05)


def test_the_task_holds_what_the_contract_promises(job: Path) -> None:
    task = json.loads((job / "task.json").read_text())
    assert {"task_type", "metrics", "data_info", "deployment_info", "requirements", "constraints", "budget",
            "assumptions", "verdict"} <= set(task)  # fmt: skip
    assert {"name", "direction", "stated"} <= set(task["metrics"][0])
    assert {"kind", "inputs", "target", "rows", "ignored"} <= set(task["data_info"])
    assert {"interface", "device", "format", "offline"} <= set(task["deployment_info"])
    assert {"decision", "class", "reasons", "notices", "questions", "alternative"} <= set(task["verdict"])


def test_the_bundle_is_whole_and_its_checksums_hold(job: Path) -> None:
    bundle = job / "bundle"
    for name in ("bundle.json", "model.onnx", "MODEL_CARD.md", "README.md", "openapi.json", "Dockerfile", "serve.py",
                 "requirements.txt", "client.py", "client.js", "client.sh", "example.json"):  # fmt: skip
        assert (bundle / name).stat().st_size > 0, name
    files = json.loads((bundle / "bundle.json").read_text())["files"]
    assert "model.onnx" in files
    for name, digest in files.items():
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest, name


def test_nothing_in_the_run_is_pickled(job: Path) -> None:
    for path in (p for p in job.rglob("*") if p.is_file()):
        assert path.suffix not in (".pkl", ".pickle", ".joblib", ".pt", ".dill"), path
        assert path.read_bytes()[:2] not in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), path
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype != object for name in arrays.files)


def test_no_path_of_this_machine_is_in_the_bundle(job: Path) -> None:
    for path in (p for p in (job / "bundle").rglob("*") if p.is_file()):
        assert str(job.parent).encode() not in path.read_bytes(), path


def test_who_the_rows_are_stays_in_the_cleaned_data(job: Path) -> None:
    """Nothing that is handed on, read or logged repeats a value of a column that names people."""
    holding = {p.relative_to(job).parts[0] for p in job.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()}
    assert holding == {"data"}


# ------------------------------------------------------------------------------------------------------------- serving
@contextmanager
def served(*command: object, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    process = subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, **environment)  # type: ignore[call-overload]
    try:
        said = b""
        while not (found := SERVING.search(said)):
            line = process.stderr.readline()
            assert line, f"it did not start: {said.decode()}"
            said += line
        yield found[1].decode(), process
    finally:
        process.kill()
        process.communicate()


def ask(address: str, body: Any, path: str = "/predict") -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        with e:
            return e.code, json.load(e)


def test_the_service_answers_as_the_model_in_this_process_refuses_in_words_and_stops_when_told(job: Path) -> None:
    report = report_of(job)
    rows = new_rows(report)
    with served(*COMMAND, "serve", job, "--port", 0) as (address, process):
        status, said = ask(address, {"rows": rows})
        assert status == 200
        assert said["predictions"] == ta.load(job).answers(rows)
        kind = {"price": {"value", "interval"}}.get(report["target"], {"label", "probabilities"})
        assert all(set(p) == kind for p in said["predictions"])
        name = next(k for k, v in rows[0].items() if isinstance(v, int | float))
        status, said = ask(address, {"rows": [rows[0], {**rows[1], name: "abc"}]})
        assert status == 422
        assert set(said["error"]) == {"row", "column", "expected", "got", "fix"}
        assert (said["error"]["row"], said["error"]["column"]) == (1, name)
        assert ask(address, {"lines": []})[0] == 422
        assert ask(address, None, "/v2/health/ready")[0] == 200
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert time.monotonic() - began < 10


def bare_packages(requirements: Path, folder: Path) -> Path:
    """A folder with only the packages that the bundle's requirements.txt asks for, and what those ask for."""
    wanted = [re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in requirements.read_text().split() if line[:1] != "#"]
    seen: set[str] = set()
    folder.mkdir()
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name in seen or not name:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform
        for top in {str(f).split("/")[0] for f in found.files or () if not str(f).startswith("..")}:
            if not (folder / top).exists():
                (folder / top).symlink_to(str(found.locate_file(top)))
        wanted += [re.split(r"[^A-Za-z0-9_.-]", r)[0] for r in found.requires or () if "extra ==" not in r]
    return folder


def test_the_bundle_serves_where_only_its_requirements_are_installed(job: Path, tmp_path: Path) -> None:
    """Without this package, and without everything that trains."""
    packages = bare_packages(job / "bundle" / "requirements.txt", tmp_path / "packages")
    assert not [p.name for p in packages.iterdir() if p.name.startswith(("traineragent", "pandas", "sklearn", "lightgbm"))]  # fmt: skip  # noqa: E501
    rows = new_rows(report_of(job))
    environment = {"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin"}
    command = (sys.executable, "-S", "-P", "-B", job / "bundle" / "serve.py", "--port", 0)
    with served(*command, env=environment, cwd=tmp_path) as (address, process):
        assert ask(address, {"rows": rows}) == (200, ask(address, {"rows": rows})[1])
        assert ask(address, {"rows": rows})[1]["predictions"] == ta.load(job / "bundle").answers(rows)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


# ------------------------------------------------------------------------------------------------------------- Python
def test_the_python_interface_trains_on_a_frame_and_gives_a_model(
    procedures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ta.train(WORDS, churn(300), trials=2, out=tmp_path / "run", config=procedures)
    print(report)  # noqa: T201
    said = capsys.readouterr().out
    assert "ROC AUC" in said
    assert "baseline" in said
    fresh = churn(50, seed=5)
    labels = report.model.predict(fresh.drop(columns="left"))
    assert np.mean(labels == fresh["left"]) > 0.75
    shares = report.model.predict_proba(new_rows(report))
    assert shares.shape == (5, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    loaded = ta.load(tmp_path / "run" / "bundle")
    assert list(loaded.predict(new_rows(report))) == list(report.model.predict(new_rows(report)))
    assert ta.resume(tmp_path / "run") == report


def test_the_python_interface_plans_without_training_and_raises_errors_of_its_own(tmp_path: Path) -> None:
    task = ta.plan(PRICE_WORDS, prices())
    assert (task["task_type"], task["data_info"]["target"]) == ("tabular_regression", "price")
    with pytest.raises(ta.TrainerError, match=r"nowhere.csv: no such file"):
        ta.train(WORDS, tmp_path / "nowhere.csv", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_report_of_numbers_has_no_probabilities(procedures: Path, tmp_path: Path) -> None:
    report = ta.train(PRICE_WORDS, prices(), trials=1, out=tmp_path / "run", config=procedures)
    with pytest.raises(ta.TrainerError, match="no probabilities"):
        report.model.predict_proba(prices(3))
    assert report.model.predict(prices(3).drop(columns="price")).shape == (3,)


# -------------------------------------------------------------------------------------------------------------- limits
def test_a_model_that_is_too_big_is_sent_back_until_the_limit_is_met(tmp_path: Path) -> None:
    """The first selection is made to believe that any size fits; only what is measured tells."""
    big = {"family": "lightgbm", "params": {"rounds": 300, "patience": 0, "num_leaves": 31, "min_child_samples": 3}}
    procedures = quick_procedures(tmp_path / "procedures", [big, {"family": "linear", "params": {"bins": 1}}])
    path = procedures / "sops" / "model.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text()), "settings": {"model_share_of_size": 1000.0}}))
    table = write_csv(crossed(400), tmp_path / "table.csv")
    out = tmp_path / "run"
    done = run(
        "train", "Predict column side. The model must be smaller than 0.3 MB.", "--data", table, "--trials", 2,
        "--config", procedures, "--out", out, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    types = [t for (t,) in rows_of(out, "SELECT type FROM messages ORDER BY id")]
    assert "RequirementMissed" in types
    missed = json.loads(rows_of(out, "SELECT body FROM messages WHERE type='RequirementMissed'")[0][0])
    assert missed["names"] == ["size_mb"]
    assert missed["measured"][0]["measured"] > 0.3
    (limit,) = done.json["requirements"]
    assert limit["met"]
    assert limit["measured"] <= 0.3
    served_mb = (out / "bundle" / "model.onnx").stat().st_size / 1e6
    assert served_mb < limit["measured"] <= 0.3


def crossed(rows: int) -> pd.DataFrame:
    """Two numbers whose product decides: trees see it, a line does not."""
    r = np.random.default_rng(4)
    a, b = r.normal(size=rows).round(3), r.normal(size=rows).round(3)
    return pd.DataFrame({"a": a, "b": b, "side": np.where(a * b + r.normal(0, 0.1, rows) > 0, "up", "down")})


# ------------------------------------------------------------------------------------------------------------- honesty
@pytest.mark.shared
def test_columns_that_add_up_to_the_answer_are_found_whatever_they_are_called(
    shared_tables: Path, procedures: Path, tmp_path: Path
) -> None:
    rides = pd.read_csv(shared_tables / "bike_sharing_hourly" / "bikeshare.csv").head(1500)
    assert list(rides.columns[-3:]) == ["casual", "registered", "count"]
    names = [f"c{i}" for i in range(1, rides.shape[1] + 1)]
    table = write_csv(rides.set_axis(names, axis=1), tmp_path / "table.csv")
    out = tmp_path / "run"
    done = run(
        "train", "Estimate c12.", "--data", table, "--target", "c12", "--trials", 1, "--config", procedures,
        "--out", out, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    leaks = json.dumps(done.json["data"]["leaks"])
    assert "c10" in leaks
    assert "c11" in leaks
    inputs = {c["name"] for c in json.loads((out / "bundle" / "bundle.json").read_text())["input"]["columns"]}
    assert not {"c10", "c11"} <= inputs
    assert done.json["metric"]["value"] > 0.1 * done.json["metric"]["baseline"]  # too good to be true otherwise


def test_the_hold_out_is_sealed_before_anything_is_learned_and_only_opened_at_the_end(job: Path) -> None:
    events = rows_of(job, "SELECT kind, at, body FROM events ORDER BY id")
    sealed = [(at, json.loads(body)) for kind, at, body in events if kind == "sealed"]
    opened = [at for kind, at, _ in events if kind == "holdout_opened"]
    trained = [at for (at,) in rows_of(job, "SELECT at FROM trials")]
    assert len(sealed) == len(opened) == 1
    assert sealed[0][0] < min(at for kind, at, _ in events if kind == "trial") < min(trained)
    assert max(trained) < opened[0]
    assert hashlib.sha256((job / "data" / "holdout.parquet").read_bytes()).hexdigest() == sealed[0][1]["sha256"]


def test_everything_up_to_the_delivery_works_without_the_hold_out_and_a_changed_one_is_not_scored(
    procedures: Path, tmp_path: Path
) -> None:
    """The sealed file is made unreadable before the first trial: whoever looked at it would fail."""
    table, out = write_csv(churn(), tmp_path / "table.csv"), tmp_path / "run"
    process = start("train", WORDS, "--data", table, "--trials", 2, "--config", procedures, "--out", out)
    assert wait_until(lambda: bool(rows_of(out, "SELECT 1 FROM messages WHERE type='DataPrepared'")), process)
    kill_group(process)
    (out / "data" / "holdout.parquet").write_bytes(b"nobody may look here")
    done = run("resume", out, "--json")
    assert done.code == 1
    assert "hold-out was changed since it was sealed" in done.json["reason"]
    assert len(rows_of(out, "SELECT 1 FROM trials WHERE status='done'")) == 2
    assert rows_of(out, "SELECT 1 FROM messages WHERE type='DeliveryAccepted'")
    assert done.json["metric"] is None
