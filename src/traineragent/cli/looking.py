"""Commands that look: runs, show, explain, doctor, sop show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

RunDir = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The run's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def runs(
    root: Annotated[Path, typer.Argument(metavar="ROOT", help="Folder that holds runs.")] = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Lists the runs in a folder, newest first."""
    from ..store.listing import list_runs

    found = list_runs(root)
    if as_json:
        typer.echo(json.dumps({"runs": found}, ensure_ascii=False))
        return
    from .printing import print_runs

    print_runs(found, root)


def show(run_dir: RunDir, as_json: AsJson = False) -> None:
    """Shows one report."""
    from ..result import Report

    report = Report.open(run_dir)
    typer.echo(json.dumps(dict(report), ensure_ascii=False) if as_json else str(report))


def explain(run_dir: RunDir, as_json: AsJson = False) -> None:
    """Why each decision was taken, by whom, on what evidence."""
    from ..store.journal import Journal
    from ..store.runfolder import JOURNAL

    decisions = []
    for revision, folder in _revisions(run_dir):
        journal = Journal(folder / JOURNAL)
        decisions += [
            {
                "revision": revision,
                "at": d.at,
                "agent": d.agent,
                "by": d.brain,
                "what": d.what,
                "why": d.why,
                "evidence": dict(d.evidence),
            }
            for d in journal.decisions()
        ]
        journal.close()
    if as_json:
        typer.echo(json.dumps({"decisions": decisions}, ensure_ascii=False))
        return
    from .printing import print_decisions

    print_decisions(decisions)


def _revisions(run_dir: Path) -> list[tuple[int, Path]]:
    """(number, folder) of the first delivery and of each follow-up, in order; of a revision's folder, itself."""
    from ..store.revisions import revisions_of
    from ..store.runfolder import home_of

    if home_of(run_dir) != run_dir:
        return [(int(run_dir.name), run_dir)]
    return [(r.number, r.folder) for r in revisions_of(run_dir)]


def doctor(as_json: AsJson = False) -> None:
    """What is installed, which extras, disk, cores, memory, GPU."""
    from .doctor import examine, print_findings

    findings = examine()
    if as_json:
        typer.echo(json.dumps(findings, ensure_ascii=False))
    else:
        print_findings(findings)


def sop_show(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="task, data, model or server.")],
    config: Annotated[Path | None, typer.Option("--config", metavar="DIR", help="Your overlay folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """The procedure in force, and where each part of it and of your overlay comes from."""
    from ..agents.inforce import check_overlay, procedure
    from ..config import Config
    from ..knowledge.overlay import changes

    overlay = Config.from_environment(config).overlay
    changed = changes(check_overlay(overlay))
    found = procedure(agent, overlay)
    if as_json:
        own = [{"place": place, "what": what} for place, what in changed]
        typer.echo(json.dumps({**found.to_json(), "overlay": own}, ensure_ascii=False))
        return
    from .printing import print_procedure

    print_procedure(found, changed)
