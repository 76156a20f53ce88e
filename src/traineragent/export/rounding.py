"""Graphs over pictures with 8-bit numbers in place of floats: a quarter of the size, and faster.

What rounding costs shows in the validated scores of the models that were made of such a graph; nothing is judged here.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..serve.inputs.parts import Part

ROUNDED = ("Conv", "MatMul", "Gemm", "Add", "Clip", "Relu")
"""Limits too: else each stands as a float between two roundings, which takes as long as was saved."""
CALIBRATED_ON = 48  # pictures that the ranges of 8-bit numbers are taken from


def quantised(model: onnx.ModelProto, name: str, pixels: Part) -> onnx.ModelProto:
    """Weights and activations as 8-bit numbers, a scale for each output channel: one scale a tensor ruins networks of
    depthwise convolutions. Ranges come from training pictures; 7 bits a weight, so that no processor overflows."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            places = np.linspace(0, len(pixels) - 1, min(CALIBRATED_ON, len(pixels))).astype(int)
            self._left: Iterator[int] = iter(np.unique(places).tolist())

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            place = next(self._left, None)
            return None if place is None else pixels[slice(place, place + 1)].feeds(name)

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, str(source))
        quantize_static(
            str(source),
            str(target),
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(ROUNDED),
            nodes_to_exclude=_front(model),
        )
        return onnx.load(str(target))


def _front(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes before the first convolution or product: resizing and normalising stay exact. Unnamed nodes
    are named, so that they can be told apart."""
    names = []
    for i, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{i}"
    for node in model.graph.node:
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            break
        names.append(node.name)
    return names
