"""Encoders of texts as graphs: they answer as the library they came from does, whatever rows stand beside."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from traineragent.errors import InputError
from traineragent.export.builder import GraphBuilder
from traineragent.export.encoder import Shape, read_encoder, read_safetensors, write_encoder

KINDS = ("bert", "roberta", "distilbert")
IDS = np.array([[2, 7, 9, 30, 3], [2, 41, 3, 0, 0]])
THERE = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], dtype=np.float32)


@pytest.fixture(scope="module", params=KINDS)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A small encoder with random weights, saved as the library saves it."""
    torch = pytest.importorskip("torch", reason="the text extra is not installed")
    transformers = pytest.importorskip("transformers", reason="the text extra is not installed")
    torch.manual_seed(0)
    sizes = {"vocab_size": 60, "max_position_embeddings": 40}
    if request.param == "distilbert":
        config = transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=4, hidden_dim=64, **sizes)
    else:
        kind = {"bert": transformers.BertConfig, "roberta": transformers.RobertaConfig}[request.param]
        config = kind(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, pad_token_id=1, **sizes
        )
    model = transformers.AutoModel.from_config(config).eval()
    folder = tmp_path_factory.mktemp(request.param)
    model.save_pretrained(folder, safe_serialization=True)
    return folder, model


@pytest.mark.slow
def test_the_graph_answers_as_the_library_but_for_rounding(checkpoint: tuple[Path, Any]) -> None:
    import torch

    folder, model = checkpoint
    with torch.no_grad():
        there = torch.from_numpy(THERE)
        ids = torch.from_numpy(np.where(THERE > 0, IDS, 1))
        last = model(input_ids=ids, attention_mask=there.long()).last_hidden_state
    wanted = ((last * there[:, :, None]).sum(1) / there.sum(1, keepdim=True)).numpy()
    got = run(folder, IDS, THERE)
    for ours, theirs in zip(got, wanted, strict=True):
        assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) > 0.999


@pytest.mark.slow
def test_padding_and_neighbours_change_nothing(checkpoint: tuple[Path, Any]) -> None:
    folder, _ = checkpoint
    together, alone = run(folder, IDS, THERE), run(folder, IDS[1:, :3], THERE[1:, :3])
    np.testing.assert_allclose(together[1:], alone, atol=1e-5)


def run(folder: Path, ids: np.ndarray, there: np.ndarray) -> np.ndarray:
    shape, weights = read_encoder(folder)
    graph = GraphBuilder(0)
    model = graph.view(write_encoder(graph, *graph.ragged("tokens"), weights, shape), shape.width)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"tokens": ids, "tokens.weights": there})[0])


def test_an_architecture_that_is_not_known_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    with pytest.raises(InputError, match="mamba"):
        Shape.read(tmp_path)


def test_pickled_weights_are_not_opened(tmp_path: Path) -> None:
    config = {"model_type": "bert", "num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 2}
    (tmp_path / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 4}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="safetensors"):
        read_encoder(tmp_path)


def test_half_and_brain_floats_are_read(tmp_path: Path) -> None:
    half = np.array([1.5, -2.0], dtype=np.float16).tobytes()
    brain = (np.array([3.0], dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
    head = {
        "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
        "b": {"dtype": "BF16", "shape": [1], "data_offsets": [4, 6]},
    }
    text = json.dumps(head).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + half + brain)
    found = read_safetensors(tmp_path / "m.safetensors")
    assert found["a"].tolist() == [1.5, -2.0]
    assert found["b"].tolist() == [3.0]


@pytest.mark.parametrize("content", [b"", b"\xff" * 20, struct.pack("<Q", 5) + b"{}"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"m\.safetensors"):
        read_safetensors(tmp_path / "m.safetensors")
