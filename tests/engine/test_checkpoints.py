"""Pretrained networks in the Hugging Face layout."""

from __future__ import annotations

from traineragent.engine import checkpoints


def test_of_a_repository_only_what_makes_a_checkpoint_is_fetched() -> None:
    plain = ["README.md", "config.json", "model.safetensors", "pytorch_model.bin", "onnx/model.onnx", "vocab.txt"]
    assert checkpoints.network_files(plain) == ["config.json", "model.safetensors", "vocab.txt"]
    assert checkpoints.network_files(["config.json", "pytorch_model.bin"]) == []
    parts = ["unet/config.json", "unet/w.safetensors", "unet/w.fp16.safetensors", "vae/w.safetensors"]
    whole = ["model_index.json", *parts, "text_encoder/w.safetensors", "safety_checker/w.safetensors"]
    chosen = checkpoints.network_files(whole)
    assert {"model_index.json", "unet/w.safetensors", "vae/w.safetensors", "text_encoder/w.safetensors"} <= set(chosen)
    assert not {"unet/w.fp16.safetensors", "safety_checker/w.safetensors"} & set(chosen)
    assert checkpoints.network_files(["model_index.json", *parts]) == []
