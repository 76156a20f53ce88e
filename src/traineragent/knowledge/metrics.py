"""Metrics that a user defines in the overlay folder: `metrics/*.yaml`, a name and an expression over counts of right
and wrong answers, over metrics that ship, and over costs of one's own.

    cost_of_churn:
      title: Cost of a wrong answer
      means: What a wrong answer costs on average, in euros.
      values: {miss: 10, alarm: 1}
      expression: (miss * fn + alarm * fp) / rows
      direction: minimize
      said: [cost of churn]

It reads and checks their form; `engine/own.py` computes them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from .force import once_per_overlay, overlay
from .located import Located, plain, read_located, refuse, require_known, require_mapping

COUNTS = {
    "tp": "positive rows that were found",
    "fp": "false alarms",
    "fn": "positive rows that were missed",
    "tn": "negative rows that were left alone",
    "rows": "rows judged",
}
"""What an expression about two classes may count."""
SUMS = {
    "over": "mean of what the answers were too high by",
    "under": "mean of what they were too low by",
    "mean_true": "mean of the true values",
    "mean_answer": "mean of the answers",
    "rows": "rows judged",
}
"""What an expression about values may use."""
OF_VALUES = frozenset(
    {"rmse", "mse", "mae", "median_absolute_error", "max_error", "r2", "mape", "smape", "rmsle", "rmspe"}
    | {"median_absolute_percentage_error", "spearman_correlation", "pearson_correlation"}
)
"""Metrics of values; the other ones that ship are metrics of classes."""
DIRECTIONS = ("maximize", "minimize")
_KEYS = ("title", "means", "expression", "direction", "best", "values", "said", "share")
FORMULAS = Path(__file__).parent / "formulas"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,50}")


@dataclass(frozen=True)
class OwnMetric:
    """A metric as defined. `values`: numbers with names; `best`: the perfect value; `share`: a number from 0 to 1 that
    is read with three decimals; `said`: phrases by which requests name it; `source`: file:line; `ships`: it is one of
    `formulas/`, which speaks up only where it is asked for."""

    name: str
    expression: str
    direction: Literal["maximize", "minimize"]
    source: str
    title: str
    means: str = ""
    best: float = 0.0
    share: bool = False
    values: Mapping[str, float] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    ships: bool = False
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def file(self) -> str:
        return self.source.rpartition(":")[0]

    @property
    def task(self) -> str:
        """ "regression" where it speaks of values, else "classification"."""
        names = {n.id for n in ast.walk(ast.parse(self.expression, mode="eval")) if isinstance(n, ast.Name)}
        return "regression" if names & (OF_VALUES | (set(SUMS) - set(COUNTS))) else "classification"

    def to_json(self) -> dict[str, Any]:
        """What a report says of it."""
        return {
            "title": self.title,
            "means": self.means,
            "direction": self.direction,
            "expression": self.expression,
            "values": dict(self.values),
            "share": self.share,
            "source": "ships with TrainerAgent" if self.ships else self.source,
        }


def own_metrics() -> Mapping[str, OwnMetric]:
    """The metrics that the overlay in force defines, by name. Raises InputError with file and line."""
    return {name: metric for name, metric in formulas().items() if not metric.ships}


@once_per_overlay
def formulas() -> Mapping[str, OwnMetric]:
    """All metrics that are formulas, those that ship and the overlay's, which may define one that ships anew."""
    folder = overlay()
    found = _read(sorted(FORMULAS.glob("*.yaml")), ships=True)
    return {**found, **_read(metric_files(folder) if folder else ())}


def _read(paths: Iterable[Path], ships: bool = False) -> dict[str, OwnMetric]:
    found: dict[str, OwnMetric] = {}
    for path in paths:
        raw = require_mapping(read_located(path), str(path), None, "a file of metrics")
        for name in raw:
            metric = replace(_metric(name, raw[name], str(path), raw.lines[name]), ships=ships)
            if name in found:
                raise refuse(str(path), raw.lines[name], f"{name} is defined in {found[name].source} already")
            found[name] = metric
    return found


def metric_files(folder: Path) -> list[Path]:
    return sorted(p for p in (folder / "metrics").glob("*.y*ml") if p.is_file())


def names_said(folder: Path | None) -> dict[str, Any]:
    """Own metrics as entries of the lexicon of metrics, so that requests can name them."""
    if folder is None:
        return {}
    return {
        m.name: {
            "direction": m.direction,
            "scale": "score" if m.share and m.direction == "maximize" else "error",
            "tasks": [m.task],
            "said": {"any": list(m.said)},
        }
        for m in own_metrics().values()
    }


def _metric(name: str, value: Any, file: str, line: int) -> OwnMetric:
    if not _NAME.fullmatch(name):
        raise refuse(file, line, f"{name!r} is no name for a metric: small letters, digits and underscores")
    raw = require_mapping(value, file, line, name)
    require_known(raw, _KEYS, file, f"the metric {name}")
    for key in ("expression", "direction"):
        if key not in raw:
            raise refuse(file, line, f"the metric {name} needs {key!r}")
    if raw["direction"] not in DIRECTIONS:
        raise refuse(
            file, raw.lines["direction"], f"direction is maximize or minimize, not {plain(raw['direction'])!r}"
        )
    maximize = raw["direction"] == "maximize"
    for key in ("title", "means", "expression"):
        _require(raw, key, str, "a text", file)
    _require(raw, "share", bool, "true or false", file)
    _require(raw, "best", (int, float), "a number", file)
    expression = str(raw["expression"])
    try:
        ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError) as e:
        raise refuse(file, raw.lines["expression"], f"cannot read the expression {expression!r}") from e
    return OwnMetric(
        name=name,
        expression=expression,
        direction=raw["direction"],
        source=f"{file}:{line}",
        title=str(raw.get("title", name.replace("_", " "))),
        means=" ".join(str(raw.get("means", "")).split()),
        best=float(raw.get("best", 1.0 if maximize else 0.0)),
        share=bool(raw.get("share", False)),
        values=_values(raw, file),
        said=_said(raw, name, file),
        lines=dict(raw.lines),
    )


def _require(raw: Located, key: str, kind: type | tuple[type, ...], expected: str, file: str) -> None:
    value = raw.get(key)
    wrong = isinstance(value, bool) and kind is not bool
    if key in raw and (wrong or not isinstance(value, kind)):
        raise refuse(file, raw.lines[key], f"{key} should be {expected}, found {plain(value)!r}")


def _values(raw: Located, file: str) -> dict[str, float]:
    values = require_mapping(raw.get("values"), file, raw.lines.get("values"), "values")
    for key, value in values.items():
        if not key.isidentifier() or key in COUNTS or key in SUMS:
            raise refuse(file, values.lines[key], f"{key!r} cannot be the name of a value")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse(file, values.lines[key], f"{key} should be a number, found {plain(value)!r}")
    return {k: float(v) for k, v in values.items()}


def _said(raw: Located, name: str, file: str) -> tuple[str, ...]:
    given = raw.get("said") or []
    if not isinstance(given, list) or not all(isinstance(p, str) and p.strip() for p in given):
        raise refuse(file, raw.lines["said"], "said should be a list of phrases")
    title = str(raw.get("title", name))
    plainly = [name, name.replace("_", " "), "".join(c if c.isalnum() else " " for c in title).strip().lower()]
    return tuple(dict.fromkeys([*given, *(p for p in plainly if p)]))
