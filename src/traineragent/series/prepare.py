"""Makes series ready for learning: from sealed rows to a panel, with what was found wrong and what was done about it.

Called by name where trials run (see `ports.Line`); it knows nothing of procedures or journals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..data.frames import read_frame
from ..data.meaning import Reading, read_columns
from ..data.profile import profile_table
from ..data.target import target_values
from ..data.wordlists import fold_words, name_words
from ..domain.data import Column, Removal, TableProfile, Target
from ..domain.run import Operation
from ..errors import InputError
from ..knowledge.lexicons import lexicon
from ..serve.series.covariates import Covariate
from ..serve.series.timeline import Timeline
from ..store.files import read_json, write_json
from ..store.typed import read_value, write_value
from .axis import row_keys, steps_on
from .covariates import covariate_of, gathered
from .horizon import found_season, season_of
from .panel import NUMBERS, Float64, Panel, filled, gather

MOST_CELLS = 50_000_000
FEWEST = 8
WRITTEN = ("columns.json", "profile.json", "prepared.json", *(f"prepared/{n}" for n in ("values.npy", "known.npy")))


@dataclass(frozen=True)
class Rows:
    """Sealed rows with their place: `series` and `step` (rows,), -1 where there is none; `y` (rows,)."""

    frame: pd.DataFrame
    readings: Mapping[str, Reading]
    target: Target
    y: Float64
    series: np.ndarray
    step: np.ndarray
    facts: Mapping[str, Any]

    @property
    def timeline(self) -> Timeline:
        return Timeline.from_json(self.facts["timeline"])


def open_rows(folder: Path, names: Sequence[str]) -> Rows:
    """The rows in the Parquet files `names` below `folder`/data, placed on the axis that was found before the split."""
    data = folder / "data"
    frame = pd.concat([read_frame(data / name) for name in names], ignore_index=True)
    facts = read_json(data / "split.json")["facts"]
    target = read_value(data / "target.json", Target)
    readings = read_columns(frame)
    timeline = Timeline.from_json(facts["timeline"])
    step = steps_on(timeline, readings[facts["time"]])
    number = {tuple(k): i for i, k in enumerate(facts["keys"])}
    keys = row_keys(readings, facts["key_names"], len(frame))
    series = np.array([number.get(k, -1) for k in keys], dtype=np.int64)
    y = target_values(frame[target.name], target)
    return Rows(frame, readings, target, y, series, np.where(series < 0, -1, step), facts)


def examine(folder: str, task: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What a procedure may ask about the series; the profile of the columns goes to profile.json."""
    data = Path(folder) / "data"
    rows = open_rows(Path(folder), ["train.parquet"])
    split = read_json(data / "split.json")
    gathered = rows.facts["doubled"] > 0
    profile = profile_table(rows.frame, rows.target, seed=seed, readings=rows.readings, gathered=gathered)
    profile = replace(profile, warnings=(*profile.warnings, *rows.facts["notes"], *split["notes"]))
    write_value(data / "profile.json", profile, TableProfile)
    shape = _shape(rows)
    values, known = gather(rows.series, rows.step, rows.y, shape, "mean")
    inside = _inside(values)
    counts = known.sum(axis=1)
    facts = {
        "rows": len(rows.frame),
        "series": int((counts > 0).sum()),
        "steps": shape[1],
        "horizon": rows.facts["horizon"],
        "season": season_of(rows.timeline, shape[1]) if not rows.timeline.counted else found_season(values),
        "doubled": rows.facts["doubled"],
        "coarser": rows.facts["coarser"],
        "irregular": rows.facts["irregular"],
        "additive": adds_up(rows.target.name, bool(rows.facts["coarser"]) and rows.target.nonnegative),
        "gaps": int((inside & ~known).sum()),
        "gap_share": float((inside & ~known).sum() / max(inside.sum(), 1)),
        "short_series": int((counts < FEWEST).sum()),
        "fewest": FEWEST,
        "step_word": rows.timeline.word,
    }
    return {"facts": facts, "leaks": 0}


def adds_up(target: str, coarser: bool) -> bool:
    """Whether values of one moment are summed, by the words in the target's name. `coarser`: rows are finer than the
    series that were asked for, so that they are summed unless the name speaks of prices, rates, levels …"""
    words = set(fold_words(" ".join(name_words(target))).split())
    said = {fold_words(w) for w in lexicon("series")["additive"]}
    against = {fold_words(w) for w in lexicon("series")["not_additive"]}
    if words & against:
        return False
    return coarser or bool(words & said) or any(w in target for w in said if not w.isascii())


def _shape(rows: Rows) -> tuple[int, int]:
    """(series, steps up to the last known value). Raises InputError where that is too much to hold."""
    answered = np.isfinite(rows.y) & (rows.step >= 0)
    steps = int(rows.step[answered].max()) + 1
    series = len(rows.facts["keys"])
    if series * steps > MOST_CELLS:
        raise InputError(
            f"{series:,} series of {steps:,} {rows.timeline.word}s are more than can be held; give fewer series or "
            "coarser steps",
            column=rows.facts["time"],
        )
    return series, steps


def _inside(values: Float64) -> np.ndarray:
    """Cells between the first and the last known value of their series."""
    seen = np.isfinite(values)
    before = np.maximum.accumulate(seen, axis=1)
    after = np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(before & after)


def make(folder: str, task: Mapping[str, Any], operations: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Carries out the operations and writes the panel. Returns its facts and the names of the files below `folder`."""
    data = Path(folder) / "data"
    rows = open_rows(Path(folder), ["train.parquet"])
    done = _settings([Operation(**o) for o in operations])
    panel, removed, notes = make_panel(rows, done, rows.facts["horizon"])
    panel.save(data / "prepared")
    write_value(data / "columns.json", (), tuple[Column, ...])
    profile = read_value(data / "profile.json", TableProfile)
    write_value(data / "profile.json", replace(profile, warnings=(*profile.warnings, *notes)), TableProfile)
    facts = {
        "rows": int(panel.known.sum()),
        "series": panel.series,
        "steps": panel.steps,
        "horizon": panel.horizon,
        "season": panel.season,
        "positive": panel.positive,
        "known_ahead": len(panel.covariates),
        "classes": 0,
    }
    write_json(data / "prepared.json", {"removed": [asdict(r) for r in removed], "facts": facts, "settings": done})
    written = [*WRITTEN, "prepared/panel.json", *([f"prepared/{NUMBERS}"] if panel.numbers is not None else [])]
    return {"facts": facts, "files": [f"data/{name}" for name in written]}


def _settings(operations: Sequence[Operation]) -> dict[str, Any]:
    """What the operations come to."""
    done: dict[str, Any] = {"how": "mean", "season": 1, "bridge": False, "fewest": 0, "newest": None, "ahead": True}
    for operation in operations:
        match operation.do:
            case "gather":
                done["how"] = operation.args["how"]
            case "set_season":
                done["season"] = operation.args["steps"]
            case "bridge_gaps":
                done["bridge"] = True
            case "keep_newest":
                done["newest"] = operation.args["steps"]
            case "leave_known_ahead":
                done["ahead"] = False
            case "drop_short_series":
                done["fewest"] = operation.args["fewest"]
            case other:
                raise AssertionError(f"there is no operation {other} on series")
    return done


def make_panel(
    rows: Rows, done: Mapping[str, Any], horizon: int, covariates: tuple[Covariate, ...] | None = None
) -> tuple[Panel, tuple[Removal, ...], tuple[str, ...]]:
    """(panel, rows taken out, notes) of sealed rows; `done` as the operations left it, `covariates` where it is known
    how they are read."""
    shape = _shape(rows)
    values, known = gather(rows.series, rows.step, rows.y, shape, done["how"])
    notes = _forget_older(values, known, done["newest"], rows.timeline)
    removed: list[Removal] = []
    gaps = int((_inside(values) & ~known).sum())
    if gaps and not done["bridge"]:
        raise InputError(f"{gaps:,} values are missing between known ones; the procedure must bridge them")
    if gaps:
        missing = f"{gaps:,} missing {rows.timeline.word}s between known values"
        notes.append(f"{missing} were filled in; none of them counts in a score")
    if rows.facts["doubled"] > 0:
        notes.append(f"{rows.facts['doubled']:.1%} of the rows share their moment; their {done['how']} is taken")
    values = filled(values, int(done["season"]))
    keep = known.sum(axis=1) >= max(int(done["fewest"]), 1)
    if not keep.any():
        raise InputError(f"no series has {done['fewest']} known values; give a longer history")
    if not keep.all():
        short = int(known[~keep].sum())
        removed.append(Removal("rows of short series", short, f"{int((~keep).sum())} series have too few values"))
    if covariates is None:
        covariates = found_covariates(rows) if done["ahead"] else ()
    numbers = known_numbers(rows, shape, covariates)
    keys = tuple(tuple(k) for k, used in zip(rows.facts["keys"], keep, strict=True) if used)
    facts = {
        "nonnegative": rows.target.nonnegative,
        "key_names": list(rows.facts["key_names"]),
        "time": rows.facts["time"],
        "gather": done["how"],
        "irregular": rows.facts["irregular"] > 0,
        "shaped": rows.facts["shaped"],
    }
    season = int(done["season"])
    panel = Panel(values[keep], known[keep], keys, rows.timeline, horizon, season, facts)
    if numbers is not None:
        panel = replace(panel, covariates=covariates, numbers=numbers[keep])
    return panel, tuple(removed), (*notes, *_unused(rows))


def _forget_older(values: Float64, known: np.ndarray, newest: int | None, timeline: Timeline) -> list[str]:
    """Takes out, in place, what lies before the `newest` steps; steps keep their numbers. Returns what to say of it."""
    older = values.shape[1] - newest if newest is not None else 0
    if older <= 0:
        return []
    values[:, :older], known[:, :older] = np.nan, False
    return [f"only the newest {newest:,} {timeline.word}s are learned from; {older:,} older ones are left out"]


def found_covariates(rows: Rows) -> tuple[Covariate, ...]:
    """The columns that are known ahead, as they can be read."""
    found = [covariate_of(rows.readings[n]) for n in rows.facts["future"] if n in rows.readings]
    return tuple(c for c in found if c is not None)


def known_numbers(rows: Rows, shape: tuple[int, int], covariates: Sequence[Covariate]) -> Float64 | None:
    """What is known ahead (series, steps, numbers) up to the last row; None where there is nothing, or too much."""
    until = max(shape[1], int(rows.step.max()) + 1)
    if not covariates or shape[0] * until * sum(c.width for c in covariates) > MOST_CELLS:
        return None
    texts = {c.name: cells_of(rows.frame[c.name]) for c in covariates}
    return gathered(covariates, texts, rows.series, rows.step, (shape[0], until))


def cells_of(column: pd.Series) -> list[str | None]:
    """The texts of a column, None where there is none."""
    return [c if isinstance(c, str) else None for c in column.astype(object)]


def _unused(rows: Rows) -> tuple[str, ...]:
    """What the report says of columns that nobody knows ahead."""
    used = {rows.target.name, rows.facts["time"], *rows.facts["key_names"], *rows.facts["future"]}
    left = [
        n for n, r in rows.readings.items() if n not in used and r.meaning not in ("id", "constant", "empty", "date")
    ]
    if not left:
        return ()
    shown = ", ".join(left[:6]) + (", …" if len(left) > 6 else "")
    return (f"nothing says that {shown} will be known for the steps ahead; a forecast does not use them",)
