"""Features written as code: run locked away, kept where they help, served as a formula, the same again after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import traineragent as ta
from product import journal_of, kill_group, quick_procedures, rows_of, run, start, wait_until, write_csv
from traineragent.sandbox.box import STRONG, strongest

pytestmark = pytest.mark.e2e
WORDS = "Predict which offers are fair."
RATIO = "def feature(columns):\n    return columns['price'] / columns['area']\n"
SPY = "def feature(columns):\n    return open('/etc/passwd')\n"


def offers(rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """A fair offer costs neither much nor little for its area, which no single column tells."""
    r = np.random.default_rng(seed)
    area, price = np.exp(r.normal(4, 0.8, rows)).round(1), np.exp(r.normal(6, 0.8, rows)).round(0)
    fair = np.abs(np.log(price / area) - 2 + r.normal(0, 0.05, rows)) < 0.5
    return pd.DataFrame({"area": area, "price": price, "fair": np.where(fair, "yes", "no")})


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(data, procedures that propose two functions and try one candidate)."""
    if strongest() not in STRONG:
        pytest.skip("this machine has no kernel sandbox; generated code stays off here")
    folder = tmp_path_factory.mktemp("features")
    config = quick_procedures(folder / "config", [{"family": "lightgbm", "params": {"rounds": 40, "patience": 0}}])
    changes = json.loads((config / "sops" / "model.yaml").read_text())
    steps = [("per_area", RATIO), ("spy", SPY)]
    changes["questions"]["features"] = [
        {"id": n, "do": "propose_feature", "with": {"name": n, "source": s}, "why": "a test wants it"} for n, s in steps
    ]
    (config / "sops" / "model.yaml").write_text(json.dumps(changes), encoding="utf-8")
    return write_csv(offers(), folder / "offers.csv"), config


@pytest.fixture(scope="module")
def whole(given: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    data, config = given
    out = tmp_path_factory.mktemp("whole") / "run"
    ta.train(WORDS, data, trials=1, out=out, config=config, allow_code=True)
    return out


def test_a_function_that_helps_is_served_as_a_formula_and_the_rest_is_dropped(whole: Path) -> None:
    report = json.loads((whole / "report.json").read_text())
    kept, spy = report["features"]["judged"]
    assert (kept["name"], kept["kept"], kept["formula"], kept["by"]) == ("per_area", True, "price / area", "procedure")
    assert kept["gain"] > 0
    assert (spy["kept"], "Operation not permitted" in spy["reason"]) == (False, True)
    assert report["features"]["tier"] == strongest()
    assert report["metric"]["value"] > 0.95
    page = (whole / "report.html").read_text()
    assert "Which features were made" in page
    assert "price / area" in page
    model = ta.load(whole)
    rows = offers(50, seed=9)
    right = np.mean(np.asarray(model.predict(rows.drop(columns="fair"))) == rows["fair"])
    assert right > 0.85
    assert "open(" not in (whole / "bundle" / "bundle.json").read_text()


def test_no_code_is_run_where_nobody_allowed_it(given: tuple[Path, Path], tmp_path: Path) -> None:
    data, config = given
    report = ta.train(WORDS, data, trials=1, out=tmp_path / "run", config=config)
    assert report["features"] == {}
    assert "features" not in {k for (k,) in rows_of(tmp_path / "run", "SELECT key FROM steps")}


def test_a_run_killed_while_features_are_judged_goes_on_to_the_same_model(
    given: tuple[Path, Path], whole: Path, tmp_path: Path
) -> None:
    data, config = given
    out = tmp_path / "run"
    process = start("train", WORDS, "--data", data, "--trials", 1, "--out", out, "--config", config, "--allow-code")
    steps = "SELECT key FROM steps WHERE key = 'features/0/proposed'"
    assert wait_until(lambda: bool(rows_of(out, steps)), process)
    kill_group(process)
    done = run("resume", out, "--json")
    assert done.code == 0, done.err
    assert journal_of(out) == journal_of(whole)
    assert (out / "data" / "model.onnx").read_bytes() == (whole / "data" / "model.onnx").read_bytes()
