"""A tiny Grounding DINO checkpoint with random weights: eyes, reader, vocabulary, in the layout of transformers."""

from __future__ import annotations

import json
from pathlib import Path

START, END, STOP, QUESTION = 101, 102, 1012, 1029  # pieces that the architecture knows by their numbers
WORDS = (
    "the", "red", "blue", "green", "circle", "square", "triangle", "leftmost", "rightmost", "topmost", "bottommost",
    "largest", "smallest", "second", "third", "from", "left", "right", "of", "above", "below", "next", "to", "in",
    "middle", "and",
)  # fmt: skip


def write_checkpoint(folder: Path, kind: str = "grounding-dino") -> Path:
    """A few hundred thousand weights, the same each time. `kind`: what its declaration says that it is."""
    import torch
    from transformers import BertConfig, GroundingDinoConfig, GroundingDinoForObjectDetection, SwinConfig

    torch.manual_seed(0)
    vocabulary = _vocabulary()
    eyes = SwinConfig(
        image_size=64, patch_size=4, embed_dim=12, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2], window_size=4,
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    reader = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    config = GroundingDinoConfig(
        backbone_config=eyes, text_config=reader, d_model=32, encoder_layers=1, decoder_layers=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=20,
    )  # fmt: skip
    GroundingDinoForObjectDetection(config).save_pretrained(folder)
    declared = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**declared, "model_type": kind}))
    _write_tokenizer(folder, vocabulary)
    seen = {"do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (folder / "preprocessor_config.json").write_text(json.dumps(seen))
    return folder


def _vocabulary() -> list[str]:
    pieces = [f"[unused{i}]" for i in range(QUESTION + 1)]
    pieces[0], pieces[1], pieces[START], pieces[END], pieces[103] = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
    pieces[STOP], pieces[QUESTION] = ".", "?"
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    return [*pieces, *letters, *(f"##{c}" for c in letters), *WORDS]


def _write_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    made = Tokenizer(models.WordPiece({p: i for i, p in enumerate(vocabulary)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", END), ("[CLS]", START))
    made.save(str(folder / "tokenizer.json"))
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
