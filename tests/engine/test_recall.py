"""What is recalled comes from data of like shape, and only ever adds to what would be tried without."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from traineragent.domain.lesson import Lesson, Recalled, Tried
from traineragent.domain.run import Candidate
from traineragent.engine.recall import MOST, SHARE, distance, key_of, recall, with_recalled

FACTS = {"rows": 5000.0, "features": 20.0, "numbers": 3.0, "categories": 17.0, "counts": 0.0, "classes": 2.0}
TASK = "tabular_classification"
BEST, SECOND = Tried("mlp", {"width": 96}, 1.0, 0.8, 9.0), Tried("linear", {"bins": 7}, 0.9, 0.2, 1.0)
LESSON = Lesson(TASK, "roc_auc", FACTS, (BEST, SECOND), 20, "a")
PORTFOLIO = [Candidate("lightgbm", {"rounds": 100}), Candidate("linear"), Candidate("mlp", {"width": 96}, share=0.3)]
WHY = ["quick", "simple", "smooth"]


def test_the_same_shape_has_no_distance_and_another_kind_of_answer_is_out_of_reach() -> None:
    assert distance(FACTS, dict(FACTS)) == 0
    assert distance(FACTS, {**FACTS, "classes": 0.0}) == math.inf
    assert distance(FACTS, {**FACTS, "classes": 7.0}) == math.inf


def test_distance_grows_with_what_differs() -> None:
    more_rows, other_columns = {**FACTS, "rows": 50_000.0}, {**FACTS, "numbers": 13.0, "categories": 7.0}
    assert 0.9 < distance(FACTS, more_rows) < 1.1
    assert distance(FACTS, {**FACTS, "rows": 5500.0}) < 0.1 < distance(FACTS, other_columns)
    assert distance(FACTS, more_rows) == distance(more_rows, FACTS)


def test_the_part_of_the_delivered_model_decides_what_is_recalled_first() -> None:
    found, bearing = recall([LESSON], FACTS, TASK)
    assert bearing == 1
    assert [(r.family, r.params) for r in found] == [("mlp", {"width": 96}), ("linear", {"bins": 7})]
    assert all(r.near for r in found)
    assert "80% of the model" in found[0].why


def test_what_several_lessons_agree_on_counts_more_than_one_success() -> None:
    often = replace(LESSON, candidates=(replace(SECOND, weight=0.6),))
    found, _ = recall([LESSON, replace(often, run="b"), replace(often, run="c")], FACTS, TASK)
    assert found[0].family == "linear"


def test_far_data_and_other_tasks_teach_nothing() -> None:
    assert recall([LESSON], {**FACTS, "rows": 5e6, "features": 900.0}, TASK) == ([], 0)
    assert recall([LESSON], FACTS, "text_classification") == ([], 0)


def test_recalling_depends_on_nothing_but_the_lessons() -> None:
    others = [replace(LESSON, run=str(i), candidates=(replace(BEST, params={"width": 32 * i}),)) for i in range(9)]
    assert recall(others, FACTS, TASK) == recall(reversed(others), FACTS, TASK)
    assert len(recall(others, FACTS, TASK)[0]) == MOST


@pytest.mark.parametrize("near", [True, False])
def test_memory_only_adds_so_it_cannot_lose_what_would_be_tried_without(near: bool) -> None:
    """Selection compares everything that was tried on the same folds, so a larger pool with the same members in it
    is never worse but for the time of at most three candidates, a fifth of the budget each at most."""
    recalled = [Recalled("random_forest", {"trees": n}, "did well", near, 0.1) for n in range(MOST)]
    found, why = with_recalled(PORTFOLIO, WHY, recalled)
    assert [c for c in found if c.origin != "memory"] == PORTFOLIO
    assert found[0] == PORTFOLIO[0]
    assert len(found) == len(why) == len(PORTFOLIO) + MOST
    assert all(c.share <= SHARE for c in found if c.origin == "memory")
    assert [c.origin for c in found].index("memory") == (1 if near else len(PORTFOLIO))


def test_what_would_be_tried_anyway_is_tried_earlier_on_like_data_and_never_twice() -> None:
    recalled = Recalled("mlp", {"width": 96}, "did well", True, 0.1)
    found, why = with_recalled(PORTFOLIO, WHY, [recalled])
    assert [key_of(c) for c in found] == [key_of(PORTFOLIO[i]) for i in (0, 2, 1)]
    assert found[1].share == 0.3
    assert why == ["quick", "did well", "simple"]
    assert with_recalled(PORTFOLIO, WHY, [replace(recalled, near=False)]) == (PORTFOLIO, WHY)


def test_the_first_candidate_stays_the_first() -> None:
    recalled = Recalled("lightgbm", {"rounds": 100}, "did well", True, 0.1)
    assert with_recalled(PORTFOLIO, WHY, [recalled]) == (PORTFOLIO, WHY)


def test_what_takes_most_of_the_time_is_not_tried_before_what_is_cheap() -> None:
    dear = [*PORTFOLIO[:2], replace(PORTFOLIO[2], share=0.6)]
    recalled = Recalled("mlp", {"width": 96}, "did well", True, 0.1)
    assert with_recalled(dear, WHY, [recalled]) == (dear, WHY)
