"""A pretrained encoder of texts fine-tuned with a linear head: reads word order and context, and takes its time.

Trained with torch, kept in 8 bits and run by onnxruntime from then on, so what is validated is what will be served.
The schedule follows the clock: whatever time there is, the learning rate ends near zero (Howard & Ruder 2018).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ..engine.accelerator import device
from ..engine.views import session
from ..errors import MissingExtra
from ..export.builder import GraphBuilder
from ..export.encoder import Shape, packed, write_encoder
from ..ports import Batch, Card, FitContext
from ..serve.inputs.parts import Part, Ragged
from ._layer_tuning import batches, tune
from ._layers import Below, Layers

Float64 = NDArray[np.float64]

RATE, HEAD_RATE = 3e-4, 2e-3  # the former for half of the layers; the more learn, the slower
WARM_UP = 0.06
DROPOUT = 0.1  # of the text's vector; inside the encoder it costs a seventh of a step and brings little
EPOCHS, MANY_EPOCHS, MOST_EPOCHS = 2.0, 4.0, 20.0  # of few classes, where a third brings nothing; of many; of few texts
MANY_CLASSES = 10
STEPS = 500  # few texts are read more often
BATCH = 32
SCALES = (0.2, 5.0)
RUN_BATCH = 32
SHARE_OF_TIME = 0.9  # of the time left goes to steps, the rest to validation and saving
REFIT_SHARE = 0.7  # of what was read in validation, that all rows must be read for a model of them to be as good
EPOCHS_WORTHWHILE = 3.0  # more than half of the layers learn only where they can for so long
FEWEST_TEXTS = 200  # from which learning is worthwhile, where the time is too short for all of them
STEP_COST = 4.0  # of a layer that learns: reading, the way back and the change, in readings
PADDED = 1.05  # tokens with padding, where texts are sorted by length
MEASURED_S = 3.0  # spent on measuring
READ_AGAIN, MOST_AGAIN = 1.3, 0.4  # of reading, for each text of validation; of the time left that is kept for it


@dataclass(frozen=True)
class FittedTransformer:
    """raw = (mean over tokens @ head + bias) * scale; `weights` as `packed` gives them; head (width, classes)."""

    name: str
    shape: Shape
    weights: Mapping[str, NDArray[Any]]
    head: NDArray[np.float32]
    bias: NDArray[np.float32]
    features: int
    multi: bool
    found: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def _session(self) -> Any:
        return session(self.graph().SerializeToString(), 1)

    def predict(self, x: NDArray[np.float32], more: Mapping[str, Part]) -> Float64:
        part = more[self.name]
        assert isinstance(part, Ragged)
        out = np.empty((len(part), self.head.shape[1]))
        order = np.argsort(part.lengths, kind="stable")
        for i in range(0, len(order), RUN_BATCH):
            picked = order[i : i + RUN_BATCH]
            out[picked] = self._session.run(["y"], {"x": x[picked], **part[picked].feeds(self.name)})[0]
        return out

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {f"w.{name}": value for name, value in self.weights.items()}
        facts = {"name": self.name, "shape": asdict(self.shape), "features": self.features, "multi": self.multi}
        arrays |= {"head": self.head, "bias": self.bias, "facts": np.array(json.dumps(facts))}
        with path.open("wb") as file:
            np.savez(file, **arrays)

    def graph(self) -> onnx.ModelProto:
        graph = GraphBuilder(self.features)
        mean = write_encoder(graph, *graph.ragged(self.name), self.weights, self.shape)
        raw = graph.add("Gemm", mean, graph.floats(self.head), graph.floats(self.bias))
        p = graph.add("Sigmoid", raw) if self.multi else graph.add("Softmax", raw, axis=1)
        return graph.model(p, self.head.shape[1])


class Transformer:
    card = Card(
        name="transformer",
        title="Fine-tuned transformer",
        tasks=("binary", "multiclass", "multilabel"),
        reads=("tokens",),
        packages=("torch",),
        min_rows=200,
        licence="that of the checkpoint",
        source="Devlin et al. 2019, BERT; Wang et al. 2020, MiniLM",
    )

    def space(self, context: FitContext, rows: int) -> Mapping[str, Any]:
        return {}

    def fit(
        self, params: Mapping[str, Any], train: Batch, valid: Batch | None, context: FitContext
    ) -> FittedTransformer:
        try:
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingExtra(str(error.name), "text", "fine-tuning a transformer") from error
        tuning = _Tuning(params, train, context, 0 if valid is None else len(valid.x))
        found = tuning.run()
        model = tuning.fitted()
        scale = _scale(model, valid) if valid is not None else float(params.get("scale", 1.0))
        head, bias = (a * np.float32(scale) for a in (model.head, model.bias))
        return replace(model, head=head, bias=bias, found={**found, "scale": scale})

    def load(self, path: Path, context: FitContext) -> FittedTransformer:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        facts = json.loads(str(arrays["facts"]))
        weights = {name[2:]: value for name, value in arrays.items() if name.startswith("w.")}
        shape = Shape(**facts["shape"])
        return FittedTransformer(
            facts["name"], shape, weights, arrays["head"], arrays["bias"], facts["features"], facts["multi"]
        )


class _Tuning:
    """The training of one model: upper layers of the encoder and a head on the mean over a text's tokens."""

    def __init__(self, params: Mapping[str, Any], train: Batch, context: FitContext, after: int = 0) -> None:
        """`after`: texts that the finished model will be asked about before the deadline."""
        import torch

        spec = context.input_of("tokens")
        part = train.more[spec.name]
        assert isinstance(part, Ragged)
        assert context.folder is not None
        self.name, self.part, self.context, self.features = spec.name, part, context, train.x.shape[1]
        self.params, self.after = params, after
        self.multi = train.y.ndim == 2
        self.y = torch.from_numpy(train.y.astype(np.float32 if self.multi else np.int64))
        torch.manual_seed(context.seed)
        torch.set_num_threads(context.threads)
        self.device = device()
        self.ends: float | None = None
        if context.deadline is not None and np.isfinite(context.deadline):
            now = time.monotonic()
            self.ends = now + SHARE_OF_TIME * (context.deadline - now)
        self.rng = np.random.default_rng(context.seed)
        checkpoint = Path(json.loads((context.folder / "inputs" / "checkpoint.json").read_text())["path"])
        self.layers = Layers.read(checkpoint, self.device)
        self.shape = self.layers.shape
        self.head = torch.nn.Linear(self.shape.width, max(context.classes, 2)).to(self.device)
        torch.nn.init.zeros_(self.head.weight)
        with torch.no_grad():  # the first steps need not learn how frequent each answer is
            self.head.bias.copy_(torch.from_numpy(_usual(train.y, self.head.out_features)))
        self.below: Below

    def run(self) -> dict[str, float]:
        """Steps until the epochs are over or the time is; what a model of more rows should do alike."""
        import torch

        plan = self._planned()
        self._require_as_much(round(plan.epochs * plan.texts))
        if plan.texts < len(self.part):
            some = np.sort(self.rng.permutation(len(self.part))[: plan.texts])
            self.part, self.y = self.part[some], self.y[torch.from_numpy(some)]
        self.below = Below(self.layers, self.part, self.shape.layers - plan.layers)
        learning = self.layers.learning(plan.layers)
        rate = float(self.params.get("rate", RATE * min(1.0, self.shape.layers / (2 * plan.layers))))
        groups = [(learning, rate), (list(self.head.parameters()), HEAD_RATE)]
        total = max(int(plan.epochs * len(self.part) / BATCH), 1)
        rows = batches(self.part.lengths, BATCH, total, self.rng)
        taken = tune(groups, rows, self._loss, total, self.ends, warm_up=WARM_UP)
        self._require_as_much(taken * BATCH)
        return {"layers": float(plan.layers), "epochs": plan.epochs, "read": float(taken * BATCH)}

    def _require_as_much(self, read: int) -> None:
        """Raises ValueError where a model of all rows read much less than the one that was validated: it is no better
        then, and nobody knows how good."""
        before = float(self.params.get("read", 0.0))
        if read < REFIT_SHARE * before:
            raise ValueError(f"only {read:,} texts could be read, where {before:,.0f} were in validation")

    def _planned(self) -> _Plan:
        """As many layers as can learn for EPOCHS_WORTHWHILE in the time; the fewer learn, the less a pass over the
        texts costs. Where not even half of them can, half of them learn from a part of the texts. Raises ValueError
        where the time is too short for that."""
        depth, texts = self.shape.layers, len(self.part)
        most = min(int(self.params.get("layers", depth)), depth)
        usual = MANY_EPOCHS if self.head.out_features > MANY_CLASSES else EPOCHS
        epochs = float(self.params.get("epochs", min(max(usual, STEPS * BATCH / texts), MOST_EPOCHS)))
        if self.ends is None:
            return _Plan(most, epochs, texts)
        whole = self._seconds_to_read()
        once = whole / depth  # all texts through a layer
        left = max(self.ends - time.monotonic(), 1e-3)
        answering = min(READ_AGAIN * whole * self.after / texts, MOST_AGAIN * left)
        self.ends, left = self.ends - answering, left - answering
        half = min((depth + 1) // 2, most)
        for layers in range(most, half - 1, -1):
            possible = (left - (depth - layers) * once) / (STEP_COST * layers * once)
            if possible >= (EPOCHS_WORTHWHILE if layers > half else 1.0):
                return _Plan(layers, min(epochs, possible), texts)
        part = int(texts * left / ((depth - half + STEP_COST * half) * once))
        if part < FEWEST_TEXTS:
            raise ValueError(f"{left:.0f} s are too short for fine-tuning an encoder on {texts:,} texts")
        return _Plan(half, 1.0, part)

    def _seconds_to_read(self) -> float:
        """What reading all texts once would take, by some of them."""
        some = self.rng.permutation(len(self.part))[: 2 * BATCH]
        self.layers.read_rows(self.part[some[:2]], self.shape.layers)  # the first call prepares what later ones use
        began, seen = time.monotonic(), 0
        for i in range(0, len(some), BATCH):
            rows = some[i : i + BATCH]
            self.layers.read_rows(self.part[rows], self.shape.layers)
            seen += int(self.part.lengths[rows].max(initial=1)) * len(rows)  # padding costs as words do
            if time.monotonic() - began > MEASURED_S:
                break
        return (time.monotonic() - began) / max(seen, 1) * float(self.part.lengths.sum()) * PADDED

    def _loss(self, rows: NDArray[np.intp]) -> Any:
        import torch

        h, there = self.below.of(rows)
        last = self.layers.through(h, there, self.below.layers, self.shape.layers)
        mean = (last * there[:, :, None]).sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        raw = self.head(torch.nn.functional.dropout(mean, DROPOUT))
        y = self.y[torch.from_numpy(rows)].to(self.device)
        if self.multi:
            return torch.nn.functional.binary_cross_entropy_with_logits(raw, y)
        return torch.nn.functional.cross_entropy(raw, y)

    def fitted(self) -> FittedTransformer:
        head = self.head.weight.detach().cpu().numpy().T.copy()
        bias = self.head.bias.detach().cpu().numpy().copy()
        small = packed(self.layers.arrays(), self.shape)
        return FittedTransformer(self.name, self.shape, small, head, bias, self.features, self.multi)


@dataclass(frozen=True)
class _Plan:
    """How many of the upper layers learn, for how many passes over how many of the texts."""

    layers: int
    epochs: float
    texts: int


def _usual(y: Float64, outputs: int) -> NDArray[np.float32]:
    """Scores at which each answer is as probable as it is frequent, (outputs,); one is added to every count."""
    if y.ndim == 2:
        share = (y.sum(axis=0) + 1) / (len(y) + 2)
        return np.asarray(np.log(share / (1 - share)), dtype=np.float32)
    counts = np.bincount(y.astype(np.intp), minlength=outputs) + 1.0
    return np.asarray(np.log(counts / counts.sum()), dtype=np.float32)


def _scale(model: FittedTransformer, valid: Batch) -> float:
    """The number by which log-odds fit the validation rows best (Guo et al. 2017)."""
    p = np.clip(model.predict(valid.x, valid.more), 1e-7, 1 - 1e-7)
    raw = np.log(p) - np.log1p(-p) if model.multi else np.log(p)

    def loss(scale: float) -> float:
        if model.multi:
            return float(np.mean(np.logaddexp(0.0, raw * scale) - valid.y * raw * scale))
        return -float(log_softmax(raw * scale, axis=1)[np.arange(len(raw)), valid.y.astype(np.intp)].mean())

    low, high = np.log(SCALES)
    return float(np.exp(minimize_scalar(lambda s: loss(float(np.exp(s))), bounds=(low, high), method="bounded").x))


PLUGIN = Transformer()
