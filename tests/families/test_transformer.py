"""The fine-tuned transformer, on a small encoder with random weights: it learns, and serves what it predicts."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patience import patience
from traineragent.domain.data import RichInput
from traineragent.engine.training import one_thread
from traineragent.families._layers import Below, Layers
from traineragent.families.transformer import PLUGIN, FittedTransformer, _Tuning
from traineragent.ports import Batch, FitContext
from traineragent.serve.inputs.parts import Ragged, Rows

torch = pytest.importorskip("torch", reason="the text extra is not installed")
transformers = pytest.importorskip("transformers", reason="the text extra is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> FitContext:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("encoder")
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=16,
    )  # fmt: skip
    transformers.AutoModel.from_config(config).save_pretrained(folder / "model", safe_serialization=True)
    (folder / "inputs").mkdir()
    (folder / "inputs" / "checkpoint.json").write_text(json.dumps({"path": str(folder / "model")}))
    spec = RichInput("tokens", "tokens", ("text",), ("inputs/tokenizer.json",), {"most": 16})
    return FitContext(("number",), (0,), 2, "accuracy", 1, 1, inputs=(spec,), folder=folder)


def batch(rows: int, seed: int, several: bool = False) -> Batch:
    """Whether the word 5 is among the words."""
    rng = np.random.default_rng(seed)
    words = [rng.integers(6, 40, rng.integers(2, 7)).tolist() for _ in range(rows)]
    y = rng.integers(0, 2, rows).astype(np.float64)
    for row, label in zip(words, y, strict=True):
        row[0] = 5 if label else row[0]
    x = np.zeros((rows, 1), dtype=np.float32)
    return Batch(x, np.stack([y, 1 - y], axis=1) if several else y, {"tokens": Ragged.of(words)})


@pytest.fixture(scope="module")
def model(context: FitContext) -> FittedTransformer:
    return PLUGIN.fit({"epochs": 12, "rate": 3e-3}, batch(400, 1), batch(100, 2), context)


def test_it_learns_what_a_word_means(model: FittedTransformer) -> None:
    fresh = batch(200, 3)
    assert (model.predict(fresh.x, fresh.more).argmax(axis=1) == fresh.y).mean() > 0.95


def test_the_graph_and_the_saved_model_answer_alike(
    model: FittedTransformer, context: FitContext, tmp_path: Path
) -> None:
    rows = batch(30, 4)
    want = model.predict(rows.x, rows.more)
    got = one_thread(model.graph().SerializeToString()).run(None, Rows(rows.x, rows.more).feeds())[0]
    np.testing.assert_allclose(got, want, atol=1e-5)
    model.save(tmp_path / "m.npz")
    np.testing.assert_array_equal(PLUGIN.load(tmp_path / "m.npz", context).predict(rows.x, rows.more), want)


def test_a_deadline_ends_the_training_with_a_model(context: FitContext) -> None:
    start = time.monotonic()
    model = PLUGIN.fit({"epochs": 10_000}, batch(300, 1), None, replace(context, deadline=start + 4))
    assert time.monotonic() - start < patience(20)
    assert np.isfinite(model.predict(np.zeros((100, 1), dtype=np.float32), batch(100, 2).more)).all()


def test_a_time_that_is_too_short_is_said_at_once(context: FitContext) -> None:
    with pytest.raises(ValueError, match="too short for fine-tuning an encoder on 300 texts"):
        PLUGIN.fit({}, batch(300, 1), None, replace(context, deadline=time.monotonic() + 0.001))


def test_fewer_layers_learn_where_all_would_take_too_long(context: FitContext, monkeypatch: pytest.MonkeyPatch) -> None:
    tuning = _Tuning({}, batch(300, 1), replace(context, deadline=time.monotonic() + 1000))
    tuning.shape = replace(tuning.shape, layers=6)
    plans = []
    for seconds in (1, 100, 200, 400):  # for reading all texts once
        monkeypatch.setattr(tuning, "_seconds_to_read", lambda seconds=seconds: seconds)
        plans.append(tuning._planned())
    layers = [p.layers for p in plans]
    assert layers == sorted(layers, reverse=True)
    assert layers[0] == 6
    assert layers[-1] == 3
    assert plans[0].epochs == 20
    assert [p.texts for p in plans[:3]] == [300] * 3
    assert 200 <= plans[-1].texts < 300
    assert plans[-1].epochs == 1


def test_training_begins_at_how_frequent_each_answer_is(context: FitContext) -> None:
    rows = batch(400, 1)
    rows.y[:] = np.arange(400) % 4 == 0
    tuning = _Tuning({}, rows, context)
    assert torch.softmax(tuning.head.bias, 0).tolist() == pytest.approx([0.75, 0.25], abs=0.01)
    several = _Tuning({}, replace(rows, y=np.stack([rows.y, 1 - rows.y], axis=1)), context)
    assert torch.sigmoid(several.head.bias).tolist() == pytest.approx([0.25, 0.75], abs=0.01)


def test_what_fixed_layers_see_is_kept_as_it_is_computed(context: FitContext) -> None:
    rows = batch(50, 1)
    layers = Layers.read(context.folder / "model", "cpu")  # type: ignore[operator]
    part = rows.more["tokens"]
    assert isinstance(part, Ragged)
    some = np.array([3, 7, 30])
    kept, there = Below(layers, part, 1).of(some)
    fresh, again = layers.read_rows(part[some], 1)
    assert torch.equal(there, again)
    assert torch.allclose(kept[there], fresh[there], atol=2e-3)


SMALL = {"vocab_size": 40, "max_position_embeddings": 20}
COMMON = {**SMALL, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("Bert", COMMON),
        ("Roberta", {**COMMON, "pad_token_id": 1}),
        ("DistilBert", {**SMALL, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}),
    ],
)
def test_the_layers_compute_what_the_library_computes(kind: str, config: dict[str, int], tmp_path: Path) -> None:
    theirs = transformers.AutoModel.from_config(getattr(transformers, f"{kind}Config")(**config)).eval()
    theirs.save_pretrained(tmp_path, safe_serialization=True)
    layers = Layers.read(tmp_path, "cpu")
    layers.half = False
    part = batch(20, 1).more["tokens"]
    assert isinstance(part, Ragged)
    h, there = layers.read_rows(part, layers.shape.layers)
    with torch.no_grad():
        want = theirs(input_ids=torch.from_numpy(part.feeds("t")["t"]), attention_mask=there.long()).last_hidden_state
    assert torch.allclose(h[there], want[there], atol=1e-4)


def test_several_answers_at_once_need_not_sum_to_one(context: FitContext) -> None:
    rows = batch(100, 5, several=True)
    p = PLUGIN.fit({"epochs": 1}, rows, rows, context).predict(rows.x, rows.more)
    assert p.shape == (100, 2)
    assert (p >= 0).all()
    assert (p <= 1).all()


def test_a_model_of_all_rows_takes_over_what_validation_settled(model: FittedTransformer, context: FitContext) -> None:
    assert {"layers", "epochs", "read", "scale"} <= set(model.found)
    again = PLUGIN.fit({**model.found, "epochs": 1, "read": 400}, batch(500, 1), None, context)
    assert again.found["scale"] == model.found["scale"]


def test_a_model_of_all_rows_that_would_learn_much_less_is_not_made(context: FitContext) -> None:
    with pytest.raises(ValueError, match="where 9,999 were in validation"):
        PLUGIN.fit({"epochs": 2, "read": 9999}, batch(300, 1), None, context)


def test_time_is_kept_for_the_texts_that_are_asked_about_afterwards(
    context: FitContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = replace(context, deadline=time.monotonic() + 1000)
    plain, asked = _Tuning({}, batch(300, 1), until), _Tuning({}, batch(300, 1), until, after=150)
    for tuning in (plain, asked):
        monkeypatch.setattr(tuning, "_seconds_to_read", lambda: 100.0)
        tuning._planned()
    assert plain.ends is not None
    assert asked.ends is not None
    assert plain.ends - asked.ends == pytest.approx(65, abs=5)
