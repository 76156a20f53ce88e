"""A person's whole way on the real page: describe, upload, answer, watch, stop, go on, read, try, change."""

from __future__ import annotations

import io
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from product import WORDS, churn, rows_of

from .browser import Browser, reachable, service_of, wait_until_gone

pytestmark = pytest.mark.e2e

TABLE = churn().to_csv(index=False).encode()


def started(browser: Browser, words: str, minutes: str = "0.4") -> str:
    """The address of a run that was started with the table and these words."""
    draft = browser.draft()
    assert browser.send(draft, "customers.csv", TABLE).status == 200
    answer = browser.post(f"/drafts/{draft}/start", words=words, minutes=minutes)
    assert answer.status == 200, answer.text
    return str(answer.json["go"])


def draft_of(root: Path) -> str:
    """The one draft whose files were sent."""
    (draft,) = (root / "uploads").iterdir()
    return draft.name


def says(*words: str) -> Callable[[dict[str, str]], bool]:
    return lambda parts: all(w in parts["banner"] for w in words)


def test_from_words_to_a_service_with_a_follow_up(tmp_path: Path, opened: Callable[[], Browser]) -> None:
    browser = opened()
    draft = browser.draft()
    assert browser.send(draft, "customers.csv", TABLE).status == 200
    words = f"{WORDS} An answer within 50 ms, the model below 5 MB."
    assert browser.post(f"/drafts/{draft}/plan", words=words, minutes="0.5").status == 200
    plan = browser.wait(f"/drafts/{draft}", lambda p: "understood-title" in p["understood"])["understood"]
    for said in ("Understood, and it can be done", "≤ 50 ms", "within 50 ms", "≤ 5 MB", "ROC AUC", "income"):
        assert said in plan
    run = browser.post(f"/drafts/{draft}/start", words=words, minutes="0.5").json["go"]
    at_work = browser.wait(run, lambda p: ' working"' in p["now"])
    assert "Stop" in at_work["banner"]
    done = browser.wait(run, says("Delivered"))
    assert "≤ 50 ms" in done["result"]
    assert done["then"].count('<article class="agent') == 4
    assert browser.get(run).text.count("✓ met") == done["result"].count("✓ met") == 2

    assert "TrainerAgent report" in browser.get(f"{run}/report.html").text
    assert "<h1" in browser.get(f"{run}/card").text
    assert "within 50 ms" in browser.get(f"{run}/task").text
    assert "because" in browser.get(f"{run}/decisions").text or "–" in browser.get(f"{run}/decisions").text
    with zipfile.ZipFile(io.BytesIO(browser.get(f"{run}/bundle.zip").body)) as packed:
        assert {Path(n).name for n in packed.namelist()} >= {"bundle.json", "model.onnx", "serve.py", "MODEL_CARD.md"}

    assert browser.post(f"{run}/serve").status == 200
    address = service_of(browser.parts(run)["try"])
    assert reachable(address)
    assert browser.post(f"{run}/refine", words="Make it half the size", minutes="0.3").status == 200
    browser.wait(run, says("Follow-up"))
    changed = browser.wait(run, lambda p: "What was to be different" in p["result"])
    assert "Size at most" in changed["result"]
    assert "A newer delivery lies in the run" in changed["try"]
    assert "1 service ended." in browser.close()
    assert not reachable(address)

    browser = opened()
    assert browser.post(f"{run}/serve").status == 200
    left = service_of(browser.parts(run)["try"])
    browser.close(signal.SIGKILL)
    assert reachable(left)
    opened()  # the next page ends what a killed one left behind
    assert wait_until_gone(left)


def test_a_question_is_answered_on_the_page_and_why_it_is_asked_is_told(opened: Callable[[], Browser]) -> None:
    browser = opened()
    run = started(browser, "Learn something from this table.")
    asked = browser.wait(run, says("Your answer is needed"))["question"]
    assert 'name="number" value="1"' in asked
    assert 'value="left"' in asked
    assert browser.post(f"{run}/answer", number="1", **{"choice:target": "why?"}).status == 200
    again = browser.wait(run, lambda p: 'value="2"' in p["question"])["question"]
    assert "It is asked because" in again
    assert browser.post(f"{run}/answer", number="1", **{"choice:target": "left"}).status == 400
    assert browser.post(f"{run}/answer", number="2", **{"choice:target": "age", "own:target": "left"}).status == 200
    browser.wait(run, says("Delivered"))
    assert ">left<" in browser.get(f"{run}/task").text


def test_a_plan_asks_and_takes_the_answers(opened: Callable[[], Browser]) -> None:
    browser = opened()
    draft = browser.draft()
    browser.send(draft, "customers.csv", TABLE)
    browser.post(f"/drafts/{draft}/plan", words="Learn something from this table.")
    asked = browser.wait(f"/drafts/{draft}", lambda p: "choice:target" in p["understood"])["understood"]
    assert "Something essential is missing" in asked
    browser.post(f"/drafts/{draft}/plan", **{"choice:target": "left"})
    told = browser.wait(f"/drafts/{draft}", lambda p: "Understood, and it can be done" in p["understood"])
    assert "You answered" in told["understood"]
    assert browser.get(f"/drafts/{draft}").text.count("You answered") == 1


def test_what_is_declined_is_told_with_its_reason(tmp_path: Path, opened: Callable[[], Browser]) -> None:
    browser = opened()
    run = started(browser, "Find out which of our employees are secretly gay")
    parts = browser.wait(run, says("Declined"))
    assert "What can be done instead" in parts["banner"]
    assert browser.post(f"{run}/again").json["go"].startswith("/drafts/")
    sent = browser.send(draft_of(tmp_path), "customers.csv", b"other")  # the run keeps what it was started with
    assert (sent.status, "belong to the run" in sent.text) == (400, True)
    assert browser.post(f"{run}/serve").status == 400


def test_what_was_left_open_is_answered_later(opened: Callable[[], Browser]) -> None:
    browser = opened()
    run = started(browser, "Learn something from this table.")
    browser.wait(run, says("Your answer is needed"))
    assert browser.post(f"{run}/answer", number=1, leave=True).status == 200
    left = browser.wait(run, lambda p: "An answer is needed" in p["banner"] and "/again" in p["question"])
    assert 'value="left"' in left["question"]
    draft = browser.post(f"{run}/again", **{"choice:target": "left"}).json["go"]
    told = browser.wait(draft, lambda p: "Understood, and it can be done" in p["understood"])
    assert "You answered" in told["understood"]


def test_bad_data_leads_back_to_the_request(tmp_path: Path, opened: Callable[[], Browser]) -> None:
    browser = opened()
    draft = browser.draft()
    browser.send(draft, "empty.csv", b"a,b\n")
    run = browser.post(f"/drafts/{draft}/start", words=WORDS).json["go"]
    parts = browser.wait(run, says("It could not begin"))
    assert "empty.csv" in parts["banner"]
    assert f"/drafts/{draft}" in parts["banner"]
    assert [p.name for p in tmp_path.iterdir() if p.name not in (".ui", "uploads")] == []


def test_a_run_outlives_the_page_and_is_stopped_and_gone_on_with(tmp_path: Path, opened: Callable[[], Browser]) -> None:
    browser = opened()
    run = started(browser, WORDS, "0.6")
    browser.wait(run, lambda p: "All trials" in p["now"])
    browser.close(signal.SIGKILL)  # the page alone: the run has a session of its own

    browser = opened()
    assert "At work" in browser.parts(run)["banner"]
    assert browser.post(f"{run}/resume").status == 400
    assert browser.post(f"{run}/stop").status == 200
    stopped = browser.parts(run)
    assert "Interrupted" in stopped["banner"]
    assert "All trials" in stopped["then"]
    trials = len(rows_of(tmp_path / run.rpartition("/")[2], "SELECT idx FROM trials"))

    assert browser.post(f"{run}/resume").status == 200
    browser.wait(run, says("At work"))
    said = browser.close()
    assert "interrupted" in said
    assert "traineragent resume" in said

    browser = opened()
    assert "Interrupted" in browser.parts(run)["banner"]
    assert "interrupted" in browser.parts("")["runs"]
    assert browser.post(f"{run}/resume").status == 200
    browser.wait(run, says("Delivered"))
    assert len(rows_of(tmp_path / run.rpartition("/")[2], "SELECT idx FROM trials")) >= trials
