"""Fine-tuning of a tiny Grounding DINO with random weights: real steps, real matching, the real graph and finder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dino import STOP, write_checkpoint
from pointing import phrase_set
from traineragent import registry
from traineragent.engine.checkpoints import checkpoints
from traineragent.engine.grounding.training import Grounder, GroundingContext, chosen
from traineragent.errors import InputError
from traineragent.serve.grounding.finder import Finder
from traineragent.serve.grounding.pieces import MOST_PIECES, Pieces

for extra in ("torch", "transformers", "tokenizers"):
    pytest.importorskip(extra)
pytestmark = pytest.mark.slow

SIDE = 128  # the coarsest of four grids still has several places


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("models") / "tiny-dino")


@pytest.fixture(scope="module")
def trained(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Grounder:
    family = registry.get("families", "grounding_dino")
    context = GroundingContext(0, 1, tmp_path_factory.mktemp("trial"))
    model: Grounder = family.fit(
        {"checkpoint": str(checkpoint), "rounds": 4, "batch": 2}, phrase_set(12, side=SIDE), context
    )
    return model


def test_the_graph_answers_as_the_network_for_texts_of_any_length(trained: Grounder) -> None:
    assert trained.graph is not None
    assert trained.parity_rows > 0
    assert trained.parity < 1e-3
    assert trained.facts["steps trained"] == 4


def test_what_was_trained_points_through_the_finder_that_is_served(trained: Grounder) -> None:
    phrases = phrase_set(12, side=SIDE)
    settings, scores, us = chosen(trained, phrases, "accuracy_iou50", 0)
    assert 0.0 <= scores["mean_iou"] <= 1.0
    assert us > 0
    finder = Finder(trained.graph, settings, tokenizer=trained.tokenizer)
    for phrase in ("the leftmost red circle", "whichever square is next to the blue triangle", "?"):
        pointed, _ = finder.find(phrases.pixels[0], phrase)
        assert ((pointed.box >= 0) & (pointed.box <= 1)).all()
        assert 0.0 <= pointed.score <= 1.0


def test_words_change_what_is_found(trained: Grounder) -> None:
    phrases = phrase_set(12, side=SIDE)
    finder = Finder(trained.graph, trained.settings, tokenizer=trained.tokenizer)
    one, two = (
        finder.maps(phrases.pixels[0], finder.reader.read(p), p)[None][0] for p in ("red circle", "green square")
    )
    assert not np.allclose(one, two)


def _without_graph(training: Any, facts: dict[str, Any]) -> Grounder:
    return Grounder(None, {}, 0, facts=facts)


def test_a_killed_training_goes_on_where_it_was(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traineragent.families import _saved_training, grounding_dino

    monkeypatch.setattr(_saved_training, "EVERY_S", 0.0)
    monkeypatch.setattr(grounding_dino._FineTuning, "_grounder", _without_graph)
    family, phrases = registry.get("families", "grounding_dino"), phrase_set(12, side=SIDE)
    params = {"checkpoint": str(checkpoint), "rounds": 4, "batch": 1}

    class Killed(Exception):
        pass

    def kill(share: float) -> None:
        if share >= 0.25:
            raise Killed

    with pytest.raises(Killed):
        family.fit(params, phrases, GroundingContext(0, 1, tmp_path, progress=kill))
    resumed = family.fit(params, phrases, GroundingContext(0, 1, tmp_path))
    whole = family.fit(params, phrases, GroundingContext(0, 1, tmp_path / "other"))
    assert resumed.facts["went on from step"] == 2
    assert resumed.facts["loss"] == pytest.approx(whole.facts["loss"], rel=1e-4)


def test_the_loss_falls_where_a_thing_is_found_and_rises_where_nothing_is_there() -> None:
    import torch

    from traineragent.families._dino_net import Lesson, loss_of

    box, none = np.array([[0.2, 0.2, 0.4, 0.4]], np.float32), np.zeros((0, 4), np.float32)
    tokens = torch.tensor([[101, 2000, STOP, 102]])
    boxes = torch.tensor([[[0.2, 0.2, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9]]])
    right, wrong = (torch.tensor([[[0.0, a, 0.0, 0.0], [0.0, b, 0.0, 0.0]]]) for a, b in ((4.0, -4.0), (-4.0, 4.0)))
    there = Lesson(box, 1.0, none)
    assert loss_of([(right, boxes)], tokens, [there]) < loss_of([(wrong, boxes)], tokens, [there])
    assert loss_of([(right, boxes)], tokens, [there]) < loss_of([(right, boxes + 0.1)], tokens, [there])
    nowhere = Lesson(none, 0.5, none)
    assert loss_of([(right - 8, boxes)], tokens, [nowhere]) < loss_of([(right, boxes)], tokens, [nowhere])
    known = Lesson(none, 0.5, box)
    assert loss_of([(right, boxes)], tokens, [known]) > loss_of([(right, boxes)], tokens, [nowhere])


def test_pieces_end_a_phrase_once_and_stay_within_their_number(trained: Grounder) -> None:
    assert trained.tokenizer is not None
    pieces = Pieces(trained.tokenizer)
    ids = pieces.ids("The red. circle?")
    assert ids[0] == 101
    assert ids[-2:] == [STOP, 102]
    assert ids.count(STOP) == 1
    long = pieces.ids("red circle " * 100)
    assert len(long) == MOST_PIECES
    assert long[-2:] == [STOP, 102]
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        Pieces("{}")


def test_checkpoints_are_found_by_what_they_declare(checkpoint: Path) -> None:
    (found,) = [c for c in checkpoints([str(checkpoint.parent)]) if c.kind == "grounding"]
    assert found.path == str(checkpoint)
    assert not found.flexible


def test_another_kind_of_checkpoint_is_refused_in_words(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "other", kind="mm-grounding-dino")
    with pytest.raises(InputError, match="cannot be read as Grounding DINO"):
        registry.get("families", "grounding_dino").fit(
            {"checkpoint": str(folder)}, phrase_set(12, side=SIDE), GroundingContext(0, 1, tmp_path)
        )
