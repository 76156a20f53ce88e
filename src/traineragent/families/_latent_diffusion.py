"""A Stable Diffusion checkpoint as folders of safetensors: its parts, its noise schedule, its words, and the modules
that are served (Rombach et al. 2022). Needs torch, diffusers and transformers; runs no code from the checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import InputError

SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
PREDICTIONS = ("epsilon", "v_prediction", "sample")
LEAST_SIGNAL = 1e-3  # of a picture in the noise that a step may start from
PREFIX = "a picture of"


@dataclass(frozen=True)
class Schedule:
    """How much of a picture and of noise each of the steps of training holds; `signal` and `noise` float64 (steps,),
    their squares add up to one. `predicts`: what the network answers."""

    signal: NDArray[np.float64]
    noise: NDArray[np.float64]
    predicts: str

    @property
    def moments(self) -> NDArray[np.float64]:
        """Each step in the coordinates of `serve.sampling`, falling from almost 1."""
        return self.signal / (self.signal + self.noise)

    def times(self, steps: int) -> list[float]:
        """Moments for a sampler to stop at: even steps of the schedule, then the picture."""
        at = np.rint(np.linspace(len(self.signal) - 1, 0, steps + 1)[:-1]).astype(int)
        return [*self.moments[at].tolist(), 1.0]


@dataclass(frozen=True)
class Parts:
    """A checkpoint in memory: networks, schedule and what turns text into numbers."""

    unet: Any
    vae: Any
    texts: Any
    tokenizer: Any
    schedule: Schedule

    @property
    def factor(self) -> int:
        """Pixels a side that one place of what is decoded stands for."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def side(self) -> int:
        """Pixels a side that the checkpoint was made for."""
        return int(self.unet.config.sample_size) * self.factor


def parts_of(folder: Path) -> Parts:
    """Loads a checkpoint from its folder. Raises InputError that says what is wrong with it."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    schedule = schedule_of(folder)
    try:
        return Parts(
            _loaded(UNet2DConditionModel, folder, "unet"),
            _loaded(AutoencoderKL, folder, "vae"),
            _loaded(CLIPTextModel, folder, "text_encoder"),
            CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            schedule,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
        raise InputError(
            f"the checkpoint {folder.name} cannot be loaded ({said}); it needs the folders unet, vae, text_encoder, "
            "tokenizer and scheduler, with weights as safetensors",
            file=folder.name,
        ) from error


def _loaded(kind: Any, folder: Path, name: str) -> Any:
    """One network, from safetensors alone."""
    files = [p.name for p in (folder / name).glob("*.safetensors")]
    half = {"variant": "fp16"} if files and all(".fp16." in f for f in files) else {}
    network = kind.from_pretrained(folder / name, local_files_only=True, use_safetensors=True, **half)
    return network.float().eval().requires_grad_(False)


def schedule_of(folder: Path) -> Schedule:
    """The noise schedule that a checkpoint declares. Raises InputError for one of another kind."""
    path = folder / "scheduler" / "scheduler_config.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} of the checkpoint {folder.name} cannot be read ({error})") from error
    kind, predicts = said.get("beta_schedule", "linear"), said.get("prediction_type", "epsilon")
    if kind not in SCHEDULES or predicts not in PREDICTIONS:
        raise InputError(f"the checkpoint {folder.name} has a schedule {kind!r} that predicts {predicts!r}; known are "
                         f"{', '.join(SCHEDULES)} and {', '.join(PREDICTIONS)}")  # fmt: skip
    kept = np.cumprod(1.0 - _betas(kind, said))
    if said.get("rescale_betas_zero_snr"):  # Lin et al. 2024
        root = np.sqrt(kept)
        kept = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
    signal = np.maximum(np.sqrt(kept), LEAST_SIGNAL)
    return Schedule(signal, np.sqrt(1.0 - signal**2), predicts)


def _betas(kind: str, said: Mapping[str, Any]) -> NDArray[np.float64]:
    steps = int(said.get("num_train_timesteps", 1000))
    start, end = float(said.get("beta_start", 1e-4)), float(said.get("beta_end", 0.02))
    if kind == "linear":
        return np.linspace(start, end, steps)
    if kind == "scaled_linear":
        return np.asarray(np.linspace(start**0.5, end**0.5, steps) ** 2)
    left = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2  # Nichol & Dhariwal 2021
    return np.asarray(np.minimum(1.0 - left[1:] / left[:-1], 0.999))


def tokens_of(parts: Parts, labels: list[str]) -> dict[str, Any]:
    """What `serve.painter` reads as `tokens`: the names that can be asked for as the numbers of the text encoder. They
    are joined as numbers in training, too, so that both read alike."""
    tokenizer = parts.tokenizer

    def ids(text: str) -> list[int]:
        return [int(i) for i in tokenizer(text, add_special_tokens=False)["input_ids"]]

    end = int(tokenizer.eos_token_id)
    return {
        "before": [int(tokenizer.bos_token_id), *ids(PREFIX)],
        "names": [ids(label.replace("_", " ")) for label in labels],
        "after": [end],
        "pad": int(end if tokenizer.pad_token_id is None else tokenizer.pad_token_id),
        "length": min(int(tokenizer.model_max_length), int(parts.texts.config.max_position_embeddings)),
        "unsaid": [int(tokenizer.bos_token_id), end],
    }


def unsaid_ids(tokens: Mapping[str, Any]) -> Tensor:
    """The numbers of a prompt without words, (1, length)."""
    ids = torch.full((1, int(tokens["length"])), int(tokens["pad"]), dtype=torch.long)
    ids[0, : len(tokens["unsaid"])] = torch.tensor(tokens["unsaid"])
    return ids


# ---------------------------------------------------------------------------------------------- what is served
class Texts(nn.Module):
    """ids int64 (n, length) -> y (n, length, width): what the network is told."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor) -> Tensor:
        y: Tensor = self.encoder(ids, return_dict=False)[0]
        return y


class Decoder(nn.Module):
    """x (n, channels, h, w) -> y (n, 3, h * factor, w * factor) in about [-1, 1]."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae, self.scale = vae, float(vae.config.scaling_factor)
        self.shift = float(getattr(vae.config, "shift_factor", None) or 0.0)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.vae.decode(x / self.scale + self.shift, return_dict=False)[0]
        return y


class Velocity(nn.Module):
    """x (n, channels, h, w), t (n,), words (n, length, width) -> where x should move, in the coordinates of
    `serve.sampling`: a mixture t * picture + (1 - t) * noise is what the network knows, but for its scale, and the
    difference of the picture and the noise that it sees in it is the way. `guidance` goes beyond the words (Ho &
    Salimans 2022)."""

    ratio: Tensor
    unsaid: Tensor

    def __init__(self, unet: Any, schedule: Schedule, unsaid: Tensor, guidance: float) -> None:
        super().__init__()
        self.unet, self.guidance, self.predicts = unet, guidance, schedule.predicts
        ratio = np.log(schedule.signal / schedule.noise)  # falls with the steps
        self.register_buffer("ratio", torch.tensor(ratio, dtype=torch.float32), persistent=False)
        self.register_buffer("unsaid", unsaid.detach().clone(), persistent=False)

    def forward(self, x: Tensor, t: Tensor, words: Tensor) -> Tensor:
        n = x.shape[0]
        scale = torch.rsqrt(t**2 + (1 - t) ** 2)
        signal, noise = (v[:, None, None, None] for v in (t * scale, (1 - t) * scale))
        seen, step = x * scale[:, None, None, None], self.step_at(t)
        if self.guidance == 1.0:
            answer = self.unet(seen, step, words, return_dict=False)[0]
        else:
            told = torch.cat([words, self.unsaid.expand(n, -1, -1)], dim=0)
            both = self.unet(torch.cat([seen, seen], dim=0), torch.cat([step, step], dim=0), told, return_dict=False)[0]
            answer = both[n:] + self.guidance * (both[:n] - both[n:])
        picture, rest = self.seen_in(seen, answer, signal, noise)
        return picture - rest

    def step_at(self, t: Tensor) -> Tensor:
        """The step of the schedule, between whole ones, whose share of signal is that of moment t."""
        wanted = torch.log(t / (1 - t))
        below = (self.ratio[None, :] > wanted[:, None]).sum(dim=1).clamp(1, self.ratio.shape[0] - 1)
        left, right = self.ratio[below - 1], self.ratio[below]
        return (below - 1).to(t.dtype) + ((left - wanted) / (left - right)).clamp(0.0, 1.0)

    def seen_in(self, seen: Tensor, answer: Tensor, signal: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """(picture, noise) that the network's answer means."""
        if self.predicts == "epsilon":
            return (seen - noise * answer) / signal, answer
        if self.predicts == "sample":
            return answer, (seen - signal * answer) / noise
        return signal * seen - noise * answer, noise * seen + signal * answer


def meant(schedule: Schedule, picture: Tensor, noise: Tensor, signal: Tensor, spread: Tensor) -> Tensor:
    """What the network should answer for signal * picture + spread * noise."""
    if schedule.predicts == "epsilon":
        return noise
    return picture if schedule.predicts == "sample" else signal * noise - spread * picture


def importance(schedule: Schedule, steps: NDArray[np.int64], most: float = 5.0) -> NDArray[np.float64]:
    """Weight of each step's error, so that easy and hard steps teach alike (min-SNR, Hang et al. 2023)."""
    snr = (schedule.signal[steps] / schedule.noise[steps]) ** 2
    clipped = np.minimum(snr, most)
    return {"epsilon": clipped / snr, "v_prediction": clipped / (snr + 1.0), "sample": clipped}[schedule.predicts]
