"""What a pretrained network sees at each place of a picture, on three grids.

Any convolutional checkpoint in the Hugging Face layout whose layers reach strides 8, 16 and 32. Needs torch and
transformers.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import MissingExtra, TrainerError
from ..export.network import quiet
from ._grid_net import STRIDES

PREPROCESSOR = "preprocessor_config.json"
LEARNED_STRIDE = 8


class Features(nn.Module):
    """pictures (n, 3, side, side) in [0, 1] -> one tensor (n, c, side / s, side / s) for each of STRIDES: the deepest
    layer of a checkpoint that has this size. Raises MissingExtra, and TrainerError for a network that has none."""

    def __init__(self, checkpoint: Path, side: int) -> None:
        super().__init__()
        try:
            from transformers import AutoModel
        except ImportError as error:
            raise MissingExtra("transformers", "vision", "a pretrained network for pictures") from error
        quiet("transformers")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = AutoModel.from_pretrained(checkpoint, local_files_only=True, trust_remote_code=False)
        self.model = model.eval().float().requires_grad_(True)
        self.mean: Tensor
        self.deviation: Tensor
        for name, values in zip(("mean", "deviation"), normalisation(checkpoint), strict=True):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32)[None, :, None, None])
        self.layers, self.channels = self._chosen(checkpoint, side)

    def _chosen(self, checkpoint: Path, side: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Which layers are taken, and how many channels they have."""
        with torch.no_grad():
            states = self._states(torch.zeros(1, 3, side, side))
        layers, channels = [], []
        for stride in STRIDES:
            fit = [i for i, h in enumerate(states) if h.dim() == 4 and h.shape[-1] == side // stride]
            if not fit:
                raise TrainerError(
                    f"the checkpoint {checkpoint.name} has no layer of stride {stride} to find things by"
                )
            layers.append(fit[-1])
            channels.append(int(states[fit[-1]].shape[1]))
        return tuple(layers), tuple(channels)

    def _states(self, pictures: Tensor) -> Sequence[Tensor]:
        given = (pictures - self.mean) / self.deviation
        states: Sequence[Tensor] = self.model(pixel_values=given, output_hidden_states=True).hidden_states
        return states

    def forward(self, pictures: Tensor) -> list[Tensor]:
        states = self._states(pictures)
        return [states[i] for i in self.layers]

    def learn(self, side: int) -> list[nn.Parameter]:
        """Lets the weights learn on which only places of LEARNED_STRIDE pixels and more depend, and gives them. Those
        before see edges and colours, which are the same everywhere, and cost most (Yosinski et al. 2014)."""
        pixels = torch.zeros(1, 3, side, side)
        early = [h for h in self._states(pixels.to(self.mean.device)) if h.dim() == 4]
        early = [h for h in early if h.shape[-1] > side // LEARNED_STRIDE]
        weights = list(self.model.parameters())
        fixed = [False] * len(weights)
        if early:
            used = torch.autograd.grad(early[-1].sum(), weights, allow_unused=True)
            fixed = [g is not None for g in used]
        for weight, stays in zip(weights, fixed, strict=True):
            weight.requires_grad_(not stays)
        return [w for w in weights if w.requires_grad]


def normalisation(checkpoint: Path) -> tuple[list[float], list[float]]:
    """Mean and deviation of the channels in [0, 1] that the checkpoint was trained with."""
    path = checkpoint / PREPROCESSOR
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not said.get("do_normalize", True):
        return [0.0] * 3, [1.0] * 3
    return said.get("image_mean", [0.5] * 3), said.get("image_std", [0.5] * 3)


def tensor_of(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, side, side, 3) -> float (n, 3, side, side) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255.0
