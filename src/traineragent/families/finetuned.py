"""A pretrained network that learns the pictures at hand: its head first, then all of it, with pictures changed a little
each time. Worth its time where they look little like the photographs that the network knows.

Its first part alone ("depth"), fewer pixels ("side") and 8-bit numbers ("int8") make it smaller and faster; the whole
network then teaches the small one ("taught"). Needs torch and transformers to train, nothing to be served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ..domain.data import RichInput, ViewSpec
from ..engine.checkpoints import looks_at_any_size
from ..engine.target import TargetScale, fit_target
from ..engine.views import session
from ..errors import InputError, MissingExtra, TrainerError
from ..export.builder import GraphBuilder
from ..export.network import appended, features_of
from ..export.rounding import quantised
from ..ports import Batch, Card, FitContext
from ..serve.inputs.parts import Part
from ._pictures import Pictures, mirrors_keep

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

EPOCHS, RATE = 16.0, 1e-3
SIDES = (192, 160, 128, 96)  # pixels a side that are tried where time is short
REFITTED = 0.7  # of the rounds that validated models had, which a model of all pictures needs at least
GLANCE = 32  # pixels a side at which it is found out whether mirrors keep the class
SHARPNESS = (0.2, 5.0)
PREDICTED = 32  # pictures at once


@dataclass(frozen=True)
class FittedNetwork:
    """softmax(features @ weight + bias), or a number on `scale`; `network`: an ONNX view from pixels to features;
    weight (width, classes), or (width, 1)."""

    network: bytes
    weight: Float32
    bias: Float32
    name: str
    columns: int
    found: Mapping[str, float] = field(default_factory=dict)  # what validation pictures settled
    scale: TargetScale | None = None

    @cached_property
    def _session(self) -> Any:
        return session(self.graph().SerializeToString(), 1)

    def predict(self, x: Float32, more: Mapping[str, Part]) -> Float64:
        part, run = more[self.name], self._session
        wanted, out = [i.name for i in run.get_inputs()], np.zeros((len(x), self.weight.shape[1]))
        for start in range(0, len(x), PREDICTED):
            rows = slice(start, start + PREDICTED)
            feeds = {"x": x[rows], **part[rows].feeds(self.name)}
            out[rows] = run.run(["y"], {n: feeds[n] for n in wanted})[0]
        return out if self.scale is None else out[:, 0]

    def save(self, path: Path) -> None:
        arrays = {"weight": self.weight, "bias": self.bias, "network": np.frombuffer(self.network, dtype=np.uint8)}
        arrays |= self.scale.arrays() if self.scale else {}
        with path.open("wb") as file:
            np.savez(file, name=np.array(self.name), columns=np.array(self.columns), **arrays)  # type: ignore[arg-type]

    def graph(self) -> onnx.ModelProto:
        core = onnx.load_model_from_string(self.network)
        graph = GraphBuilder(self.columns)
        (given,) = core.graph.input
        graph.inputs.append(given)
        features = appended(graph, core, given.name)
        raw = graph.add("Gemm", features, graph.floats(self.weight), graph.floats(self.bias))
        if self.scale is not None:
            return graph.model(self.scale.write(graph, raw), 1)
        return graph.model(graph.add("Softmax", raw, axis=1), self.weight.shape[1])


class Finetuned:
    card = Card(
        name="finetuned",
        title="Fine-tuned pretrained network",
        tasks=("binary", "multiclass", "regression"),
        reads=("pixels",),
        packages=("torch", "transformers", "safetensors"),
        min_rows=60,
        licence="that of the checkpoint",
        source="Yosinski et al. 2014, transferable features; Howard & Ruder 2018, discriminative rates",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext) -> FittedNetwork:
        """Parameters: "network" (a view of the kind backbone), "side" and "depth" (at most), "int8", "taught" (by the
        whole network), "epochs", "rate", "mirror" (None: found out), "sharpness" (of the scores, where there is nothing
        to validate on), "least_epochs" (fewer are an error: nothing would show what such a model is worth)."""
        try:
            import torch
            import transformers  # noqa: F401
        except ImportError as error:
            raise MissingExtra(str(error.name), "vision", "fine-tuning a network for pictures") from error
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        spec, view = context.input_of("pixels"), network_of(context, params)
        mirror = params.get("mirror")
        if mirror is None:  # a number may be a place or an angle, which a mirror changes
            small = Pictures(train.more[spec.name], spec, GLANCE)
            mirror = bool(context.classes) and mirrors_keep(small.all(), train.y, context.seed)
        scale = None if context.classes else fit_target(train.y, params.get("target", "plain"))
        recipe = _recipe(params, view, spec, bool(mirror), context.seed)
        whole = _recipe({}, view, spec, bool(mirror), context.seed) if params.get("taught") else None
        tuning = _tuned(recipe, whole, spec, _scaled(train, scale), _scaled(valid, scale), context)
        if tuning.epochs < params.get("least_epochs", 0.0):
            raise TrainerError(f"{tuning.epochs:.1f} rounds over all pictures fit into the time, too few to be trusted")
        network = tuning.network
        made = features_of(network.body.cpu(), recipe.checkpoint, network.side, spec)
        if params.get("int8"):
            made = quantised(made, spec.name, train.more[spec.name])
        weight, bias = network.linear()
        epochs = max(tuning.epochs, 0.1)
        found = {"side": network.side, "epochs": epochs, "least_epochs": REFITTED * epochs}
        model = FittedNetwork(made.SerializeToString(), weight, bias, spec.name, train.x.shape[1], found, scale)
        if scale is not None:
            return model
        sharpness = float(params.get("sharpness", 1.0)) if valid is None else _sharpness(model, valid)
        sharp = np.float32(sharpness)
        return replace(model, weight=weight * sharp, bias=bias * sharp, found={"sharpness": sharpness, **found})

    def load(self, path: Path, context: FitContext) -> FittedNetwork:
        with np.load(path, allow_pickle=False) as file:
            a = dict(file)
        scale = TargetScale.from_arrays(a) if "target" in a else None
        network, name, columns = a["network"].tobytes(), str(a["name"]), int(a["columns"])
        return FittedNetwork(network, a["weight"], a["bias"], name, columns, scale=scale)


def network_of(context: FitContext, params: Mapping[str, Any]) -> ViewSpec:
    """The view whose network is tuned. Raises InputError where there is none of that name."""
    able = [v for v in context.views if v.kind == "backbone" and not v.options.get("int8")]
    wanted = params.get("network")
    found = next((v for v in able if wanted in (None, v.name)), None)
    if found is None:
        raise InputError(
            f"there is no network {wanted!r} to tune; there are {', '.join(v.name for v in able) or 'none'}"
        )
    return found


def _recipe(params: Mapping[str, Any], view: ViewSpec, spec: RichInput, mirror: bool, seed: int) -> Any:
    from ._tuning import Recipe, sides_below

    checkpoint, largest = Path(view.options["checkpoint"]), int(view.options["side"])
    held = max(int(spec.options["height"]), int(spec.options["width"]))
    flexible = looks_at_any_size(checkpoint)
    asked = min(int(params.get("side", largest)), largest) if flexible else largest
    sides = sides_below(asked, held, SIDES) if flexible else (largest,)
    epochs, rate = float(params.get("epochs", EPOCHS)), float(params.get("rate", RATE))
    return Recipe(checkpoint, sides, float(params.get("depth", 1.0)), epochs, rate, mirror, seed)


def _tuned(
    recipe: Any, whole: Any | None, spec: RichInput, train: Batch, valid: Batch | None, context: FitContext
) -> Any:
    """The tuning when it is over; `whole`: how the network is tuned that teaches it."""
    from ._goals import Goal
    from ._states import States, digest
    from ._tuning import Network, Tuning

    part, goal = train.more[spec.name], Goal(context.classes)
    rows = digest(part, train.y)
    states = States.of(context.folder, rows, taught=whole is not None, **recipe.settings)
    held = None if valid is None else (_Sides(valid.more[spec.name], spec), valid.y)
    tuning = Tuning(recipe, _Sides(part, spec), train.y, goal, states, context.deadline, held)
    if whole is not None and not tuning.over:
        known = States.of(context.folder, rows, taught=False, **whole.settings).read()
        side = known.side if known else whole.sides[0]
        teacher = Network(whole.checkpoint, whole.depth, side, goal, tuning.device)
        if known:
            teacher.take(known.state)
        tuning.taught_by(teacher, known is not None)
    tuning.run()
    return tuning


def _scaled(rows: Any, scale: TargetScale | None) -> Any:
    """The rows with numbers as they are learned; classes, and no rows, as they are."""
    return rows if scale is None or rows is None else replace(rows, y=scale.forward(rows.y))


class _Sides(dict[int, Pictures]):
    """The same pictures at any number of pixels a side, each made ready when it is first asked for."""

    def __init__(self, part: Part, spec: RichInput) -> None:
        super().__init__()
        self._part, self._spec = part, spec

    def __missing__(self, side: int) -> Pictures:
        self[side] = Pictures(self._part, self._spec, side)
        return self[side]


def _sharpness(model: FittedNetwork, valid: Batch) -> float:
    """The factor on the scores that fits the validation pictures best (Guo et al. 2017)."""
    raw = np.log(np.maximum(model.predict(valid.x, valid.more), 1e-9))
    rows, labels = np.arange(len(raw)), valid.y.astype(np.intp)

    def loss(log: float) -> float:
        return -float(log_softmax(raw * np.exp(log), axis=1)[rows, labels].mean())

    bounds = tuple(np.log(SHARPNESS))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 0.02}).x))


PLUGIN = Finetuned()
