"""Where networks learn, and how much faster a GPU makes it."""

from __future__ import annotations

import pytest

from traineragent.engine.accelerator import in_words, speed_up


def test_a_processor_is_compared_with_nothing() -> None:
    assert speed_up(lambda device: lambda: None, "cpu") == {}
    assert in_words(None, 2) == ""


@pytest.mark.slow
def test_the_same_step_is_taken_on_both() -> None:
    made: list[str] = []
    gained = speed_up(lambda device: lambda: made.append(device), "other")
    assert gained["speed_up"] > 0
    assert made.count("cpu") == made.count("other") > 1  # the first of each only warms up


def test_the_ratio_is_told_with_what_it_was_compared_to() -> None:
    assert in_words(23.456, 4) == "; a step on the GPU is 23.5 times as fast as on 4 threads of the processor"
