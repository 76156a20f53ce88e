"""Networks that find things by words as one ONNX graph, and how far its answers are from the network's."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..engine.grounding.phraseset import PhraseSet

OPSET = 18
PROVED = 8  # phrases on which graph and network must agree


class Served(nn.Module):
    """pixels uint8 (1, side, side, 3), tokens (q, t) -> logits (q, cells), boxes (q, cells, 4)."""

    def __init__(self, net: Any, features: Any) -> None:
        super().__init__()
        self.net, self.features = net, features

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        pictures = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        seen = self.net.seen(pictures, [] if self.features is None else self.features(pictures))
        logits, boxes = self.net.asked(seen, tokens, torch.zeros_like(tokens[:, 0]))
        return logits, boxes


def exported(net: Any, features: Any, phrases: PhraseSet, ids: Mapping[str, int]) -> tuple[bytes, float]:
    """(graph, largest difference of a logit or box from the network on some phrases)."""
    served = Served(net, features).eval()
    graph = traced(served, np.array(phrases.pixels[:1]), np.array([[2, 0, 0], [1, 2, 2]]))

    def tokens(row: int) -> NDArray[np.int64]:
        words = [ids[w] for w in phrases.things[row].words if w in ids] or [0]
        return np.array([words, words[::-1]])

    return graph, difference(served, graph, phrases, tokens)


def traced(served: Any, pixels: NDArray[np.uint8], tokens: NDArray[np.int64]) -> bytes:
    """The graph of a module (pixels, tokens) -> logits, boxes, for any number of queries of any length."""
    axes = {"tokens": {0: "queries", 1: "words"}, "logits": {0: "queries"}, "boxes": {0: "queries"}}
    written = io.BytesIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            served,
            (torch.from_numpy(pixels), torch.from_numpy(tokens)),
            written,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["pixels", "tokens"],
            output_names=["logits", "boxes"],
            dynamic_axes=axes,
            opset_version=OPSET,
        )
    graph = written.getvalue()
    onnx.checker.check_model(onnx.load_model_from_string(graph))
    return graph


def difference(
    served: Any,
    graph: bytes,
    phrases: PhraseSet,
    tokens: Callable[[int], NDArray[np.int64]],
    proved: int = PROVED,
    leading: int | None = None,
) -> float:
    """The largest of a logit or box, on `proved` phrases; `tokens` gives those of a phrase. `leading`: only so many of
    the highest scores and the box of the very first, where the order of what is found means nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for row in np.linspace(0, len(phrases.phrases) - 1, proved).astype(int).tolist():
        pixels, asked = np.array(phrases.pixels[phrases.of[row]])[None], tokens(row)
        got = session.run(None, {"pixels": pixels, "tokens": asked})
        with torch.no_grad():
            wanted = [w.numpy() for w in served(torch.from_numpy(pixels), torch.from_numpy(asked))]
        if leading is not None:
            got, wanted = (_leading(logits, boxes, leading) for logits, boxes in (got, wanted))
        worst = max(worst, *(float(np.abs(g - w).max()) for g, w in zip(got, wanted, strict=True)))
    return worst


def _leading(logits: NDArray[np.float32], boxes: NDArray[np.float32], count: int) -> list[NDArray[np.float32]]:
    order = np.argsort(-logits, axis=1)[:, :count]
    return [np.take_along_axis(logits, order, 1), boxes[np.arange(len(boxes)), order[:, 0]]]
