"""What a language model had to do with the run: asked, followed, refused, replaced; for the report's last sections."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from .loose import mapping, rows
from .wording import clean, figure, integer, is_number, plural, sentence

AGENTS = {"task": "Task agent", "data": "Data agent", "model": "Model agent", "server": "Server agent"}
LONGEST_SAID = 160


def costs(llm: Mapping[str, Any]) -> str:
    """Calls, tokens and money in one line; "" where nothing is known."""
    calls = llm.get("calls")
    if not is_number(calls):
        return ""
    if not calls and not llm.get("brain"):
        return "none was used; the built-in planner decided"
    cost = llm.get("cost_usd")
    money = f", ${figure(cost)}" if cost else ""
    return f"{plural(int(calls), 'call')}, {integer(llm.get('tokens'))} tokens{money}"


def language_model(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part on the language model, None where none was chosen."""
    llm = mapping(report.get("llm"))
    if not llm.get("brain"):
        return None
    return {
        "name": clean(llm["brain"]),
        "costs": costs(llm),
        "lines": _lines(llm),
        "refused": [_refused(r) for r in rows(llm.get("refused"))],
        "instead": _instead(llm),
    }


def unheard(report: Mapping[str, Any]) -> str:
    """One sentence where a language model was chosen and decided nothing, with the first reason; "" else."""
    llm = mapping(report.get("llm"))
    instead = rows(llm.get("instead"))
    if not llm.get("brain") or llm.get("decided") or llm.get("agreed") or not instead:
        return ""
    name = clean(llm["brain"])
    why = clean(instead[0].get("why")).removeprefix(f"{name}: ")
    return f"{name} gave no answer that could be used, so the planner decided: {why}"


def _lines(llm: Mapping[str, Any]) -> list[str]:
    waited = llm.get("waited_s")
    lines = [
        f"It took {plural(int(llm.get('decided') or 0), 'decision')} of its own and agreed with the plan in "
        f"{plural(int(llm.get('agreed') or 0), 'other')}; every answer passed the same checks as the planner's."
    ]
    if is_number(waited):
        lines.append(f"The run waited {figure(waited)} s for it in all.")
    if llm.get("priced") is False:
        lines.append("Its price is not known here, so calls and tokens were limited and money was not.")
    shared = "It was shown values from the data, as allowed" if llm.get("values_shared") else "No value was shown to it"
    lines.append(f"{shared}: it sees names, kinds, counts, ranges and scores.")
    return lines


def _refused(refused: Mapping[str, Any]) -> dict[str, str]:
    return {"where": _where(refused), "said": clean(refused.get("said"))[:LONGEST_SAID], "why": _why(refused)}


def _instead(llm: Mapping[str, Any]) -> list[dict[str, str]]:
    """Questions that the planner answered in its place, those with the same reason together."""
    found = [(_why(r), _where(r)) for r in rows(llm.get("instead"))]
    found.sort(key=lambda pair: pair[0])
    return [
        {"why": why, "where": ", ".join(dict.fromkeys(where for _, where in group))}
        for why, group in groupby(found, key=lambda pair: pair[0])
    ]


def _where(one: Mapping[str, Any]) -> str:
    agent = clean(one.get("agent"))
    return f"{AGENTS.get(agent, agent)}, {clean(one.get('question')).replace('_', ' ')}"


def _why(one: Mapping[str, Any]) -> str:
    return sentence(one.get("why") or "")
