"""The detector told by words: what phrases teach, views that keep words true, training, its graph, going on."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from pointing import SIDE, phrase_set
from traineragent import registry
from traineragent.engine.grounding.phraseset import PhraseSet
from traineragent.engine.grounding.training import GroundingContext, chosen
from traineragent.engine.grounding.words import mirrored, places, reading_of
from traineragent.families._grid_lessons import Cells, Course
from traineragent.families._grid_views import View, boxes_of, pixels_of
from traineragent.serve.grounding.finder import Finder


def two_kings(phrases: tuple[str, ...], boxes: list[list[float]]) -> Course:
    reading = reading_of(["the king", "the queen"] * 5)
    made = PhraseSet(
        np.zeros((1, SIDE, SIDE, 3), np.uint8), np.zeros(1, bool), phrases, np.zeros(len(phrases), np.int64),
        np.array(boxes, np.float32), reading, tuple(reading["known"]),
    )  # fmt: skip
    return Course(made, np.array([0]), mirrored(places()))


def test_a_superlative_teaches_that_nothing_lies_further() -> None:
    course = two_kings(("the leftmost king",), [[0.4, 0.4, 0.6, 0.6]])
    (lesson,) = course.scenes[0].lessons
    cells = Cells.of(SIDE)
    marks = course.marks(course.scenes[0], lesson, View(0), SIDE)
    assert (marks.weight[cells.x < 0.3] == 1.0).all()
    assert (marks.weight[cells.x > 0.7] < 0.5).all()  # other kings may stand there
    turned = course.marks(course.scenes[0], lesson, View(0, mirrored=True), SIDE)
    assert (turned.weight[cells.x > 0.7] == 1.0).all()
    assert (turned.weight[cells.x < 0.3] < 0.5).all()


def test_a_plain_phrase_teaches_that_there_is_no_other() -> None:
    course = two_kings(("the king",), [[0.4, 0.4, 0.6, 0.6]])
    marks = course.marks(course.scenes[0], course.scenes[0].lessons[0], View(0), SIDE)
    outside = ~Cells.of(SIDE).inside(np.array([0.4, 0.4, 0.6, 0.6], np.float32))
    assert (marks.weight[outside] == 1.0).all()
    assert (marks.thing == 0).any()


def test_views_keep_boxes_on_their_things() -> None:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[16:32, 32:48] = 255
    box = np.array([[0.5, 0.25, 0.75, 0.5]], np.float32)
    views = [View(0, mirrored=True), View(0, 0.2, 0.1, 0.7, 0.7), View(0, 0.2, 0.1, 0.7, 0.8, True)]
    views += [View(0, -0.1, -0.05, 1.15, 1.2, turned % 2 == 1, turned) for turned in range(4)]
    for view in views:
        moved, visible = boxes_of(view, box)
        seen = pixels_of(view, picture)[..., 0] > 128
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        found = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / SIDE
        assert visible[0]
        assert np.allclose(found, moved[0], atol=2.5 / SIDE)


def test_things_cut_away_are_not_asked_for() -> None:
    _, visible = boxes_of(View(0, 0.3, 0.3, 0.7, 0.7), np.array([[0.0, 0.0, 0.4, 0.4]], np.float32))
    assert not visible[0]


def test_whole_phrases_swap_left_and_right_in_mirrored_views() -> None:
    course = two_kings(("the leftmost king",), [[0.4, 0.4, 0.6, 0.6]])
    (phrase,) = course.scenes[0].phrases
    assert course.phrase_in(phrase, View(0)) == ("the", "leftmost", "king")
    assert course.phrase_in(phrase, View(0, mirrored=True)) == ("the", "rightmost", "king")


@pytest.mark.slow
def test_it_learns_exports_and_answers_through_its_graph(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    phrases = phrase_set()
    family = registry.get("families", "phrase_grid")
    model = family.fit({"steps": 6, "width": 16}, phrases, GroundingContext(0, 1, tmp_path))
    assert model.graph is not None
    assert model.parity < 1e-2
    settings, scores, us = chosen(model, phrases, "accuracy_iou50", 0)
    assert 0.0 <= scores["mean_iou"] <= 1.0
    assert us > 0
    pointed, thing = Finder(model.graph, settings).find(phrases.pixels[0], phrases.phrases[0])
    assert thing.words
    assert ((pointed.box >= 0) & (pointed.box <= 1)).all()
    assert 0.0 <= pointed.score <= 1.0


@pytest.mark.slow
def test_a_killed_training_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from traineragent.families import _saved_training

    monkeypatch.setattr(_saved_training, "EVERY_S", 0.0)
    phrases, seen = phrase_set(12), []

    class Killed(Exception):
        pass

    def kill(share: float) -> None:
        seen.append(share)
        if len(seen) == 3:
            raise Killed

    params = {"steps": 6, "width": 16}
    family = registry.get("families", "phrase_grid")
    with pytest.raises(Killed):
        family.fit(params, phrases, GroundingContext(0, 1, tmp_path, progress=kill))
    again: list[float] = []
    resumed = family.fit(params, phrases, GroundingContext(0, 1, tmp_path, progress=again.append))
    whole = family.fit(params, phrases, GroundingContext(0, 1, tmp_path / "other"))
    assert len(again) == 3
    assert resumed.facts["steps trained"] == whole.facts["steps trained"] == 6
    one, two = (Finder(m.graph, m.settings).find(phrases.pixels[0], phrases.phrases[0])[0] for m in (resumed, whole))
    assert np.allclose(one.box, two.box, atol=1e-4)


@pytest.mark.slow
def test_a_deadline_that_has_passed_still_gives_a_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    phrases = phrase_set(12)
    context = GroundingContext(0, 1, tmp_path, deadline=time.monotonic())
    model = registry.get("families", "phrase_grid").fit({"width": 16}, phrases, context)
    assert model.graph is not None


def test_the_likely_box_needs_nothing_and_fits_most() -> None:
    phrases = phrase_set()
    family = registry.get("families", "likely_box")
    model = family.fit({}, phrases, GroundingContext(0, 1, Path()))
    assert family.lacks() == ""
    assert model.graph is None
    assert len(model.settings["fixed"]) == 4


def test_the_finest_grid_is_left_out_where_nothing_is_small() -> None:
    large = two_kings(("the king",), [[0.0, 0.0, 0.8, 0.8]])
    small = two_kings(("the king",), [[0.4, 0.4, 0.5, 0.5]])
    assert (large.finest, small.finest) == (1, 0)
    marks = large.marks(large.scenes[0], large.scenes[0].lessons[0], View(0), SIDE)
    assert len(marks.thing) == len(Cells.of(SIDE, 1).x) < len(Cells.of(SIDE).x)
    assert (marks.thing == 0).any()


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pretrained network, with random weights."""
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("models") / "eyes"
    transformers.MobileNetV2Model(transformers.MobileNetV2Config(depth_multiplier=0.35)).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_the_pretrained_network_learns_but_for_its_first_layers(eyes: Path) -> None:
    import torch

    from traineragent.families._grid_features import Features

    features = Features(eyes, SIDE)
    learned = features.learn(SIDE)
    assert 0 < len(learned) < sum(1 for _ in features.parameters())
    pictures = torch.rand(2, 3, SIDE, SIDE)
    sum(h.square().mean() for h in features(pictures)).backward()
    stem = next(p for n, p in features.named_parameters() if "stem" in n)
    assert stem.grad is None
    assert not stem.requires_grad
    assert any(w.grad is not None and float(w.grad.abs().sum()) > 0 for w in learned)


@pytest.mark.slow
def test_where_time_allows_the_network_is_tuned_and_a_killed_tuning_goes_on(
    eyes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traineragent.families import _saved_training

    monkeypatch.setattr(_saved_training, "EVERY_S", 0.0)
    phrases, shares = phrase_set(12), []

    class Killed(Exception):
        pass

    def kill(share: float) -> None:
        shares.append(share)
        if len(shares) == 4:
            raise Killed

    params = {"steps": 6, "width": 16, "checkpoint": str(eyes)}
    family = registry.get("families", "phrase_grid")
    with pytest.raises(Killed):
        family.fit(params, phrases, GroundingContext(0, 1, tmp_path, progress=kill))
    resumed = family.fit(params, phrases, GroundingContext(0, 1, tmp_path))
    whole = family.fit(params, phrases, GroundingContext(0, 1, tmp_path / "other"))
    assert resumed.facts["pretrained network"] == whole.facts["pretrained network"] == "learned, too"
    pictures, (said, *_) = phrases.pixels, phrases.phrases
    one, two = (Finder(m.graph, m.settings).find(pictures[0], said)[0].box for m in (resumed, whole))
    assert np.allclose(one, two, atol=1e-3)
    frozen = family.fit({**params, "tune": False}, phrases, GroundingContext(0, 1, tmp_path / "frozen"))
    assert frozen.facts["pretrained network"] == "as it was"


@pytest.mark.slow
def test_without_time_for_enough_steps_the_pretrained_network_stays_as_it_is(
    eyes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traineragent.families import phrase_grid

    monkeypatch.setattr(phrase_grid, "FEWEST_TUNED", 1e9)
    context = GroundingContext(0, 1, tmp_path, deadline=time.monotonic() + 60)
    params = {"steps": 4, "width": 16, "checkpoint": str(eyes)}
    model = registry.get("families", "phrase_grid").fit(params, phrase_set(12), context)
    assert model.facts["pretrained network"] == "as it was"


@pytest.mark.slow
@pytest.mark.parametrize("pretrained", [False, True])
def test_another_device_is_compared_with_the_processor(
    pretrained: bool, eyes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traineragent.families.phrase_grid.device", lambda: "cpu:0")  # not the name of a plain one
    params = {"steps": 4, "width": 16, **({"checkpoint": str(eyes)} if pretrained else {})}
    model = registry.get("families", "phrase_grid").fit(params, phrase_set(24), GroundingContext(0, 1, tmp_path))
    assert model.facts["speed_up"] > 0
    assert model.facts["batch"] == 16
    assert model.parity < 1e-2
