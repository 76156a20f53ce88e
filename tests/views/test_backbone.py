"""Checkpoints in the Hugging Face layout become graphs that answer as the network does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from traineragent.domain.data import RichInput, ViewSpec
from traineragent.engine.checkpoints import checkpoints
from traineragent.export.network import exported, loaded, preprocessing
from traineragent.serve.inputs.parts import Dense
from traineragent.views.backbone import PLUGIN

from .test_pictures import pictures, seen

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow


def small_resnet() -> Any:
    config = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic")
    return transformers.ResNetModel(config)


def small_vit() -> Any:
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, image_size=32, patch_size=8
    )
    return transformers.ViTModel(config)


def small_convnext() -> Any:
    return transformers.ConvNextModel(transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1]))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Any], Path]:
    def save(model: Any) -> Path:
        torch.manual_seed(0)
        folder = tmp_path / "models" / "tiny-network"
        model.eval().save_pretrained(folder)
        said = '{"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3], "size": {"height": 32, "width": 32}}'
        (folder / "preprocessor_config.json").write_text(said)
        return folder

    return save


@pytest.mark.parametrize("network", [small_resnet, small_vit, small_convnext])
def test_the_graph_gives_the_features_of_the_network(network: Callable[[], Any], saved: Callable[[Any], Path]) -> None:
    model = network()
    core = exported(loaded(saved(model)), 32, "tiny")
    given = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
    run = onnxruntime.InferenceSession(core.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = model.eval()(pixel_values=torch.from_numpy(given)).pooler_output.flatten(1).numpy()
    np.testing.assert_allclose(run.run(None, {"pictures": given})[0], wanted, atol=1e-4)


def test_pictures_are_normalised_as_the_checkpoint_declares(saved: Callable[[Any], Path]) -> None:
    model = small_resnet()
    folder = saved(model)
    pixels = pictures(3, 32, 32)
    spec = RichInput("pixels", "pixels", ("image",), options={"width": 32, "height": 32})
    view = ViewSpec("v", "backbone", ("pixels",), {"checkpoint": str(folder), "side": 32})
    got = seen(PLUGIN.graph({"pixels": Dense(pixels)}, view, [spec], Path()), pixels)
    declared = preprocessing(folder)
    given = ((pixels / 255 - declared["mean"]) / declared["deviation"]).transpose(0, 3, 1, 2).astype(np.float32)
    with torch.no_grad():
        wanted = model.eval()(pixel_values=torch.from_numpy(given)).pooler_output.flatten(1).numpy()
    np.testing.assert_allclose(got, wanted, atol=1e-3)


def test_eight_bits_stay_near_and_are_smaller(saved: Callable[[Any], Path]) -> None:
    folder = saved(small_resnet())
    pixels = pictures(24, 64, 64)
    spec = RichInput("pixels", "pixels", ("image",), options={"width": 64, "height": 64})
    options = {"checkpoint": str(folder), "side": 32}
    views = [ViewSpec("v", "backbone", ("pixels",), {**options, **more}) for more in ({}, {"int8": True})]
    graphs = [PLUGIN.graph({"pixels": Dense(pixels)}, view, [spec], Path()) for view in views]
    exact, rough = (seen(graph, pixels) for graph in graphs)
    assert np.corrcoef(exact.ravel(), rough.ravel())[0, 1] > 0.99


def test_limits_of_activations_become_part_of_the_rounding(saved: Callable[[Any], Path]) -> None:
    network = transformers.MobileNetV2Model(transformers.MobileNetV2Config(depth_multiplier=0.15, min_depth=8))
    pixels = pictures(12, 32, 32)
    spec = RichInput("pixels", "pixels", ("image",), options={"width": 32, "height": 32})
    options = {"checkpoint": str(saved(network)), "side": 32}
    views = [ViewSpec("v", "backbone", ("pixels",), {**options, **more}) for more in ({}, {"int8": True})]
    exact, rough = (PLUGIN.graph({"pixels": Dense(pixels)}, view, [spec], Path()) for view in views)
    assert "Clip" in {n.op_type for n in exact.graph.node}
    assert "Clip" not in {n.op_type for n in rough.graph.node}


def test_the_front_of_a_network_is_smaller(saved: Callable[[Any], Path]) -> None:
    folder, pixels = saved(small_convnext()), pictures(4, 32, 32)
    spec = RichInput("pixels", "pixels", ("image",), options={"width": 32, "height": 32})
    options = {"checkpoint": str(folder), "side": 32}
    views = [ViewSpec("v", "backbone", ("pixels",), {**options, **more}) for more in ({}, {"depth": 0.5})]
    whole, front = (PLUGIN.graph({"pixels": Dense(pixels)}, view, [spec], Path()) for view in views)
    assert front.ByteSize() < 0.8 * whole.ByteSize()
    assert np.isfinite(seen(front, pixels)).all()


def test_a_checkpoint_without_trained_pooling_gives_its_first_token(saved: Callable[[Any], Path]) -> None:
    folder = saved(small_vit())
    bare = transformers.ViTModel.from_pretrained(folder, add_pooling_layer=False).eval()
    bare.save_pretrained(folder)
    given = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        got, wanted = loaded(folder)(given), bare(pixel_values=given).last_hidden_state[:, 0]
    np.testing.assert_allclose(got.numpy(), wanted.numpy(), atol=1e-5)


def test_checkpoints_are_found_by_their_declarations(saved: Callable[[Any], Path], tmp_path: Path) -> None:
    folder = saved(small_resnet())
    (tmp_path / "models" / "broken").mkdir()
    (tmp_path / "models" / "broken" / "config.json").write_text("{")
    (tmp_path / "models" / "broken" / "model.safetensors").write_bytes(b"x")
    (found,) = [c for c in checkpoints([str(tmp_path / "models")]) if c.path.startswith(str(tmp_path))]
    assert (found.name, found.path, found.kind, found.architecture) == (
        "tiny_network", str(folder), "picture", "resnet",
    )  # fmt: skip
    assert (found.side, found.flexible) == (32, True)
