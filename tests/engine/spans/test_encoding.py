"""A pretrained encoder beside the observations: its vectors, the tagger that reads them, and the bundle it is in."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from traineragent.domain.run import Candidate, Trial
from traineragent.engine.checkpoints import checkpoints, installed
from traineragent.engine.spans.building import build
from traineragent.engine.spans.dataset import ENCODER, MarkedTexts, marked_texts
from traineragent.engine.spans.encoding import encoded
from traineragent.engine.spans.offers import offers
from traineragent.engine.spans.training import train
from traineragent.errors import InputError
from traineragent.serve.spans.encoder import WORDS, OnnxEncoder

KINDS = {
    "animal": ["cat", "dog", "horse", "cow", "sheep", "goat"],
    "fruit": ["apple", "pear", "plum", "cherry", "fig", "lemon"],
}
NEW = {"animal": ["rabbit", "pig"], "fruit": ["banana", "mango"]}


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    """The encoder that comes with the text extra."""
    pytest.importorskip("tokenizers", reason="the text extra is not installed")
    found = checkpoints(installed())
    assert found, "the text extra brings a small encoder"
    return Path(found[0].path)


def sentences(names: dict[str, list[str]], count: int) -> MarkedTexts:
    """Texts that name an animal or a fruit, with nothing else to tell them by."""
    texts, spans = [], []
    for i in range(count):
        kind = ("animal", "fruit")[i % 2]
        name = names[kind][(i // 2) % len(names[kind])]
        texts.append(f"we saw the {name} {('today', 'again', 'there')[i % 3]}")
        spans.append([(kind, 11, 11 + len(name))])
    return marked_texts(texts, spans, ["animal", "fruit"], "words", np.arange(count, dtype=np.int8) % 5)


@pytest.fixture(scope="module")
def prepared(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "data" / "prepared"
    found = encoded(sentences(KINDS, 60), checkpoint, folder / ENCODER, None)
    assert found is not None
    found.save(folder)
    return folder


def test_each_token_has_a_vector_whatever_stands_beside_its_text(prepared: Path) -> None:
    data = MarkedTexts.load(prepared)
    assert data.encoder is not None
    assert data.hidden is not None
    assert data.hidden.shape == (data.tokens, data.encoder["width"])
    alone = OnnxEncoder(prepared / ENCODER, data.encoder).encode(data.texts[:1], [data.places_of(0)])
    assert np.allclose(alone, data.hidden[: len(alone)], atol=2e-2)
    assert np.abs(alone).max(axis=1).min() > 0


def test_a_long_text_is_read_to_its_end(prepared: Path) -> None:
    settings = MarkedTexts.load(prepared).encoder or {}
    words = ["horse", "eats", "grass"] * WORDS
    text, places, at = " ".join(words), [], 0
    for word in words:
        places.append((at, at + len(word)))
        at += len(word) + 1
    vectors = OnnxEncoder(prepared / ENCODER, settings).encode([text, "a"], [places, [(0, 1)]])
    assert vectors.shape == (len(words) + 1, settings["width"])
    assert np.abs(vectors).max(axis=1).min() > 0


@pytest.mark.parametrize(
    ("family", "params"),
    [
        ("encoder_chain", {"epochs": 8}),
        pytest.param("tuned_chain", {"epochs": 8, "tuning_epochs": 5}, marks=pytest.mark.slow),
    ],
)
def test_words_that_training_lacks_are_told_by_what_the_encoder_knows(
    prepared: Path, checkpoint: Path, family: str, params: dict[str, int]
) -> None:
    if family == "tuned_chain":
        pytest.importorskip("torch", reason="the text extra is not installed")
    (prepared / "checkpoint.json").write_text(json.dumps({"path": str(checkpoint)}))
    trials, out = prepared.parents[1] / "trials", prepared.parents[1] / family
    trial = Trial(0, Candidate(family, {**params, "folds": 1}))
    result = train(prepared, trial, metric="span_f1", seed=0, threads=1, folder=trials / "0000")
    assert result.status == "done", result.note
    facts, files = build(prepared, trials, 0, family, out, ())
    assert {"encoder.onnx", "tokenizer.json", "model.onnx"} < set(files)
    assert facts["parity_max"] < 5e-2
    assert result.size_mb == pytest.approx(facts["size_mb"], rel=1e-3)
    assert str(checkpoint) not in json.dumps(facts["settings"])
    from traineragent.serve.spans.tagger import Tagger

    tagger = Tagger(files["model.onnx"].parent, facts["settings"], files["model.onnx"])
    new = sentences(NEW, 12)
    given = [[(f.label, f.start, f.end) for f in found] for found in tagger.find(new.texts)]
    right = sum(
        [(new.labels[r.label], *new.places[a + r.first][:1], *new.places[a + r.behind - 1][1:]) for r in runs] == marks
        for runs, marks, a in zip(new.runs(), given, new.starts, strict=False)
    )
    assert right >= 9


@pytest.mark.slow
def test_a_time_too_short_for_fine_tuning_is_said_soon(prepared: Path, checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the text extra is not installed")
    (prepared / "checkpoint.json").write_text(json.dumps({"path": str(checkpoint)}))
    trial = Trial(0, Candidate("tuned_chain", {"folds": 1, "epochs": 1, "tuning_epochs": 4000}), time_limit_s=0.2)
    with pytest.raises(ValueError, match="too short for fine-tuning"):
        train(prepared, trial, metric="span_f1", seed=0, threads=1, folder=tmp_path / "0000")


def test_only_texts_that_an_encoder_read_are_offered_to_it(prepared: Path, tmp_path: Path) -> None:
    replace(MarkedTexts.load(prepared), hidden=None, encoder=None).save(tmp_path)
    names = ["linear_chain", "encoder_chain"]
    assert [offers(str(prepared), "span_f1", names)[n]["suits"] for n in names] == [True, True]
    assert [offers(str(tmp_path), "span_f1", names)[n]["suits"] for n in names] == [True, False]


def test_reading_that_would_take_too_long_is_left_out(checkpoint: Path, tmp_path: Path) -> None:
    assert encoded(sentences(KINDS, 60), checkpoint, tmp_path, 1e-4) is None


def test_a_checkpoint_without_its_tokenizer_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        shutil.copyfile(checkpoint / name, tmp_path / name)
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        encoded(sentences(KINDS, 4), tmp_path, tmp_path / "out", None)
