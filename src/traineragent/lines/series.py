"""Values over time: candidates are judged from twenty starting points, formulas and graphs meet in the server."""

from __future__ import annotations

from ..ports import Line

PLUGIN = Line(
    name="series",
    split="traineragent.series.split:split_series",
    select="traineragent.series.selection:select_series",
    examine="traineragent.series.prepare:examine",
    make="traineragent.series.prepare:make",
    offers="traineragent.series.train:offers",
    train="traineragent.series.train:train",
    build="traineragent.series.build:build",
    validate="traineragent.series.build:validate",
    evaluate="traineragent.series.holdout:evaluate",
    refresh="traineragent.series.build:refresh",
    examples="traineragent.series.build:examples",
    operations="traineragent.series.operations:CATALOGUE",
    last_resorts=("seasonal_naive", "naive"),
    questions={"split": "series_split", "prepare": "series_prepare", "candidates": "series_candidates"},
    warm=("traineragent.series.prepare", "traineragent.series.train", "traineragent.series.build"),
)
