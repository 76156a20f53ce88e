"""What is in force for a run: the procedures with the user's overlay over them, and the check of the whole overlay.

Done at the beginning, with the user's own files at hand: what is wrong is said with file and line before any work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from .. import registry
from ..knowledge import prompts
from ..knowledge.checking import check_procedure
from ..knowledge.expression import ExpressionError, Kind, kind_of
from ..knowledge.force import overlaid
from ..knowledge.lexicons import POLICY, added_texts, lexicon
from ..knowledge.located import meant, refuse
from ..knowledge.metrics import own_metrics
from ..knowledge.overlay import overlay_files
from ..knowledge.questions import kind_of_setting, question
from ..knowledge.sop import AGENTS, SCOPES, Procedure, load
from ..ports import OperationSpec

Catalogue = Mapping[str, OperationSpec]
_CATALOGUES = {
    ("data", "collect"): "agents.data:COLLECT",
    ("data", "split"): "agents.data:SPLIT",
    ("model", "experiments"): "agents.experiments:CATALOGUE",
    ("model", "features"): "agents.features:CATALOGUE",
    ("server", "form"): "agents.forms:CATALOGUE",
}
"""Where the operations of a question are; else the CATALOGUE of the agent."""
_NAMED = {"family": "families"}
"""Arguments whose values are plug-ins of a kind."""


def catalogue(agent: str, kind: str) -> Catalogue:
    """The operations that `agent` can carry out when it asks `kind`; those of every line that asks it so."""
    lines = [registry.get("lines", name) for name in registry.names("lines")]
    if agent == "data":
        preparing = [line for line in lines if line.question("prepare") == kind]
        if preparing:
            return {name: spec for line in preparing for name, spec in registry.at(line.operations).items()}
        kind = next((k for k in ("collect", "split") if any(line.question(k) == kind for line in lines)), kind)
    module, _, name = _CATALOGUES.get((agent, kind), f"agents.{agent}:CATALOGUE").partition(":")
    found: Catalogue = registry.at(f"traineragent.{module}:{name}")
    return found


def procedure(agent: str, overlay: Path | None) -> Procedure:
    """The procedure of `agent` with the overlay, checked. Raises InputError with file and line."""
    found = load(agent, overlay)
    _require_scopes(found)
    check_procedure(found, lambda kind: catalogue(agent, kind), _names)
    return found


def _require_scopes(found: Procedure) -> None:
    """Raises InputError for settings of a line or a type of task that there is not."""
    for scope, known in {"by_line": registry.names("lines"), "by_task": registry.names("tasks")}.items():
        for name in found.settings.get(scope, {}):
            if name not in known:
                place = next(p for k, p in found.places.items() if k.startswith(f"{scope}.{name}."))
                file, _, at = place.rpartition(":")
                raise refuse(file, int(at), f"there is no {scope[3:]} {name!r}; {meant(name, known)}")


def check_overlay(folder: Path | None) -> list[Path]:
    """The files of the overlay, all of them sound. Raises InputError with file and line for the first that is not."""
    if folder is None:
        return []
    found = list(overlay_files(folder))
    with overlaid(folder):
        changed = {p.stem for p in found if p.parent.name == "sops"}
        for agent in AGENTS:
            if agent in changed:
                procedure(agent, folder)
        if own_metrics():
            _check_metrics()
        prompts.settings(folder)
        for path in found:
            if path.parent.name == "prompts":
                _check_prompt(path, folder)
            if path.parent.name in ("lexicon", POLICY):
                lexicon(path.stem, path.parent.name)
                _check_phrases(path, folder)
    return found


def _names(argument: str) -> Sequence[str]:
    return _plugins(_NAMED[argument]) if argument in _NAMED else ()


@cache
def _plugins(kind: str) -> tuple[str, ...]:
    return registry.names(kind)


def _check_metrics() -> None:
    from ..engine.own import own_scorers
    from ..language.phrases import problem_of

    own_scorers()
    for metric in own_metrics().values():
        for phrase in metric.said:
            problem = problem_of(phrase)
            if problem:
                raise refuse(metric.file, metric.lines.get("said"), f"the phrase {phrase!r}: {problem}")


def _check_prompt(path: Path, folder: Path) -> None:
    """Its head, its expression and the grammar of its template; what it names is checked when it is written out."""
    prompt = prompts.load(path.stem, folder)
    assert prompt is not None
    prompt.parse()
    agent, _, kind = path.stem.partition(".")
    asked = question(agent, kind) if agent in AGENTS else None
    if asked is not None:
        try:
            kind_of(prompt.when, {**asked.facts, **_settings(agent, folder)})
        except ExpressionError as e:
            raise refuse(str(path), None, f"`when`: {e}") from e


def _settings(agent: str, folder: Path) -> dict[str, Kind]:
    values = load(agent, folder).settings
    return {name: kind_of_setting(value) for name, value in values.items() if name not in SCOPES}


def _check_phrases(path: Path, folder: Path) -> None:
    from ..language.phrases import problem_of

    if path.stem == "rules":
        return
    for text, file, line in added_texts(path.stem, path.parent.name, folder):
        problem = problem_of(text)
        if problem:
            raise refuse(file, line, f"the phrase {text!r}: {problem}")
