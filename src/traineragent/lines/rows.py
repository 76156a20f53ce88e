"""One answer a row: rows become one typed matrix, models are cross-validated bags, the deliverable is one graph."""

from __future__ import annotations

from ..ports import Line

PLUGIN = Line(
    name="rows",
    split="traineragent.data.sealing:split_rows",
    select="traineragent.engine.selection:select_rows",
    examine="traineragent.agents.rows:examine",
    make="traineragent.agents.rows:make",
    offers="traineragent.engine.offers:offers",
    train="traineragent.engine.rows:train",
    build="traineragent.agents.rows:build",
    validate="traineragent.agents.rows:validate",
    evaluate="traineragent.agents.rows:evaluate",
    explain="traineragent.agents.rows:explain",
    examples="traineragent.agents.rows:examples",
    operations="traineragent.data.operations:CATALOGUE",
    last_resorts=("linear", "dummy"),
    warm=("traineragent.agents.preparation", "traineragent.engine.offers", "traineragent.engine.build"),
)
