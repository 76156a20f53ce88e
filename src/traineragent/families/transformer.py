"""A pretrained encoder of texts fine-tuned with a linear head: reads word order and context, and takes its time.

Trained with torch, kept in 8 bits and run by onnxruntime from then on, so what is validated is what will be served.
The schedule follows the clock: whatever time there is, the learning rate ends near zero (Howard & Ruder 2018).
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ..engine.views import session
from ..errors import MissingExtra
from ..export.builder import GraphBuilder
from ..export.encoder import Shape, canonical, packed, write_encoder
from ..ports import Batch, Card, FitContext
from ..serve.inputs.parts import Part, Ragged

Float64 = NDArray[np.float64]

RATE, HEAD_RATE = 1e-4, 2e-3
WARM_UP = 0.06
DECAY = 0.01
DROPOUT = 0.1  # of the text's vector; inside the encoder it costs a seventh of a step and brings little
EPOCHS = 4.0
BATCH = 32
BUCKET = 32  # batches that are sorted by length together
SCALES = (0.2, 5.0)
RUN_BATCH = 32
SHARE_OF_TIME = 0.85  # of the time left goes to steps, the rest to validation and saving


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
            import transformers  # noqa: F401
        except ImportError as error:
            raise MissingExtra(str(error.name), "text", "fine-tuning a transformer") from error
        tuning = _Tuning(params, train, context)
        tuning.run()
        model = tuning.fitted()
        return model if valid is None else _scaled(model, valid)

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
    """The training of one model."""

    def __init__(self, params: Mapping[str, Any], train: Batch, context: FitContext) -> None:
        import torch

        spec = context.input_of("tokens")
        part = train.more[spec.name]
        assert isinstance(part, Ragged)
        assert context.folder is not None
        self.name, self.part, self.context, self.features = spec.name, part, context, train.x.shape[1]
        self.checkpoint = Path(json.loads((context.folder / "inputs" / "checkpoint.json").read_text())["path"])
        self.shape = Shape.read(self.checkpoint)
        self.multi = train.y.ndim == 2
        self.y = torch.from_numpy(train.y.astype(np.float32 if self.multi else np.int64))
        self.epochs, self.rate = float(params.get("epochs", EPOCHS)), float(params.get("rate", RATE))
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.half = self.device == "cuda" or bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
        torch.manual_seed(context.seed)
        torch.set_num_threads(context.threads)
        self.rng = np.random.default_rng(context.seed)
        self.encoder = _pretrained(self.checkpoint).to(self.device).train()
        self.head = torch.nn.Linear(self.shape.width, max(context.classes, 2)).to(self.device)
        torch.nn.init.zeros_(self.head.weight)
        torch.nn.init.zeros_(self.head.bias)

    def run(self) -> None:
        """Steps until the epochs are over or the time is."""
        import torch

        tuned = _tunable(self.encoder)
        groups = [{"params": tuned, "lr": self.rate}, {"params": list(self.head.parameters()), "lr": HEAD_RATE}]
        optimizer = torch.optim.AdamW(groups, weight_decay=DECAY)
        peaks = [group["lr"] for group in optimizer.param_groups]
        total = max(int(self.epochs * len(self.part) / BATCH), 1)
        began = time.monotonic()
        ends = None if self.context.deadline is None else began + SHARE_OF_TIME * (self.context.deadline - began)
        for step, rows in enumerate(self._batches(total)):
            done = step / total
            if ends is not None:
                done = max(done, (time.monotonic() - began) / max(ends - began, 1e-3))
            if done >= 1 and step:
                return
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * min(1.0, done / WARM_UP + 0.02) * max(1.0 - done, 0.02)
            loss = self._loss(rows)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(tuned, 1.0)
            optimizer.step()

    def _batches(self, total: int) -> Iterator[NDArray[np.intp]]:
        """Rows of each step: shuffled, then sorted by length within a bucket, so that little is padding."""
        lengths, done = self.part.lengths, 0
        while done < total:
            order = self.rng.permutation(len(lengths))
            for start in range(0, len(order), BATCH * BUCKET):
                bucket = order[start : start + BATCH * BUCKET]
                bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
                parts = [bucket[i : i + BATCH] for i in range(0, len(bucket), BATCH)]
                for k in self.rng.permutation(len(parts)).tolist():
                    yield parts[k]
                    done += 1

    def _loss(self, rows: NDArray[np.intp]) -> Any:
        import torch

        feeds = self.part[rows].feeds("t")
        ids = torch.from_numpy(feeds["t"]).to(self.device)
        there = torch.from_numpy(feeds["t.weights"]).to(self.device)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            last = self.encoder(input_ids=ids, attention_mask=there.long()).last_hidden_state
        mean = (last.float() * there[:, :, None]).sum(1) / there.sum(1, keepdim=True).clamp(min=1)
        raw = self.head(torch.nn.functional.dropout(mean, DROPOUT))
        y = self.y[torch.from_numpy(rows)].to(self.device)
        if self.multi:
            return torch.nn.functional.binary_cross_entropy_with_logits(raw, y)
        return torch.nn.functional.cross_entropy(raw, y)

    def fitted(self) -> FittedTransformer:
        weights = {name: value.detach().cpu().float().numpy() for name, value in self.encoder.state_dict().items()}
        head = self.head.weight.detach().cpu().numpy().T.copy()
        bias = self.head.bias.detach().cpu().numpy().copy()
        small = packed(canonical(weights, self.shape), self.shape)
        return FittedTransformer(self.name, self.shape, small, head, bias, self.features, self.multi)


def _pretrained(checkpoint: Path) -> Any:
    """The encoder in float32, without dropout inside."""
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = AutoConfig.from_pretrained(checkpoint, local_files_only=True)
        for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout"):
            if hasattr(config, name):
                setattr(config, name, 0.0)
        model = AutoModel.from_pretrained(checkpoint, config=config, local_files_only=True, use_safetensors=True)
    return model.float()


def _tunable(encoder: Any) -> list[Any]:
    """All weights but the table of words, most of which a small set never shows, and what the mean does not use."""
    kept = []
    for name, value in encoder.named_parameters():
        tuned = "word_embeddings" not in name and "pooler" not in name
        value.requires_grad_(tuned)
        kept += [value] if tuned else []
    return kept


def _scaled(model: FittedTransformer, valid: Batch) -> FittedTransformer:
    """Log-odds times the one number that fits the validation rows best (Guo et al. 2017)."""
    p = np.clip(model.predict(valid.x, valid.more), 1e-7, 1 - 1e-7)
    raw = np.log(p) - np.log1p(-p) if model.multi else np.log(p)

    def loss(scale: float) -> float:
        if model.multi:
            return float(np.mean(np.logaddexp(0.0, raw * scale) - valid.y * raw * scale))
        return -float(log_softmax(raw * scale, axis=1)[np.arange(len(raw)), valid.y.astype(np.intp)].mean())

    low, high = np.log(SCALES)
    best = np.float32(np.exp(minimize_scalar(lambda s: loss(float(np.exp(s))), bounds=(low, high), method="bounded").x))
    return FittedTransformer(
        model.name, model.shape, model.weights, model.head * best, model.bias * best, model.features, model.multi
    )


PLUGIN = Transformer()
