"""The section on the search: every trial, score over time, and what the delivered model is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import charts
from .loose import mapping, rows
from .wording import clean, duration, figure, is_number, lower_is_better, metric_title, percent, plural, score, sentence

SHOWN_TRIALS = 12
FAMILIES = {
    "lightgbm": "LightGBM",
    "mlp": "Neural network",
    "knn": "Nearest neighbours",
    "svm": "Support vectors",
    "term_linear": "Linear on words",
    "transformer": "Fine-tuned encoder",
    "linear_chain": "Random field",
    "encoder_chain": "Encoder and random field",
    "tuned_chain": "Fine-tuned encoder and random field",
    "cnn": "Convolutional network",
    "finetuned": "Fine-tuned network",
    "probe": "Linear on views",
    "pixel_gaussian": "Gaussian of pixels",
    "flow_matching": "Rectified flow",
    "lora_diffusion": "Fine-tuned Stable Diffusion",
    "grounding_dino": "Grounding DINO",
    "phrase_grid": "Detector told by words",
}
"""Names that do not read well as written in code; all others are shown with spaces and a capital."""

STATUS = {"done": "finished", "pruned": "stopped early", "timeout": "out of time", "failed": "failed"}


def family_title(name: Any) -> str:
    text = clean(name)
    return FAMILIES.get(text, text[:1].upper() + text[1:].replace("_", " "))


def tried(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    board = rows(report.get("leaderboard"))
    if not board:
        return None
    name = str(next((e["metric"] for e in board if e.get("metric")), mapping(report.get("metric")).get("name")))
    lower = lower_is_better(name)
    for_ranking = sorted(board, key=lambda e: _rank(e, lower, name))
    entries = [_entry(place, e, name) for place, e in enumerate(for_ranking, 1)]
    model = mapping(report.get("model"))
    selection = mapping(evidence.get("selection"))
    why = selection.get("why") or model.get("why") or model.get("decision")
    return {
        "metric": metric_title(name),
        "lower": lower,
        "shown": entries[:SHOWN_TRIALS],
        "more": entries[SHOWN_TRIALS:],
        "counts": _counts(board),
        "timeline": _timeline(board, evidence, name, lower),
        "members": _members(model),
        "why": sentence(why) if why else "",
    }


def _value(entry: Mapping[str, Any], name: str) -> float | None:
    """The score in the metric's own direction; the search keeps errors negated."""
    value = entry.get("score")
    if not is_number(value):
        return None
    return abs(float(value)) if lower_is_better(name) else float(value)


def _rank(entry: Mapping[str, Any], lower: bool, name: str) -> tuple[bool, bool, float]:
    value = _value(entry, name)
    if value is None:
        return True, True, 0.0
    return False, entry.get("status") not in ("done", None), value if lower else -value


def _entry(place: int, e: Mapping[str, Any], name: str) -> dict[str, Any]:
    status = str(e.get("status") or "done")
    weight = e.get("weight")
    value = _value(e, name)
    return {
        "place": str(place) if value is not None else "",
        "trial": clean(e.get("trial", "")),
        "family": family_title(e.get("family")),
        "origin": clean(e.get("origin") or "").replace("_", " "),
        "score": score(value, name),
        "seconds": duration(e.get("seconds")),
        "size": f"{figure(e['size_mb'])} MB" if is_number(e.get("size_mb")) and e["size_mb"] else "",
        "status": STATUS.get(status, clean(status)),
        "done": status == "done",
        "weight": percent(weight) if is_number(weight) and weight else "",
        "note": sentence(e["note"]) if e.get("note") else "",
        "params": ", ".join(f"{clean(k)} {_setting(v)}" for k, v in sorted(mapping(e.get("params")).items())),
    }


def _setting(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " + ".join(map(_setting, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figure(value) if is_number(value) else clean(value)


def _counts(board: list[Mapping[str, Any]]) -> str:
    """One sentence on how many trials came to what end."""
    ends: dict[str, int] = {}
    for e in board:
        status = str(e.get("status") or "done")
        ends[STATUS.get(status, clean(status))] = ends.get(STATUS.get(status, clean(status)), 0) + 1
    families = len({family_title(e.get("family")) for e in board})
    said = ", ".join(f"{n} {words}" for words, n in ends.items())
    return (
        f"{len(board)} trials of {plural(families, 'model family', 'model families')}: {said}."
        if len(board) > 1
        else f"One trial: {said}."
    )


def _timeline(
    board: list[Mapping[str, Any]], evidence: Mapping[str, Any], name: str, lower: bool
) -> dict[str, Any] | None:
    """Score over time, from each trial's own score and the second it ended."""
    own = {clean(e.get("trial")): _value(e, name) for e in board}
    trials = []
    for t in rows(evidence.get("timeline")):
        value = own.get(clean(t.get("trial")))
        value = _value(t, name) if value is None else value
        if value is not None and is_number(t.get("seconds")):
            trials.append(
                {
                    "seconds": t["seconds"],
                    "score": value,
                    "trial": t.get("trial"),
                    "family": family_title(t.get("family")),
                }
            )
    if len(trials) < 2:
        return None
    every = [t["family"] for t in trials]
    families = sorted(dict.fromkeys(every), key=lambda f: -every.count(f))
    legend = [
        {"name": f, "css": charts.series_class(k), "share": ""} for k, f in enumerate(families[: charts.SERIES - 1])
    ]
    if len(families) >= charts.SERIES:
        rest = families[charts.SERIES - 1 :]
        legend.append(
            {"name": rest[0] if len(rest) == 1 else "others", "css": charts.series_class(charts.SERIES), "share": ""}
        )
    return {"chart": charts.score_over_time(trials, families, name, lower), "legend": legend}


def _members(model: Mapping[str, Any]) -> dict[str, Any] | None:
    members = [m for m in rows(model.get("ensemble_of")) if is_number(m.get("weight")) and m["weight"] > 0]
    if len(members) < 2:
        return None
    members.sort(key=lambda m: -m["weight"])
    names = [f"{family_title(m.get('family'))} · trial {clean(m.get('trial', ''))}" for m in members]
    parts = list(zip(names, (float(m["weight"]) for m in members), strict=True))
    legend = [{"name": n, "css": charts.series_class(k), "share": percent(w)} for k, (n, w) in enumerate(parts)]
    return {"bar": charts.stacked(parts, "Weights of the ensemble's members"), "legend": legend}
