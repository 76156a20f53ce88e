"""The tokenizer of a pretrained encoder: how long texts are let be, and whether the encoder knows their language."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.data.tokens import fit_tokens
from traineragent.errors import InputError

tokenizers = pytest.importorskip("tokenizers", reason="the text extra is not installed")

LETTERS = "abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюя中文新闻标题"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Word pieces of English words, and of letters of two other alphabets and a few Chinese signs."""
    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "the", "card", "was", "lost", "pay", "##ment", "i", "am", *LETTERS]
    words += [f"##{c}" for c in LETTERS]
    model = tokenizers.models.WordPiece({w: i for i, w in enumerate(dict.fromkeys(words))}, unk_token="[UNK]")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def strange(texts: list[str], checkpoint: Path) -> float:
    spec, _ = fit_tokens(texts, ("text",), checkpoint)
    return float(spec.options["strange"])


def test_words_that_the_encoder_knows_are_not_strange(checkpoint: Path) -> None:
    assert strange(["the card was lost", "i am the payment"] * 5, checkpoint) == 0.0


def test_words_in_lone_letters_are_strange(checkpoint: Path) -> None:
    assert strange(["карта потеряна", "оплата не прошла"], checkpoint) > 0.9


def test_signs_that_are_words_are_only_strange_when_unknown(checkpoint: Path) -> None:
    assert strange(["新闻标题", "中文"], checkpoint) == 0.0
    assert strange(["天气预报", "日本"], checkpoint) == 1.0


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tokenizer"):
        fit_tokens(["a"], ("text",), tmp_path)
