"""The trained network of `phrase_grid` as one ONNX graph, and how far its answers are from the network's."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
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
    example = (torch.from_numpy(np.array(phrases.pixels[:1])), torch.tensor([[2, 0, 0], [1, 2, 2]]))
    axes = {"tokens": {0: "queries", 1: "words"}, "logits": {0: "queries"}, "boxes": {0: "queries"}}
    written = io.BytesIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            served,
            example,
            written,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["pixels", "tokens"],
            output_names=["logits", "boxes"],
            dynamic_axes=axes,
            opset_version=OPSET,
        )
    graph = written.getvalue()
    onnx.checker.check_model(onnx.load_model_from_string(graph))
    return graph, _difference(served, graph, phrases, ids)


def _difference(served: Any, graph: bytes, phrases: PhraseSet, ids: Mapping[str, int]) -> float:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for row in np.linspace(0, len(phrases.phrases) - 1, PROVED).astype(int).tolist():
        words = [ids[w] for w in phrases.things[row].words if w in ids] or [0]
        pixels, tokens = np.array(phrases.pixels[phrases.of[row]])[None], np.array([words, words[::-1]])
        got = session.run(None, {"pixels": pixels, "tokens": tokens})
        with torch.no_grad():
            wanted = served(torch.from_numpy(pixels), torch.from_numpy(tokens))
        worst = max(worst, *(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, wanted, strict=True)))
    return worst
