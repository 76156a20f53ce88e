"""The summary that ends a run in the terminal: requirements first, then the score, what was found, and what to type
next. Prints the same view as report.html; computes nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .followup import follow_up
from .loose import mapping, rows
from .model import unheard
from .view import view
from .wording import clean, duration, new_data, plural, speaking_of

TONES = {"good": "green", "warn": "yellow", "bad": "red", "stop": "magenta", "ask": "cyan"}
SHOWN = 6  # warnings; the rest stand in the report


def print_summary(report: Mapping[str, Any], console: Console) -> None:
    """Prints the result of a run. `report` is report.json's content; nothing in it is taken as markup."""
    with speaking_of(report):
        _print_summary(report, console)


def _print_summary(report: Mapping[str, Any], console: Console) -> None:
    shown = view(report, {})
    _status(shown["status"], console)
    _follow_up(follow_up(report), console)
    if shown["requirements"]:
        console.print(_indented(_requirements(shown["requirements"])))
    if shown["headline"]:
        console.print()
        console.print(_indented(_headline(shown["headline"], shown["facts"])))
    _findings(shown["found"], console)
    if said := unheard(report):
        console.print(_indented(Text(f"! {said}", style="yellow")))
    _places(report, console)


def _indented(what: Any) -> Padding:
    return Padding(what, (0, 0, 0, 2), expand=False)


def _status(status: Mapping[str, Any], console: Console) -> None:
    style = TONES[status["tone"]]
    console.print()
    console.print(Text(f"{status['sign']} {status['words']}", style=f"bold {style}"))
    for line in status["lines"]:
        console.print(_indented(Text(line)))
    for question in status["questions"]:
        console.print(_indented(Text(f"? {question['text']}", style="bold")))
        for choice in question["choices"]:
            suggested = " (suggested)" if choice == question["default"] else ""
            console.print(Padding(Text(f"- {choice}{suggested}"), (0, 0, 0, 4), expand=False))
        if question["answer"]:
            console.print(_indented(Text(question["answer"], style="dim")))
    if status["alternative"]:
        title = "Instead" if status["short"] else "The choice"
        console.print(_indented(Text(f"{title}: {status['alternative']}")))
    console.print()


def _follow_up(changed: Mapping[str, Any] | None, console: Console) -> None:
    """What a follow-up changed, and the deliveries it can be compared with."""
    if changed is None:
        return
    if changed["stands"]:
        console.print(_indented(Text(changed["stands"])))
    for change in changed["changes"]:
        console.print(_indented(Text(f"→ {change}")))
    if changed["reused"]:
        console.print(_indented(Text(f"taken over: {changed['reused']}", style="dim")))
    table = Table.grid(padding=(0, 3, 0, 0))
    for d in changed["deliveries"]:
        table.add_row(
            Text(f"delivery {d['revision']}", style="dim"), Text(d["score"]), Text(d["size"]), Text(d["model"])
        )
    console.print(_indented(table))
    console.print()


def _requirements(required: list[dict[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", show_edge=False)
    for title, side in (("requirement", "left"), ("limit", "right"), ("measured", "right"), ("", "left"), ("", "left")):
        table.add_column(title, justify=side)  # type: ignore[arg-type]
    for r in required:
        met = Text(r["verdict"], style="green" if r["met"] else "bold red")
        margin = Text(r["margin"], style="dim")
        table.add_row(Text(r["title"]), Text(r["limit"]), Text(r["measured"], style="bold"), met, margin)
    return table


def _headline(headline: Mapping[str, Any], facts: list[dict[str, str]]) -> Table:
    details = [
        f"95 % interval {headline['interval']}" if headline["interval"] else "",
        f"baseline {headline['baseline']}" if headline["baseline"] else "",
    ]
    table = Table.grid(padding=(0, 3, 0, 0))
    score = Text(headline["value"], style="bold cyan")
    table.add_row(Text(headline["title"], style="bold"), score, Text(" · ".join(d for d in details if d), style="dim"))
    if headline["others"]:
        table.add_row(Text("Beside it", style="dim"), Text(""), Text(headline["others"], style="dim"))
    for fact in facts:
        table.add_row(Text(fact["title"], style="dim"), Text(fact["value"]), Text(fact["note"], style="dim"))
    return table


def _findings(found: Mapping[str, Any] | None, console: Console) -> None:
    """What was taken out, leaks and warnings, each with its sign in front."""
    if found is None:
        return
    table = Table.grid(padding=(0, 1, 0, 0))
    for r in found["removed"]:
        table.add_row(Text("−"), Text(f"{r['rows']} rows removed: {r['what']}. {r['why']}"))
    for leak in (*found["leaks"], *found["ties"]):
        style = "red" if leak["action"] == "dropped" else "yellow"
        named = not leak["column"].startswith("(")  # "(rows)" stands for whole rows, of which nothing can be dropped
        said = f"{leak['column']!r} {leak['kind']}" + (f" ({leak['action']})" if leak["action"] else "")
        said = said if named else leak["kind"]
        table.add_row(Text("!", style=f"bold {style}"), Text(f"{said}: {leak['evidence']}", style=style))
    for warning in found["warnings"][:SHOWN]:
        table.add_row(Text("!", style="bold yellow"), Text(warning))
    more = len(found["warnings"]) - SHOWN
    if more > 0:
        table.add_row("", Text(f"and {more} more in the report", style="dim"))
    if table.rows:
        console.print()
        console.print(_indented(table))


def _places(report: Mapping[str, Any], console: Console) -> None:
    """Where things are and what to type next."""
    bundle = report.get("bundle")
    delivered = str(report.get("status", "")).startswith("delivered") and bundle
    page = report.get("report") or (Path(str(bundle)).parent / "report.html" if bundle else None)
    places = [("report", _short(page)), ("bundle", _short(bundle) if delivered else "")]
    run = _short(Path(str(bundle)).parent) if delivered else ""
    if run:
        places.append(("serve it", f"traineragent serve {shlex.quote(run)}"))
        places.append(("predict", f"traineragent predict {shlex.quote(run)} --data {new_data(report)}"))
    total = mapping(report.get("seconds")).get("total")
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, where in places:
        if where:
            table.add_row(Text(name, style="dim"), Text(where, overflow="fold"))
    if table.rows:
        console.print()
        console.print(_indented(table))
    tried = len(rows(report.get("leaderboard")))
    if tried and total is not None:
        console.print()
        what = "compared" if report.get("follow_up") else "tried"  # most of them were trained before a follow-up
        console.print(_indented(Text(f"{plural(tried, 'model')} {what} in {duration(total)}", style="dim")))
    console.print()


def _short(path: Any) -> str:
    """The path from where the person stands, when it lies below."""
    if not path:
        return ""
    try:
        return clean(Path(str(path)).resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return clean(path)
