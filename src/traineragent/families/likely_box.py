"""The box that fits most phrases, whatever they say and whatever is in the picture: what any model has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.grounding.phraseset import PhraseSet
from ..engine.grounding.scoring import each, trivial
from ..engine.grounding.training import Grounder, GroundingContext
from ..ports import Card


class LikelyBox:
    card = Card(name="likely_box", title="Most likely box", tasks=("visual_grounding",), licence="Apache-2.0")

    def lacks(self) -> str:
        """Nothing must be installed."""
        return ""

    def space(self, phrases: PhraseSet) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], phrases: PhraseSet, context: GroundingContext) -> Grounder:
        """The best of the rules without eyes on the boxes that are not held."""
        boxes = phrases.boxes[~phrases.phrase_held].astype(np.float64)
        rules = trivial(boxes, context.seed)
        best = max(
            rules.values(), key=lambda b: float(each("accuracy_iou50", np.broadcast_to(b, boxes.shape), boxes).mean())
        )
        settings: dict[str, Any] = {
            "side": phrases.side,
            "words": list(phrases.words),
            "reading": dict(phrases.reading),
            "choice": {"scale": 1.0, "shift": 0.0, "whole": 0.0},
            "fixed": [float(v) for v in best],
        }
        return Grounder(None, settings, 4)


PLUGIN = LikelyBox()
