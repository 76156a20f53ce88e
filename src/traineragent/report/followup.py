"""What a follow-up changed, beside the deliveries before it, as values ready to print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loose import mapping, rows, texts
from .trials import family_title
from .wording import clean, duration, figure, is_number, metric_title, names_in, of_names, score


def follow_up(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """None for a first delivery."""
    if not report.get("follow_up"):
        return None
    return {
        "words": clean(report["follow_up"]),
        "changes": [of_names(c.get("text") or "", names_in(report)) for c in rows(report.get("changes"))],
        "reused": ", ".join(texts(report.get("reused"))),
        "stands": "" if report.get("metric") else "The delivery before it stands as it was.",
        "deliveries": [_delivery(d) for d in (*rows(report.get("earlier")), *_own(report))],
    }


def _own(report: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The delivery that the report is about, in the form of the earlier ones; none where nothing was delivered."""
    return (_of(report),) if report.get("metric") else ()


def _of(report: Mapping[str, Any]) -> dict[str, Any]:
    metric, model = mapping(report.get("metric")), mapping(report.get("model"))
    return {
        "revision": report.get("revision"),
        "words": report.get("follow_up"),
        "metric": metric.get("name"),
        "value": metric.get("value"),
        "size_mb": model.get("size_mb"),
        "model": model.get("family"),
        "seconds": mapping(report.get("seconds")).get("total"),
    }


def _delivery(d: Mapping[str, Any]) -> dict[str, str]:
    name = str(d.get("metric") or "")
    measured = f"{metric_title(name)} {score(d['value'], name)}" if name and is_number(d.get("value")) else ""
    return {
        "revision": clean(d.get("revision")),
        "words": clean(d.get("words") or ""),
        "score": measured,
        "size": f"{figure(d['size_mb'])} MB" if is_number(d.get("size_mb")) else "",
        "model": family_title(d["model"]) if d.get("model") else "",
        "time": duration(d["seconds"]) if is_number(d.get("seconds")) else "",
    }
