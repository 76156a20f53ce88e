"""Features of pictures learned from pictures alone: responses to typical patches, pooled over places.

Patches are whitened and clustered without any label (Coates, Lee & Ng 2011, single-layer networks; Coates & Ng 2011,
soft threshold); one convolution and a pooling then see every picture as the served graph will. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..domain.data import RichInput, ViewSpec
from ..export.builder import GraphBuilder
from ..export.pixels import SIDES, SMALL, scaled_picture
from ..serve.inputs.parts import Part

Float32 = NDArray[np.float32]

PATCH = 6  # pixels a side
DRAWN = 40_000  # patches that are clustered
FILTERS = 256
ROUNDS = 12
QUIET = (10 / 255) ** 2  # added to a patch's variance, so that even ground is not blown up into noise
WHITE = 0.1  # added to the variances that whitening divides by
THRESHOLD = 0.5
GRID = 3  # places a side that responses are pooled over


class Patches:
    title = "Typical patches"

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        return "" if any(i.kind == "pixels" for i in inputs) else "there are no pictures"

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        (pixels,) = inputs
        height, width = int(pixels.options["height"]), int(pixels.options["width"])
        side = SIDES[0] if max(height, width) < SMALL else int(spec.options.get("side", SIDES[0]))
        graph = GraphBuilder(0)
        picture = scaled_picture(graph, pixels.name, height, width, side)
        filters = int(spec.options.get("filters", FILTERS))
        detectors, offset = _learned(more[pixels.name], side, filters)
        return graph.view(_responses(graph, picture, detectors, offset, side), 2 * filters * GRID * GRID)


def _responses(graph: GraphBuilder, picture: str, detectors: Float32, offset: Float32, side: int) -> str:
    """(rows, 2 * filters * GRID * GRID): how strongly each filter answers, to either side, in each place.

    A patch is brought to mean 0 and deviation 1 first; as that is linear but for the deviation, it is done after the
    convolution, on its sums."""
    size = PATCH * PATCH * 3
    ones = np.full((1, 3, PATCH, PATCH), 1 / size)
    mean = graph.add("Conv", picture, graph.floats(ones))
    square = graph.add("Conv", graph.add("Mul", picture, picture), graph.floats(ones))
    variance = graph.add("Relu", graph.add("Sub", square, graph.add("Mul", mean, mean)))
    deviation = graph.add("Sqrt", graph.add("Add", variance, graph.floats(QUIET)))
    raw = graph.add("Conv", picture, graph.floats(detectors.reshape(-1, 3, PATCH, PATCH)))
    totals = graph.floats(detectors.sum(axis=1).reshape(1, -1, 1, 1))
    centred = graph.add("Div", graph.add("Sub", raw, graph.add("Mul", mean, totals)), deviation)
    answer = graph.add("Sub", centred, graph.floats(offset.reshape(1, -1, 1, 1)))
    both = graph.add("Concat", answer, graph.add("Neg", answer), axis=1)
    strong = graph.add("Relu", graph.add("Sub", both, graph.floats(THRESHOLD)))
    step = (side - PATCH + 1) // GRID
    pooled = graph.add("AveragePool", strong, kernel_shape=[step, step], strides=[step, step])
    return graph.add("Flatten", pooled, axis=1)


def _learned(pixels: Part, side: int, filters: int) -> tuple[Float32, Float32]:
    """Filters (filters, 3 * PATCH * PATCH) on plain patches of deviation 1, and what to take off their answers."""
    patches = _drawn(pixels, side)
    mean = patches.mean(axis=0)
    centred = patches - mean
    values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred / len(centred))
    whiten = (vectors / np.sqrt(np.maximum(values, 0) + WHITE)) @ vectors.T
    white = (centred @ whiten).astype(np.float32)
    centres = _clustered(white, filters)
    detectors = (centres @ whiten.T).astype(np.float32)
    return detectors, (detectors @ mean).astype(np.float32)


def _drawn(pixels: Part, side: int) -> Float32:
    """Patches from random places of random pictures, each with mean 0 and deviation 1, (patches, 3 * PATCH * PATCH)."""
    import onnxruntime

    rng = np.random.default_rng(0)
    values: NDArray[np.uint8] = pixels.arrays()["values"]
    rows = np.sort(rng.permutation(len(values))[:4000])
    small = GraphBuilder(0)
    picture = scaled_picture(small, "pixels", values.shape[1], values.shape[2], side)
    made = small.view(small.add("Flatten", picture, axis=1), 3 * side * side)
    shrink = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    each = -(-DRAWN // len(rows))
    found = []
    for start in range(0, len(rows), 64):
        pictures = shrink.run(None, {"pixels": np.ascontiguousarray(values[rows[start : start + 64]])})[0]
        pictures = pictures.reshape(-1, 3, side, side)
        windows = np.lib.stride_tricks.sliding_window_view(pictures, (PATCH, PATCH), axis=(2, 3))
        down, across = (rng.integers(0, side - PATCH + 1, (len(pictures), each)) for _ in range(2))
        found.append(windows[np.arange(len(pictures))[:, None], :, down, across].reshape(-1, 3 * PATCH * PATCH))
    patches = np.concatenate(found)
    patches = patches - patches.mean(axis=1, keepdims=True)
    return np.asarray(patches / np.sqrt(patches.var(axis=1, keepdims=True) + QUIET), dtype=np.float32)


def _clustered(white: Float32, filters: int) -> Float32:
    """Directions that patches gather around, (filters, width), of length 1: spherical k-means with damped steps."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(filters, white.shape[1])).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    for _ in range(ROUNDS):
        total = np.zeros_like(centres)
        for start in range(0, len(white), 8192):
            block = white[start : start + 8192]
            fits = block @ centres.T
            best = (np.arange(len(block)), np.abs(fits).argmax(axis=1))
            strength = np.zeros_like(fits)  # as a product of matrices, five times as fast as adding row by row
            strength[best] = fits[best]
            total += strength.T @ block
        centres = centres + total
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return centres


PLUGIN = Patches()
