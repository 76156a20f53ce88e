"""Metrics of the user's own: computed right, searched for at their best threshold, refused where they make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from traineragent import registry
from traineragent.domain.task import Requirement
from traineragent.engine.decide import decide
from traineragent.engine.evaluate import evaluate
from traineragent.engine.formula import Formula, FormulaError
from traineragent.engine.metrics import bootstrap_interval, scorer
from traineragent.errors import InputError
from traineragent.knowledge.force import overlaid
from traineragent.language.metrics import find_metrics
from traineragent.language.reading import Reading

COST = """
churn_cost:
  title: Cost of churn
  values: {miss: 10, alarm: 1}
  expression: (miss * fn + alarm * fp) / rows
  direction: minimize
"""


@contextmanager
def defined(tmp_path: Path, text: str) -> Iterator[None]:
    (tmp_path / "metrics").mkdir(exist_ok=True)
    (tmp_path / "metrics" / "own.yaml").write_text(text, encoding="utf-8")
    with overlaid(tmp_path):
        yield


def noisy(rows: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A tenth positive; calibrated probabilities (rows, 2)."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 3.2, rows)
    return (rng.random(rows) < p).astype(np.float64), np.column_stack([1 - p, p])


def test_costs_count_misses_and_false_alarms(tmp_path: Path) -> None:
    y = np.array([1.0, 1, 0, 0, 0])
    said = np.array([1.0, 0, 1, 0, 0])
    with defined(tmp_path, COST):
        assert scorer("churn_cost")(y, said) == pytest.approx((10 + 1) / 5)
        assert scorer("churn_cost")(1 - y, said, positive=0) == pytest.approx((10 + 1) / 5)
        assert scorer("churn_cost").direction == "minimize"
    with pytest.raises(InputError, match="no metric named 'churn_cost'"):
        scorer("churn_cost")


def test_candidates_are_compared_at_the_threshold_that_suits_the_costs(tmp_path: Path) -> None:
    y, p = noisy()
    with defined(tmp_path, COST):
        name = registry.get("tasks", "tabular_classification").search_metric("churn_cost", 2)
        assert name == "churn_cost@best"
        best = scorer(name)(y, p)
        by_hand = min(scorer("churn_cost")(y, p, t) for t in np.linspace(0.005, 0.6, 120))
        assert best <= by_hand + 1e-9
        assert best == pytest.approx(by_hand, rel=0.05)
        assert scorer(name)(1 - y, p[:, ::-1], positive=0) == pytest.approx(best)


def test_the_service_decides_by_the_costs(tmp_path: Path) -> None:
    """Calibrated probabilities: with ten to one the best threshold is an eleventh."""
    y, p = noisy(20_000)
    folds = (np.arange(len(y)) % 5).astype(np.int8)
    with defined(tmp_path, COST):
        decided = decide(y, p, folds, classes=2, metric="churn_cost", positive=1)
        assert decided.decision.threshold == pytest.approx(1 / 11, abs=0.04)
        assert decided.score is not None
        assert decided.score < scorer("churn_cost")(y, p, 0.5)
        limit = Requirement("churn_cost", "<=", 0.5)
        assert "churn_cost <= 0.5" in " ".join(
            decide(y, p, folds, classes=2, metric="roc_auc", requirements=[limit], positive=1).why
        )


def test_the_hold_out_gets_interval_and_the_cheapest_single_answer_as_baseline(tmp_path: Path) -> None:
    y, p = noisy(2000)
    with defined(tmp_path, COST):
        found = evaluate(y, p, metric="churn_cost", labels=("no", "yes"), positive=1, threshold=0.09, baseline=0.1)
        assert found.metric.interval is not None
        low, high = found.metric.interval
        assert low < found.metric.value < high  # type: ignore[operator]
        assert found.metric.baseline == pytest.approx(min(10 * y.mean(), 1 - y.mean()))
        beside = evaluate(y, p, metric="roc_auc", labels=("no", "yes"), positive=1)
        assert "churn_cost" in [m.name for m in beside.others]
        assert bootstrap_interval("churn_cost@best", y, p, n=50)[1] < 10 * y.mean()


def test_values_may_cost_more_on_one_side(tmp_path: Path) -> None:
    text = "stock:\n  expression: 3 * under + over\n  direction: minimize\n"
    with defined(tmp_path, text):
        y, guess = np.array([1.0, 2, 3]), np.array([2.0, 2, 1])
        assert scorer("stock")(y, guess) == pytest.approx((3 * 2 + 1) / 3)
        assert registry.get("tasks", "tabular_regression").search_metric("stock", 0) == "stock"
        found = evaluate(y, guess, metric="stock", baseline=float(y.mean()))
        assert found.metric.baseline == pytest.approx((3 * 1 + 1) / 3)


def test_metrics_that_ship_can_be_mixed_for_many_classes(tmp_path: Path) -> None:
    text = "both:\n  expression: 0.5 * accuracy + 0.5 * f1_macro\n  direction: maximize\n  share: true\n"
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300).astype(np.float64)
    p = rng.dirichlet([1, 1, 1], 300)
    with defined(tmp_path, text):
        said = p.argmax(axis=1).astype(np.float64)
        expected = 0.5 * scorer("accuracy")(y, said) + 0.5 * scorer("f1_macro")(y, said)
        assert scorer("both")(y, p) == pytest.approx(expected)
        assert registry.get("tasks", "tabular_classification").search_metric("both", 3) == "both"


def test_requests_can_name_a_metric_of_ones_own(tmp_path: Path) -> None:
    with defined(tmp_path, COST):
        named = find_metrics(Reading.of("Predict churn, keep the cost of churn below 0.4"))
        assert [n.name for n in named] == ["churn_cost"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b:\n  expression: fn\n  direction: minimize\n", "is no name for a metric"),
        ("recall:\n  expression: fn\n  direction: minimize\n", "recall is a metric that ships"),
        ("own:\n  expression: fn\n", "needs 'direction'"),
        ("own:\n  expression: fn\n  direction: down\n", "own.yaml:3: direction is maximize or minimize"),
        ("own:\n  direction: minimize\n  expression: fnn\n", "own.yaml:3: 'fnn' is neither a metric nor a count"),
        ("own:\n  direction: minimize\n  expression: fn +\n", "own.yaml:3: cannot read the expression"),
        ("own:\n  direction: minimize\n  expression: open('x')\n", "own.yaml:3: .*is not allowed; a formula has"),
        (
            "own:\n  direction: minimize\n  expression: fn + roc_auc\n",
            "is about labels and roc_auc about probabilities",
        ),
        ("own:\n  direction: minimize\n  expression: fn + rmse\n", "a metric is about one of them"),
        ("own:\n  direction: minimize\n  expression: 3 * rows\n", "does not look at any answer"),
        ("own:\n  direction: minimize\n  expression: fn\n  values: {x: ten}\n", "x should be a number"),
        ("own:\n  direction: minimize\n  expression: fn\n  titel: X\n", "has no 'titel'; did you mean 'title'"),
        ("own:\n  direction: minimize\n  expression: [fn]\n", "expression should be a text"),
    ],
)
def test_a_metric_that_cannot_be_is_refused_at_its_line(tmp_path: Path, text: str, message: str) -> None:
    from traineragent.agents.inforce import check_overlay

    with defined(tmp_path, text), pytest.raises(InputError, match=message):
        check_overlay(tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [("a / b", 0.0), ("a ** 2 + 1", 5.0), ("min(a, 1) - max(b, 3)", -2.0), ("5 if a > 1 else 7", 5.0), ("-a", -2.0)],
)
def test_formulas_compute(text: str, value: float) -> None:
    assert Formula(text)({"a": 2.0, "b": 0.0}) == value


@pytest.mark.parametrize(
    "text", ["a ** 99", "a.b", "a[0]", "lambda: 1", "'x'", "f(a)", "a if b else c", "log(a, 2)", "True"]
)
def test_formulas_hold_nothing_else(text: str) -> None:
    with pytest.raises(FormulaError):
        Formula(text)
