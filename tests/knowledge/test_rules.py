"""Policy may be made stricter by its users and cannot be turned against people."""

from __future__ import annotations

from pathlib import Path

import pytest

from traineragent.domain.task import Request
from traineragent.errors import InputError
from traineragent.knowledge.force import overlaid
from traineragent.knowledge.lexicons import lexicon
from traineragent.language.policy import judge_words

GAMBLING_IDEA = "gambling:\n  en: [slot machine*, (bet|bets) .. horses]\n"
GAMBLING_RULE = """
decline:
  - id: gambling
    class: unlawful
    when: [[gambling]]
    reason: Our house does not build models for gambling.
    alternative: a model that finds players who need help
"""


def overlay(tmp_path: Path, rules: str = "", ideas: str = "") -> Path:
    (tmp_path / "policy").mkdir(exist_ok=True)
    for name, text in {"rules": rules, "ideas": ideas}.items():
        if text:
            (tmp_path / "policy" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_rule_of_ones_own_declines_with_its_reason(tmp_path: Path) -> None:
    request = Request("Tell from their visits which guests bet on horses")
    with overlaid(overlay(tmp_path, GAMBLING_RULE, GAMBLING_IDEA)):
        verdict = judge_words(request)
    assert (verdict.decision, verdict.policy_class) == ("decline", "unlawful:gambling")
    assert verdict.reasons == ("Our house does not build models for gambling.",)
    assert judge_words(request).decision == "accept"


def test_advice_may_be_changed_and_removed(tmp_path: Path) -> None:
    rules = "decline:\n  - remove: perfect_score\nnotice:\n  - id: credit\n    notice: Ask Ms Gray first.\n"
    with overlaid(overlay(tmp_path, rules)):
        verdict = judge_words(Request("Score loan applicants for their creditworthiness"))
        assert "Ask Ms Gray first." in verdict.notices
        assert "perfect_score" not in [r["id"] for r in lexicon("rules", "policy")["decline"]]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("decline:\n  - remove: stalking\n", r"rules.yaml:2: 'stalking' is a prohibition \(harmful\) and stays"),
        ("decline:\n  - id: stalking\n    unless: [people]\n", r"rules.yaml:3: 'stalking' is a prohibition"),
        ("decline:\n  - id: stalking\n    class: unattainable\n", "'stalking' is a prohibition"),
        ("decline:\n  - id: stalking\n    when: [[emotion]]\n", "'stalking' is a prohibition"),
        ("wording:\n  at_least: 1.0\n", r"rules.yaml:1: how a request is judged by its wording .* stays as it is"),
        ("decline:\n  - id: mine\n    class: harmful\n    reason: No.\n", "needs a condition"),
        ("decline:\n  - {id: mine, class: harmful, when: [[gamblin]], reason: No.}\n", "there is no idea 'gamblin'"),
        ("decline:\n  - {id: mine, class: harmful, when: [emotion], reason: No.}\n", "a list of lists of ideas"),
        ("decline:\n  - {id: mine, class: silly, when: [[emotion]], reason: No.}\n", "the class of a rule"),
        ("decline:\n  - {id: mine, clas: harmful}\n", "has no 'clas'; did you mean 'class'"),
        ("declines: []\n", "rules.yaml has no 'declines'; did you mean 'decline'"),
        ("notice:\n  - remove: nothing\n", "there is no rule 'nothing' to remove under notice"),
        (
            "decline:\n  - {id: a, class: harmful, reason: No., limit: {name: size_mb, below: tiny}}\n",
            "should be a number",
        ),
    ],
)
def test_prohibitions_stand_and_broken_rules_are_refused(tmp_path: Path, rules: str, message: str) -> None:
    with overlaid(overlay(tmp_path, rules)), pytest.raises(InputError, match=message):
        lexicon("rules", "policy")


def test_phrases_that_would_excuse_a_prohibition_are_refused(tmp_path: Path) -> None:
    ideas = "protect:\n  en: [please]\n"
    with overlaid(overlay(tmp_path, ideas=ideas)), pytest.raises(InputError, match=r"ideas.yaml:1: the idea 'protect'"):
        lexicon("ideas", "policy")
