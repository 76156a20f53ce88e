"""Progress: lines where no terminal is, a display that goes away where one is, and no markup either way."""

from __future__ import annotations

import contextlib
import io

import pytest

from traineragent.report.progress import Board, Progress

EVENTS = [
    {"kind": "read", "text": "read 7,043 rows", "phase": "understand"},
    {
        "kind": "trial",
        "text": "lightgbm",
        "phase": "train",
        "done": 1,
        "of": 4,
        "best": 0.84,
        "metric": "roc_auc",
        "seconds_left": 95,
    },
    {"kind": "trial", "text": "linear", "phase": "train", "done": 2, "of": 4, "best": 0.85, "seconds_left": 60},
    {"kind": "finished", "text": "delivered [bold]whole[/bold]"},
]


def test_without_a_terminal_there_are_plain_lines_and_no_control_characters() -> None:
    out = io.StringIO()
    with Progress(out) as progress:
        for event in EVENTS:
            progress(event)
    lines = out.getvalue().splitlines()
    assert lines[0] == "read 7,043 rows"
    assert lines[-1] == "delivered [bold]whole[/bold]"
    assert "\x1b" not in out.getvalue()


def test_counting_does_not_flood_a_log() -> None:
    out = io.StringIO()
    with Progress(out) as progress:
        for k in range(500):
            progress({"kind": "trial", "text": f"trial {k}", "phase": "train", "done": k, "of": 500})
    assert len(out.getvalue().splitlines()) <= 3


def test_a_line_tells_phase_count_best_score_and_time_left() -> None:
    board = Board()
    for event in EVENTS[:3]:
        board.take(event)
    assert board.line() == "train: linear · 2 of 4 · best ROC AUC 0.850"
    assert board.left() == "1 min 00 s left"


def test_a_line_that_says_nothing_new_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traineragent.report.progress.QUIET", 0.0)
    out = io.StringIO()
    with Progress(out) as progress:
        for seconds in (60, 50, 40):
            progress({"kind": "tick", "text": "", "phase": "train", "best": 0.8, "seconds_left": seconds})
        progress({"kind": "tick", "text": "", "phase": "train", "best": 0.9, "seconds_left": 30})
    assert [line.split(" · ")[1] for line in out.getvalue().splitlines()] == ["best 0.800", "best 0.900"]


def test_on_a_terminal_the_display_shows_and_goes_away() -> None:
    out = io.StringIO()
    with Progress(out, live=True) as progress:
        for event in EVENTS:
            progress(event)
    assert "\x1b[?25l" in out.getvalue()
    assert out.getvalue().rindex("\x1b[?25h") > out.getvalue().rindex("\x1b[?25l")
    assert "[bold]whole[/bold]" in out.getvalue()


def test_a_question_takes_the_display_away_until_the_next_event() -> None:
    out = io.StringIO()
    with Progress(out, live=True) as progress:
        progress(EVENTS[0])
        progress({"kind": "question", "text": "Which column?"})
        assert out.getvalue().rindex("\x1b[?25h") > out.getvalue().rindex("\x1b[?25l")
        progress(EVENTS[1])
        assert out.getvalue().rindex("\x1b[?25l") > out.getvalue().rindex("\x1b[?25h")


@pytest.mark.parametrize("event", [{}, {"kind": None}, {"kind": "x", "done": "many", "of": None, "best": float("nan")}])
def test_an_odd_event_does_no_harm(event: dict[str, object]) -> None:
    out = io.StringIO()
    with Progress(out) as progress:
        progress(event)
    assert out.getvalue() == ""


def test_the_display_goes_away_when_the_work_fails() -> None:
    out = io.StringIO()
    with contextlib.suppress(RuntimeError), Progress(out, live=True) as progress:
        progress(EVENTS[0])
        raise RuntimeError
    assert out.getvalue().rindex("\x1b[?25h") > out.getvalue().rindex("\x1b[?25l")
