"""Tables and texts for the terminal. Values from data or a person are printed as text, never as markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import markup
from rich.console import Console

from ..report.wording import clean, condition, metric_title, score

if TYPE_CHECKING:
    from ..domain.lesson import Lesson
    from ..knowledge.sop import Procedure

STATUS_STYLE = {"delivered": "green", "delivered_unmet": "yellow", "declined": "red", "failed": "red"}


def _console() -> Console:
    """Lines are broken for a terminal only, so that what is piped on can be searched line by line."""
    console = Console(highlight=False)
    console.soft_wrap = not console.is_terminal
    return console


def _plain(text: str) -> str:
    """Text that neither rich nor the terminal takes for an instruction."""
    return markup.escape(clean(text))


def print_runs(runs: Sequence[Mapping[str, Any]], root: Path) -> None:
    console = _console()
    if not runs:
        console.print(f'No runs in {_plain(str(root))} yet. Start one: traineragent train "…" --data FILE')
        return
    for run in runs:  # the name on a line of its own: it is what one types next, and must never be cut
        console.print(f"[bold]{_plain(run['folder'])}[/]", soft_wrap=True)
        name, value = run["metric"], run["value"]
        reached = "" if value is None else f"  {metric_title(name)} {score(value, name)}"
        style = STATUS_STYLE.get(run["status"], "dim")
        started = (run["created"] or "")[:16].replace("T", " ")
        status = f"[{style}]{run['status'].replace('_', ' ')}[/]"
        console.print(f"  [dim]{started}[/]  {status}{reached}")
        console.print(f"  {_plain(run['request'] or '')}", no_wrap=True, overflow="ellipsis")
        if run.get("follow_up"):
            news = f"  revision {run['revision']}: {_plain(run['follow_up'])}"
            console.print(news, style="dim", no_wrap=True, overflow="ellipsis")
        if run.get("unfinished"):
            console.print(f"  [yellow]an unfinished follow-up:[/] {_plain(run['unfinished'])}")


def print_lessons(lessons: Sequence[Lesson], home: Path | None) -> None:
    """Each lesson in two lines or more: the shape of the data, then the candidates with their part of the model."""
    console = _console()
    if home is None:
        console.print("The memory is switched off (TRAINERAGENT_MEMORY).")
    elif not lessons:
        console.print(f"No lessons yet in {_plain(str(home))}. Each delivered run keeps one.")
    for lesson in lessons:
        facts = lesson.facts
        classes = int(facts.get("classes", 0))
        answer = f"{classes} classes" if classes else "a number"
        shape = f"about {facts.get('rows', 0):,.0f} rows, {facts.get('features', 0):.0f} features, {answer}"
        console.print(f"[bold]{_plain(lesson.task_type.replace('_', ' '))}[/]  {shape}  [dim]{lesson.at}[/]")
        for tried in lesson.candidates:
            settings = ", ".join(f"{k} {_short(v)}" for k, v in tried.params.items())
            part = f"{tried.weight:.0%} of the model" if tried.weight else "not in the model"
            console.print(f"  {_plain(tried.family)} [dim]{_plain(settings)}[/]  {part}")
    if lessons:
        count = f"{len(lessons)} lessons" if len(lessons) != 1 else "1 lesson"
        console.print(f"[dim]{count} in {_plain(str(home))}; to forget: traineragent memory clear[/]")


def print_decisions(decisions: Sequence[Mapping[str, Any]]) -> None:
    """Each decision with who, why and the facts that are new since the agent's last one."""
    console = _console()
    known: dict[str, Any] = {}
    revision = 1
    for d in decisions:
        if d.get("revision", 1) != revision:
            revision = d["revision"]
            console.print(f"\n[bold]Follow-up, revision {revision}[/]")
        console.print(
            f"[dim]{d['at'][11:19]}[/] [bold]{d['agent']}[/] {_plain(d['what'])} [dim]({_plain(d['by'])})[/]",
            highlight=False,
        )
        console.print(f"         {_plain(d['why'])}")
        news = {k: v for k, v in d["evidence"].items() if v is not None and known.get(f"{d['agent']}.{k}") != v}
        known |= {f"{d['agent']}.{k}": v for k, v in news.items()}
        facts = ", ".join(f"{k} {_short(v)}" for k, v in news.items())
        if facts:
            console.print(f"         [dim]{_plain(facts)}[/]")


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_plan(task: Mapping[str, Any]) -> None:
    """The specification, the verdict and the plan in words."""
    console, verdict = _console(), task["verdict"]
    info = task["data_info"]
    style = {"accept": "green", "ask": "yellow", "decline": "red"}[verdict["decision"]]
    console.print(f"[bold {style}]{verdict['decision']}[/]  {_plain(task['task_type'].replace('_', ' '))}", end="")
    console.print(f" of [bold]{_plain(str(info['target']))}[/], {info['rows']:,} rows" if info["target"] else "")
    for head, lines in _plan_lines(task):
        if lines:
            console.print(f"\n[bold]{head}[/]")
            for line in lines:
                console.print(f"  {_plain(line)}")


def _plan_lines(task: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    verdict = task["verdict"]
    limits = [
        f"{r['name']} {r['direction']} {r['limit']:g}   (you said: {r['stated_as']})" for r in task["requirements"]
    ]
    metrics = [
        f"{m['name']}, to {m['direction']}" + ("" if m["stated"] else "   (not stated)") for m in task["metrics"]
    ]
    questions = [q["text"] + (f"  [{' / '.join(q['choices'])}]" if q["choices"] else "") for q in verdict["questions"]]
    asked = {q["text"] for q in verdict["questions"]}
    return [
        ("Reasons", [reason for reason in verdict["reasons"] if reason not in asked]),
        ("Instead", [verdict["alternative"]] if verdict["alternative"] else []),
        ("Questions", questions),
        ("Metric", metrics),
        ("Limits", limits),
        ("Left out", [f"{c['column']}: {c['why']}" for c in task["data_info"]["ignored"]]),
        ("Wishes", [condition(word) for word in task["constraints"]]),
        (
            "Assumed",
            [f"{a['what']}: {a['value']}   ({a['why']}; {a['confidence']:.0%} sure)" for a in task["assumptions"]],
        ),
        ("Notices", list(verdict["notices"])),
        ("Plan", list(task.get("plan", []))),
    ]


def print_procedure(procedure: Procedure, overlay: Sequence[tuple[str, str]] = ()) -> None:
    """The steps in force with their places; `overlay`: (place, what) of all that the user's folder changes."""
    console = _console()
    console.print(
        f"[bold]{procedure.agent} agent[/], version {procedure.version}, from {_plain(', '.join(procedure.sources))}"
    )
    console.print(_plain(" ".join(procedure.profile.split())), style="dim", end="  ")
    console.print(_plain(procedure.places["profile"]), style="dim")
    for name, place in procedure.places.items():
        if name != "profile":
            console.print(f"  {_plain(name)}: {_plain(str(procedure.setting(name)))}  [dim]{_plain(place)}[/]")
    for kind, steps in procedure.questions.items():
        console.print(f"\n[bold]{_plain(kind)}[/]")
        for s in steps:
            arguments = _plain(str(dict(s.args))) if s.args else ""
            place = f"{s.source}, edits {s.edits}" if s.edits else s.source
            console.print(f"  [bold]{_plain(s.id)}[/]  do {_plain(s.do)} {arguments}  [dim]{_plain(place)}[/]")
            loop = f"for {s.loop}, " if s.loop else ""
            if s.loop or s.when != "True":
                console.print(f"      {_plain(loop)}when {_plain(s.when)}")
            console.print(f"      [dim]{_plain(s.why)}[/]")
    if overlay:
        console.print("\n[bold]Your overlay[/], in force for all agents")
        for place, what in overlay:
            console.print(f"  {_plain(what)}  [dim]{_plain(place)}[/]")
