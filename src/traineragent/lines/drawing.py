"""New pictures from words: small pictures become one array, candidates learn to draw, and a judge compares."""

from __future__ import annotations

from ..ports import Line

PLUGIN = Line(
    name="drawing",
    split="traineragent.data.sealing:split_pictures",
    select="traineragent.engine.selection:select_single",
    examine="traineragent.agents.drawing:examine",
    make="traineragent.agents.drawing:make",
    offers="traineragent.agents.drawing:offers",
    train="traineragent.engine.drawing:train",
    build="traineragent.agents.drawing:build",
    validate="traineragent.agents.drawing:validate",
    evaluate="traineragent.agents.drawing:evaluate",
    examples="traineragent.agents.drawing:examples",
    operations="traineragent.agents.drawing:CATALOGUE",
    last_resorts=("pixel_gaussian",),
    questions={"prepare": "drawing_prepare", "candidates": "drawing_candidates"},
    warm=("traineragent.agents.drawing",),
)
