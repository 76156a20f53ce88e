"""Fine-tunes a Stable Diffusion checkpoint on the pictures at hand through small low-rank matrices in its attention
(LoRA, Hu et al. 2022): pictures of the size that the checkpoint draws, asked for in its own words.

Served as three graphs, the matrices merged into them. Needs the extra `diffusion`, and a GPU for checkpoints of the
usual size.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..engine.accelerator import device
from ..engine.drawing import DrawContext, Drawing
from ..engine.pictureset import PictureSet
from ..errors import InputError, MissingExtra
from ..export.network import quiet
from ..ports import Card
from ..serve.codecs.picture import read_pixels
from ..serve.painter import DECODER, GRAPH, TEXTS, token_ids
from ..serve.sampling import Paint, moved, to_pixels
from ._packages import lacking
from ._training_loop import Pace, TrainingLoop

PACKAGES = ("torch", "diffusers", "peft", "transformers")
RANK = 8
LEARNING_RATE = 2e-4
UNET_LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")
UNSAID = 0.1
EFFECTIVE_BATCH, BATCH_ON_GPU = 4, 4
LITTLE_GPU_MEMORY = 16e9  # bytes below which activations are computed twice rather than kept
PACE = Pace(rounds=1000, settled=0.85, warm_up=0.05, average=0.995)  # then: how far to go beyond the words
GUIDANCES = (1.5, 3.0, 6.0)
DEFAULT_GUIDANCE = 3.0
STEPS = 20
TRAINED_FLOPS = 2.3  # of a forward pass, for a step that goes back through the frozen network to the small matrices


class LoraDiffusion:
    card = Card(
        name="lora_diffusion",
        title="Stable Diffusion, fine-tuned (LoRA)",
        tasks=("image_generation",),
        packages=PACKAGES,
        min_rows=8,
        licence="that of the checkpoint",
        source="Rombach et al. 2022, Latent Diffusion Models; Hu et al. 2022, LoRA",
    )

    def lacks(self) -> str:
        """What must be installed first, "" if nothing."""
        return lacking(PACKAGES, "diffusion")

    def space(self, pictures: PictureSet) -> Mapping[str, Any]:
        """Nothing: a second fine-tuning costs as much as the first and hardly differs."""
        return {}

    def estimate(self, checkpoint: Path) -> dict[str, float]:
        """What it costs here, from the operations that the network takes and the speed measured: seconds of a step (one
        batch) and of drawing one picture, millions of parameters, and pixels a side.

        Raises MissingExtra, and InputError for a checkpoint that is none."""
        self._require()
        from ._diffusion_costs import forward_costs

        try:
            flops, parameters, side = forward_costs(checkpoint)
        except (OSError, ValueError, KeyError, TypeError) as error:
            said = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
            raise InputError(f"the checkpoint {checkpoint.name} is not one that can be fine-tuned ({said})") from error
        return {
            "step_s": EFFECTIVE_BATCH * flops * (1 + TRAINED_FLOPS) / _flops_a_second(serving=False),
            "picture_s": 2 * STEPS * flops / _flops_a_second(serving=True),
            "parameters_m": parameters / 1e6,
            "side": side,
        }

    def fit(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> Drawing:
        """Parameters: "checkpoint" (a folder), "rank", "learning_rate", "batch", "rounds" (steps where no time is set),
        "guidance", "text_encoder" (whether that learns, too), "side" (pixels, if not the checkpoint's own), "name" (of
        the checkpoint).

        Raises MissingExtra, and InputError for a checkpoint that cannot be loaded."""
        self._require()
        return _FineTuning(params, pictures, context).run()

    def _require(self) -> None:
        from importlib.util import find_spec

        for package in PACKAGES:
            if find_spec(package) is None:
                raise MissingExtra(package, "diffusion", "fine-tuning a diffusion model")


class _FineTuning(TrainingLoop):
    """One fine-tuning: frozen parts, and matrices that learn."""

    tracked = (*TrainingLoop.tracked, "loss")

    def __init__(self, params: Mapping[str, Any], pictures: PictureSet, context: DrawContext) -> None:
        import torch

        from ._latent_diffusion import parts_of, tokens_of

        self.torch, self.params, self.context, self.pictures = torch, params, context, pictures
        quiet("diffusers", "transformers")
        torch.set_num_threads(context.threads)
        torch.manual_seed(context.seed)
        self.device = device()
        self.half = _half(torch, self.device)
        self.parts = parts_of(Path(str(params["checkpoint"])))
        self.side = int(params.get("side", self.parts.side)) // (8 * self.parts.factor) * 8 * self.parts.factor
        self.side = self.side or self.parts.side
        self.tokens = tokens_of(self.parts, [str(n["label"]) for n in pictures.names])
        self._to_device()
        learned, rate = self._with_matrices(), float(params.get("learning_rate", LEARNING_RATE))
        optimiser = torch.optim.AdamW(list(learned.values()), lr=rate, weight_decay=0.01)
        self.batch = int(params.get("batch", BATCH_ON_GPU if self.device == "cuda" else 1))
        self.loss = float("nan")
        self.latents: dict[int, Any] = {}
        self.told: dict[bytes, Any] = {}
        self.begin(params, context, learned, optimiser, PACE)

    def _to_device(self) -> None:
        """Frozen weights where they are used, in 32 bits: autocast rounds them for each use, and what was learned is
        added to the weights as they were published."""
        torch, parts = self.torch, self.parts
        torch.set_float32_matmul_precision("high")
        for network in (parts.unet, parts.vae, parts.texts):
            network.to(self.device)
        if self.device == "cuda" and torch.cuda.get_device_properties(0).total_memory < LITTLE_GPU_MEMORY:
            parts.unet.enable_gradient_checkpointing()
            parts.unet.train()

    def _with_matrices(self) -> dict[str, Any]:
        """Puts the matrices that learn into the attention; name -> tensor."""
        from peft import LoraConfig, inject_adapter_in_model

        rank = int(self.params.get("rank", RANK))
        places = [("unet", self.parts.unet, UNET_LAYERS)]
        if self.params.get("text_encoder"):
            places.append(("texts", self.parts.texts, TEXT_LAYERS))
        learned = {}
        for name, network, layers in places:
            inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=list(layers)), network)
            for key, tensor in network.named_parameters():
                tensor.requires_grad_("lora_" in key)
                if tensor.requires_grad:
                    learned[f"{name}.{key}"] = tensor
        return learned

    def run(self) -> Drawing:
        facts = self.go()
        self._take_mean()
        guidance = self._guidance()
        files = self._export(guidance)
        facts |= {"device": self.device, "guidance": guidance, "loss": self.loss}
        size = sum(p.numel() for part in (self.parts.unet, self.parts.vae, self.parts.texts) for p in part.parameters())
        facts["trained parameters"] = sum(v.numel() for v in self.learned.values())
        return Drawing(b"", (3, self.side, self.side), size, facts, STEPS, files, self._latent())

    def learn(self) -> None:
        """The error of as many batches as make up the effective one."""
        rounds, total = max(1, EFFECTIVE_BATCH // self.batch), 0.0
        for _ in range(rounds):
            loss = self._loss() / rounds
            loss.backward()
            total += float(loss.detach())
        self.loss = total if np.isnan(self.loss) else 0.95 * self.loss + 0.05 * total

    def _loss(self) -> Any:
        """Error of one batch: what was mixed into the pictures at random steps of the schedule."""
        from ._latent_diffusion import importance, meant

        torch, schedule = self.torch, self.parts.schedule
        pick = torch.randint(len(self.pictures.pixels), (self.batch,), generator=self.random)
        picture = self._encoded(pick.tolist())
        noise = torch.randn(picture.shape, generator=self.random).to(self.device)
        steps = torch.randint(len(schedule.signal), (self.batch,), generator=self.random)
        unsaid = torch.rand(self.batch, generator=self.random) < UNSAID
        at = steps.numpy()
        signal, spread = (
            torch.from_numpy(v[at].astype(np.float32)).to(self.device)[:, None, None, None]
            for v in (schedule.signal, schedule.noise)
        )
        words = self._words(self.pictures.words[pick.numpy()], unsaid.tolist())
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.half):
            mixed = signal * picture + spread * noise
            answer = self.parts.unet(mixed, steps.to(self.device), words, return_dict=False)[0]
        error = (answer.float() - meant(schedule, picture, noise, signal, spread)) ** 2
        weights = torch.from_numpy(importance(schedule, at).astype(np.float32)).to(self.device)
        return (weights * error.mean(dim=(1, 2, 3))).mean()

    def _encoded(self, pick: list[int]) -> Any:
        """Pictures as the network sees them, a random sample of what the encoder says; each is encoded once."""
        torch = self.torch
        scale = float(self.parts.vae.config.scaling_factor)
        shift = float(getattr(self.parts.vae.config, "shift_factor", None) or 0.0)
        for i in pick:
            if i not in self.latents:
                pixels = torch.from_numpy(self._pixels(i)).to(self.device)
                with torch.no_grad():
                    spread = self.parts.vae.encode(pixels[None]).latent_dist
                self.latents[i] = (spread.mean[0].cpu(), spread.std[0].cpu())
        mean, std = (torch.stack([self.latents[i][k] for i in pick]) for k in (0, 1))
        sampled = mean + std * torch.randn(mean.shape, generator=self.random)
        return ((sampled - shift) * scale).to(self.device)

    def _pixels(self, i: int) -> Any:
        """One picture in the size to be drawn, float32 (3, side, side) in [-1, 1], from its file if it has one."""
        from PIL import Image

        if self.pictures.files:
            pixels = read_pixels(Path(self.pictures.files[i]).read_bytes(), self.side, self.side, "crop")
        else:
            small = self.pictures.pixels[i]
            picture = Image.fromarray(small[..., 0] if small.shape[2] == 1 else small).convert("RGB")
            pixels = np.asarray(picture.resize((self.side, self.side), Image.Resampling.BICUBIC))
        return np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float32) / 127.5 - 1.0

    def _words(self, marked: Any, unsaid: list[bool]) -> Any:
        """What the network is told of each picture; computed once a prompt, unless the encoder of texts learns."""
        from ._latent_diffusion import unsaid_ids

        torch, learns = self.torch, bool(self.params.get("text_encoder"))
        told = []
        for row, silent in zip(marked, unsaid, strict=True):
            key = b"" if silent else row.tobytes()
            if key not in self.told or learns:
                ids = unsaid_ids(self.tokens) if silent else torch.from_numpy(token_ids(self.tokens, row[None]))
                with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
                    self.told[key] = self.parts.texts(ids.to(self.device), return_dict=False)[0][0]
            told.append(self.told[key])
        return torch.stack(told)

    # ------------------------------------------------------------------ guidance and export
    def _take_mean(self) -> None:
        """From here on the averaged matrices draw, merged into the layers that they belong to."""
        self.told.clear()
        with self.torch.no_grad():
            for name, value in self.mean.items():
                self.learned[name].copy_(value)
        for network in (self.parts.unet, self.parts.texts):
            network.eval()
            _merge(network)

    def _guidance(self) -> float:
        """How far beyond the words: what draws best beside the pictures kept back, as far as the time goes."""
        if len(self.pictures.names) == 1:
            return 1.0
        if "guidance" in self.params or self.context.judged is None:
            return float(self.params.get("guidance", DEFAULT_GUIDANCE))
        tried: dict[float, float] = {}
        for guidance in GUIDANCES:
            start, deadline = time.monotonic(), self.context.deadline
            if deadline is not None and start > deadline:
                break
            tried[guidance] = self.context.judged(self._paint(guidance))
            if deadline is not None and 2 * time.monotonic() - start > deadline:
                break
        return max(tried, key=lambda g: tried[g]) if len(tried) > 1 else DEFAULT_GUIDANCE

    def _velocity(self, guidance: float) -> Any:
        from ._latent_diffusion import Velocity

        with self.torch.no_grad():
            nothing = self._words(self.pictures.words[:1], [True])
        return Velocity(self.parts.unet, self.parts.schedule, nothing.float(), guidance).to(self.device).eval()

    def _paint(self, guidance: float) -> Paint:
        """What will be served, run by torch, on the accelerator where there is one."""
        from ._latent_diffusion import Decoder

        torch, network, decoder = self.torch, self._velocity(guidance), Decoder(self.parts.vae).eval()

        def velocity(x: Any, t: Any, words: Any) -> Any:
            given = (torch.from_numpy(np.ascontiguousarray(a)).to(self.device) for a in (x, t, words))
            with torch.inference_mode(), torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.half):
                return network(*given).float().cpu().numpy()

        def paint(words: Any, seeds: Any) -> Any:
            drawn = []
            with torch.inference_mode():
                for row, seed in zip(words, seeds, strict=True):
                    told = self._words(row[None], [False]).float().cpu().numpy()
                    x = moved(velocity, told, [seed], self._latent_shape, self.parts.schedule.times(STEPS))
                    drawn.append(to_pixels(decoder(torch.from_numpy(x).to(self.device)).float().cpu().numpy()))
            return np.concatenate(drawn)

        return paint

    @property
    def _latent_shape(self) -> tuple[int, int, int]:
        small = self.side // self.parts.factor
        return int(self.parts.unet.config.in_channels), small, small

    def _latent(self) -> dict[str, Any]:
        """What `serve.painter` must know."""
        channels, height, width = self._latent_shape
        times = self.parts.schedule.times(STEPS)
        tokens = {k: v for k, v in self.tokens.items() if k != "unsaid"}
        size = {"channels": channels, "height": height, "width": width}
        base = {"name": str(self.params.get("name") or Path(str(self.params["checkpoint"])).name)}
        return {**size, "times": times, "together": 1, "tokens": tokens, "base": base}

    def _export(self, guidance: float) -> tuple[str, ...]:
        """Writes the three graphs into the folder of the context; names of all files but the first."""
        from ._exporting import write_exported
        from ._latent_diffusion import Decoder, Texts

        torch = self.torch
        network = self._velocity(guidance).to("cpu").float()
        words = self.tokens["length"], int(self.parts.texts.config.hidden_size)
        x = torch.zeros(2, *self._latent_shape)
        ids = torch.from_numpy(token_ids(self.tokens, self.pictures.words[:2])).expand(2, -1).contiguous()
        given = {"x": x, "t": torch.full((2,), 0.5), "words": torch.zeros(2, *words)}
        folder = self.context.folder
        folder.mkdir(parents=True, exist_ok=True)
        files = write_exported(folder / GRAPH, network, given)
        files += write_exported(folder / DECODER, Decoder(self.parts.vae).to("cpu").eval(), {"x": x})
        files += write_exported(folder / TEXTS, Texts(self.parts.texts).to("cpu").eval(), {"ids": ids})
        return tuple(f for f in files if f != GRAPH)


def _merge(network: Any) -> None:
    """Adds every pair of matrices to the layer that it belongs to, which takes its place again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in [(n, m) for n, m in network.named_modules() if isinstance(m, BaseTunerLayer)]:
        layer.merge()
        above, _, last = name.rpartition(".")
        setattr(network.get_submodule(above), last, layer.get_base_layer())


def _half(torch: Any, device: str) -> bool:
    """Whether 16 bits are faster here."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _flops_a_second(serving: bool) -> float:
    """What this machine does in a convolution of the usual shape, the best of some; `serving`: as onnxruntime will
    draw, in 32 bits and on an accelerator only where it has one."""
    import onnxruntime
    import torch

    cuda = torch.cuda.is_available() and (
        not serving or "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    )
    device = "cuda" if cuda else "cpu"
    kind = torch.bfloat16 if not serving and _half(torch, device) else torch.float32
    layer = torch.nn.Conv2d(320, 320, 3, padding=1).to(device, kind)
    x, best = torch.zeros(2, 320, 32, 32, device=device, dtype=kind), float("inf")
    with torch.no_grad():
        for _ in range(4):
            start = time.perf_counter()
            layer(x)
            if device == "cuda":
                torch.cuda.synchronize()
            best = min(best, time.perf_counter() - start)
    return 2 * 2 * 320 * 320 * 9 * 32 * 32 / max(best, 1e-9)


PLUGIN = LoraDiffusion()
