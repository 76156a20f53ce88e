"""A number from pictures, with other columns beside them where there are any, and with an interval."""

from __future__ import annotations

from .tabular_regression import TabularRegression


class ImageRegression(TabularRegression):
    name = "image_regression"
    title = "a number for each picture"
    portfolio = "image_number_candidates"


PLUGIN = ImageRegression()
