"""The plainest thing that draws: a Gaussian of each class's pictures in their principal components, without a network
or torch. The baseline that a real generator must beat, and all there is without the extra `vision`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ..engine.drawing import DrawContext, Drawing
from ..engine.pictureset import PictureSet
from ..ports import Card
from ..serve.sampling import from_pixels

COMPONENTS = 64
IR_VERSION, OPSET = 10, 18


class PixelGaussian:
    card = Card(
        name="pixel_gaussian",
        title="Gaussian of principal components",
        tasks=("image_generation",),
        min_rows=2,
        licence="Apache-2.0",
        source="Tipping & Bishop 1999, Probabilistic Principal Component Analysis",
    )

    def lacks(self) -> str:
        return ""

    def space(self, pictures: PictureSet) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> Drawing:
        """One mean and one set of components a name; a picture counts for each name that it shows."""
        x = from_pixels(pictures.pixels).reshape(len(pictures.pixels), -1).astype(np.float64)
        most = max(1, min(COMPONENTS, x.shape[1], min(_counts(pictures)) - 1))
        means, ways = zip(
            *(_gaussian(x[pictures.words[:, k] > 0], most) for k in range(len(pictures.names))), strict=True
        )
        graph = _graph(np.stack(means), np.stack(ways), pictures.shape)
        numbers = sum(m.size + w.size for m, w in zip(means, ways, strict=True))
        return Drawing(graph, pictures.shape, numbers, {}, steps=1)


def _counts(pictures: PictureSet) -> list[int]:
    return [int(n) for n in pictures.words.sum(axis=0)]


def _gaussian(x: NDArray[np.float64], components: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(mean (pixels,), directions (components, pixels) scaled by their spread); zeros where too few pictures are."""
    if not len(x):
        return np.zeros(x.shape[1], dtype=np.float32), np.zeros((components, x.shape[1]), dtype=np.float32)
    mean = x.mean(axis=0)
    _, sizes, directions = np.linalg.svd(x - mean, full_matrices=False)
    ways = np.zeros((components, x.shape[1]), dtype=np.float32)
    kept = min(components, len(sizes))
    ways[:kept] = directions[:kept] * (sizes[:kept, None] / np.sqrt(max(len(x) - 1, 1)))
    return mean.astype(np.float32), ways


def _graph(means: NDArray[np.float32], ways: NDArray[np.float32], shape: tuple[int, int, int]) -> bytes:
    """y = picture - x for the names' mean Gaussian, so that one step from noise arrives at it. The first pixels of the
    noise are the coordinates."""
    names, components, pixels = ways.shape
    constants: dict[str, NDArray[Any]] = {
        "means": means,
        "ways": ways.reshape(names, components * pixels),
        "flat": np.array([-1, pixels], dtype=np.int64),
        "square": np.array([-1, components, pixels], dtype=np.int64),
        "full": np.array([-1, *shape], dtype=np.int64),
        "from": np.array([0], dtype=np.int64),
        "to": np.array([components], dtype=np.int64),
        "axis": np.array([1], dtype=np.int64),
        "one": np.array(1.0, dtype=np.float32),
    }
    nodes = [
        helper.make_node("ReduceSum", ["words", "axis"], ["said"], keepdims=1),
        helper.make_node("Max", ["said", "one"], ["count"]),
        helper.make_node("Div", ["words", "count"], ["share"]),
        helper.make_node("MatMul", ["share", "means"], ["mean"]),
        helper.make_node("MatMul", ["share", "ways"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "square"], ["way"]),
        helper.make_node("Reshape", ["x", "flat"], ["noise"]),
        helper.make_node("Slice", ["noise", "from", "to", "axis"], ["z"]),
        helper.make_node("Unsqueeze", ["z", "axis"], ["z1"]),
        helper.make_node("MatMul", ["z1", "way"], ["off1"]),
        helper.make_node("Squeeze", ["off1", "axis"], ["off"]),
        helper.make_node("Add", ["mean", "off"], ["picture"]),
        helper.make_node("Sub", ["picture", "noise"], ["move"]),
        helper.make_node("Reshape", ["move", "full"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", *shape]),
        helper.make_tensor_value_info("t", TensorProto.FLOAT, ["rows"]),
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["rows", names]),
    ]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", *shape])
    weights = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "pixel_gaussian", inputs, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


PLUGIN = PixelGaussian()
