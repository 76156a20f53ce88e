"""What the network of a diffusion checkpoint takes for a picture, from its declarations and the shapes of its weights.

Reads headers of files alone: no weight, no torch, no diffusers, so that asking costs milliseconds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

MOST_HEADER = 100_000_000  # bytes; more is no header
TEXT_TOKENS = 77
_LEVEL = re.compile(r"(down|up)_blocks\.(\d+)\.")


def forward_costs(folder: Path) -> tuple[float, int, int]:
    """(floating-point operations for one picture, parameters, pixels a side) of the checkpoint in a folder.

    Raises OSError, ValueError, KeyError or TypeError where it is none."""
    unet = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
    vae = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
    side, levels = int(unet["sample_size"]), len(unet["block_out_channels"])
    operations, parameters = 0.0, 0
    for name, shape in _weights(folder / "unet"):
        parameters += math.prod(shape)
        places = (side >> _level(name, levels)) ** 2
        if len(shape) > 1:
            operations += 2.0 * math.prod(shape) * _uses(name, places)
        if name.endswith((".attn1.to_q.weight", ".attn2.to_q.weight")):  # who looks at whom, and what is taken over
            operations += 4.0 * places * (places if ".attn1." in name else TEXT_TOKENS) * shape[0]
    if not parameters:
        raise ValueError("no weights as safetensors")
    return operations, parameters, side * 2 ** (len(vae["block_out_channels"]) - 1)


def _uses(name: str, places: int) -> int:
    """How often a weight is used: once a place, a token of the text, or a picture."""
    if "time_emb" in name:
        return 1
    return TEXT_TOKENS if name.endswith((".attn2.to_k.weight", ".attn2.to_v.weight")) else places


def _level(name: str, levels: int) -> int:
    """How often the picture was halved where a weight is used."""
    found = _LEVEL.match(name)
    if found is None:
        return levels - 1 if name.startswith("mid_block.") else 0
    return int(found[2]) if found[1] == "down" else levels - 1 - int(found[2])


def _weights(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Names and shapes from the headers of safetensors; of files in full and half precision those in full."""
    files = sorted(folder.glob("*.safetensors"))
    for path in [f for f in files if ".fp16." not in f.name] or files:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > MOST_HEADER:
                raise ValueError(f"{path.name} is no file of safetensors")
            header = json.loads(file.read(length))
        yield from ((name, said["shape"]) for name, said in header.items() if name != "__metadata__")
