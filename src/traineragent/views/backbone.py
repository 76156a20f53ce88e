"""Features of pictures from a pretrained network: any checkpoint in the Hugging Face layout, frozen, as one graph.

As 8-bit numbers (option "int8") it is a quarter of the size and faster; models learn from these very features, so what
rounding costs shows in their validated scores. With "depth" below 1 only the first part of the network is taken. Needs
torch and transformers for making the graph, nothing for serving it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx

from ..domain.data import RichInput, ViewSpec
from ..export.network import features_of, loaded
from ..export.rounding import quantised
from ..serve.inputs.parts import Part

EXTRA = ("torch", "transformers")


class Backbone:
    title = "Pretrained network"

    def offer(self, inputs: Sequence[RichInput], options: Mapping[str, Any]) -> str:
        if not any(i.kind == "pixels" for i in inputs):
            return "there are no pictures"
        missing = [name for name in EXTRA if find_spec(name) is None]
        return f"the package {missing[0]} is not installed: pip install 'traineragent[vision]'" if missing else ""

    def graph(
        self, more: Mapping[str, Part], spec: ViewSpec, inputs: Sequence[RichInput], folder: Path
    ) -> onnx.ModelProto:
        (pixels,) = inputs
        checkpoint, side = Path(spec.options["checkpoint"]), int(spec.options["side"])
        network = loaded(checkpoint, float(spec.options.get("depth", 1.0)))
        made = features_of(network, checkpoint, side, pixels)
        return quantised(made, pixels.name, more[pixels.name]) if spec.options.get("int8") else made


PLUGIN = Backbone()
