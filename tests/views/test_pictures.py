"""Views of pictures are one graph each: the same rows give the same numbers, alone and among others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from traineragent import registry
from traineragent.domain.data import RichInput, ViewSpec
from traineragent.ports import View
from traineragent.serve.inputs.parts import Dense

SIZES = [(28, 28), (32, 32), (64, 64), (96, 96), (100, 100), (50, 70)]


def pictures(rows: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Stripes that lie or stand, by turns, over some noise."""
    r = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(0.5 * (x if i % 2 else y) + r.uniform(0, 6)) for i in range(rows)]
    grey = 128 + 80 * np.stack(waves)[..., None] + r.normal(0, 10, (rows, height, width, 3))
    return np.clip(grey, 0, 255).astype(np.uint8)


def made(name: str, pixels: NDArray[np.uint8], **options: Any) -> onnx.ModelProto:
    view: View = registry.get("views", name)
    height, width = pixels.shape[1:3]
    spec = RichInput("pixels", "pixels", ("image",), options={"width": width, "height": height})
    return view.graph({"pixels": Dense(pixels)}, ViewSpec("v", name, ("pixels",), options), [spec], Path())


def seen(graph: onnx.ModelProto, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    run = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(run.run(["view"], {"pixels": pixels})[0])


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["classic", "patches"])
def test_a_picture_is_seen_alike_alone_and_among_others(name: str, size: tuple[int, int]) -> None:
    pixels = pictures(12, *size)
    options: Mapping[str, Any] = {"filters": 16} if name == "patches" else {}
    graph = made(name, pixels, **options)
    together = seen(graph, pixels)
    assert together.shape == (12, graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(seen(graph, pixels[5:6])[0], together[5], atol=1e-5)


@pytest.mark.parametrize("name", ["classic", "patches"])
def test_what_differs_to_the_eye_differs_in_the_view(name: str) -> None:
    pixels = pictures(40, 32, 32)
    options: Mapping[str, Any] = {"filters": 16} if name == "patches" else {}
    view = seen(made(name, pixels, **options), pixels)
    centres = [view[k::2][:10].mean(axis=0) for k in (0, 1)]
    nearest = [int(np.argmin([np.linalg.norm(row - c) for c in centres])) for row in view[20:]]
    assert np.mean([a == i % 2 for i, a in enumerate(nearest)]) == 1


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("name", ["classic", "patches"])
def test_even_pictures_give_finite_numbers(name: str, value: int) -> None:
    pixels = pictures(10, 32, 32)
    options: Mapping[str, Any] = {"filters": 16} if name == "patches" else {}
    graph = made(name, pixels, **options)
    assert np.isfinite(seen(graph, np.full((2, 32, 32, 3), value, dtype=np.uint8))).all()
