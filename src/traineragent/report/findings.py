"""The section on the data: what was read, what was taken out and why, leaks, warnings, and every column at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from ..domain.data import are_years, ties_rows
from . import charts
from .loose import items, mapping, numbers, rows, texts
from .wording import LEAKS, LEAKS_OF_ROWS, clean, figure, integer, is_number, percent, plural, sentence

SHOWN_COLUMNS = 30
SHOWN_CLASSES = 15


def findings(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    data, profile = mapping(report.get("data")), mapping(evidence.get("profile"))
    reading = texts(evidence.get("reading"))
    if not (data.get("rows_read") or profile or reading):
        return None
    leaks = rows(data.get("leaks")) or rows(profile.get("leaks"))
    warnings = texts([*items(data.get("warnings")), *items(profile.get("warnings"))])
    columns = _columns(profile, report, evidence, leaks)
    return {
        "tiles": _tiles(data, profile),
        "removed": [
            {
                "what": sentence(r.get("what") or "").rstrip("."),
                "rows": integer(r.get("rows")),
                "why": sentence(r.get("why") or ""),
            }
            for r in rows(data.get("removed"))
        ],
        "leaks": [_leak(one) for one in leaks if not ties_rows(one)],
        "ties": [_leak(one) for one in leaks if ties_rows(one)],
        "warnings": [sentence(w, capital=False) for w in warnings if w not in reading],
        "reading": [sentence(line, capital=False) for line in reading],
        "drift": [_drift(d) for d in rows(profile.get("drift"))],
        "files": [_file(f) for f in rows(data.get("files"))],
        "holdout": _holdout(mapping(data.get("holdout"))),
        "target": _target(profile, report),
        "columns": columns[:SHOWN_COLUMNS],
        "more_columns": columns[SHOWN_COLUMNS:],
        "profiled_rows": integer(profile.get("rows")) if profile else "",
    }


def _tiles(data: Mapping[str, Any], profile: Mapping[str, Any]) -> list[dict[str, str]]:
    removed = sum(r["rows"] for r in rows(data.get("removed")) if is_number(r.get("rows")))
    held = mapping(data.get("holdout")).get("holdout_rows")
    found = [
        ("rows read", integer(data.get("rows_read")), is_number(data.get("rows_read"))),
        ("rows removed", integer(removed), removed > 0),
        ("rows used", integer(data.get("rows_used")), bool(data.get("rows_used"))),
        ("rows sealed for the final score", integer(held), is_number(held)),
        ("columns", integer(len(rows(profile.get("columns")))), bool(profile.get("columns"))),
    ]
    return [{"title": title, "value": value} for title, value, there in found if there]


def _leak(one: Mapping[str, Any]) -> dict[str, str]:
    kind = str(one.get("kind"))
    rows_meant = str(one.get("column")).startswith("(")  # "(rows)" stands for whole rows
    return {
        "column": clean(one.get("column")),
        "named": "" if rows_meant else clean(one.get("column")),
        "kind": (LEAKS_OF_ROWS if rows_meant else LEAKS).get(kind, LEAKS.get(kind, clean(kind).replace("_", " "))),
        "evidence": sentence(one.get("evidence") or "", capital=False),
        "action": clean(one.get("action") or ""),
    }


def _drift(one: Mapping[str, Any]) -> str:
    given = one.get("words") or one.get("text") or one.get("evidence")
    if given:
        return sentence(given)
    return sentence(", ".join(f"{clean(k)}: {figure(v) if is_number(v) else clean(v)}" for k, v in one.items()))


HOLDOUTS = {
    "stratified": "rows drawn at random with each class in proportion",
    "grouped": "whole groups of rows",
    "by_time": "the newest rows",
    "last": "the last rows",
    "given": "the rows that were given for it",
}
"""How rows were chosen, where nothing more is said."""


def _holdout(holdout: Mapping[str, Any]) -> str:
    said = clean(holdout.get("why") or "") or HOLDOUTS.get(clean(holdout.get("how") or ""), "")
    return sentence(f"Sealed away for the final score: {said}") if said else ""


def _file(one: Mapping[str, Any]) -> dict[str, str]:
    kinds = [one.get("format"), one.get("encoding"), one.get("compressed"), one.get("sheet")]
    return {
        "name": PurePath(clean(one.get("name") or one.get("path") or "")).name,
        "kind": ", ".join(clean(k) for k in kinds if k),
        "rows": integer(one.get("rows")),
        "columns": integer(one.get("columns")),
        "role": clean(one.get("role") or ""),
        "digest": clean(one.get("sha256") or "")[:12],
    }


# -------------------------------------------------------------------------------------------------------------- target
def _target(profile: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any] | None:
    name = clean(profile.get("target") or report.get("target") or "")
    classes = [(clean(c[0]), c[1]) for c in items(profile.get("class_counts")) if _counted(c)]
    if classes:
        return _class_target(name, classes)
    stats = mapping(profile.get("target_stats"))
    own = next((c for c in rows(profile.get("columns")) if c.get("name") == profile.get("target")), {})
    histogram = mapping(stats.get("histogram")) or mapping(own.get("histogram"))
    edges, counts = numbers(histogram.get("edges")), numbers(histogram.get("counts"))
    ends = [stats[k] if is_number(stats.get(k)) else None for k in ("min", "max")]
    written = [(k, are_years(*ends) and k != "std") for k in ("min", "median", "mean", "max", "std")]
    facts = [(k, figure(stats[k], years)) for k, years in written if is_number(stats.get(k))]
    if not facts and not counts:
        return None
    chart = charts.histogram(edges, counts, name, f"Distribution of {name}") if _complete(edges, counts) else None
    return {"name": name, "classes": [], "chart": chart, "facts": facts}


def _counted(value: Any) -> bool:
    return len(items(value)) == 2 and is_number(value[1])


def _complete(edges: list[float], counts: list[float]) -> bool:
    return len(counts) > 0 and len(edges) == len(counts) + 1


def _class_target(name: str, classes: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = sum(n for _, n in classes) or 1
    largest = max(n for _, n in classes) or 1
    shown = sorted(classes, key=lambda c: -c[1])
    lines = [
        {
            "label": label or "(empty text)",
            "rows": integer(count),
            "share": percent(count / whole),
            "bar": charts.bar(count / largest, label=f"{label}: {plural(count, 'row')}", width=420),
        }
        for label, count in shown[:SHOWN_CLASSES]
    ]
    rest = shown[SHOWN_CLASSES:]
    few = integer(sum(n for _, n in rest))
    more = f"and {plural(len(rest), 'smaller class', 'smaller classes')} with {few} rows together"
    return {"name": name, "classes": lines, "chart": None, "facts": [], "more": more if rest else ""}


# ------------------------------------------------------------------------------------------------------------- columns
def _columns(
    profile: Mapping[str, Any],
    report: Mapping[str, Any],
    evidence: Mapping[str, Any],
    leaks: list[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """One line a column: the target first, then by relation to it, unused columns last."""
    ignored = {
        clean(c.get("column")): clean(c.get("why") or "")
        for c in rows(mapping(mapping(report.get("task")).get("data_info")).get("ignored"))
    }
    ignored |= _dropped(evidence)
    ignored |= {clean(one.get("column")): "gives the answer away" for one in leaks if one.get("action") == "dropped"}
    found = [_column(c, ignored) for c in rows(profile.get("columns"))]
    return sorted(found, key=lambda c: (not c["is_target"], c["unused"], -c["strength"]))


def _dropped(evidence: Mapping[str, Any]) -> dict[str, str]:
    """Columns that a decision dropped, with its reason."""
    mark = "drop_column column="
    return {
        clean(d.get("what")).split(mark, 1)[1]: clean(d.get("why") or "")
        for d in rows(evidence.get("decisions"))
        if mark in clean(d.get("what"))
    }


WITHOUT_RELATION = ("text", "image")
"""What lies in such cells is measured by models, not by the cells as values."""


def _column(column: Mapping[str, Any], ignored: Mapping[str, str]) -> dict[str, Any]:
    name, meaning = clean(column.get("name")), clean(column.get("meaning") or "")
    missing = column.get("missing_share")
    relation = None if meaning in WITHOUT_RELATION else column.get("relation")
    notes = [sentence(n) for n in texts(column.get("notes"))]
    if name in ignored:
        notes = [sentence(f"not used: {ignored[name]}" if ignored[name] else "not used")]
    strength = float(relation) if is_number(relation) else -1.0
    return {
        "name": name or "(no name)",
        "meaning": meaning,
        "is_target": meaning == "target",
        "unused": name in ignored,
        "missing": percent(missing) if is_number(missing) else "",
        "missing_bar": charts.bar(missing, "fill-2", f"{percent(missing)} missing", 56) if missing else "",
        "distinct": integer(column.get("distinct")),
        "picture": _picture(column, name),
        "range": _range(column),
        "relation": f"{relation:.2f}" if is_number(relation) else "",
        "relation_bar": charts.bar(relation, label=f"relation {relation:.2f}", width=56) if is_number(relation) else "",
        "strength": strength,
        "notes": notes,
    }


def _picture(column: Mapping[str, Any], name: str) -> Markup | str:
    histogram = mapping(column.get("histogram"))
    edges, counts = numbers(histogram.get("edges")), numbers(histogram.get("counts"))
    if _complete(edges, counts):
        return charts.spark(counts, f"Distribution of {name}", edges)
    top = [t for t in items(column.get("top")) if _counted(t)]
    return charts.spark([t[1] for t in top], f"Most frequent values of {name}") if len(top) > 1 else ""


def _range(column: Mapping[str, Any]) -> str:
    """Smallest, middle and largest value of a number, or the most frequent values."""
    stats = mapping(column.get("stats"))
    numeric = column.get("meaning") == "number" or not items(column.get("top"))
    if numeric and is_number(stats.get("min")) and is_number(stats.get("max")):
        years = are_years(stats["min"], stats["max"])
        middle = f" … {figure(stats['median'], years)}" if is_number(stats.get("median")) else ""
        return f"{figure(stats['min'], years)}{middle} … {figure(stats['max'], years)}"
    if stats.get("first") is not None:
        return f"{clean(stats['first'])} … {clean(stats.get('last'))}"
    top = [clean(t[0]) for t in items(column.get("top")) if len(items(t)) == 2]
    if column.get("meaning") == "image":
        top = [PurePath(t).name for t in top]  # where the files lay is nobody else's business
    words = [t if len(t) <= 24 else t[:23] + "…" for t in top[:3]]
    return ", ".join(words) + (", …" if len(top) > 3 else "")
