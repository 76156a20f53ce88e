"""Classic features of pictures: oriented gradients in cells, and colours in a grid. Needs no training and no torch.

After Dalal & Triggs 2005, histograms of oriented gradients, with soft votes instead of bins, so that everything is a
few convolutions of one graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from ..domain.data import RichInput, ViewSpec
from ..export.builder import GraphBuilder
from ..export.pixels import means_of, scaled_picture, side_for
from ..serve.inputs.parts import Part

CELLS = 8  # a side
ORIENTATIONS = 9  # over half a turn
SHARPNESS = 4.0  # power of a vote's cosine; about one bin wide
HUES = 8
SHADES = 8
GRID = 4  # places a side whose mean colour is taken
TINY = 1e-4


class Classic:
    title = "Gradients and colours"

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        return "" if any(i.kind == "pixels" for i in inputs) else "there are no pictures"

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        (pixels,) = inputs
        height, width = int(pixels.options["height"]), int(pixels.options["width"])
        graph = GraphBuilder(0)
        side = side_for(height, width)
        picture = scaled_picture(graph, pixels.name, height, width, side)
        parts = [_gradients(graph, picture, side // CELLS), *_colours(graph, picture, side)]
        widths = [CELLS * CELLS * ORIENTATIONS, GRID * GRID * 6, 3 * SHADES, 4 * HUES]
        flat = [graph.add("Flatten", part, axis=1) for part in parts]
        return graph.view(graph.add("Concat", *flat, axis=1), sum(widths))


def _gradients(graph: GraphBuilder, picture: str, step: int) -> str:
    """(rows, ORIENTATIONS, CELLS, CELLS): strength of edges by direction, evened out by what is around."""
    grey = graph.add("Conv", picture, graph.floats(np.array([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)))
    edges = graph.add("Pad", grey, graph.integers([0, 0, 1, 1, 0, 0, 1, 1]), mode="edge")
    slope = np.zeros((1, 1, 3, 3))
    slope[0, 0, 1] = (-1, 0, 1)
    across, down = (graph.add("Conv", edges, graph.floats(s)) for s in (slope, slope.transpose(0, 1, 3, 2)))
    squares = [graph.add("Mul", one, one) for one in (across, down)]
    power = graph.add("Add", graph.add("Add", *squares), graph.floats(TINY))
    strength = graph.add("Sqrt", power)
    twice = graph.add("Mul", graph.add("Mul", across, down), graph.floats(2.0))
    double = graph.add("Concat", graph.add("Sub", *squares), twice, axis=1)
    angles = 2 * np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
    turned = np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(ORIENTATIONS, 2, 1, 1)
    votes = graph.add("Relu", graph.add("Div", graph.add("Conv", double, graph.floats(turned)), power))
    votes = graph.add("Mul", graph.add("Pow", votes, graph.floats(SHARPNESS)), strength)
    cells = means_of(graph, votes, step, step)
    energy = graph.add("ReduceMean", graph.add("Mul", cells, cells), graph.integers([1]), keepdims=1)
    around = graph.add("AveragePool", energy, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=0)
    return graph.add("Div", cells, graph.add("Sqrt", graph.add("Add", around, graph.floats(TINY))))


def _colours(graph: GraphBuilder, picture: str, side: int) -> list[str]:
    """Mean and spread of opponent colours in a grid, how often each shade occurs, and hues in the quarters."""
    opponent = np.array([[1 / 3, 1 / 3, 1 / 3], [1, -1, 0], [0.5, 0.5, -1]]).reshape(3, 3, 1, 1)
    colours = graph.add("Conv", picture, graph.floats(opponent))
    step = side // GRID
    mean = means_of(graph, colours, step, step)
    squares = means_of(graph, graph.add("Mul", colours, colours), step, step)
    spread = graph.add("Sub", squares, graph.add("Mul", mean, mean))
    spread = graph.add("Sqrt", graph.add("Max", spread, graph.floats(TINY)))
    centres = np.arange(SHADES) / (SHADES - 1)
    lifted = graph.add("Unsqueeze", picture, graph.integers([2]))
    apart = graph.add("Abs", graph.add("Sub", lifted, graph.floats(centres.reshape(1, 1, SHADES, 1, 1))))
    near = graph.add("Relu", graph.add("Sub", graph.floats(1.0), graph.add("Mul", apart, graph.floats(SHADES - 1.0))))
    shades = graph.add("ReduceMean", near, graph.integers([3, 4]), keepdims=0)
    angles = 2 * np.pi * np.arange(HUES) / HUES
    turned = np.stack([np.zeros(HUES), np.cos(angles), np.sin(angles)], axis=1).reshape(HUES, 3, 1, 1)
    hues = means_of(graph, graph.add("Relu", graph.add("Conv", colours, graph.floats(turned))), side // 2, side // 2)
    return [graph.add("Concat", mean, spread, axis=1), shades, hues]


PLUGIN = Classic()
