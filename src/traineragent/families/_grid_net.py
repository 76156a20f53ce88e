"""The network of `phrase_grid`: for words, a score and a box at every place of a picture. Needs torch.

Features of a pretrained network, if there is one, and of a small stem of its own meet on three grids (feature pyramids,
Lin et al. 2017); words scale and shift them (FiLM, Perez et al. 2018); each place tells whether the middle of the thing
is there and how far its edges are (FCOS, Tian et al. 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name everywhere

STRIDES = (8, 16, 32)
GROUPS = 8
STEM = (24, 48, 64)  # channels of the stem's first layers
RARE = -4.0  # log-odds of a thing at a place before anything is learned
WHOLE = 1  # the token that says: not the words of a thing, but a phrase as it stands


class GridNet(nn.Module):
    """pictures (n, 3, side, side) in [0, 1], features [(n, c, side / s, side / s) for s in STRIDES] or nothing, tokens
    (q, t) with 0 for padding, which picture each query is for (q,) -> logits (q, cells), boxes (q, cells, 4) in shares
    of the picture. Cells: row by row, the finest grid that is asked first."""

    def __init__(self, channels: Sequence[int], words: int, width: int, finest: int = 0) -> None:
        super().__init__()
        self.finest = finest  # the first grid that is asked; those before it find things too small to be there
        first, second, third = STEM
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 5, stride=4, padding=2), nn.GroupNorm(GROUPS, first), nn.SiLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1), nn.GroupNorm(GROUPS, second), nn.SiLU(),
            Separable(second, third),
        )  # fmt: skip
        self.deeper = nn.ModuleList() if channels else nn.ModuleList([_down(third, 96), _down(96, 128)])
        owned = (third, 0, 0) if channels else (third, 96, 128)
        given = tuple(channels) if channels else (0, 0, 0)
        self.joins = nn.ModuleList([nn.Conv2d(a + b, width, 1) for a, b in zip(owned, given, strict=True)])
        self.necks = nn.ModuleList([nn.Sequential(Separable(width, width), Separable(width, width)) for _ in STRIDES])
        self.words = nn.Embedding(words, width, padding_idx=0)
        self.order = nn.Conv1d(width, width, 3, padding=1)
        self.meaning = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, 2 * width))
        self.places = nn.Linear(4, width)
        self.looks = nn.Sequential(Separable(width, width), Separable(width, width))
        self.score, self.edges = nn.Conv2d(width, 1, 1), nn.Conv2d(width, 4, 1)
        self.scales = nn.Parameter(torch.zeros(len(STRIDES)))
        nn.init.normal_(self.words.weight, std=0.5)
        # rare at first (Lin et al. 2017, Focal Loss for Dense Object Detection)
        nn.init.constant_(self.score.bias, RARE)  # type: ignore[arg-type]

    def seen(self, pictures: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
        """What is known of each place before any words, (n, width, side / s, side / s) a grid that is asked."""
        own = [self.stem(2.0 * pictures - 1.0)]
        for layer in self.deeper:
            own.append(layer(own[-1]))
        out: list[Tensor] = []
        above: Tensor | None = None
        for level in range(len(STRIDES) - 1, self.finest - 1, -1):
            parts = [*own[level : level + 1], *([features[level]] if features else [])]
            h = self.joins[level](torch.cat(parts, dim=1))
            if above is not None:
                h = h + F.interpolate(above, scale_factor=2.0, mode="nearest")
            above = self.necks[level](F.silu(h))
            out.insert(0, above)
        return out

    def forward(
        self, pictures: Tensor, features: Sequence[Tensor], tokens: Tensor, of: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.asked(self.seen(pictures, features), tokens, of)

    def asked(self, seen: Sequence[Tensor], tokens: Tensor, of: Tensor) -> tuple[Tensor, Tensor]:
        """Scores and boxes for words, of what was seen."""
        scale, shift = self._meant(tokens)
        whole = (tokens[:, :1] == WHOLE).to(scale.dtype)  # (q, 1): only phrases as they stand may speak of places
        logits, boxes = [], []
        for level, (stride, grid) in enumerate(zip(STRIDES[self.finest :], seen, strict=True), self.finest):
            x, y = _middles(grid, stride)
            h = grid[of] * (1.0 + scale[:, :, None, None]) + shift[:, :, None, None]
            there = self.places(torch.stack([x, y, x * x, y * y], dim=-1)).permute(2, 0, 1)[None]
            h = self.looks(F.silu(h + whole[:, :, None, None] * there))
            logits.append(self.score(h).flatten(1))
            reach = torch.exp((self.edges(h).float() + self.scales[level]).clamp(-4.0, 4.0)) * (2.0 * stride)
            size = float(grid.shape[-1] * stride)
            edges = torch.stack(
                [x - reach[:, 0] / size, y - reach[:, 1] / size, x + reach[:, 2] / size, y + reach[:, 3] / size], -1
            )
            boxes.append(edges.flatten(1, 2))
        return torch.cat(logits, dim=1), torch.cat(boxes, dim=1)

    def _meant(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Words as a scale and a shift of what is seen, each (q, width)."""
        there = (tokens > 0).to(self.words.weight.dtype)[:, :, None]
        one = self.words(tokens)
        in_order = F.silu(self.order((one * there).transpose(1, 2)).transpose(1, 2))
        count = there.sum(dim=1).clamp(min=1.0)
        meaning = self.meaning(((one + in_order) * there).sum(dim=1) / count)
        scale, shift = meaning.chunk(2, dim=1)
        return scale, shift


class Separable(nn.Module):
    """Neighbours by channel, then channels by place, with a skip where the widths agree (Howard et al. 2017)."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(given, given, 5, padding=2, groups=given)
        self.norm, self.mix = nn.GroupNorm(GROUPS, given), nn.Conv2d(given, made, 1)
        self.skip = given == made

    def forward(self, x: Tensor) -> Tensor:
        h = F.silu(self.mix(self.norm(self.near(x))))
        return x + h if self.skip else h


def _down(given: int, made: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(given, made, 3, stride=2, padding=1), nn.GroupNorm(GROUPS, made), nn.SiLU(), Separable(made, made)
    )


def _middles(grid: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """x and y of the middle of each cell in shares of the picture, both (height, width)."""
    height, width = grid.shape[-2], grid.shape[-1]
    x = (torch.arange(width, device=grid.device, dtype=grid.dtype) + 0.5) / width
    y = (torch.arange(height, device=grid.device, dtype=grid.dtype) + 0.5) / height
    return x[None].expand(height, width), y[:, None].expand(height, width)


def parameters(net: Any) -> int:
    return sum(p.numel() for p in net.parameters())
