"""The network of `flow_matching`: a small U-Net that says where a noisy picture should move. Needs torch."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  its name everywhere


class VelocityNet(nn.Module):
    """x (n, channels, height, width), t (n,), words (n, k) -> velocity of the shape of x.

    Works on pixel-unshuffled pictures, two levels below them (Ronneberger 2015; conditioning by scale and shift, Perez
    2018); `width` channels on the upper level, twice as many on the lower, where pixels attend to one another."""

    def __init__(self, channels: int, names: int, width: int, fold: int) -> None:
        super().__init__()
        self.fold, inner, condition = fold, channels * fold * fold, 4 * width
        self.clock = nn.Sequential(nn.Linear(64, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.words = nn.Linear(names, condition, bias=False)
        self.first = nn.Conv2d(inner, width, 3, padding=1)
        self.upper_in = nn.ModuleList([Block(width, width, condition) for _ in range(2)])
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.lower = nn.ModuleList([Block(2 * width, 2 * width, condition) for _ in range(2)])
        self.attend = Attention(2 * width)
        self.lower_out = Block(2 * width, 2 * width, condition)
        self.up = nn.Conv2d(2 * width, width, 3, padding=1)
        self.upper_out = nn.ModuleList([Block(2 * width, width, condition), Block(width, width, condition)])
        self.last = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, inner, 3, padding=1))
        nn.init.zeros_(self.last[2].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.last[2].bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, t: Tensor, words: Tensor) -> Tensor:
        c = F.silu(self.clock(_waves(t)) + self.words(words))
        h = self.first(F.pixel_unshuffle(x, self.fold))
        for block in self.upper_in:
            h = block(h, c)
        low = self.down(h)
        for block in self.lower:
            low = block(low, c)
        low = self.lower_out(self.attend(low), c)
        up = self.up(F.interpolate(low, size=h.shape[-2:], mode="nearest"))
        h = self.upper_out[0](torch.cat([h, up], dim=1), c)
        h = self.upper_out[1](h, c)
        velocity: Tensor = F.pixel_shuffle(self.last(h), self.fold)
        return velocity


class Block(nn.Module):
    """Two convolutions with a skip; the condition scales and shifts what lies between them."""

    def __init__(self, given: int, made: int, condition: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, given), nn.Conv2d(given, made, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, made), nn.Conv2d(made, made, 3, padding=1)
        self.shape = nn.Linear(condition, 2 * made)
        self.skip = nn.Conv2d(given, made, 1) if given != made else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.shape(condition)[:, :, None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        out: Tensor = self.skip(x) + h
        return out


class Attention(nn.Module):
    """Every place looks at every other, in one head (Vaswani 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.qkv = nn.GroupNorm(8, width), nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm(x)).flatten(2).transpose(1, 2).chunk(3, dim=2)
        weights = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(q.shape[2]), dim=2)
        out: Tensor = x + self.out((weights @ v).transpose(1, 2).reshape(x.shape))
        return out


class Guided(nn.Module):
    """The served graph: with and without the words, and beyond their difference (guidance without a classifier, Ho &
    Salimans 2022)."""

    def __init__(self, net: VelocityNet, guidance: float) -> None:
        super().__init__()
        self.net, self.guidance = net, guidance

    def forward(self, x: Tensor, t: Tensor, words: Tensor) -> Tensor:
        if self.guidance == 1.0:
            return self.net(x, t, words)  # type: ignore[no-any-return]
        both = self.net(
            torch.cat([x, x], dim=0), torch.cat([t, t], dim=0), torch.cat([words, torch.zeros_like(words)], dim=0)
        )
        said, unsaid = both[: x.shape[0]], both[x.shape[0] :]
        return unsaid + self.guidance * (said - unsaid)  # type: ignore[no-any-return]


def _waves(t: Tensor) -> Tensor:
    """Time as 64 sines and cosines, (n, 64)."""
    frequencies = torch.exp(torch.arange(32, device=t.device) * (-math.log(10_000.0) / 31)) * 1000.0
    angles = t[:, None] * frequencies[None]
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


def parameters(net: Any) -> int:
    return sum(p.numel() for p in net.parameters())
