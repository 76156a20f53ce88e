"""What each page shows: drafts and runs as parts, each a piece of HTML with a name that the page can exchange.

A part is made anew from the files whenever it is asked for, so a reload shows what an exchange shows. Knows nothing of
requests and responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..report.followup import follow_up
from ..report.view import view
from ..report.wording import clean, metric_title, score, sentence, speaking_of
from .board import best_so_far, board
from .drafts import Draft
from .jobs import Job
from .render import filled
from .runs import DELIVERED, Look
from .services import Served, version_of
from .understood import question, understood
from .uploads import Uploads

EXAMPLES = (
    (
        "Predict",
        "Predict which customers will leave, so that we can call them. Missing one is worse than a false alarm.",
    ),
    ("Estimate", "Estimate the price of a house. It must be explainable, and an answer must come within 20 ms."),
    ("Forecast", "Forecast the sales of each shop for the next 14 days."),
    ("Sort pictures", "Sort pictures into their classes. At least nine in ten should be right, the model below 20 MB."),
)
STATUS = {
    "delivered": ("good", "delivered"),
    "delivered_unmet": ("warn", "delivered, a limit not met"),
    "declined": ("stop", "declined"),
    "needs_answer": ("ask", "an answer is needed"),
    "failed": ("bad", "failed"),
    "damaged": ("bad", "damaged"),
    "unfinished": ("warn", "interrupted"),
}
RUN_PARTS = ("head", "banner", "question", "result", "try", "refine", "happened")
"""Beside "now" and "then": the work on a run comes first while it goes on, and last when there is a result."""
Parts = dict[str, str]


# ------------------------------------------------------------------------------------------------------------- drafts
def draft_parts(draft: Draft, sent: Uploads, job: Job | None) -> Parts:
    """What was sent, and how the request is understood."""
    entries = sent.entries()
    return {
        "files": filled("parts/files.html", draft=draft, entries=entries),
        "understood": filled("parts/understood.html", draft=draft, plan=_plan(draft, sent, job)),
    }


def _plan(draft: Draft, sent: Uploads, job: Job | None) -> dict[str, Any]:
    """`state`: "none", "working", "failed" or "there"; `stale`: the request was changed since."""
    if job is None:
        return {"state": "none", "said": "", "task": None, "stale": False}
    now = draft.asked(sent.sources())
    stale = any(job.asked.get(k) != v for k, v in now.items())
    if job.at_work:
        return {"state": "working", "said": "", "task": None, "stale": stale}
    task = job.ended.get("task") if job.ended else None
    if not task:
        stopped = bool(job.ended) and job.ended["exit_code"] == 130  # type: ignore[index]
        said = "Stopped." if stopped else sentence(job.failed)
        return {"state": "failed", "said": said, "task": None, "stale": stale}
    return {"state": "there", "said": "", "task": understood(task), "stale": stale}


# ------------------------------------------------------------------------------------------------------------- runs
def run_list(listed: list[dict[str, Any]], starting: list[str]) -> Parts:
    return {"runs": filled("parts/runs.html", runs=[_line(r) for r in listed], starting=starting)}


def _line(run: Mapping[str, Any]) -> dict[str, Any]:
    busy = run["worker"] is not None
    tone, words = ("ask", "at work") if busy else STATUS.get(run["status"], ("warn", str(run["status"])))
    if not busy and run["unfinished"]:
        words = f"{words}, a follow-up interrupted"
    value = f"{metric_title(run['metric'])} {score(run['value'], run['metric'])}" if run["value"] is not None else ""
    return {
        "name": run["name"],
        "words": clean(run["request"] or run["name"]),
        "follow_up": clean(run["follow_up"]) if run["follow_up"] else "",
        "created": (run["created"] or "")[:16].replace("T", " "),
        "at": run["created"] or "",
        "tone": tone,
        "status": words,
        "score": value,
        "busy": busy,
    }


def run_parts(look: Look, served: Served | None, reachable: bool) -> Parts:
    """All parts of a run's page; those that have nothing to show are empty. `reachable`: the browser is on this
    machine, where the service answers."""
    report = look.watched.report if look.watched else None
    with speaking_of(report or {}):
        shown = view(report, {}) if report else None
        piece = look.watched.work if look.watched else None
        at_it = look.phase in ("working", "asking")
        values = {
            "look": look,
            "tab": "run",
            "banner": banner(look),
            "shown": shown if look.stands else None,
            "follow_up": follow_up(report) if report and look.stands else None,
            "question": _question(look),
            "work": piece,
            "board": board(piece, at_it) if piece else None,
            "served": served,
            "stale": served is not None and served.version != version_of(look.folder),
            "reachable": reachable,
        }
        parts = {name: filled(f"parts/{name}.html", **values).strip() for name in RUN_PARTS}
        work = "\n".join(filled(f"parts/{name}.html", **values).strip() for name in ("work", "search"))
        return {**parts, "now": work if at_it else "", "then": "" if at_it else work}


def _question(look: Look) -> dict[str, Any] | None:
    """The question that waits while the run works, or those that an ended run left open."""
    work = look.watched.work if look.watched else None
    if work is None:
        return None
    if work.question is not None and look.busy:
        q = work.question
        asked = question({"about": q.about, "text": q.text, "choices": q.choices, "default": q.default})
        return {"open": True, "number": q.number, "questions": [asked]}
    report = look.watched.report if look.watched else None
    if not look.busy and report and report.get("status") == "needs_answer":
        return {"open": False, "number": 0, "questions": [question(q) for q in report.get("questions") or []]}
    return None


# ------------------------------------------------------------------------------------------------------------ banner
def banner(look: Look) -> dict[str, Any]:
    """Where the run stands, in a line, and what can be done about it."""
    work = look.watched.work if look.watched else None
    asked = work.follow_up if work else ""
    failed = sentence(look.job.failed) if look.job and not look.busy else ""
    if look.phase == "starting":
        return _said("ask", "…", "Starting", ["The agents are called."])
    if look.phase in ("working", "asking") and work is not None:
        if look.phase == "asking":
            return _said("warn", "?", "Your answer is needed", ["The run waits for it, and its clock stands still."])
        so_far = best_so_far(work)
        lines = [f"Follow-up: “{clean(asked)}”"] if asked else []
        return _said("ask", "…", "At work", [*lines, f"Best so far: {so_far}, cross-validated." if so_far else ""])
    if look.phase == "damaged":
        return _said("bad", "✗", "Damaged", [sentence(look.damage)])
    if look.phase == "gone":
        stopped = look.job is not None and look.job.ended is not None and look.job.ended["exit_code"] == 130
        words = "Stopped before it began" if stopped else "It could not begin"
        return _said("bad", "✗", words, [failed])
    if look.phase == "interrupted":
        what = f"The follow-up “{clean(asked)}” was interrupted." if asked else ""
        kept = "All finished work is kept; going on takes it up where it stopped, with the same result."
        return _said("warn", "‖", "Interrupted", [what, failed, kept])
    return _ended(look, failed)


def _ended(look: Look, failed: str) -> dict[str, Any]:
    """The banner of a finished run, as its report has it; with what became of a follow-up that delivered nothing."""
    assert look.watched is not None
    report = look.watched.report or {"status": look.watched.work.status or "failed"}
    status = view(report, {})["status"]
    said = _said(status["tone"], status["sign"], status["words"], status["lines"], status["alternative"])
    work, later = look.watched.work, look.watched.follow_up_report
    if work.revision > 1 and work.status not in DELIVERED:
        reason = work.abandoned or (str(later.get("reason") or "") if later else "")
        outcome = {"declined": "was declined", "needs_answer": "needs an answer"}.get(work.status, "came to nothing")
        said["lines"] += [sentence(f"The follow-up “{clean(work.follow_up)}” {outcome}: {reason or failed}")]
        said["lines"] += ["What was delivered before stands."]
    elif failed:
        said["lines"] += [failed]
    elif look.job and look.job.ended and look.job.ended["exit_code"] == 130 and look.job.asked["do"] == "refine":
        said["lines"] += [f"The follow-up “{clean(look.job.asked['words'])}” was stopped before it began."]
    return said


def _said(tone: str, sign: str, words: str, lines: list[str], alternative: str = "") -> dict[str, Any]:
    return {"tone": tone, "sign": sign, "words": words, "lines": [x for x in lines if x], "alternative": alternative}
