"""Fine-tunes the upper layers of a pretrained encoder to tell each token's tag, with torch.

The schedule follows the clock, as where whole texts are classified. Knows nothing of random fields or bundles.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.accelerator import device
from ..engine.spans.dataset import MarkedTexts
from ..export.encoder import Shape, packed
from ..ports import FitContext
from ..serve.inputs.parts import Ragged
from ..serve.spans.encoder import TOKENIZER, Place, open_tokenizer, windows_of
from ._crf import Head
from ._layer_tuning import batches, tune
from ._layers import Below, Layers

RATE, HEAD_RATE = 3e-4, 2e-3
WARM_UP, DROPOUT = 0.1, 0.1
EPOCHS = 4.0
BATCH = 16  # windows a step
SHARE_OF_TIME = 0.85  # of the time left; the rest goes to rounding and saving
FEWEST_EPOCHS = 0.7  # below, the encoder has hardly begun to learn
TIMED = 6  # steps that tell how long all would take


@dataclass(frozen=True)
class Tuned:
    """The encoder as `export.encoder.packed` gives it, and the scores of tags of what its last layer makes."""

    weights: Mapping[str, NDArray[Any]]
    shape: Shape
    head: Head


class TokenTuning:
    """The training of one encoder. `numbers` (tokens,): the tag of each token; the lower `fixed` layers stay."""

    def __init__(
        self, params: Mapping[str, Any], data: MarkedTexts, numbers: NDArray[np.int32], tags: int, context: FitContext
    ) -> None:
        import torch

        assert context.folder is not None
        assert data.encoder is not None
        torch.manual_seed(context.seed)
        torch.set_num_threads(context.threads)
        self.params = params
        self.device = device()
        checkpoint = Path(json.loads((context.folder / "checkpoint.json").read_text(encoding="utf-8"))["path"])
        self.layers = Layers.read(checkpoint, self.device)
        self.fixed = int(data.encoder["layers"])
        self.rng = np.random.default_rng(context.seed)
        self.ends: float | None = None
        if context.deadline is not None and np.isfinite(context.deadline):
            now = time.monotonic()
            self.ends = now + SHARE_OF_TIME * (context.deadline - now)
        self.part, self.owners = _pieces(data, checkpoint / TOKENIZER, int(data.encoder["longest"]))
        self.tags = torch.from_numpy(numbers.astype(np.int64))
        self.head = torch.nn.Linear(self.layers.shape.width, tags).to(self.device)
        torch.nn.init.zeros_(self.head.weight)
        counts = np.bincount(numbers, minlength=tags) + 1.0
        with torch.no_grad():  # the first steps need not learn how frequent each tag is
            self.head.bias.copy_(torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32)))

    def run(self) -> Tuned:
        """Steps until the epochs are over or the time is. Raises ValueError where the time is too short."""
        shape = self.layers.shape
        below = Below(self.layers, self.part, self.fixed)
        learning = self.layers.learning(shape.layers - self.fixed)
        groups = [
            (learning, float(self.params.get("tuning_rate", RATE))),
            (list(self.head.parameters()), HEAD_RATE),
        ]
        total = max(int(float(self.params.get("tuning_epochs", EPOCHS)) * len(self.part) / BATCH), 1)
        rows = batches(self.part.lengths, BATCH, total, self.rng)

        def watch(taken: int, used: float) -> None:
            if taken == TIMED and used > 0:
                self._require(taken / used)

        taken = tune(groups, rows, lambda r: self._loss(below, r), total, self.ends, warm_up=WARM_UP, watch=watch)
        self._require(taken)
        weights = self.head.weight.detach().cpu().numpy().T.copy()
        head = Head(weights, self.head.bias.detach().cpu().numpy().copy())
        return Tuned(packed(self.layers.arrays(), shape), shape, head)

    def _require(self, steps: float) -> None:
        """Raises ValueError where that many steps are too few to begin to learn."""
        epochs = min(FEWEST_EPOCHS, float(self.params.get("tuning_epochs", EPOCHS)) / 2)
        if steps * BATCH < epochs * len(self.part):
            raise ValueError(f"the time is too short for fine-tuning an encoder on {len(self.part):,} texts")

    def _loss(self, below: Below, rows: NDArray[np.intp]) -> Any:
        """Mean cross-entropy of the tags; a token is the mean of its pieces."""
        import torch

        h, there = below.of(rows)
        last = self.layers.through(h, there, self.fixed, self.layers.shape.layers)
        owner = np.full(tuple(there.shape), -1, dtype=np.int64)  # (windows, length)
        for place, row in enumerate(rows.tolist()):
            owner[place, : len(self.owners[row])] = self.owners[row]
        flat = torch.from_numpy(owner.ravel()).to(self.device)
        mine = flat >= 0
        tokens, which = torch.unique(flat[mine], return_inverse=True)
        sums = torch.zeros(len(tokens), last.shape[-1], device=self.device)
        sums = sums.index_add(0, which, last.reshape(-1, last.shape[-1])[mine])
        mean = sums / torch.bincount(which, minlength=len(tokens))[:, None]
        raw = self.head(torch.nn.functional.dropout(mean, DROPOUT))
        return torch.nn.functional.cross_entropy(raw, self.tags.to(self.device)[tokens])


def _pieces(data: MarkedTexts, tokenizer: Path, longest: int) -> tuple[Ragged, list[NDArray[np.int64]]]:
    """Word pieces of all texts by window, and the token that each belongs to, -1 for none."""
    places: Sequence[Sequence[Place]] = [data.places_of(i) for i in range(data.rows)]
    words = [text[a:b] for text, cut in zip(data.texts, places, strict=True) for a, b in cut]
    windows = [w for w in windows_of([len(cut) for cut in places]) if w.end > w.start]
    given = [words[w.first : w.behind] for w in windows]
    found = open_tokenizer(tokenizer, longest).encode_batch(given, is_pretokenized=True)
    owners = [w.owned(f.word_ids) for w, f in zip(windows, found, strict=True)]
    kept = [i for i, owner in enumerate(owners) if (owner >= 0).any()]
    return Ragged.of([found[i].ids for i in kept]), [owners[i] for i in kept]
