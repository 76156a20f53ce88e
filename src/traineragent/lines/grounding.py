"""Phrases to boxes: pictures become one array, candidates learn to find words, rules choose among what they find."""

from __future__ import annotations

from ..ports import Line

PLUGIN = Line(
    name="grounding",
    split="traineragent.data.grounding.sealing:split_phrases",
    select="traineragent.engine.selection:select_single",
    examine="traineragent.agents.grounding:examine",
    make="traineragent.agents.grounding:make",
    offers="traineragent.agents.grounding:offers",
    train="traineragent.engine.grounding.training:train",
    build="traineragent.agents.grounding:build",
    validate="traineragent.agents.grounding:validate",
    evaluate="traineragent.agents.grounding:evaluate",
    examples="traineragent.agents.grounding:examples",
    operations="traineragent.agents.grounding:CATALOGUE",
    last_resorts=("likely_box",),
    questions={"prepare": "grounding_prepare", "candidates": "grounding_candidates"},
    warm=("traineragent.agents.grounding",),
)
