from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shapes import shapes
from traineragent.domain.run import Candidate, Trial
from traineragent.engine.drawing import STEPS, DrawContext, as_learned, train, utility, wanted
from traineragent.engine.likeness import Judge, Likeness
from traineragent.engine.pictureset import PictureSet
from traineragent.serve.painter import GRAPH, Painter
from traineragent.serve.sampling import from_pixels, moved, to_pixels


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes") / "prepared"
    shapes().save(folder)
    return folder


def run(prepared: Path, folder: Path, family: str, **params: object) -> dict[str, object]:
    trial = Trial(0, Candidate(family, params))
    result = train(prepared, trial, metric="frechet_distance", seed=0, threads=1, folder=folder)
    assert result.status == "done", result.note
    assert result.score is not None
    return {"result": result, **json.loads((folder / "drawing.json").read_text())}


def test_pictures_survive_saving_and_loading(prepared: Path) -> None:
    before, after = shapes(), PictureSet.load(prepared)
    assert (before.pixels == after.pixels).all()
    assert before.names == after.names


def test_pixels_and_numbers_are_each_others_inverse() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.uint8)
    assert (to_pixels(from_pixels(pixels)) == pixels).all()


def test_the_plain_gaussian_draws_what_is_asked(prepared: Path, tmp_path: Path) -> None:
    found = run(prepared, tmp_path, "pixel_gaussian")
    assert found["likeness"]["asked_class"] > 0.5  # type: ignore[index]


def test_the_same_seed_draws_the_same_picture(prepared: Path, tmp_path: Path) -> None:
    found = run(prepared, tmp_path, "pixel_gaussian")
    painter, pictures = Painter(tmp_path, GRAPH, found["served"]), PictureSet.load(prepared)  # type: ignore[arg-type]
    words, _, _ = wanted(pictures, 6, 0)
    one, same, other = (painter.paint(words, [s] * 6) for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.slow
def test_flow_learns_and_serves_what_it_learned(prepared: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    found = run(prepared, tmp_path, "flow_matching", width=16, rounds=80, guidance=1.5)
    pictures = PictureSet.load(prepared)
    learned, held = pictures.part(~pictures.held), pictures.part(pictures.held)
    noise = np.random.default_rng(0).integers(0, 256, held.pixels.shape).astype(np.uint8)
    untrained = Judge(learned.pixels, learned.y).distance(noise, held.pixels)
    assert found["likeness"]["frechet"] < 0.7 * untrained  # type: ignore[index]


@pytest.mark.slow
def test_another_device_is_compared_with_the_processor(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("traineragent.families.flow_matching.device", lambda: "cpu:0")  # not the name of a plain one
    found = run(prepared, tmp_path, "flow_matching", width=16, rounds=3, guidance=1.0)
    assert found["speed_up"] > 0  # type: ignore[operator]
    assert found["batch"] == 128
    assert "times as fast" in found["result"].note  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from traineragent.families import flow_matching

    pictures, params, seen = shapes(), {"width": 16, "rounds": 12, "guidance": 1.0}, []

    def stop(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow_matching.PLUGIN.fit(params, pictures, DrawContext(0, 1, tmp_path, progress=stop))
    resumed = flow_matching.PLUGIN.fit(params, pictures, DrawContext(0, 1, tmp_path, progress=seen.append))
    assert seen[0] > 0.5
    assert resumed.facts["steps trained"] == 12
    whole = flow_matching.PLUGIN.fit(params, pictures, DrawContext(0, 1, tmp_path / "other"))
    words, _, seeds = wanted(pictures, 6, 0)
    one, other = (d.painter(tmp_path).paint(words, seeds) for d in (resumed, whole))
    assert np.abs(one.astype(int) - other.astype(int)).max() <= 2  # the same training, whether interrupted or not


def test_copying_costs_a_model_its_lead() -> None:
    honest = Likeness(0.9, 0.95, 5.0, 2.0, 1.0, 0.0)
    copier = Likeness(1.0, 0.95, 4.0, 2.0, 1.0, 0.9)
    for metric in ("frechet_distance", "asked_class"):
        assert utility(metric, honest) > utility(metric, copier)


def test_learning_stops_sooner_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = {"wall": 1000.0, "cpu": 50.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["wall"])
    monkeypatch.setattr("time.process_time", lambda: clock["cpu"])
    context = DrawContext(0, 1, tmp_path, end=1300.0, start=1000.0, start_cpu=50.0)
    clock.update(wall=1100.0, cpu=150.0)
    assert context.deadline == pytest.approx(1300 - 36)
    clock.update(wall=1100.0, cpu=75.0)
    assert context.deadline == pytest.approx(1300 - 60)
    clock.update(wall=1100.0, cpu=50.0)  # however slow, half of the time is for learning
    assert context.deadline == pytest.approx(1300 - 75)


def test_larger_drawn_pictures_are_judged_in_the_size_learned() -> None:
    drawn = np.zeros((2, 64, 64, 3), dtype=np.uint8)
    drawn[:, :, 32:] = (255, 0, 0)
    seen = as_learned(drawn, (1, 16, 16))
    assert seen.shape == (2, 16, 16, 1)
    assert seen[0, 3, [2, 12], 0].tolist() == [0, 76]  # a red that is as bright as that grey


def test_a_sampler_that_starts_late_begins_between_noise_and_picture() -> None:
    """Diffusion models never saw pure noise; the best velocity for pictures of spread one gives them from any start."""

    def best(x: np.ndarray, t: np.ndarray, words: np.ndarray) -> np.ndarray:
        at = t[:, None, None, None]
        return x * (2 * at - 1) / (at**2 + (1 - at) ** 2)  # type: ignore[no-any-return]

    words, shape = np.zeros((256, 1), np.float32), (1, 4, 4)
    for start in (0.0, 0.1):
        times = np.linspace(start, 1.0, 200).tolist()
        assert moved(best, words, range(256), shape, times).std() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("spread", [1.0, 0.3, 0.1])
def test_few_steps_keep_the_variety_of_what_was_learned(spread: float) -> None:
    """With the best velocity for pictures of some spread, drawn ones have it; Euler's steps lose a sixth of 0.1."""

    def best(x: np.ndarray, t: np.ndarray, words: np.ndarray) -> np.ndarray:
        at = t[:, None, None, None]
        return x * (at * spread**2 - (1 - at)) / (at**2 * spread**2 + (1 - at) ** 2)  # type: ignore[no-any-return]

    drawn = moved(best, np.zeros((256, 1), np.float32), range(256), (1, 4, 4), STEPS)
    assert drawn.std() == pytest.approx(spread, rel=0.05)
