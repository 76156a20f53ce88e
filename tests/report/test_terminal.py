"""The summary in the terminal: the same facts as the page, nothing taken as markup."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from run_example import example, strained

from traineragent.report.terminal import print_summary


def printed(report: dict[str, object], width: int = 100) -> str:
    out = io.StringIO()
    print_summary(report, Console(file=out, width=width, force_terminal=False))
    return out.getvalue()


def test_requirements_come_before_the_score_and_the_next_command_last() -> None:
    text = printed(example()[0])
    marks = [
        "1 of 2 requirements not met",
        "Size of the model files",
        "ROC AUC",
        "'left_on' is known only",
        "traineragent serve",
    ]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "✗ not met" in text
    assert "12 rows removed: Exact duplicates" in text


def test_words_in_brackets_are_printed_as_they_are() -> None:
    text = printed(strained(example()[0], "[bold red]"), width=400)
    assert "'[bold red]left_on'" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    report = example()[0] | {"bundle": "runs/x/bundle"}
    assert max(len(line.rstrip()) for line in printed(report, width).splitlines()) <= width


def test_a_declined_run_says_why_and_what_instead() -> None:
    text = printed({"status": "declined", "reason": "it is unlawful", "alternative": "ask a person"})
    assert "It is unlawful." in text
    assert "Instead: Ask a person." in text
    assert "serve" not in text


def test_a_question_shows_its_choices_and_how_to_answer() -> None:
    question = {"about": "target", "text": "Which column?", "choices": ["a", "b"], "default": "b"}
    text = printed({"status": "needs_answer", "questions": [question]})
    assert "- b (suggested)" in text
    assert "--target" in text


def test_a_language_model_that_never_answered_is_told_of() -> None:
    instead = [{"why": "openai:m: no reply within 2 s"}]
    llm = {"brain": "openai:m", "calls": 3, "decided": 0, "agreed": 0, "instead": instead}
    said = "! openai:m gave no answer that could be used, so the planner decided: no reply within 2 s"
    assert said in printed({"status": "delivered", "llm": llm}, 200)
    assert "no answer that could" not in printed({"status": "delivered", "llm": {**llm, "agreed": 1}}, 200)
    assert "no answer that could" not in printed({"status": "delivered", "llm": {"calls": 0}}, 200)
