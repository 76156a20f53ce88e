"""What can be done to annotated texts before models learn from them; the Data agent's procedure chooses."""

from __future__ import annotations

from collections.abc import Mapping

from traineragent.ports import OperationSpec

CATALOGUE: Mapping[str, OperationSpec] = {
    "cut_words": OperationSpec({"level": "string"}, "cuts texts into tokens, at the level words or fine"),
    "cap_texts": OperationSpec({"most": "integer"}, "keeps a random sample of the texts with so many tokens in all"),
    "encode": OperationSpec(
        {"encoder": "string", "seconds": "number?"},
        "has the pretrained encoder in this folder read the tokens, unless that takes longer",
    ),
    "draw_folds": OperationSpec({"folds": "integer"}, "draws validation folds; copies and groups stay together"),
}
