"""A small convolutional network learned from the pictures at hand, for data that no pretrained network knows.

Blocks of two convolutions with batch normalisation (Ioffe & Szegedy 2015) and a residual path (He et al. 2016), trained
with one cycle of the learning rate (Smith & Topin 2018), label smoothing, shifts, colour changes and cut-outs (DeVries
& Taylor 2017). Pictures are mirrored only where a mirror keeps their class. Needs torch to train, nothing to be served.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ..engine import accelerator
from ..engine.target import TargetScale, fit_target
from ..errors import MissingExtra, TrainerError
from ..export.builder import GraphBuilder
from ..export.pixels import scaled_picture
from ..ports import Batch, Card, FitContext
from ..serve.inputs.parts import Part
from ._pictures import Pictures, augmented, mirrors_keep

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

WIDTH = 24  # maps of the stem; each block doubles them, up to MOST times
MOST = 8
SMALLEST_MAP = 4  # pixels a side of the last block's maps, at least
BATCH = 32
EPOCHS = 60
WARM = 0.25  # of the time in which the learning rate rises
SMOOTHING = 0.1
FEWEST_EPOCHS = 4
REFITTED = 0.7  # of the epochs that validated models had, which a model of all pictures needs at least
PREDICTED = 64  # pictures at once


@dataclass(frozen=True)
class FittedCnn:
    """`layers`: arrays by name, batch normalisation folded into the convolutions; `side` the network looks at; `scale`
    of the number, where there are no classes."""

    layers: Mapping[str, Float32]
    name: str
    height: int
    width: int
    side: int
    features: int
    classes: int
    found: Mapping[str, float] = field(default_factory=dict)  # what a model of all rows needs at least
    scale: TargetScale | None = None

    def predict(self, x: Float32, more: Mapping[str, Part]) -> Float64:
        run = _session(self)
        part = more[self.name]
        out = []
        for start in range(0, len(x), PREDICTED):
            feeds = {"x": x[start : start + PREDICTED], **part[slice(start, start + PREDICTED)].feeds(self.name)}
            out.append(run.run(["y"], {i.name: feeds[i.name] for i in run.get_inputs()})[0])
        found = np.concatenate(out).astype(np.float64) if out else np.zeros((0, self.classes or 1))
        return found if self.scale is None else found[:, 0]

    def save(self, path: Path) -> None:
        shape = np.array([self.height, self.width, self.side, self.features, self.classes])
        arrays: dict[str, Any] = {**self.layers, **(self.scale.arrays() if self.scale else {})}
        with path.open("wb") as file:
            np.savez(file, input=np.array(self.name), shape=shape, **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        maps = scaled_picture(graph, self.name, self.height, self.width, self.side)
        maps = graph.add("Sub", maps, graph.floats(0.5))
        block = 0
        maps = self._convolution(graph, maps, "stem")
        while f"block{block}.first.weight" in self.layers:
            maps = graph.add("MaxPool", maps, kernel_shape=[2, 2], strides=[2, 2])
            inside = self._convolution(graph, maps, f"block{block}.first")
            inside = self._convolution(graph, inside, f"block{block}.second", active=False)
            skip = self._convolution(graph, maps, f"block{block}.skip", active=False)
            maps = graph.add("Relu", graph.add("Add", inside, skip))
            block += 1
        pooled = graph.add("Flatten", graph.add("GlobalAveragePool", maps), axis=1)
        raw = graph.add("Gemm", pooled, *(graph.floats(self.layers[f"head.{n}"]) for n in ("weight", "bias")), transB=1)
        if self.scale is not None:
            return graph.model(self.scale.write(graph, raw), 1)
        return graph.model(graph.add("Softmax", raw, axis=1), self.classes)

    def _convolution(self, graph: GraphBuilder, maps: str, name: str, active: bool = True) -> str:
        weight = self.layers[f"{name}.weight"]
        pad = weight.shape[2] // 2
        out = graph.add(
            "Conv", maps, graph.floats(weight), graph.floats(self.layers[f"{name}.bias"]), pads=[pad, pad, pad, pad]
        )
        return graph.add("Relu", out) if active else out


class Cnn:
    card = Card(
        name="cnn",
        title="Small convolutional network",
        tasks=("binary", "multiclass", "regression"),
        reads=("pixels",),
        packages=("torch",),
        min_rows=80,
        licence="BSD-3-Clause",
        source="He et al. 2016, residual networks; Ioffe & Szegedy 2015, batch normalisation",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedCnn:
        """Parameters: "side", "epochs", "width" (of the first block), "learning_rate", "mirror" (None: found out),
        "least_epochs" (fewer are an error: nothing would show what such a model is worth)."""
        torch = _torch()
        spec = context.input_of("pixels")
        height, width = int(spec.options["height"]), int(spec.options["width"])
        side = min(int(params.get("side", 64)), max(height, width))
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        device = torch.device(accelerator.device())
        pixels = Pictures(train.more[spec.name], spec, side).all() - np.float32(0.5)
        network = _network(torch, side, int(params.get("width", WIDTH)), context.classes or 1).to(device)
        mirror = params.get("mirror")
        if mirror is None:  # a number may be a place or an angle, which a mirror changes
            mirror = bool(context.classes) and mirrors_keep(pixels, train.y, context.seed)
        scale = None if context.classes else fit_target(train.y, params.get("target", "plain"))
        y = train.y if scale is None else scale.forward(train.y)
        made = _learn(torch, network, pixels, y, params, context, device, bool(mirror))
        if made < params.get("least_epochs", 0.0):
            raise TrainerError(f"{made:.0f} rounds over all pictures fit into the time, too few to be trusted")
        layers = _folded(network.cpu().eval())
        found = {"epochs": float(round(made)), "least_epochs": REFITTED * made}
        return FittedCnn(layers, spec.name, height, width, side, train.x.shape[1], context.classes, found, scale)

    def load(self, path: Path, context: FitContext) -> FittedCnn:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        name, shape = str(arrays.pop("input")), arrays.pop("shape").tolist()
        scale = TargetScale.from_arrays(arrays) if "target" in arrays else None
        arrays.pop("target", None)
        return replace(FittedCnn(arrays, name, *shape), scale=scale)


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("torch", "vision", "a network that learns from pictures") from error
    return torch


def _session(model: FittedCnn) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.graph().SerializeToString(), options, providers=["CPUExecutionProvider"])


def _network(torch: Any, side: int, width: int, classes: int) -> Any:
    """Stem, blocks that halve the maps until these are small, and a linear head."""
    nn = torch.nn

    class Convolution(nn.Module):  # type: ignore[name-defined,misc]
        def __init__(self, fan_in: int, fan_out: int, size: int) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(fan_in, fan_out, size, padding=size // 2, bias=False)
            self.norm = nn.BatchNorm2d(fan_out)

        def forward(self, maps: Any) -> Any:
            return self.norm(self.convolution(maps))

    class Block(nn.Module):  # type: ignore[name-defined,misc]
        def __init__(self, fan_in: int, fan_out: int) -> None:
            super().__init__()
            self.first, self.second = Convolution(fan_in, fan_out, 3), Convolution(fan_out, fan_out, 3)
            self.skip = Convolution(fan_in, fan_out, 1)

        def forward(self, maps: Any) -> Any:
            maps = nn.functional.max_pool2d(maps, 2)
            return torch.relu(self.second(torch.relu(self.first(maps))) + self.skip(maps))

    class Network(nn.Module):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__()
            self.stem = Convolution(3, width, 3)
            fans, here = [width], side
            while here // 2 >= SMALLEST_MAP:
                fans.append(min(2 * fans[-1], MOST * width))
                here //= 2
            self.blocks = nn.ModuleList(Block(a, b) for a, b in pairwise(fans))
            self.head = nn.Linear(fans[-1], classes)

        def forward(self, pictures: Any) -> Any:
            maps = torch.relu(self.stem(pictures))
            for block in self.blocks:
                maps = block(maps)
            return self.head(nn.functional.dropout(maps.mean(dim=(2, 3)), 0.2, self.training))

    return Network()


def _learn(
    torch: Any,
    network: Any,
    pixels: Float32,
    y: Float64,
    params: Mapping[str, Any],
    context: FitContext,
    device: Any,
    mirror: bool,
) -> float:
    """One cycle over as many epochs as are asked for and time allows; returns how many."""
    from ._goals import Goal

    made = 0.0
    rng = np.random.default_rng(context.seed)
    goal = Goal(context.classes)
    answers, weight = goal.answers(y), _weights(torch, y, context.classes, device) if context.classes else None
    data = torch.from_numpy(pixels)
    peak = float(params.get("learning_rate", 0.01))
    optimiser = torch.optim.AdamW(network.parameters(), lr=peak / 25, weight_decay=0.05)
    half = device.type == "cuda"
    began, deadline = time.monotonic(), context.deadline
    network.train()
    for share, rows in _batches(len(y), int(params.get("epochs", EPOCHS)), rng, began, deadline):
        for group in optimiser.param_groups:
            group["lr"] = peak * _cycle(share)
        given = augmented(torch, data[rows], rng, mirror, gently=not context.classes).to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            wrong: Any = goal.loss(network(given).float(), answers[rows].to(device), SMOOTHING, weight)
        optimiser.zero_grad(set_to_none=True)
        wrong.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        made += len(rows) / len(y)
    return made


def _batches(
    rows: int, epochs: int, rng: np.random.Generator, began: float, deadline: float | None
) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """(share of the training that is over, rows of the next step). After the first epochs it is known how many fit into
    the time, and the cycle is drawn over these; a few are always made."""
    steps = max(1, rows // BATCH)
    for epoch in range(10**6):
        if deadline is not None and epoch >= 1:
            each = (time.monotonic() - began) / epoch
            fitting = int((deadline - began) / each)
            epochs = min(epochs, max(fitting, FEWEST_EPOCHS, epoch))
        if epoch >= epochs:
            return
        order = rng.permutation(rows)
        for step in range(steps):
            yield (epoch + step / steps) / epochs, order[step * rows // steps : (step + 1) * rows // steps]


def _cycle(share: float) -> float:
    """The learning rate's share of its peak: up in a line, down along a cosine."""
    if share < WARM:
        return 0.04 + 0.96 * share / WARM
    return max(0.5 * (1 + math.cos(math.pi * (share - WARM) / (1 - WARM))), 1e-3)


def _weights(torch: Any, y: Float64, classes: int, device: Any) -> Any:
    """Rare classes count more, by the root of their rarity."""
    counts = np.bincount(y.astype(np.int64), minlength=classes).astype(np.float64)
    weights = np.sqrt(counts.mean() / np.maximum(counts, 1.0))
    return torch.as_tensor(weights / weights.mean(), dtype=torch.float32, device=device)


def _folded(network: Any) -> dict[str, Float32]:
    """Weights as arrays, each batch normalisation folded into the convolution before it."""
    layers: dict[str, Float32] = {}
    named: Sequence[tuple[str, Any]] = [("stem", network.stem)]
    for i, block in enumerate(network.blocks):
        named = [*named, *((f"block{i}.{part}", getattr(block, part)) for part in ("first", "second", "skip"))]
    for name, layer in named:
        norm = layer.norm
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
        weight = layer.convolution.weight.detach() * scale[:, None, None, None]
        layers[f"{name}.weight"] = weight.numpy().astype(np.float32)
        layers[f"{name}.bias"] = (norm.bias.detach() - norm.running_mean * scale).numpy().astype(np.float32)
    layers["head.weight"] = network.head.weight.detach().numpy().astype(np.float32)
    layers["head.bias"] = network.head.bias.detach().numpy().astype(np.float32)
    return layers


PLUGIN = Cnn()
