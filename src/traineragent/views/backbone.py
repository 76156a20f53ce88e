"""Features of pictures from a pretrained network: any checkpoint in the Hugging Face layout, frozen, as one graph.

Resizing and normalising stand in the graph, as the checkpoint's preprocessor declares them. As 8-bit numbers (options
"int8") it is a quarter of the size and faster; models learn from these very features, so what rounding costs shows in
their validated scores. Needs torch and transformers for making the graph, nothing for serving it.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from ..domain.data import RichInput, ViewSpec
from ..errors import MissingExtra, TrainerError
from ..export.builder import OPSET, GraphBuilder
from ..export.pixels import scaled_picture
from ..serve.inputs.parts import Part

PREPROCESSOR = "preprocessor_config.json"
EXTRA = ("torch", "transformers")
CALIBRATED_ON = 48  # pictures that the ranges of 8-bit numbers are taken from
AGREEMENT = 1e-3  # between torch and the graph, of the features' largest


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
        core = exported(checkpoint, side)
        graph = GraphBuilder(0)
        height, width = int(pixels.options["height"]), int(pixels.options["width"])
        picture = scaled_picture(graph, pixels.name, height, width, side)
        features = _appended(graph, core, _normalised(graph, picture, checkpoint))
        made = graph.view(features, int(core.graph.output[0].type.tensor_type.shape.dim[1].dim_value))
        return quantised(made, pixels.name, more[pixels.name]) if spec.options.get("int8") else made


def exported(checkpoint: Path, side: int) -> onnx.ModelProto:
    """The network from "pictures" float (rows, 3, side, side), normalised, to "features" (rows, width).

    Raises MissingExtra, and TrainerError where the checkpoint cannot be exported."""
    try:
        import torch
        from transformers import AutoModel
        from transformers.utils import logging
    except ImportError as error:
        raise MissingExtra(str(error.name), "vision", "a pretrained network for pictures") from error
    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModel.from_pretrained(checkpoint, local_files_only=True, trust_remote_code=False).eval().float()
        network = pooled(getattr(model, "vision_model", model))
        example = torch.rand((2, 3, side, side), generator=torch.Generator().manual_seed(0)) * 2 - 1
        with torch.no_grad():
            wanted = network(example).numpy()
        for dynamo in (False, True):  # the older exporter takes seconds where the newer takes many
            try:
                made = _simplified(_traced(network, example, dynamo), wanted.shape[1])
            except Exception as error:  # noqa: BLE001  exporters raise anything on what they do not know
                trouble = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
                continue
            got = _run(made, {"pictures": example.numpy()})
            if np.abs(got - wanted).max() <= AGREEMENT * max(1.0, float(np.abs(wanted).max())):
                return made
            trouble = "the exported graph does not answer as the network"
    raise TrainerError(f"the checkpoint {checkpoint.name} cannot be exported: {trouble}")


def pooled(model: Any) -> Any:
    """A module from pictures to one row of features each: what the network itself pools, else the mean over places."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pictures: Any) -> Any:
            out = self.model(pixel_values=pictures)
            found = getattr(out, "pooler_output", None)
            if found is None:
                found = out.last_hidden_state
                found = found.mean(dim=(2, 3)) if found.dim() == 4 else found.mean(dim=1)
            return found.flatten(1)

    return Pooled().eval()


def _traced(network: Any, example: Any, dynamo: bool) -> onnx.ModelProto:
    import torch

    names: dict[str, Any] = {"input_names": ["pictures"], "output_names": ["features"], "opset_version": OPSET}
    if dynamo:
        rows = torch.export.Dim("rows")
        program = torch.onnx.export(
            network, (example,), dynamo=True, dynamic_shapes=({0: rows},), verbose=False, **names
        )
        assert program is not None
        return program.model_proto
    written = io.BytesIO()
    axes = {"pictures": {0: "rows"}, "features": {0: "rows"}}
    torch.onnx.export(network, (example,), written, dynamo=False, dynamic_axes=axes, **names)  # type: ignore[arg-type]
    return onnx.load_model_from_string(written.getvalue())


def _simplified(model: onnx.ModelProto, width: int) -> onnx.ModelProto:
    """Constants folded, in plain ONNX, with the width of the features written down."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "simple.onnx"
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        simple = onnx.load(str(path))
    if any(node.domain not in ("", "ai.onnx") for node in simple.graph.node):
        simple = model
    shape = simple.graph.output[0].type.tensor_type.shape
    shape.ClearField("dim")
    shape.dim.add().dim_param = "rows"
    shape.dim.add().dim_value = width
    return simple


def _normalised(graph: GraphBuilder, picture: str, checkpoint: Path) -> str:
    """From [0, 1] to what the network was trained on."""
    declared = preprocessing(checkpoint)
    scale, mean, deviation = declared["rescale"] * 255.0, declared["mean"], declared["deviation"]
    shaped = (1, 3, 1, 1)
    scaled = graph.add("Mul", picture, graph.floats((scale / deviation).reshape(shaped)))
    return graph.add("Sub", scaled, graph.floats((mean / deviation).reshape(shaped)))


def preprocessing(checkpoint: Path) -> dict[str, Any]:
    """What the checkpoint's preprocessor declares: "rescale", "mean" and "deviation" (3,) in rescaled units, "side"."""
    path = checkpoint / PREPROCESSOR
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    plain = not said.get("do_normalize", True)
    mean = np.array([0.0] * 3 if plain else said.get("image_mean", [0.5] * 3), dtype=np.float64)
    deviation = np.array([1.0] * 3 if plain else said.get("image_std", [0.5] * 3), dtype=np.float64)
    rescale = float(said.get("rescale_factor", 1 / 255)) if said.get("do_rescale", True) else 1.0
    return {"rescale": rescale, "mean": mean, "deviation": deviation, "side": _side(said)}


def _side(said: Mapping[str, Any]) -> int:
    for key in ("crop_size", "size"):
        size = said.get(key)
        if isinstance(size, (int, float)):
            return int(size)
        if isinstance(size, Mapping) and size:
            return int(next(iter(size.values())))
    return 224


def _appended(graph: GraphBuilder, core: onnx.ModelProto, picture: str) -> str:
    """The nodes of `core` behind `picture`; the name of its output."""
    here = {core.graph.input[0].name: picture, "": ""}
    for tensor in core.graph.initializer:
        here[tensor.name] = graph.constant(numpy_helper.to_array(tensor))
    for node in core.graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [here[name] for name in node.input]
        copy.output[:] = [graph.name("b") if name else "" for name in node.output]
        here |= zip(node.output, copy.output, strict=True)
        graph.node(copy)
    return here[core.graph.output[0].name]


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
            op_types_to_quantize=["Conv", "MatMul", "Gemm", "Add"],
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


def _run(model: onnx.ModelProto, feeds: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    run = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    out: NDArray[Any] = run.run(None, dict(feeds))[0]
    return out


PLUGIN = Backbone()
