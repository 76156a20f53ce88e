"""Taggers learn what is marked, decode the best path, mark as readily as the limits ask, and are served as trained."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from traineragent import registry
from traineragent.domain.run import Candidate, Trial
from traineragent.engine.spans.building import build, choose, tagger_of
from traineragent.engine.spans.dataset import MarkedTexts, marked_texts, runs_of_bio
from traineragent.engine.spans.decoding import paths
from traineragent.engine.spans.judging import Judged, judge
from traineragent.engine.spans.schemes import SCHEMES, tags_in
from traineragent.engine.spans.training import context_for, opened, train
from traineragent.families._crf import expectations
from traineragent.serve.spans.chain import Turns, likeliest, marginals
from traineragent.serve.spans.tags import permitted, runs_of

CITIES = ["Rome", "Oslo", "New York", "San Juan", "Bonn", "Lima"]
PEOPLE = ["Ann", "Bob Ray", "Eve", "Cy Day", "Dan"]
FRAMES = [
    "{p} flies from {c} to {d} .",
    "from {c} to {d} with {p}",
    "who is {p} ?",
    "weather in {c} and {d}",
    "hello there",
]


def sentences(count: int, seed: int = 0) -> tuple[list[str], list[list[tuple[str, int, int]]]]:
    """Texts in which the words before a name say what it is."""
    rng = np.random.default_rng(seed)
    texts, spans = [], []
    for _ in range(count):
        text, found = "", []
        names = {"p": ("person", PEOPLE), "c": ("origin", CITIES), "d": ("goal", CITIES)}
        for piece in str(rng.choice(FRAMES)).split(" "):
            key = piece.strip("{}") if piece.startswith("{") else ""
            word = str(rng.choice(names[key][1])) if key else piece
            start = len(text) + bool(text)
            text = f"{text} {word}" if text else word
            if key:
                found.append((names[key][0], start, len(text)))
        texts.append(text)
        spans.append(found)
    return texts, spans


def data(count: int = 200, seed: int = 0) -> MarkedTexts:
    texts, spans = sentences(count, seed)
    return marked_texts(texts, spans, ["goal", "origin", "person"], "words", np.arange(count) % 5)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "data" / "prepared"
    data().save(folder)
    return folder


@pytest.fixture(scope="module")
def trained(prepared: Path) -> tuple[Path, Any]:
    """A trained trial in the folder of trials, and its result."""
    trials = prepared.parents[1] / "trials"
    trial = Trial(0, Candidate("linear_chain", {"epochs": 4, "folds": 1}))
    return trials, train(prepared, trial, metric="span_f1", seed=0, threads=1, folder=trials / "0000")


def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    before = data(20)
    before.save(tmp_path)
    after = MarkedTexts.load(tmp_path)
    assert after.texts == before.texts
    assert (after.bio == before.bio).all()
    assert (after.keys == before.keys).all()


def test_an_end_inside_of_a_word_takes_the_whole_word() -> None:
    one = marked_texts(["see NewYork now"], [[("city", 7, 11)]], ["city"], "words", np.zeros(1, np.int8))
    assert runs_of_bio(one.bio) == [(0, 1, 2)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_tags_of_a_scheme_say_what_was_marked(scheme: str) -> None:
    found = data(60)
    names, numbers = tags_in(found, scheme)
    may, first = permitted(names)
    for i, (a, b) in enumerate(itertools.pairwise(found.starts.tolist())):
        path = numbers[a:b].tolist()
        assert first[path[0]]
        assert all(may[x, y] for x, y in itertools.pairwise(path))
        assert [(found.labels.index(label), x, y) for label, x, y in runs_of(path, names)] == found.runs()[i]


def turns_of(rng: np.random.Generator, tags: int) -> Turns:
    return Turns(*(rng.normal(size=s).astype(np.float32) for s in ((tags,), (tags, tags), (tags,))))


def every_path(scores: np.ndarray, turns: Turns) -> dict[tuple[int, ...], float]:
    tokens, tags = scores.shape
    out = {}
    for path in itertools.product(range(tags), repeat=tokens):
        total = turns.begin[path[0]] + turns.end[path[-1]] + sum(scores[t, k] for t, k in enumerate(path))
        out[path] = float(total + sum(turns.turn[a, b] for a, b in itertools.pairwise(path)))
    return out


def test_the_best_path_and_its_certainty_are_those_of_trying_all_paths() -> None:
    rng = np.random.default_rng(0)
    scores, turns = rng.normal(size=(5, 3)).astype(np.float32), turns_of(rng, 3)
    found = every_path(scores, turns)
    assert tuple(likeliest(scores, turns)) == max(found, key=lambda p: found[p])
    weight = {p: np.exp(v) for p, v in found.items()}
    for t, k in itertools.product(range(5), range(3)):
        share = sum(w for p, w in weight.items() if p[t] == k) / sum(weight.values())
        assert marginals(scores, turns)[t, k] == pytest.approx(share, abs=1e-6)


def test_many_texts_are_decoded_and_weighed_as_one_at_a_time() -> None:
    rng = np.random.default_rng(1)
    lengths = np.array([4, 0, 1, 6, 3])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    scores, turns = rng.normal(size=(lengths.sum(), 4)).astype(np.float32), turns_of(rng, 4)
    whole = paths(scores, starts, turns)
    place = np.full((4, 6), -1)
    place[np.arange(6) < lengths[lengths > 0][:, None]] = np.arange(lengths.sum())
    sure, _ = expectations(scores, place, turns.turn, turns.begin, turns.end)
    for a, b in itertools.pairwise(starts.tolist()):
        if b > a:
            assert (whole[a:b] == likeliest(scores[a:b], turns)).all()
            assert np.allclose(sure[a:b], marginals(scores[a:b], turns), atol=1e-4)


def test_a_random_field_learns_what_the_words_around_say(prepared: Path) -> None:
    texts = opened(prepared, (prepared / "texts.json").stat().st_mtime_ns)
    found = {}
    for name in ("linear_chain", "frequent_tag"):
        model = registry.get("families", name).fit({"epochs": 6}, texts, context_for(texts, "span_f1", 0, 1))
        new_texts, new_spans = sentences(80, seed=9)
        with tagger_of(model, "words") as tagger:
            given = [[(f.label, f.start, f.end) for f in marks] for marks in tagger.find(new_texts)]
        right = sum(len(set(a) & set(b)) for a, b in zip(given, new_spans, strict=True))
        found[name] = right / sum(map(len, new_spans))
    assert found["linear_chain"] > 0.95
    assert found["frequent_tag"] < 0.8  # a city is an origin or a goal by the word before it


def test_a_trial_says_what_it_is_worth_and_what_it_costs(trained: tuple[Path, Any]) -> None:
    trials, result = trained
    assert result.status == "done", result.note
    assert result.score > 0.9
    assert result.predict_us > 0
    assert 0 < result.size_mb < 5
    assert set(result.files) == {"model.npz", "sweep.json"} == {p.name for p in (trials / "0000").iterdir()}


def test_the_same_seed_gives_the_same_tagger(prepared: Path, trained: tuple[Path, Any], tmp_path: Path) -> None:
    again = train(prepared, Trial(0, trained[1].candidate), metric="span_f1", seed=0, threads=1, folder=tmp_path / "0")
    assert again.files == trained[1].files


@pytest.mark.slow
def test_a_fit_keeps_to_its_time(prepared: Path, tmp_path: Path) -> None:
    trial = Trial(0, Candidate("linear_chain", {"epochs": 100_000, "folds": 1}), time_limit_s=3.0)
    result = train(prepared, trial, metric="span_f1", seed=0, threads=1, folder=tmp_path)
    assert result.status == "done"
    assert result.seconds < 6


def test_what_is_built_marks_as_what_was_trained(prepared: Path, trained: tuple[Path, Any]) -> None:
    out = prepared.parents[1] / "tagger"
    facts, files = build(prepared, trained[0], 0, "linear_chain", out, ())
    assert facts["parity_max"] < 1e-3
    assert set(files) == {"model.onnx", "observations.npy", "turns.npy"}
    assert facts["validated"]["span_f1"] == pytest.approx(trained[1].score)
    assert b"New York" not in b"".join(p.read_bytes() for p in files.values())  # no word of a text is in a bundle


def test_a_stated_limit_decides_how_readily_it_marks(tmp_path: Path) -> None:
    counts = [[[50, 55, 100]], [[70, 100, 100]], [[90, 300, 100]]]  # right, given, true: ever more is marked
    sweep = {"outside": [0.0, 1.0, 2.0], "counts": counts, "labels": ["name"]}
    (tmp_path / "sweep.json").write_text(json.dumps(sweep))
    assert choose(tmp_path, ()).outside == 1.0
    assert choose(tmp_path, [{"name": "recall", "direction": ">=", "limit": 0.85}]).outside == 2.0
    assert choose(tmp_path, [{"name": "precision", "direction": ">=", "limit": 0.9}]).outside == 0.0
    named = {"name": "recall", "direction": ">=", "limit": 0.85, "positive_label": "name"}
    assert choose(tmp_path, [named]).outside == 2.0


def test_errors_are_told_apart() -> None:
    texts = ["Ann Lee met Bob in Rome today"]
    true = [[("person", 0, 7), ("person", 12, 15), ("place", 19, 23)]]
    given = [[("person", 0, 3), ("place", 12, 15), ("place", 24, 29)]]
    judged = Judged(texts, given, true, [[]], ["person", "place"], frozenset({"rome"}))
    evaluation, found = judge(judged, "recall", 0, quotes=True)
    assert found["errors"] == {"right": 0, "label": 1, "ends": 1, "both": 0, "missed": 1, "invented": 1}
    assert found["novelty"]["known"] == {"entities": 1, "recall": 0.0}
    assert evaluation.metric.name == "recall"
    assert evaluation.confused == [{"true": "person", "answer": "place", "rows": 1, "share": 0.5}]
    assert judge(judged, "span_f1", 0, quotes=False)[1]["examples"] == []


def test_scores_are_those_of_whole_entities() -> None:
    texts = ["a b"] * 40
    true = [[("x", 0, 1)] for _ in texts]
    given = [[("x", 0, 1)] if i % 4 else [("x", 0, 3)] for i in range(40)]
    evaluation, _ = judge(Judged(texts, given, true, [[] for _ in texts], ["x"], frozenset()), "span_f1", 0, True)
    assert evaluation.metric.value == pytest.approx(0.75)
    assert evaluation.metric.baseline == 0.0
    low, high = evaluation.metric.interval or (0, 0)
    assert 0.55 < low < 0.75 < high < 0.92
    assert evaluation.of_label("x", "recall") == pytest.approx(0.75)
