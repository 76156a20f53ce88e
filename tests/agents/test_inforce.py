"""A whole overlay is checked before a run begins; what would fail in the middle is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.agents.inforce import check_overlay, procedure
from traineragent.errors import InputError

STEP = "questions:\n  next:\n    - id: mine\n      before: go-on\n"


def overlay(tmp_path: Path, text: str, name: str = "sops/model.yaml") -> Path:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return tmp_path


def test_a_sound_overlay_changes_steps_in_their_places(tmp_path: Path) -> None:
    text = """
settings: {patience: 7}
questions:
  next:
    - id: no-progress
      when: since_gain >= patience
    - id: mine
      do: stop
      when: usable > 3 and best is not None
      why: "{usable} are enough"
      before: go-on
"""
    folder = overlay(tmp_path, text)
    assert check_overlay(folder) == [folder / "sops" / "model.yaml"]
    found = procedure("model", folder)
    steps = {s.id: s for s in found.questions["next"]}
    assert list(steps)[-2:] == ["mine", "go-on"]
    changed = steps["no-progress"]
    assert (changed.do, changed.last, changed.when) == ("stop", True, "since_gain >= patience")
    assert changed.source.endswith("sops/model.yaml:5")
    assert changed.edits.startswith("model.yaml:")
    assert (found.settings["patience"], found.places["patience"]) == (7, f"{folder}/sops/model.yaml:2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("settings:\n  patiense: 5\n", r"model.yaml:2: .*no 'patiense'; did you mean 'patience'"),
        ("settings:\n  patience: soon\n", r"model.yaml:2: patience should be a number such as 60, found 'soon'"),
        (
            STEP + "      do: stopp\n      why: x\n",
            r"model.yaml:5: step 'mine': no operation 'stopp' answers 'next'; did you",
        ),
        (STEP + "      do: tighten\n      why: x\n", r"no operation 'tighten' answers 'next'"),
        (
            STEP + "      do: stop\n      why: x\n      when: moon > 1\n",
            r"model.yaml:7: step 'mine': unknown fact 'moon'",
        ),
        (STEP + "      do: stop\n      why: x\n      when: usable >\n", r"model.yaml:7: step 'mine': cannot read"),
        (
            STEP + "      do: stop\n      why: x\n      when: usable > 'a'\n",
            r"model.yaml:7: .*'usable' is a number and",
        ),
        (STEP + "      do: stop\n      why: 'x {moon}'\n", r"model.yaml:6: step 'mine': unknown fact 'moon'"),
        (STEP + "      do: stop\n      why: 'x {moon'\n", r"model.yaml:6: step 'mine': a brace is not closed"),
        (STEP + "      do: stop\n      why: x\n      with: {a: 1}\n", r"model.yaml:7: .*takes no argument 'a'"),
        (STEP + "      do: last_resort\n      why: x\n", r"needs the argument 'family'"),
        (STEP + "      do: last_resort\n      why: x\n      with: {family: 3}\n", r"should be a string, got 3"),
        (STEP + "      do: last_resort\n      why: x\n      with: {family: $usable}\n", r"'usable' is number"),
        (STEP + "      do: last_resort\n      why: x\n      with: {family: lightgbn}\n", r"did you mean 'lightgbm'"),
        (STEP + "      do: stop\n      why: x\n      for: c in usable\n", r"'usable' is no list"),
        (STEP + "      do: stop\n      why: x\n      last: perhaps\n", r"last should be true or false"),
        (
            STEP.replace("go-on", "goon") + "      do: stop\n      why: x\n",
            r"no step 'goon' to stand before; did you mean",
        ),
        (
            "questions:\n  candidates:\n    - id: linear\n      with: {family: linear, shares: 1}\n",
            "did you mean 'share'",
        ),
    ],
)
def test_what_would_fail_in_the_middle_of_a_run_is_refused_before_it(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_overlay(overlay(tmp_path, text))


def test_a_step_that_would_never_be_taken_is_refused(tmp_path: Path) -> None:
    first = "    - {id: first, do: fail, why: x, last: true, before: give-up}\n"
    text = f"questions:\n  recover:\n{first}    - {{id: late, do: fail, why: x}}\n"
    with pytest.raises(InputError, match=r"step 'late' stands behind 'first', which always ends the plan"):
        check_overlay(overlay(tmp_path, text, "sops/task.yaml"))


def test_phrases_of_lexicons_and_metrics_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"costs.yaml:3: the phrase 'a \(b': '\(' is not closed"):
        check_overlay(overlay(tmp_path, "miss:\n  en:\n    - a (b\n", "lexicon/costs.yaml"))


def test_nothing_is_checked_where_there_is_no_overlay() -> None:
    assert check_overlay(None) == []
