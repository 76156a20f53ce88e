"""Parts of texts: texts become sequences of tokens, one tagger is chosen, the deliverable decodes the best path."""

from __future__ import annotations

from ..ports import Line

PLUGIN = Line(
    name="spans",
    split="traineragent.data.entities.sealing:split_texts",
    select="traineragent.engine.selection:select_single",
    examine="traineragent.agents.spans:examine",
    make="traineragent.agents.spans:make",
    offers="traineragent.engine.spans.offers:offers",
    train="traineragent.engine.spans.training:train",
    build="traineragent.agents.spans:build",
    validate="traineragent.agents.spans:validate",
    evaluate="traineragent.agents.spans:evaluate",
    examples="traineragent.agents.spans:examples",
    operations="traineragent.data.entities.operations:CATALOGUE",
    last_resorts=("frequent_tag",),
    questions={"prepare": "span_prepare", "candidates": "span_candidates"},
    warm=("traineragent.agents.spans",),
)
