from __future__ import annotations

import numpy as np
import pytest

from shapes import shapes
from traineragent.engine.likeness import Judge, frechet, nearest, shrunk


@pytest.fixture(scope="module")
def judge() -> Judge:
    known = shapes(60, seed=0)
    return Judge(known.pixels, known.y)


def test_fresh_real_pictures_pass_for_real(judge: Judge) -> None:
    drawn, real = shapes(40, seed=1), shapes(40, seed=2)
    found = judge.likeness(drawn.pixels, drawn.y, real.pixels, real.y)
    assert found.asked_class is not None
    assert found.asked_class > 0.9
    assert found.frechet < 3 * found.floor
    assert 0.8 < found.diversity < 1.2
    assert found.copied < 0.2


def test_noise_is_far_from_real(judge: Judge) -> None:
    real = shapes(40, seed=2)
    noise = np.random.default_rng(0).integers(0, 256, real.pixels.shape).astype(np.uint8)
    found = judge.likeness(noise, real.y, real.pixels, real.y)
    assert found.frechet > 5 * found.floor


def test_copies_of_training_pictures_are_found(judge: Judge) -> None:
    known, real = shapes(60, seed=0), shapes(40, seed=2)
    assert judge.copied(known.pixels[:60], real.pixels) > 0.9


def test_one_picture_a_class_has_no_variety_though_it_is_what_was_asked(judge: Judge) -> None:
    known, real = shapes(60, seed=0), shapes(40, seed=2)
    same = known.pixels[:3][np.arange(60) % 3]
    found = judge.likeness(same, np.arange(60) % 3, real.pixels, real.y)
    assert found.asked_class == 1.0
    assert found.diversity < 0.1


def test_swapped_classes_are_not_what_was_asked(judge: Judge) -> None:
    drawn, real = shapes(40, seed=1), shapes(40, seed=2)
    found = judge.likeness(drawn.pixels, (drawn.y + 1) % 3, real.pixels, real.y)
    assert found.asked_class is not None
    assert found.asked_class < 0.1


def test_frechet_distance_of_known_gaussians() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (200_000, 2)), rng.normal(3, 2, (200_000, 2))
    assert frechet(a, b) == pytest.approx(2 * 9 + 2 * (1 + 4 - 2 * 2), rel=0.02)  # |gap|² + trace terms
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_distances_are_those_of_euclid() -> None:
    a, b = np.array([[0.0, 0.0], [3.0, 4.0]], np.float32), np.array([[0.0, 1.0], [30.0, 40.0]], np.float32)
    assert nearest(a, b).tolist() == pytest.approx([1.0, np.hypot(3, 3)])


def test_large_pictures_are_compared_in_blocks() -> None:
    pixels = np.full((2, 64, 64, 3), 255, dtype=np.uint8)
    assert shrunk(pixels).shape == (2, 32, 32, 3)
    assert shrunk(pixels).max() == 1.0
