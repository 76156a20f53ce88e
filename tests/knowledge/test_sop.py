"""Procedures are data: editing a step changes the plan, an overlay is checked, an error names file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.errors import InputError
from traineragent.knowledge.sop import AGENTS, load, taken_out

NEXT = {
    "trials": 3,
    "trials_asked": None,
    "by_number": False,
    "seconds_left": 20.0,
    "usable": 3,
    "delivered_first": True,
    "reselect": False,
    "round": 0,
    "perfect": False,
    "portfolio": 5,
    "since_gain": 0,
    "last_resort": "linear",
}


def overlay(tmp_path: Path, text: str) -> Path:
    (tmp_path / "sops").mkdir(exist_ok=True)
    (tmp_path / "sops" / "model.yaml").write_text(text)
    return tmp_path


def planned(tmp_path: Path | None, **facts: object) -> list[str]:
    procedure = load("model", tmp_path)
    return [o.do for o in procedure.plan("next", {**procedure.settings, **NEXT, **facts})]


@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_has_a_profile_and_reasons(agent: str) -> None:
    procedure = load(agent)
    assert len(procedure.profile) > 50
    assert all(step.why for steps in procedure.questions.values() for step in steps)
    ids = [step.id for steps in procedure.questions.values() for step in steps]
    assert all(":" in s.source for steps in procedure.questions.values() for s in steps)
    assert ids


def test_the_plan_follows_the_facts() -> None:
    assert planned(None) == ["train_next"]
    assert planned(None, seconds_left=-1.0) == ["stop"]
    assert planned(None, trials_asked=3) == ["stop"]
    assert planned(None, delivered_first=False) == ["deliver_first"]
    assert planned(None, perfect=True) == ["stop"]


def test_nothing_servable_when_time_is_up_calls_for_something_quick() -> None:
    late = {"seconds_left": -1.0, "usable": 0}
    assert planned(None, **late) == ["last_resort"]
    assert planned(None, **late, last_resort=None) == ["stop"]


def test_an_overlay_changes_removes_and_adds_steps(tmp_path: Path) -> None:
    text = """
questions:
  next:
    - id: go-on
      do: stop
      why: I am in a hurry
    - remove: first-model
"""
    assert planned(overlay(tmp_path, text)) == ["stop"]
    assert planned(overlay(tmp_path, text), delivered_first=False) == ["stop"]
    reason = load("model", tmp_path).plan("next", {**load("model").settings, **NEXT})[0].why
    assert reason == "I am in a hurry"


def test_what_an_overlay_no_longer_names_is_told_by_question(tmp_path: Path) -> None:
    gone = [s.id for s in load("model").questions["candidates"] if s.args.get("family") == "extra_trees"]
    steps = "".join(f"    - remove: {name}\n" for name in gone)
    path = overlay(tmp_path, f"questions:\n  candidates:\n{steps}    - remove: quick-forest\n")
    found = taken_out(load("model", path), "family")
    assert {kind: families for kind, families in found.items() if families} == {"candidates": {"extra_trees"}}
    assert not any(taken_out(load("model"), "family").values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("questions:\n  next:\n    - id: x\n      do: stop\n", r"model.yaml:3: .* missing \['why'\]"),
        ("questions:\n  next:\n    - remove: nothing-such\n", r"model.yaml:3: there is no step 'nothing-such'"),
        ("questions:\n  dance: []\n", "the model agent asks no question 'dance'"),
        ("questions: [", "is not valid YAML"),
    ],
)
def test_a_broken_overlay_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load("model", overlay(tmp_path, text))


def test_an_unknown_fact_names_the_step_and_its_line(tmp_path: Path) -> None:
    text = "questions:\n  next:\n    - {id: mine, do: stop, when: moon > 3, why: because}\n"
    with pytest.raises(InputError, match=r"model.yaml:3, step 'mine': unknown fact 'moon'"):
        planned(overlay(tmp_path, text))


def test_reasons_hold_the_evidence() -> None:
    assert load("model").plan("next", {**load("model").settings, **NEXT})[0].why == "20 s are left for the search"


def test_reasons_name_lists_in_words() -> None:
    facts = {"too_slow": 0.0, "too_big": 0.0, "seconds_left": 0.0, "rounds": 1, "too_inaccurate": ["recall", "f1"]}
    (step,) = load("model").plan("repair", {**load("model").settings, **facts})
    assert step.why == "no time or no candidate is left that could meet recall and f1"


def test_an_overlay_with_nothing_under_its_keys_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "sops").mkdir()
    (tmp_path / "sops" / "model.yaml").write_text("settings:\nquestions:\n", encoding="utf-8")
    assert load("model", tmp_path).questions == load("model").questions


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"settings: 3", "settings should hold a mapping, found 3"),
        (b"question: {candidates: []}", "a procedure has no 'question'; did you mean 'questions'"),
        (b"questions: {candidates: 5}", "should hold a list of steps, found 5"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_a_misshapen_overlay_is_refused_in_a_sentence(tmp_path: Path, text: bytes, sentence: str) -> None:
    (tmp_path / "sops").mkdir()
    (tmp_path / "sops" / "model.yaml").write_bytes(text)
    with pytest.raises(InputError, match=sentence):
        load("model", tmp_path)


def test_a_checkpoint_is_fine_tuned_only_where_the_time_and_the_machine_allow() -> None:
    cheap = {"name": "sd", "family": "lora_diffusion", "path": "/m/sd", "side": 512, "steps": 2000, "picture_s": 1.5}
    facts = {
        "rows": 60, "side": 64, "channels": 3, "names": 2, "several": False, "by_number": False, "accelerated": True,
        "smallest_class": 20, "minutes": 45.0, "size_limit_mb": None, "latency_limit_ms": None, "interpretable": False,
    }  # fmt: skip

    def families(**changed: object) -> list[str]:
        model = load("model")
        given = {**model.settings, **facts, "checkpoints": [{**cheap, **changed}]}
        found = model.plan("drawing_candidates", given)
        return [str(o.args["family"]) for o in found]

    assert families() == ["pixel_gaussian", "lora_diffusion", "flow_matching"]
    assert families(steps=120) == families(picture_s=90.0) == ["pixel_gaussian", "flow_matching"]
