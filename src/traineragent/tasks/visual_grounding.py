"""A picture and a phrase in, the box of what the phrase describes out."""

from __future__ import annotations

from ..domain.task import Direction

METRICS = ("accuracy_iou50", "mean_iou", "pointing_accuracy")


class VisualGrounding:
    name = "visual_grounding"
    title = "finding what a phrase describes in a picture"
    line = "grounding"
    codec = "grounding"
    target_kind = "other"

    def search_metric(self, metric: str, classes: int) -> str:
        return metric if metric in METRICS else METRICS[0]

    def direction(self, metric: str) -> Direction:
        return "maximize"


PLUGIN = VisualGrounding()
