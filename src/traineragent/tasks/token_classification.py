"""Parts of texts and what they are: names, dates, quantities, whatever was marked in the training texts."""

from __future__ import annotations

from ..domain.task import Direction


class TokenClassification:
    name = "token_classification"
    title = "marking of parts of texts"
    line = "spans"
    codec = "spans"
    target_kind = "other"

    def search_metric(self, metric: str, classes: int) -> str:
        """Whole entities count; precision and recall alone can be pushed anywhere by marking less or more."""
        return "span_f1"

    def direction(self, metric: str) -> Direction:
        return "maximize"


PLUGIN = TokenClassification()
