"""What the report shows: requirements first, honest words, nothing where there is nothing."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from run_example import example

from traineragent.report.html import render_report
from traineragent.report.usage import example_row, usage
from traineragent.report.view import headline, view

LINE = "latency_ms_p95"
ROUNDS = 25


def requirement(measured: float | None, limit: float, direction: str, met: bool) -> dict[str, Any]:
    report = {
        "status": "delivered",
        "requirements": [{"name": LINE, "limit": limit, "direction": direction, "measured": measured, "met": met}],
    }
    return dict(view(report, {})["requirements"][0])


def test_requirements_not_met_come_first_with_their_limit_and_measurement() -> None:
    shown = view(*example())["requirements"]
    assert [r["name"] for r in shown] == ["size_mb", LINE]
    assert shown[0]["limit"] == "≤ 1 MB"
    assert shown[0]["measured"] == "1.24 MB"
    assert shown[0]["margin"] == "24 % over"


@pytest.mark.parametrize(
    ("measured", "limit", "direction", "words"),
    [
        (3.1, 20, "<=", "16 % of the limit"),
        (25, 20, "<=", "25 % over"),
        (35_921, 0.2, "<=", "179,605 × the limit"),
        (0.7, 0.9, ">=", "22 % short"),
        (0.95, 0.9, ">=", "5.6 % above"),
        (900, 100, ">=", "9 × the limit"),
        (20, 20, "<=", "exactly at the limit"),
    ],
)
def test_margins_are_put_in_words(measured: float, limit: float, direction: str, words: str) -> None:
    assert requirement(measured, limit, direction, True)["margin"] == words


def test_a_limit_that_was_not_measured_says_so() -> None:
    assert requirement(None, 20, "<=", False)["verdict"] == "✗ not measured"


def test_the_banner_names_what_is_not_met() -> None:
    status = view(*example())["status"]
    assert status["words"] == "Delivered, 1 of 2 requirements not met"
    assert status["lines"][0] == "Not met: size of the model files ≤ 1 MB, measured 1.24 MB."
    assert status["tone"] == "warn"


def test_the_headline_says_how_much_of_the_baselines_error_is_gone() -> None:
    report = {"status": "delivered", "metric": {"name": "rmse", "value": 40.0, "interval": [38, 42], "baseline": 100.0}}
    shown = view(report, {})["headline"]
    assert shown["gain"] == "60 % of the baseline's error is removed."
    report["metric"]["baseline"] = 30.0
    assert view(report, {})["headline"]["gain"] == "No better than the baseline."


def test_a_second_look_at_the_held_out_rows_is_owned_up_to() -> None:
    report, evidence = example()
    report["metric"]["looks"] = 2
    assert "looked at 2 times" in view(report, evidence)["headline"]["where"]


def test_errors_that_the_search_keeps_negated_are_shown_as_errors() -> None:
    report, evidence = example("values")
    for entry in report["leaderboard"]:
        entry["score"] = -entry["score"] if entry["score"] else None
    shown = view(report, evidence)["tried"]["shown"]
    assert [e["score"] for e in shown] == ["46,000", "69,000", "115,000", "–"]


def test_trials_are_ranked_best_first_and_unfinished_ones_last() -> None:
    shown = view(*example())["tried"]["shown"]
    assert [e["family"] for e in shown] == ["LightGBM", "Linear", "Dummy", "Random forest"]
    assert shown[-1]["status"] == "out of time"
    assert shown[0]["weight"] == "70 %"


def test_columns_begin_with_the_target_and_end_with_those_not_used() -> None:
    shown = view(*example())["found"]["columns"]
    assert shown[0]["name"] == "Churn"
    assert [c["name"] for c in shown[1:3]] == ["tenure", "sex"]
    assert shown[-1]["name"] == "customerID"
    assert shown[-1]["notes"] == ["Not used: a different value in every row."]


def test_a_warning_that_is_a_reading_note_is_not_said_twice() -> None:
    report, evidence = example()
    report["data"]["warnings"] += evidence["reading"]
    assert view(report, evidence)["found"]["warnings"] == ["26.5 % of the rows are Yes."]


def test_the_example_row_is_typical_and_holds_inputs_only() -> None:
    assert example_row(*example()) == {"tenure": 12.5, "sex": "F", "joined": "2019-01-01"}


def test_the_curl_command_carries_json_even_with_quotes_in_names() -> None:
    report, _ = example()
    report["example"] = {"it's": 'a "b" $HOME'}
    shown = usage(report, {})
    assert shown is not None
    import shlex

    body = shlex.split(shown["curl"].replace("\\\n", " "))[-1]
    assert json.loads(body) == {"rows": [{"it's": 'a "b" $HOME'}]}


def test_no_path_of_the_machine_is_shown() -> None:
    shown = view(*example())
    assert "/somewhere" not in json.dumps(shown, default=str)


def test_decisions_tell_when_who_and_on_what_evidence() -> None:
    shown = view(*example())["decided"]["shown"][1]
    assert (shown["after"], shown["agent"], shown["lines"][0]["act"]) == ("+7.0 s", "model", "Rank candidates")
    assert shown["evidence"] == "rows: 2,000 · order: lightgbm, linear"


def test_the_same_act_on_many_columns_is_one_line_and_dropped_columns_are_marked() -> None:
    report, evidence = example()
    acts = ["drop_column column=tenure", "parse_category column=sex", "parse_category column=joined"]
    evidence["decisions"] = [
        {
            "at": f"2026-11-22T12:30:0{k}",
            "who": "data agent",
            "by": "planner",
            "what": f"prepare: {act}",
            "why": f"reason {k}",
        }
        for k, act in enumerate(acts)
    ]
    shown = view(report, evidence)
    chapters = shown["decided"]["shown"]
    assert [c["title"] for c in chapters] == ["Prepare"]
    assert [(one["act"], one["times"], one["columns"]) for one in chapters[0]["lines"]] == [
        ("Drop column", "", "tenure"),
        ("Parse category", "2 columns", "sex, joined"),
    ]
    assert len(chapters[0]["lines"][1]["reasons"]) == 2
    dropped = next(c for c in shown["found"]["columns"] if c["name"] == "tenure")
    assert dropped["unused"]
    assert dropped["notes"] == ["Not used: reason 0."]


@pytest.mark.parametrize("status", ["delivered", "declined", "needs_answer", "failed", "something new", None])
def test_a_report_of_nothing_but_a_status_shows_only_the_banner(status: str | None) -> None:
    shown = view({"status": status}, {})
    sections = ("requirements", "headline", "facts", "asked", "found", "tried", "quality", "decided", "again")
    assert not any(shown[name] for name in sections)


def test_questions_come_with_choices_and_how_to_answer() -> None:
    question = {"about": "target", "text": "Which column?", "choices": ["a", "b"], "default": "a"}
    shown = view({"status": "needs_answer", "questions": [question, "And why?"]}, {})["status"]["questions"]
    assert shown[0]["choices"] == ["a", "b"]
    assert "--target" in shown[0]["answer"]
    assert shown[1]["text"] == "And why?"


def test_a_question_is_not_told_as_its_own_reason() -> None:
    verdict = {"reasons": ["Which column?", "two columns hold prices"]}
    report = {"status": "needs_answer", "questions": [{"text": "Which column?"}], "task": {"verdict": verdict}}
    assert view(report, {})["status"]["lines"] == ["Two columns hold prices."]


BAD = (None, "text", 7, -1.5, [None, 3], {"odd": None}, [[]], float("nan"), True)


def _damaged(value: Any, rng: random.Random) -> Any:
    """A copy of the structure with one part, anywhere in it, replaced by something that does not belong there."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = rng.choice(keys)
    part = value[key]
    inner = part if isinstance(part, dict | list) and part and rng.random() < 0.8 else None
    copy: Any = value.copy()
    copy[key] = rng.choice(BAD) if inner is None else _damaged(inner, rng)
    return copy


def test_no_misshapen_part_keeps_a_report_from_being_shown() -> None:
    rng = random.Random(0)
    for kind in ("binary", "values"):
        report, evidence = example(kind)
        for _ in range(ROUNDS):
            assert view(_damaged(report, rng), evidence)
            assert view(report, _damaged(evidence, rng))


def test_years_are_shown_without_separators() -> None:
    report, evidence = example()
    stats = {"min": 1900.0, "median": 1973.0, "max": 2022.0}
    histogram = {"edges": [1900.0, 1961.0, 2022.0], "counts": [4, 9]}
    year = {"name": "YrSold", "meaning": "number", "distinct": 90, "stats": stats, "histogram": histogram}
    rows = {**year, "name": "rows", "stats": {**stats, "max": 2500.0}}
    evidence["profile"] = {**evidence["profile"], "columns": [year, rows]}
    shown = {c["name"]: c for c in view(report, evidence)["found"]["columns"]}
    assert shown["YrSold"]["range"] == "1900 … 1973 … 2022"
    assert "1900 to 1961" in shown["YrSold"]["picture"]
    assert shown["rows"]["range"] == "1,900 … 1,973 … 2,500"


def test_rows_that_hang_together_are_not_said_to_give_the_answer_away() -> None:
    report, evidence = example()
    order = {"column": "day", "kind": "time_order", "evidence": "the newest are harder", "action": "warned"}
    report["data"] = {**report["data"], "leaks": [*report["data"].get("leaks", []), order]}
    found = view(report, evidence)["found"]
    assert [one["column"] for one in found["ties"]] == ["day"]
    assert "day" not in [one["column"] for one in found["leaks"]]


def test_what_recall_is_bought_with_stands_beside_it() -> None:
    others = {"roc_auc": 0.7, "average_precision": 0.5, "accuracy": 0.5, "precision": 0.3}
    shown = headline({"metric": {"name": "recall", "value": 0.9, "others": others}}, {})
    assert shown is not None
    assert shown["others"].startswith("Precision 0.300 · ROC AUC")


def test_whole_rows_are_not_named_like_a_column() -> None:
    leak = {"column": "(rows)", "kind": "duplicate_rows", "evidence": "42 rows", "action": "warned"}
    page = render_report({"status": "delivered", "data": {"rows_read": 99}}, {"profile": {"leaks": [leak]}})
    assert "(rows)" not in page
    assert "Rows that appear twice" in page
