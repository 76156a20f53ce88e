"""Functions as features: one that helps is kept and served, one that does not is dropped with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from traineragent.engine.dataset import TrainingData
from traineragent.engine.features import apply, describe, judge
from traineragent.sandbox.box import strongest

RATIO = "def feature(columns):\n    return columns['price'] / columns['area']\n"
NOISE = "def feature(columns):\n    return np.floor(columns['price'] * 7) % 2\n"
COPY = "def feature(columns):\n    return columns['price'] * 1.0\n"
OTHER_ROWS = "def feature(columns):\n    return columns['price'] - columns['price'].mean()\n"
KIND = "def feature(columns):\n    return np.where(columns['place'] == 'sea', columns['area'], 0)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The answer follows the ratio of two columns, which trees see badly."""
    rng = np.random.default_rng(0)
    rows = 900
    price, area = np.exp(rng.normal(3, 1, rows)), np.exp(rng.normal(2, 1, rows))
    place = rng.integers(0, 2, rows).astype(float)
    y = (np.abs(np.log(price / area) - 1 + rng.normal(0, 0.1, rows)) < 0.6).astype(np.float64)
    x = np.column_stack([price, area, place]).astype(np.float32)
    folds = (np.arange(rows) % 5).astype(np.int8)
    TrainingData(x, y, folds, ("price", "area", "place"), ("number", "number", "category"), (0, 0, 2), 2).save(
        tmp_path / "data" / "prepared"
    )
    columns = [
        {"name": "price", "kind": "number", "categories": []},
        {"name": "area", "kind": "number", "categories": []},
        {"name": "place", "kind": "category", "categories": ["city", "sea"]},
    ]
    (tmp_path / "data" / "columns.json").write_text(json.dumps(columns), encoding="utf-8")
    return tmp_path


def judged(folder: Path, *sources: str, seconds: float = 120.0) -> list[dict[str, object]]:
    proposals = [{"name": f"f{i}", "source": s, "why": "a test wants it"} for i, s in enumerate(sources)]
    found = judge(
        str(folder),
        proposals,
        metric="roc_auc",
        family="lightgbm",
        params={"rounds": 30, "patience": 0},
        tier=strongest(),
        sure=0.95,
        seed=0,
        threads=1,
        seconds=seconds,
    )
    return list(found["judged"])


def test_a_feature_that_helps_is_kept_and_others_are_dropped_with_the_reason(folder: Path) -> None:
    ratio, noise, copy, others, kind, again = judged(folder, RATIO, NOISE, COPY, OTHER_ROWS, KIND, RATIO)
    assert ratio["kept"], ratio["reason"]
    assert ratio["gain"] > 0.01  # type: ignore[operator]
    assert ratio["formula"] == "price / area"
    assert (noise["kept"], "no gain beyond doubt" in str(noise["reason"])) == (False, True)
    assert copy["reason"] == "it repeats a column that is there already"
    assert "other rows" in str(others["reason"])
    assert kind["formula"] == "(area if (place is 'sea') else 0)"
    assert again["reason"] == "it repeats a column that is there already"


def test_what_is_kept_stands_at_the_end_of_the_matrix_however_often_it_is_put_there(folder: Path) -> None:
    (ratio,) = judged(folder, RATIO)
    before = TrainingData.load(folder / "data" / "prepared")
    for _ in range(2):
        apply(str(folder), [ratio])
        table = TrainingData.load(folder / "data" / "prepared")
        assert table.names == ("price", "area", "place", "f0")
        np.testing.assert_array_equal(table.x[:, :3], before.x)
        np.testing.assert_array_equal(table.x, table.extended(np.ascontiguousarray(table.x[:, : table.typed])))
        np.testing.assert_allclose(table.x[:, 3], table.x[:, 0] / table.x[:, 1], rtol=1e-6)
    apply(str(folder), [])
    assert TrainingData.load(folder / "data" / "prepared").names == before.names


def test_who_writes_functions_is_told_of_columns_and_no_value_of_a_row(folder: Path) -> None:
    price, _, place = describe(str(folder))["columns"]
    assert set(price) == {"name", "kind", "missing_share", "p5", "median", "p95", "distinct"}
    assert place == {"name": "place", "kind": "words", "missing_share": 0.0, "categories": 2}


def test_what_no_time_is_left_for_is_said(folder: Path) -> None:
    _, late = judged(folder, RATIO, NOISE, seconds=0.0)
    assert late["reason"] == "no time was left to judge it"
