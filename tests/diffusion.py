"""A tiny Stable Diffusion checkpoint with random weights, written in the layout of diffusers."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

SIDE, WIDTH, LENGTH = 16, 16, 24  # pixels of its pictures, of what the network is told, tokens of a prompt


def write_checkpoint(folder: Path, predicts: str = "epsilon") -> Path:
    """The five parts below `folder`, a few thousand weights in all; the same weights each time."""
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        block_out_channels=(8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=SIDE,
    )
    vocabulary = _write_tokenizer(folder / "tokenizer")
    end = vocabulary["<|endoftext|>"]
    texts = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=WIDTH,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=LENGTH,
            bos_token_id=end - 1,
            eos_token_id=end,
            pad_token_id=end,
        )
    )
    for name, network in (("unet", unet), ("vae", vae), ("text_encoder", texts)):
        network.save_pretrained(folder / name)
    schedule = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": predicts}
    _write(folder / "scheduler" / "scheduler_config.json", schedule)
    _write(folder / "model_index.json", {"_class_name": "StableDiffusionPipeline"})
    return folder


def _write_tokenizer(folder: Path) -> dict[str, int]:
    """Letters and digits, each a token, with the end of a word marked as CLIP does."""
    tokens = [c + end for c in string.ascii_lowercase + string.digits for end in ("", "</w>")]
    vocabulary = {token: i for i, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}
    _write(folder / "vocab.json", vocabulary)
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH})
    return vocabulary


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
