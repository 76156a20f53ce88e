"""Writes docs/reference.md from the code: commands, catalogues of operations, messages, families, tasks, metrics.

python scripts/docs.py          writes it
python scripts/docs.py --check  fails when it is not up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import typer.main
from pydantic import TypeAdapter

from traineragent import registry
from traineragent.agents import data as data_agent
from traineragent.agents import experiments, features, forms
from traineragent.agents import model as model_agent
from traineragent.agents import server as server_agent
from traineragent.agents import task as task_agent
from traineragent.cli.main import app
from traineragent.domain.messages import Body
from traineragent.engine import metrics
from traineragent.knowledge.sop import AGENTS, load
from traineragent.language import corrections
from traineragent.ports import OperationSpec

TARGET = Path(__file__).resolve().parents[1] / "docs" / "reference.md"


def _preparations() -> dict[str, OperationSpec]:
    """What the Data agent may do with rows that are sealed, over all lines."""
    lines = [registry.get("lines", name) for name in registry.names("lines")]
    return {name: spec for line in lines for name, spec in registry.at(line.operations).items()}


CATALOGUES: dict[str, Mapping[str, OperationSpec]] = {
    "task": {**task_agent.CATALOGUE, **corrections.CATALOGUE},
    "data": {**data_agent.COLLECT, **data_agent.SPLIT, **_preparations()},
    "model": {**model_agent.CATALOGUE, **experiments.CATALOGUE, **features.CATALOGUE},
    "server": {**server_agent.CATALOGUE, **forms.CATALOGUE},
}


def reference() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def main() -> None:
    if "--check" in sys.argv:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != reference():
            sys.exit("docs/reference.md is not up to date; write it with: .venv/bin/python scripts/docs.py")
        return
    TARGET.write_text(reference(), encoding="utf-8")


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written from the code by `scripts/docs.py`; a test fails when it is out of date."
    yield from _commands()
    yield from _operations()
    yield from _plugins()
    yield from _metrics()
    yield from _messages()


def _commands() -> Iterator[str]:
    yield from ("", "## Commands", "")
    yield "Results go to stdout; progress, warnings and questions to stderr. `--debug` anywhere shows a traceback."
    yield "Exit codes: 0 delivered, 3 delivered with a limit not met, 4 declined, 5 an answer is needed, 2 bad input or"
    yield "usage, 1 a defect of ours, 130 interrupted (resumable)."
    group = typer.main.get_command(app)
    yield from _command("traineragent", group)


def _command(path: str, command: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for name in command.commands:
            yield from _command(f"{path} {name}", command.commands[name])
        return
    yield from (
        "",
        f"### `{path}`",
        "",
        (command.help or "").strip(),
        "",
        "| argument or option | meaning |",
        "|---|---|",
    )
    for parameter in command.params:
        names = ", ".join(getattr(parameter, "opts", []) + list(getattr(parameter, "secondary_opts", [])))
        shown = parameter.metavar if parameter.param_type_name == "argument" else names
        yield f"| `{shown}` | {getattr(parameter, 'help', None) or ''} |"


def _operations() -> Iterator[str]:
    yield from ("", "## What a procedure may ask for", "")
    yield "The catalogue of each agent: what a step's `do:` may name, with its arguments (`?` optional)."
    for agent in AGENTS:
        procedure = load(agent)
        yield from ("", f"### {agent} agent", "", " ".join(procedure.profile.split()), "")
        yield f"Questions: {', '.join(f'`{q}`' for q in procedure.questions)}. "
        yield f"Settings: {', '.join(f'`{k}: {v}`' for k, v in procedure.settings.items())}."
        yield from ("", "| operation | arguments | does |", "|---|---|---|")
        for name, spec in CATALOGUES[agent].items():
            arguments = ", ".join(f"`{k}`: {v}" for k, v in spec.arguments.items())
            yield f"| `{name}` | {arguments} | {spec.does} |"


def _plugins() -> Iterator[str]:
    yield from ("", "## Task types", "", "| name | what | line | codec |", "|---|---|---|---|")
    for name in registry.names("tasks"):
        task = registry.get("tasks", name)
        yield f"| `{name}` | {task.title} | {task.line} | {task.codec} |"
    yield from ("", "## Model families", "", "| name | what | learns | readable | source |", "|---|---|---|---|---|")
    for name in registry.names("families"):
        card = registry.get("families", name).card
        readable = "yes" if card.interpretable else ""
        yield f"| `{name}` | {card.title} | {', '.join(card.tasks)} | {readable} | {card.source} |"


def _metrics() -> Iterator[str]:
    yield from ("", "## Metrics", "", "| name | better | for |", "|---|---|---|")
    for found in metrics.SCORERS.values():
        better = "higher" if found.direction == "maximize" else "lower"
        yield f"| `{found.name}` | {better} | {', '.join(found.tasks)} |"


def _messages() -> Iterator[str]:
    yield from ("", "## Messages between agents", "")
    yield "One envelope: `{id, run, at, sender, to, type, body, in_reply_to}`. The bodies, with their JSON Schema:"
    for kind in get_args(Body):
        schema = TypeAdapter(kind).json_schema()
        yield from ("", f"### `{kind.__name__}`", "", " ".join((kind.__doc__ or "").split()), "")
        yield from ("<details><summary>JSON Schema</summary>", "", "```json", json.dumps(schema, indent=1), "```", "")
        yield "</details>"


if __name__ == "__main__":
    main()
