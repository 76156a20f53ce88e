"""Pictures of any size come out at exactly the size that a network or view looks at."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from traineragent.export.builder import GraphBuilder
from traineragent.export.pixels import scaled_picture


def scaled(held: int, side: int, rows: int = 1) -> np.ndarray:
    graph = GraphBuilder(0)
    made = graph.view(scaled_picture(graph, "pixels", held, held, side), 3)
    run = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    ramp = np.broadcast_to(np.linspace(0, 255, held).astype(np.uint8)[None, None, :, None], (rows, held, held, 3))
    return np.asarray(run.run(None, {"pixels": np.ascontiguousarray(ramp)})[0])


@pytest.mark.parametrize("side", [32, 64, 192])
def test_every_size_of_picture_becomes_the_side_that_was_asked_for(side: int) -> None:
    wrong = [held for held in range(24, 225, 4) if scaled(held, side).shape[1:] != (3, side, side)]
    assert wrong == []


def test_scaling_keeps_the_picture_and_each_row_by_itself() -> None:
    found = scaled(100, 64, rows=3)
    assert found.shape == (3, 3, 64, 64)
    np.testing.assert_allclose(found[0, 0, 30], np.linspace(0, 1, 64), atol=0.02)
    np.testing.assert_array_equal(found[0], found[2])
