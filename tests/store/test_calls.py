"""A budget holds whoever asks at once, a reply is never paid for twice, and a call that broke off stays paid for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from traineragent.store.calls import BudgetSpent, Call, CallLog, Limits
from traineragent.store.journal import Journal

NO_LIMITS = Limits()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    Journal(tmp_path / "run.sqlite", create=True).close()
    return tmp_path / "run.sqlite"


def reserve(log: CallLog, question: str = "q", limits: Limits = NO_LIMITS, *, foreground: bool = True) -> int:
    return log.reserve(question, 0, limits, tokens=100, usd=0.25, foreground=foreground)


def test_a_reply_is_found_again_by_another_process(path: Path) -> None:
    log = CallLog(path)
    log.finish(reserve(log), "yes", tokens=30, usd=0.1, seconds=2.0)
    log.close()
    again = CallLog(path)
    assert again.found("q", 0) == Call("done", "yes", "")
    assert again.found("q", 1) is None
    spent = again.spent()
    assert (spent.calls, spent.tokens, spent.usd, spent.waited_s) == (1, 30, 0.1, 2.0)


def test_a_call_whose_end_nobody_knows_stays_paid_for_and_may_be_made_again(path: Path) -> None:
    log = CallLog(path)
    reserve(log)
    assert log.found("q", 0) is None
    assert (log.spent().calls, log.spent().tokens, log.spent().usd) == (1, 100, 0.25)


@pytest.mark.parametrize(("charged", "tokens"), [(True, 100), (False, 0)])
def test_a_call_that_failed_costs_what_it_may_have_cost(path: Path, charged: bool, tokens: int) -> None:
    log = CallLog(path)
    log.fail(reserve(log), "no reply", charged=charged, seconds=1.0)
    assert log.found("q", 0) == Call("failed", "", "no reply")
    assert (log.spent().calls, log.spent().tokens) == (1, tokens)


@pytest.mark.parametrize("limits", [Limits(calls=3), Limits(tokens=399), Limits(usd=0.99)])
def test_no_limit_is_overrun_by_calls_at_once(path: Path, limits: Limits) -> None:
    made: list[int] = []
    refused: list[str] = []

    def ask(number: int) -> None:
        log = CallLog(path)
        try:
            made.append(reserve(log, f"q{number}", limits))
        except BudgetSpent as e:
            refused.append(str(e))
        finally:
            log.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert (len(made), len(refused)) == (3, 9)
    assert "budget" in refused[0]


def test_waiting_is_counted_only_where_the_run_stood_still(path: Path) -> None:
    log = CallLog(path)
    log.finish(reserve(log, "a"), "x", tokens=1, usd=None, seconds=3.0)
    log.finish(reserve(log, "b", foreground=False), "x", tokens=1, usd=None, seconds=50.0)
    assert log.spent().waited_s == 3.0


def test_failures_in_a_row_are_counted_from_the_newest(path: Path) -> None:
    log = CallLog(path)
    log.fail(reserve(log, "a"), "first", charged=False, seconds=0)
    log.finish(reserve(log, "b"), "fine", tokens=1, usd=None, seconds=0)
    for note in ("second", "third"):
        log.fail(reserve(log, note), note, charged=False, seconds=0)
    assert log.last_failures(5) == ["third", "second"]


def test_replies_of_a_kind_are_the_newest_of_each_question(path: Path) -> None:
    log = CallLog(path)
    for question, reply in (("1/a.x", "old"), ("1/a.x", "new"), ("2/a.x", "two"), ("3/a.y", "other"), ("4/a.x", "me")):
        log.finish(reserve(log, question), reply, tokens=1, usd=None, seconds=0)
    assert log.replies("/a.x", "4/a.x", 5) == ["two", "new"]
