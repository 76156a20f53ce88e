"""New pictures like the given ones, asked for in words."""

from __future__ import annotations

from ..domain.task import Direction

MAXIMIZED = ("asked_class", "diversity")


class ImageGeneration:
    name = "image_generation"
    title = "generation of pictures from words"
    line = "drawing"
    codec = "drawing"
    target_kind = "other"

    def search_metric(self, metric: str, classes: int) -> str:
        """Candidates are compared by the Fréchet distance unless the asked class was asked for: the share of the asked
        class alone is fooled by one typical picture a class."""
        return metric if metric in ("asked_class", "frechet_distance") else "frechet_distance"

    def direction(self, metric: str) -> Direction:
        return "maximize" if metric in MAXIMIZED else "minimize"


PLUGIN = ImageGeneration()
