"""Tables as light profiles, written in one line: "age:int 18..90, plan:cat basic|plus, note:text, left:yesno"."""

from __future__ import annotations

from traineragent.domain.data import ColumnProfile
from traineragent.domain.task import Request, TaskSpec
from traineragent.language.task import understand

ROWS = 2000


def table(spec: str, rows: int = ROWS) -> tuple[ColumnProfile, ...]:
    """Profiles for "name:kind values" separated by commas; kinds: id, int, float, cat, flag, date, text, constant."""
    return tuple(_column(*part.strip().split(":", 1), rows) for part in spec.split(","))


def read(words: str, columns: str, kind: str = "table") -> TaskSpec:
    """What the words come to over such a table."""
    return understand(Request(words), table(columns, ROWS) if columns else (), ROWS, kind=kind)


def limits(task: TaskSpec) -> dict[str, float]:
    return {r.name: r.limit for r in task.requirements}


def _column(name: str, described: str, rows: int) -> ColumnProfile:
    kind, _, values = described.strip().partition(" ")
    if kind == "id":
        return ColumnProfile(name, "id", 0.0, rows)
    if kind == "text":
        return ColumnProfile(name, "text", 0.0, rows - 10)
    if kind == "date":
        return ColumnProfile(name, "date", 0.0, rows, stats={"first": "2022-01-01", "last": "2024-06-30"})
    if kind == "constant":
        return ColumnProfile(name, "constant", 0.0, 1, top=((values or "0", rows),))
    if kind in ("int", "float"):
        low, high = (float(v) for v in (values or "0..1000").split(".."))
        distinct = int(min(rows, high - low + 1)) if kind == "int" else rows
        facts = {"min": low, "max": high, "median": (low + high) // 2, "mean": (low + high) / 2 + 0.1}
        few = tuple((f"{low + i:g}", rows // distinct) for i in range(distinct)) if distinct <= 20 else ()
        return ColumnProfile(name, "number", 0.0, distinct, stats=facts, top=few)
    labels = (values or ("0|1" if kind == "flag" else "a|b|c")).split("|")
    counts = [rows - (len(labels) - 1) * (rows // (2 * len(labels)))] + [rows // (2 * len(labels))] * (len(labels) - 1)
    meaning = "boolean" if kind == "flag" else "category"
    return ColumnProfile(name, meaning, 0.0, len(labels), top=tuple(zip(labels, counts, strict=True)))
