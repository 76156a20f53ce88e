"""The section on how to use the delivered bundle: commands that work as they stand, with a row made from the data."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .loose import items, mapping, rows
from .wording import clean, is_number, new_data

FILES = (
    ("bundle/README.md", "how to run and call it"),
    ("bundle/MODEL_CARD.md", "what it is for, its limits"),
    ("bundle/openapi.json", "the service's interface"),
    ("report.json", "this report for programs"),
    ("task.json", "the task as understood"),
)
EXAMPLE_COLUMNS = 40  # a longer row drowns the command it belongs to


def usage(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where no bundle was delivered. Paths are relative to the run folder's parent: a report may travel."""
    bundle = report.get("bundle")
    if not bundle or not str(report.get("status", "")).startswith("delivered"):
        return None
    run = PurePath(str(bundle)).parent.name or "."
    example = example_row(report, evidence)
    body = json.dumps({"rows": [example]}, ensure_ascii=False)
    curl = (
        f"curl -s http://127.0.0.1:8000/predict \\\n  -H 'Content-Type: application/json' \\\n  -d {shlex.quote(body)}"
    )
    return {
        "serve": f"traineragent serve {shlex.quote(run)} --port 8000",
        "curl": clean(curl) if example else "",
        "predict": f"traineragent predict {shlex.quote(run)} --data {new_data(report)} --out answers.csv",
        "python": f"import traineragent as ta\n\nmodel = ta.load({run!r})\nmodel.predict(new_rows)",
        "files": [{"href": href, "what": what} for href, what in FILES],
        "run": clean(run),
    }


def example_row(report: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """A typical row: the one in the report, else medians and most frequent values from the profile."""
    given = mapping(report.get("example"))
    if given:
        return {clean(k): v for k, v in list(given.items())[:EXAMPLE_COLUMNS]}
    inputs = {str(c) for c in items(mapping(mapping(report.get("task")).get("data_info")).get("inputs"))}
    out: dict[str, Any] = {}
    for column in rows(mapping(evidence.get("profile")).get("columns"))[: EXAMPLE_COLUMNS * 2]:
        name = clean(column.get("name"))
        if column.get("meaning") in ("target", "id", "constant", "empty") or (inputs and name not in inputs):
            continue
        value = _typical(column)
        if value is not None and len(out) < EXAMPLE_COLUMNS:
            out[name] = value
    return out


def _typical(column: Mapping[str, Any]) -> Any:
    stats, top = mapping(column.get("stats")), items(column.get("top"))
    if is_number(stats.get("median")):
        median = float(stats["median"])
        return int(median) if median.is_integer() else round(median, 4)
    if top and items(top[0]):
        return clean(top[0][0])
    return clean(stats["first"]) if stats.get("first") else None
