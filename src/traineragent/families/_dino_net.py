"""A Grounding DINO checkpoint (Liu et al. 2023) as a network that is told one phrase at a time, what it learns from
boxes, and its graph. Needs torch and transformers; runs no code from the checkpoint.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from ..errors import InputError
from ..serve.grounding.finder import PADDING
from ._grid_export import traced
from ._grid_features import normalisation

ARCHITECTURE = "grounding-dino"
NOTHING = -30.0  # log-odds of a piece that is not there
ALPHA, GAMMA = 0.25, 2.0  # of the focal loss (Lin et al. 2017)
SCORE_WEIGHT, EDGES_WEIGHT, OVERLAP_WEIGHT = 2.0, 5.0, 2.0  # of the losses (Zhang et al. 2022, DINO)
OWN_PIECES = 3  # of a text: its start, its full stop, its end
SMALLEST = 1e-3  # side of a box, in shares of the picture


@dataclass(frozen=True)
class Lesson:
    """What one phrase means in one picture: `boxes` (things, 4) corners in shares of the picture; `elsewhere`: weight
    of all other places, of which little is known where data do not name everything; `others` (n, 4): boxes of things
    that are surely not meant."""

    boxes: NDArray[np.float32]
    elsewhere: float
    others: NDArray[np.float32]


class PhraseDino(nn.Module):
    """pictures (n, 3, side, side) in [0, 1], tokens (n, t) with 0 for padding -> scores of pieces and boxes, for what
    the decoder found and for the places that it started from. Raises InputError for a checkpoint that is none."""

    def __init__(self, checkpoint: Path) -> None:
        super().__init__()
        self.model, self.tokenizer = _loaded(checkpoint)
        self.mean: Tensor
        self.deviation: Tensor
        for name, values in zip(("mean", "deviation"), normalisation(checkpoint), strict=True):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32)[None, :, None, None])

    def forward(self, pictures: Tensor, tokens: Tensor) -> list[tuple[Tensor, Tensor]]:
        """[(log-odds (n, found, t), boxes (n, found, 4) as corners)], that of the decoder first."""
        there = (tokens != PADDING).long()
        out = self.model(
            pixel_values=(pictures - self.mean) / self.deviation,
            input_ids=tokens,
            attention_mask=there,
            token_type_ids=torch.zeros_like(tokens),
            return_dict=True,
        )
        found = [(out.logits, out.pred_boxes)]
        if out.enc_outputs_class is not None:
            found.append((out.enc_outputs_class, out.enc_outputs_coord_logits.sigmoid()))
        return [(logits[:, :, : tokens.shape[1]], _corners(boxes)) for logits, boxes in found]


class Served(nn.Module):
    """pixels uint8 (1, side, side, 3), tokens (q, t) -> logits (q, found), boxes (q, found, 4)."""

    def __init__(self, net: PhraseDino) -> None:
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        pictures = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        logits, boxes = self.net(pictures.expand(tokens.shape[0], -1, -1, -1), tokens)[0]
        named = _named(tokens)[:, None, :]
        scores = torch.where(named, logits, torch.full_like(logits, NOTHING)).amax(dim=-1)
        return scores, boxes


def graph_of(served: Served, side: int, tokens: NDArray[np.int64]) -> bytes:
    """The module as ONNX. What tells pieces of one phrase from another's is put in words that ONNX has."""
    pixels = np.zeros((1, side, side, 3), np.uint8)
    with _one_phrase_at_a_time():
        return traced(served, pixels, tokens)


def loss_of(found: list[tuple[Tensor, Tensor]], tokens: Tensor, lessons: list[Lesson]) -> Tensor:
    """What is found against what phrases mean: each thing is matched with one of what was found (Carion et al. 2020),
    which learns to score high and to fit; all else learns to score low."""
    named = _named(tokens)
    total = tokens.new_zeros((), dtype=torch.float32)
    for logits, boxes in found:
        for row, lesson in enumerate(lessons):
            total = total + _loss(logits[row][:, named[row]].float(), boxes[row].float(), lesson)
    return total / len(lessons)


def _loss(logits: Tensor, boxes: Tensor, lesson: Lesson) -> Tensor:
    """Of one phrase: logits (found, pieces), boxes (found, 4)."""
    true = torch.from_numpy(lesson.boxes).to(boxes.device)
    target, weight = torch.zeros_like(logits), _weights(boxes.detach(), lesson)
    fitting = boxes.sum() * 0.0
    if len(true):
        place, thing = _matched(logits.detach(), boxes.detach(), true)
        target[place], weight[place] = 1.0, 1.0
        mine, theirs = boxes[place], true[thing]
        apart = (_spread(mine) - _spread(theirs)).abs().sum()
        fitting = EDGES_WEIGHT * apart + OVERLAP_WEIGHT * (1.0 - _generalised(mine, theirs).diagonal()).sum()
    chance = torch.sigmoid(logits)
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    missed = torch.where(target > 0, 1.0 - chance, chance) ** GAMMA
    balance = torch.where(target > 0, ALPHA, 1.0 - ALPHA)
    pieces = max(logits.shape[1], 1)
    scoring = (balance * missed * entropy * weight[:, None]).sum() / pieces
    return (SCORE_WEIGHT * scoring + fitting) / max(len(true), 1)


def _weights(boxes: Tensor, lesson: Lesson) -> Tensor:
    """How much is known of each of what was found (found,), apart from what is matched."""
    weight = torch.full((len(boxes),), lesson.elsewhere, device=boxes.device)
    if len(lesson.others):
        others = torch.from_numpy(lesson.others).to(boxes.device)
        middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
        inside = ((middle > others[None, :, :2]) & (middle < others[None, :, 2:])).all(dim=-1).any(dim=1)
        weight[inside] = 1.0
    return weight


def _matched(logits: Tensor, boxes: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """(places of what was found, the thing of each): the assignment that costs least."""
    chance = torch.sigmoid(logits)
    hit = ALPHA * (1 - chance) ** GAMMA * -torch.log(chance + 1e-8)
    miss = (1 - ALPHA) * chance**GAMMA * -torch.log(1 - chance + 1e-8)
    cost = (hit - miss).mean(dim=1)[:, None] + EDGES_WEIGHT * torch.cdist(_spread(boxes), _spread(true), p=1)
    cost = cost - OVERLAP_WEIGHT * _generalised(boxes, true)
    place, thing = linear_sum_assignment(torch.nan_to_num(cost, 1e6, 1e6, 1e6).cpu().numpy())
    return torch.from_numpy(place).to(boxes.device), torch.from_numpy(thing).to(boxes.device)


def _generalised(one: Tensor, two: Tensor) -> Tensor:
    """Generalised overlap of all pairs (Rezatofighi et al. 2019), (n, 4) and (m, 4) -> (n, m)."""
    low, high = torch.maximum(one[:, None, :2], two[None, :, :2]), torch.minimum(one[:, None, 2:], two[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=-1)
    areas = [(b[:, 2:] - b[:, :2]).clamp(min=0).prod(dim=-1) for b in (one, two)]
    either = areas[0][:, None] + areas[1][None] - shared
    around = torch.maximum(one[:, None, 2:], two[None, :, 2:]) - torch.minimum(one[:, None, :2], two[None, :, :2])
    hull = around.clamp(min=0).prod(dim=-1)
    return shared / either.clamp(min=1e-9) - (hull - either) / hull.clamp(min=1e-9)


def _corners(boxes: Tensor) -> Tensor:
    """Middle and size as corners."""
    middle, size = boxes[..., :2], boxes[..., 2:].clamp(min=SMALLEST)
    return torch.cat([middle - size / 2, middle + size / 2], dim=-1)


def _spread(boxes: Tensor) -> Tensor:
    """Corners as middle and size."""
    return torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], dim=-1)


def _named(tokens: Tensor) -> Tensor:
    """Which pieces are of the phrase itself (n, t), not its start, full stop or end."""
    at = torch.arange(tokens.shape[1], device=tokens.device)[None]
    length = (tokens != PADDING).sum(dim=1, keepdim=True)
    return (at >= 1) & (at <= length - OWN_PIECES)


def _loaded(checkpoint: Path) -> tuple[Any, str]:
    """(the model, its tokenizer.json)."""
    from transformers import AutoConfig, AutoTokenizer, GroundingDinoForObjectDetection

    from ..export.network import quiet

    quiet("transformers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = AutoConfig.from_pretrained(checkpoint, local_files_only=True, trust_remote_code=False)
            if config.model_type != ARCHITECTURE:
                raise ValueError(f"it is a {config.model_type}")
            config.disable_custom_kernels = True  # they would have to be compiled
            model: Any = GroundingDinoForObjectDetection.from_pretrained(
                checkpoint, config=config, local_files_only=True
            )
            pieces: Any = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True, trust_remote_code=False)
            tokenizer = str(pieces.backend_tokenizer.to_str())
        except (OSError, ValueError, RuntimeError, AttributeError) as error:
            said = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
            raise InputError(f"the checkpoint {checkpoint.name} cannot be read as Grounding DINO ({said})") from error
    return model.float(), tokenizer


@contextlib.contextmanager
def _one_phrase_at_a_time() -> Iterator[None]:
    """Within, the model takes its tokens for one phrase each, which needs no operation that ONNX lacks."""
    from transformers.models.grounding_dino import modeling_grounding_dino as source

    name = "generate_masks_with_special_tokens_and_transfer_map"
    before = getattr(source, name)
    setattr(source, name, _masks)
    try:
        yield
    finally:
        setattr(source, name, before)


def _masks(tokens: Tensor, *args: Any, **more: Any) -> tuple[Tensor, Tensor]:
    """Which pieces see each other (n, t, t), and the place of each in its phrase (n, t)."""
    at = torch.arange(tokens.shape[1], device=tokens.device)
    length = (tokens != PADDING).sum(dim=1, keepdim=True)
    inner = (at[None] >= 1) & (at[None] <= length - 2)
    sees = (inner[:, :, None] & inner[:, None, :]) | (at[None, :, None] == at[None, None, :])
    return sees, torch.where(inner, at[None] - 1, torch.zeros_like(tokens))
