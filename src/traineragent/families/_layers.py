"""A pretrained encoder of texts in torch: its upper layers learn, and what lies below is fixed.

From the weights that `export.encoder` writes graphs of, and with the same arithmetic, so any checkpoint that can be
served can be trained. Knows no task; needs torch alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..export.encoder import Shape, canonical, read_safetensors
from ..serve.inputs.parts import Ragged

MOST_KEPT_BYTES = 400_000_000
READ_AT_ONCE = 32


class Layers:
    """Hidden states are float tensors (rows, length, width), `there` bool (rows, length)."""

    def __init__(self, weights: Mapping[str, NDArray[Any]], shape: Shape, device: str) -> None:
        import torch

        self.shape, self.device = shape, device
        self._arrays = weights
        self.weights: dict[str, Any] = {
            name: torch.from_numpy(np.array(value, dtype=np.float32)).to(device)
            for name, value in weights.items()
            if np.asarray(value).dtype.kind == "f"
        }
        self.half = device == "cuda" or bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())

    @classmethod
    def read(cls, checkpoint: Path, device: str) -> Layers:
        """Raises InputError where the checkpoint cannot be read."""
        shape = Shape.read(checkpoint)
        weights: dict[str, NDArray[Any]] = {}
        for file in sorted(checkpoint.glob("*.safetensors")):
            weights |= read_safetensors(file)
        if not weights:
            raise InputError(f"{checkpoint.name}: no .safetensors file; pickled weights are not opened")
        return cls(canonical(weights, shape), shape, device)

    def learning(self, layers: int) -> list[Any]:
        """The weights of the upper `layers`, which learn from now on."""
        heads = tuple(f"encoder.layer.{i}." for i in range(self.shape.layers - layers, self.shape.layers))
        found = [value for name, value in self.weights.items() if name.startswith(heads)]
        for value in found:
            value.requires_grad_(True)
        return found

    def read_rows(self, part: Ragged, layers: int) -> tuple[Any, Any]:
        """(what the lower `layers` make of texts given as ids, which of it are tokens); nothing learns from it."""
        import torch

        feeds = part.feeds("t")
        there = torch.from_numpy(feeds["t.weights"] > 0).to(self.device)
        with torch.no_grad():
            return self.through(self.embedded(torch.from_numpy(feeds["t"]).to(self.device)), there, 0, layers), there

    def embedded(self, ids: Any) -> Any:
        """What enters the first layer, from ids int64 (rows, length)."""
        import torch

        h = self.weights["embeddings.word_embeddings.weight"][ids]
        first = self.shape.first
        h = h + self.weights["embeddings.position_embeddings.weight"][first : first + ids.shape[1]]
        types = self.weights.get("embeddings.token_type_embeddings.weight")
        h = h if types is None else h + types[0]
        scale, shift = (self.weights[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias"))
        return torch.nn.functional.layer_norm(h, (self.shape.width,), scale, shift, self.shape.epsilon)

    def through(self, h: Any, there: Any, first: int, last: int) -> Any:
        """What the layers `first` to before `last` make of hidden states."""
        import torch

        mask = there[:, None, None, :]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            for i in range(first, last):
                h = self._layer(h, mask, f"encoder.layer.{i}")
        return h.float()

    def _layer(self, h: Any, mask: Any, name: str) -> Any:
        from torch.nn.functional import gelu, scaled_dot_product_attention

        rows, length, width = h.shape
        query, key, value = (
            self._linear(h, f"{name}.attention.self.{part}").view(rows, length, self.shape.heads, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = self._linear(mixed.transpose(1, 2).reshape(rows, length, width), f"{name}.attention.output.dense")
        h = self._normed(mixed + h, f"{name}.attention.output.LayerNorm")
        wide = gelu(self._linear(h, f"{name}.intermediate.dense"))
        return self._normed(self._linear(wide, f"{name}.output.dense") + h, f"{name}.output.LayerNorm")

    def _linear(self, h: Any, name: str) -> Any:
        import torch

        return torch.nn.functional.linear(h, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _normed(self, h: Any, name: str) -> Any:
        import torch

        scale, shift = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return torch.nn.functional.layer_norm(h.float(), (self.shape.width,), scale, shift, self.shape.epsilon)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All weights as they are now, under their canonical names."""
        learned = {name: value.detach().cpu().numpy() for name, value in self.weights.items() if value.requires_grad}
        return {**self._arrays, **learned}


class Below:
    """What the fixed lower layers make of texts: computed once and kept as 16-bit numbers, or anew each time where that
    would fill the memory."""

    def __init__(self, encoder: Layers, part: Ragged, layers: int) -> None:
        self.encoder, self.part, self.layers = encoder, part, layers
        tokens, width = int(part.lengths.sum()), encoder.shape.width
        self.kept: NDArray[np.float16] | None = None
        if layers and 2 * tokens * width <= MOST_KEPT_BYTES:
            self.kept = np.empty((tokens, width), dtype=np.float16)
            order = np.argsort(part.lengths, kind="stable")
            self.offsets = np.concatenate([[0], np.cumsum(part.lengths)])
            for i in range(0, len(order), READ_AT_ONCE):
                rows = order[i : i + READ_AT_ONCE]
                h, there = encoder.read_rows(part[rows], layers)
                self.kept[self._places(rows)] = h[there].cpu().numpy().astype(np.float16)

    def _places(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.concatenate([np.arange(self.offsets[r], self.offsets[r + 1]) for r in rows])

    def of(self, rows: NDArray[np.intp]) -> tuple[Any, Any]:
        """(hidden states, which of them are tokens) of some texts."""
        import torch

        if self.kept is None:
            return self.encoder.read_rows(self.part[rows], self.layers)
        lengths = self.part.lengths[rows]
        there = np.arange(max(int(lengths.max(initial=0)), 1)) < lengths[:, None]
        h = np.zeros((*there.shape, self.encoder.shape.width), dtype=np.float32)
        h[there] = self.kept[self._places(rows)]
        return torch.from_numpy(h).to(self.encoder.device), torch.from_numpy(there).to(self.encoder.device)
