"""A folder of the user's own knowledge: every file counts, none is silently passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.errors import InputError
from traineragent.knowledge.overlay import changes, overlay_files


def write(folder: Path, name: str, text: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sops/modle.yaml", "modle.yaml: there is nothing of that name to change; did you mean 'model.yaml'"),
        ("sops/model.yml", "did you mean 'model.yaml'"),
        ("sop/model.yaml", "the folder should be called 'sops'"),
        ("lexicons/metrics.yaml", "the folder should be called 'lexicon'"),
        ("lexicon/metric.yaml", "did you mean 'metrics.yaml'"),
        ("policy/laws.yaml", "there is nothing of that name to change; did you mean .rules.yaml"),
        ("model.yaml", "a file of an overlay stands in one of the folders sops, policy, lexicon, prompts, metrics"),
        ("metrics/cost.md", "a file of metrics ends with .yaml"),
    ],
)
def test_a_file_that_nobody_would_look_for_is_refused(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, name)
    with pytest.raises(InputError, match=message):
        list(overlay_files(tmp_path))


def test_notes_and_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "README.txt")
    write(tmp_path, "sops/.model.yaml.swp")
    wanted = write(tmp_path, "sops/model.yaml")
    assert list(overlay_files(tmp_path)) == [wanted]


def test_each_change_is_listed_with_its_place(tmp_path: Path) -> None:
    sop = write(
        tmp_path,
        "sops/model.yaml",
        "settings: {patience: 5}\nquestions:\n  next:\n    - id: mine\n      do: stop\n    - remove: go-on\n",
    )
    rules = write(tmp_path, "policy/rules.yaml", "decline:\n  - id: gambling\n    class: harmful\n")
    costs = write(tmp_path, "metrics/costs.yaml", "churn_cost:\n  direction: minimize\n")
    assert changes([sop, rules, costs]) == [
        (f"{sop}:1", "model setting patience = 5"),
        (f"{sop}:4", "model, next: step mine"),
        (f"{sop}:6", "model, next: step go-on removed"),
        (f"{rules}:2", "policy, decline: rule gambling"),
        (f"{costs}:1", "metric costs: churn_cost"),
    ]
