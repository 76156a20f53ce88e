"""A follow-up beside the deliveries before it."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from traineragent.report.followup import follow_up
from traineragent.report.terminal import print_summary
from traineragent.report.view import view

EARLIER = {"revision": 1, "words": "", "metric": "mae", "value": 4.5, "size_mb": 0.2, "model": "naive", "seconds": 17}


def report(**more: Any) -> dict[str, Any]:
    return {"revision": 2, "follow_up": "half the size", "earlier": [EARLIER], "changes": [], **more}


def test_a_new_delivery_stands_behind_the_earlier_ones() -> None:
    found = follow_up(report(metric={"name": "mae", "value": 4.0}, model={"family": "naive", "size_mb": 0.1}))
    assert found is not None
    assert [d["revision"] for d in found["deliveries"]] == ["1", "2"]


def test_a_follow_up_that_delivered_nothing_is_no_delivery() -> None:
    found = follow_up(report(metric=None))
    assert found is not None
    assert [d["revision"] for d in found["deliveries"]] == ["1"]
    assert found["stands"] == "The delivery before it stands as it was."


def test_a_follow_up_that_is_unclear_asks_for_other_words_and_measures_nothing() -> None:
    limit = {"name": "size_mb", "limit": 5.0, "direction": "<=", "measured": None, "met": False}
    question = {"about": "change", "text": "What should be different?"}
    shown = view(report(status="needs_answer", requirements=[limit], questions=[question]), {})
    assert shown["requirements"] == []
    assert ("Limits", "size of the model files ≤ 5 MB") in shown["asked"]["understood"]
    assert "refine RUN" in shown["status"]["questions"][0]["answer"]
    assert view({**report(status="delivered_unmet", requirements=[limit])}, {})["requirements"]


def test_models_that_were_trained_before_are_compared_and_not_tried() -> None:
    for more, what in (({}, "compared"), ({"follow_up": None}, "tried")):
        out = Console(file=StringIO(), width=100)
        print_summary(report(**{"status": "delivered", "leaderboard": [{}, {}], "seconds": {"total": 9}, **more}), out)
        assert f"2 models {what} in 9.0 s" in out.file.getvalue()  # type: ignore[attr-defined]
