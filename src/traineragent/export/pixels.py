"""Pictures inside a graph: from uint8 pixels to small maps, as views and networks take them. Knows no models."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from .builder import GraphBuilder

SIDES = (32, 64)  # pixels a side at which simple features are looked at: the second from SMALL on
SMALL = 48


def side_for(height: int, width: int) -> int:
    """Pixels a side at which simple features of such pictures are looked at."""
    return SIDES[max(height, width) >= SMALL]


def scaled_picture(graph: GraphBuilder, name: str, height: int, width: int, side: int) -> str:
    """The pixels as float (rows, 3, side, side) in [0, 1]."""
    raw = graph.add("Cast", graph.dense(name, TensorProto.UINT8, (height, width, 3)), to=TensorProto.FLOAT)
    picture = graph.add("Transpose", graph.add("Mul", raw, graph.floats(1 / 255)), perm=[0, 3, 1, 2])
    if (height, width) == (side, side):
        return picture
    if height % side == 0 and width % side == 0:
        return means_of(graph, picture, height // side, width // side)
    scales = graph.floats([1.0, 1.0, _scale(height, side), _scale(width, side)])
    return graph.add("Resize", picture, "", scales, mode="linear", antialias=1)


def _scale(pixels: int, side: int) -> np.float32:
    """The smallest 32-bit number that leaves `side` of so many pixels: 0.64 of 100 would be 63 of them. Sizes in
    place of scales are exact too, but are lost where networks are rounded."""
    scale = np.float32(side / pixels)
    while float(scale) * pixels < side:
        scale = np.nextafter(scale, np.float32(np.inf), dtype=np.float32)
    return scale


def means_of(graph: GraphBuilder, maps: str, down: int, across: int) -> str:
    """Means over parts of so many pixels."""
    return graph.add("AveragePool", maps, kernel_shape=[down, across], strides=[down, across])
