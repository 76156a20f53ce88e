"""Figures are well-formed, stay inside their frames, name themselves and survive odd data."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from traineragent.report import charts
from traineragent.report.svg import Scale, shorten, text_width, ticks

CURVE = {"label": "Yes", "points": [[0, 0], [0.2, 0.8], [1, 1]], "area": 0.85, "share": 0.3}
BINS = [{"low": 0, "high": 0.1, "predicted": 0.05, "observed": 0.06, "rows": 90}] * 2
TRIALS = [
    {"seconds": float(k), "score": s, "trial": k, "family": "LightGBM"} for k, s in enumerate((0.5, 0.84, 0.85, 0.845))
]
FIGURES = {
    "bar": lambda: charts.bar(0.4),
    "bar of nothing": lambda: charts.bar(None),
    "signed bar": lambda: charts.signed_bar(-0.01, 0.02, 0.5, "x"),
    "spark": lambda: charts.spark([1, 0, 9], "x", [0, 1, 2, 3]),
    "spark of zeros": lambda: charts.spark([0, 0], "x"),
    "margin": lambda: charts.margin_bar(3.1, 20, "<=", True, "x"),
    "margin missed": lambda: charts.margin_bar(0.7, 0.9, ">=", False, "x"),
    "margin unmeasured": lambda: charts.margin_bar(None, 20, "<=", False, "x"),
    "margin at zero": lambda: charts.margin_bar(0.0, 0.0, "<=", True, "x"),
    "interval": lambda: charts.interval_mark(0.3, (0.2, 0.4), 0.1, 0.5, "x"),
    "stacked": lambda: charts.stacked([("a", 0.7), ("b", 0.3)], "x"),
    "headline": lambda: charts.headline(0.85, (0.82, 0.87), 0.5, 1.0, "roc_auc"),
    "headline of errors": lambda: charts.headline(44_000, (42_000, 46_000), 114_000, 0.0, "rmse"),
    "headline alone": lambda: charts.headline(0.0, None, None, None, "rmse"),
    "histogram": lambda: charts.histogram([-1, 0, 1], [4, 9], "error", "x", zero=True),
    "roc": lambda: charts.roc([CURVE]),
    "roc of many": lambda: charts.roc([CURVE] * 5, many=True),
    "precision recall": lambda: charts.precision_recall([CURVE]),
    "calibration": lambda: charts.calibration(BINS, 0.02),
    "thresholds": lambda: charts.thresholds(
        [{"threshold": 0.1, "precision": 0.2, "recall": 0.9, "selected": 0.5}] * 2, 0.4
    ),
    "cloud": lambda: charts.predicted_against_true([[1, 2], [3, 2.5]]),
    "cloud of one value": lambda: charts.predicted_against_true([[5, 5], [5, 5]]),
    "errors by size": lambda: charts.error_by_size([{"low": 0, "high": 1, "rows": 5, "mae": 2.0, "bias": -1.0}] * 3),
    "confusion": lambda: charts.confusion([[9, 1], [0, 0]], ["No", "Yes"]),
    "confusion of 23": lambda: charts.confusion(
        [[k] * 23 for k in range(23)], [f"a long class name {k}" for k in range(23)]
    ),
    "search": lambda: charts.score_over_time(TRIALS, ["LightGBM"], "roc_auc", lower=False),
    "search of errors": lambda: charts.score_over_time(TRIALS, [], "rmse", lower=True),
    "search of equals": lambda: charts.score_over_time([TRIALS[0]] * 3, ["LightGBM"], "roc_auc", lower=False),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_well_formed_named_and_inside_its_frame(name: str) -> None:
    root = ElementTree.fromstring(FIGURES[name]())
    assert root.tag == "svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    width, height = (float(v) for v in root.get("viewBox", "").split()[2:])
    for element in root.iter():
        for key, limit in (("x", width), ("cx", width), ("x2", width), ("y", height), ("cy", height), ("y2", height)):
            value = element.get(key)
            assert value is None or -8 <= float(value) <= limit + 8, (element.tag, element.attrib)
        assert all("nan" not in v and "inf" not in v.split() for v in element.attrib.values())
        assert element.get("style") is None, "inline styles are refused by the page's policy"


def test_words_in_a_figure_are_escaped() -> None:
    hostile = '<script>alert(1)</script>"&'
    drawn = str(charts.confusion([[1, 2], [3, 4]], [hostile, "b"])) + str(charts.roc([{**CURVE, "label": hostile}]))
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn


def test_trials_far_off_do_not_flatten_the_picture_but_stay_in_it() -> None:
    drawn = str(charts.score_over_time(TRIALS, ["LightGBM"], "roc_auc", lower=False))
    heights = [float(y) for y in re.findall(r'<circle class="fill-1 ringed" cx="[\d.]+" cy="([\d.]+)"', drawn)]
    assert max(heights) - min(heights) > 50
    assert drawn.count("far outside the picture") == 1


def test_ticks_are_round_and_within_the_range() -> None:
    assert ticks(0, 1, 5) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert ticks(-3, 11, 5) == [0, 5, 10]
    assert ticks(5, 5) == [5]
    assert all(0.8312 <= t <= 0.8571 for t in ticks(0.8312, 0.8571))


def test_a_scale_without_width_answers_its_middle() -> None:
    assert Scale(2, 2, 0, 100)(2) == 50


def test_long_words_are_cut_to_fit() -> None:
    assert shorten("short", 100) == "short"
    cut = shorten("an unreasonably long label", 80)
    assert cut.endswith("…")
    assert text_width(cut) <= 80
