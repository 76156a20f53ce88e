"""Pretrained networks for pictures as graphs: any checkpoint in the Hugging Face layout, whole or its first part.

Resizing and normalising stand in the graph, as the checkpoint's preprocessor declares them. Making a graph needs torch
and transformers; it knows nothing of what reads the features.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from ..domain.data import RichInput
from ..errors import MissingExtra, TrainerError
from .builder import OPSET, GraphBuilder
from .pixels import scaled_picture

PREPROCESSOR = "preprocessor_config.json"
AGREEMENT = 1e-3  # between torch and the graph, of the features' largest


def quiet(*packages: str) -> None:
    """No progress bars and hints of these on the standard streams, which belong to the command line."""
    for name in packages:
        logging = import_module(f"{name}.utils.logging")
        logging.set_verbosity_error()
        logging.disable_progress_bar()


def loaded(checkpoint: Path, depth: float = 1.0) -> Any:
    """The torch module from pictures (rows, 3, side, side), normalised, to features (rows, width), in evaluation mode;
    `depth`: the share of the network that is used, from its front.

    Raises MissingExtra, and TrainerError where the checkpoint cannot be read."""
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise MissingExtra(str(error.name), "vision", "a pretrained network for pictures") from error
    quiet("transformers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model, read = AutoModel.from_pretrained(
                checkpoint, local_files_only=True, trust_remote_code=False, output_loading_info=True
            )
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0][:200]
            raise TrainerError(f"the checkpoint {checkpoint.name} cannot be read: {reason}") from error
    untrained = any("pooler" in name for name in read.get("missing_keys", ()))
    return pooled(getattr(model.eval().float(), "vision_model", model), depth, untrained)


def features_of(network: Any, checkpoint: Path, side: int, pixels: RichInput) -> onnx.ModelProto:
    """The graph of a view: from the pixels of a rich input to the features of `network`, as `loaded` gives it, which
    looks at `side` pixels a side."""
    core = exported(network, side, checkpoint.name)
    graph = GraphBuilder(0)
    height, width = int(pixels.options["height"]), int(pixels.options["width"])
    picture = scaled_picture(graph, pixels.name, height, width, side)
    features = appended(graph, core, _normalised(graph, picture, checkpoint))
    return graph.view(features, int(core.graph.output[0].type.tensor_type.shape.dim[1].dim_value))


def exported(network: Any, side: int, name: str) -> onnx.ModelProto:
    """A network as `loaded` gives it, from "pictures" float (rows, 3, side, side) to "features" (rows, width); `name`
    is what messages call it. Raises TrainerError where it cannot be exported."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
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
    raise TrainerError(f"the checkpoint {name} cannot be exported: {trouble}")


def pooled(model: Any, depth: float = 1.0, untrained: bool = False) -> Any:
    """A module from pictures to one row of features each: what the network itself pools, else its first token, else the
    mean over places. `untrained`: the checkpoint has no weights for the pooling, so it would be at random. With a
    `depth` below 1, the mean over places of what stands after that share of the layers."""
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.first = any(name.endswith("cls_token") for name, _ in model.named_parameters())

        def forward(self, pictures: Any) -> Any:
            if depth < 1:
                inside = self.model(pixel_values=pictures, output_hidden_states=True).hidden_states
                return self._mean(inside[min(max(round(depth * len(inside)) - 1, 0), len(inside) - 1)])
            out = self.model(pixel_values=pictures)
            found = None if untrained else getattr(out, "pooler_output", None)
            if found is not None:
                return found.flatten(1)
            found = out.last_hidden_state
            return found[:, 0] if self.first and found.dim() == 3 else self._mean(found)

        def _mean(self, found: Any) -> Any:
            return found.mean(dim=(2, 3)) if found.dim() == 4 else found.mean(dim=1)

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


def appended(graph: GraphBuilder, core: onnx.ModelProto, picture: str) -> str:
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


def _run(model: onnx.ModelProto, feeds: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    run = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    out: NDArray[Any] = run.run(None, dict(feeds))[0]
    return out
