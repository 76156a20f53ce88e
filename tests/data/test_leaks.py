"""Columns that give the answer away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from traineragent.data.leaks import ROWS, find_leaks
from traineragent.data.profile import profile_table
from traineragent.data.target import target_of
from traineragent.domain.data import Leak

from .tables import TARGETS, frame, shared_table, texts

RNG = np.random.default_rng(13)


def leaks_of(table: pd.DataFrame, target: str, *, kind: str | None = None, exclude: tuple[str, ...] = ()) -> list[Leak]:
    found = target_of(table, target, kind)  # type: ignore[arg-type]
    return list(find_leaks(table, found, profile_table(table, found), words_exclude=exclude))


def dropped(leaks: list[Leak]) -> dict[str, str]:
    return {leak.column: leak.kind for leak in leaks if leak.action == "dropped"}


def churn(rows: int = 1500) -> tuple[pd.DataFrame, np.ndarray]:
    """A table in which three columns foretell the answer somewhat."""
    x = RNG.normal(size=(rows, 3))
    y = (x.sum(axis=1) + RNG.normal(size=rows) > 0.8).astype(int)
    table = frame(
        a=x[:, 0].round(5), b=x[:, 1].round(5), c=np.where(x[:, 2] > 0, "red", "blue"), y=np.where(y, "Yes", "No")
    )
    return table, y


def prices(rows: int = 1500) -> tuple[pd.DataFrame, np.ndarray]:
    x = RNG.normal(size=(rows, 3))
    y = np.exp(6 + 0.5 * x[:, 0] + 0.3 * x[:, 1] + 0.3 * RNG.normal(size=rows)).round(2)
    return frame(a=x[:, 0].round(5), b=x[:, 1].round(5), c=x[:, 2].round(5), y=y), y


Plant = Callable[[np.ndarray], list[object]]


def test_warns_of_the_days_until_it_happened() -> None:
    table, y = churn()
    table["days"] = np.where(y, RNG.integers(1, 900, len(y)), RNG.integers(600, 1800, len(y)))
    (found,) = leaks_of(table, "y")
    assert (found.column, found.kind, found.action) == ("days", "after_the_fact", "warned")
    assert "all other columns together only" in found.evidence


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (lambda y: ["left" if v else "stayed" for v in y], "holds_target"),
        (lambda y: [7 if v else 3 for v in y], "holds_target"),
        (lambda y: [f"2021-0{i % 9 + 1}-11" if v else None for i, v in enumerate(y)], "after_the_fact"),
        (lambda y: [f"reason {i % 4}" if v and i % 20 else None for i, v in enumerate(y)], "after_the_fact"),
        (lambda y: [RNG.integers(300) if v and RNG.random() < 0.3 else None for v in y], "after_the_fact"),
        (lambda y: ["gone" if v else RNG.choice(["new", "old"]) for v in y], "after_the_fact"),
        (lambda y: (y + RNG.normal(0, 0.1, len(y))).round(4).tolist(), "after_the_fact"),
        (lambda y: (np.argsort(np.argsort(y + RNG.random(len(y)))) + 1).tolist(), "orders_target"),
    ],
)
def test_drops_what_gives_a_class_away(plant: Plant, kind: str) -> None:
    table, y = churn()
    table["z"] = pd.Series(texts(plant(y)), dtype=object)
    assert dropped(leaks_of(table, "y")) == {"z": kind}


def test_a_date_kept_for_one_of_three_classes_is_dropped_and_a_measure_warned_about() -> None:
    table, y = churn()
    table["y"] = np.where(y == 1, "left", RNG.choice(["trial", "active"], len(y)))
    days = [f"2021-03-{i % 28 + 1:02d}" if v else None for i, v in enumerate(y)]
    table["day"], table["size"] = (
        pd.Series(days, dtype=object),
        pd.Series(texts([v or None for v in y * 7]), dtype=object),
    )
    found = {leak.column: leak.action for leak in leaks_of(table, "y")}
    assert found == {"day": "dropped", "size": "warned"}


def test_a_date_filled_only_where_the_number_is_not_its_usual_zero_is_dropped() -> None:
    table, y = prices()
    paid = np.where(RNG.random(len(y)) < 0.6, 0.0, y)
    table["y"] = texts(paid.tolist())
    table["when"] = pd.Series([f"2021-04-{i % 28 + 1:02d}" if v else None for i, v in enumerate(paid)], dtype=object)
    assert dropped(leaks_of(table, "y")) == {"when": "after_the_fact"}


def test_warns_of_a_note_that_says_the_outcome() -> None:
    table, y = churn()
    table["note"] = texts(
        [f"caller {i} was {'closed' if v else 'helped'} by agent {i % 9} on line {i % 4}" for i, v in enumerate(y)]
    )
    (found,) = [leak for leak in leaks_of(table, "y") if leak.column == "note"]
    assert found.action == "warned"
    assert "'closed'" in found.evidence or "'helped'" in found.evidence


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (lambda y: (y * 1.19 + 5).round(2).tolist(), "holds_target"),
        (lambda y: [f"${v:,.2f}" for v in y * 0.2], "holds_target"),
        (lambda y: np.log(y).round(5).tolist(), "holds_target"),
        (lambda y: (-y).tolist(), "holds_target"),
        (lambda y: (y / 50).round().astype(int).tolist(), "holds_target"),
        (lambda y: pd.cut(pd.Series(y), 12).astype(str).tolist(), "holds_target"),
        (lambda y: (y * RNG.normal(1, 0.01, len(y))).round(2).tolist(), "after_the_fact"),
        (lambda y: (y + RNG.choice([0.5, 2.5, 3.0], len(y))).round(2).tolist(), None),
    ],
)
def test_drops_what_gives_a_number_away(plant: Plant, kind: str | None) -> None:
    table, y = prices()
    table["z"] = pd.Series(texts(plant(y)), dtype=object)
    found = dropped(leaks_of(table, "y"))
    assert set(found) == {"z"}
    assert kind in (None, found["z"])


def test_names_both_parts_of_a_sum_and_of_a_product() -> None:
    table, y = prices()
    part = (y * RNG.uniform(0.2, 0.8, len(y))).round(2)
    table["p"], table["q"] = texts(part.tolist()), texts((y - part).round(2).tolist())
    found = leaks_of(table, "y")
    assert dropped(found) == {"p": "sums_to_target", "q": "sums_to_target"}
    assert "'y' = 'p' + 'q' exactly" in found[0].evidence
    count = RNG.integers(1, 9, len(y))
    table["p"], table["q"] = texts(count.tolist()), texts((y / count).round(4).tolist())
    found = leaks_of(table, "y")
    assert {(leak.column, leak.action) for leak in found} == {("p", "warned"), ("q", "warned")}


def test_a_trifle_is_not_dropped_with_the_near_copy_it_completes() -> None:
    table, y = prices()
    table["c"] = texts((RNG.normal(size=len(y)) * 0.05 * y.std()).round(2).tolist())
    table["z"] = texts((y - table["c"].astype(float)).round(2).tolist())
    assert dropped(leaks_of(table, "y")) == {"z": "sums_to_target"}


def test_warns_of_a_code_of_the_answer_though_coarser_ones_stand_beside_it() -> None:
    x = RNG.uniform(-2, 2, size=(1500, 2))
    grade = np.clip((x[:, 0] * 8 + 20).round(), 1, 40)
    table = frame(
        sub_grade=[f"g{g:02.0f}" for g in grade],
        grade=[f"G{g // 3:02.0f}" for g in grade],
        rest=[g % 3 for g in grade],
        a=x[:, 1].round(5),
        y=(grade * 0.7 + 5 + 0.2 * RNG.normal(size=1500)).round(3),
    )
    found = leaks_of(table, "y")[0]
    assert (found.column, found.kind, found.action) == ("sub_grade", "after_the_fact", "warned")
    assert "so do all others together" in found.evidence


def test_excluded_columns_are_not_looked_at() -> None:
    table, y = churn()
    table["z"] = texts(y.tolist())
    assert not leaks_of(table, "y", exclude=("z",))


def test_a_rule_in_one_column_is_kept_where_nothing_else_is_known() -> None:
    x = RNG.normal(size=(600, 3)).round(5)
    table = frame(a=x[:, 0], b=x[:, 1], c=x[:, 2], y=(x[:, 0] > 0).astype(int))
    (found,) = leaks_of(table, "y")
    assert (found.column, found.action) == ("a", "warned")


def test_the_last_inputs_are_warned_about_and_not_dropped() -> None:
    x = RNG.integers(0, 30, size=(400, 2))
    found = leaks_of(frame(a=x[:, 0], b=x[:, 1], y=x.sum(axis=1)), "y", kind="number")
    assert {(leak.column, leak.action) for leak in found if leak.column != ROWS} == {("a", "warned"), ("b", "warned")}
    assert "kept, because" in found[0].evidence


def test_missing_values_that_merely_go_with_the_usual_outcome_are_no_leak() -> None:
    rows = 2000
    y = RNG.random(rows) < 0.06
    level = np.where(y, 1.0, 2.5) + RNG.normal(0, 0.5, rows)
    unmeasured = ~y & (RNG.random(rows) < 0.2)
    table = frame(
        t3=[None if u else round(v, 2) for u, v in zip(unmeasured, level, strict=True)],
        age=RNG.integers(18, 90, rows),
        y=y.astype(int),
    )
    assert not dropped(leaks_of(table, "y"))


def test_warns_of_copies_and_of_a_file_sorted_by_the_answer() -> None:
    table, _ = churn(600)
    table = pd.concat([table, table.iloc[:60]], ignore_index=True).sort_values("y", ignore_index=True)
    kinds = {leak.kind: leak for leak in leaks_of(table, "y") if leak.column == ROWS}
    assert set(kinds) == {"duplicate_rows", "orders_target"}
    assert "60 of 660 training rows" in kinds["duplicate_rows"].evidence


def test_warns_with_numbers_when_the_rule_changes_over_time() -> None:
    rows = 2000
    x = RNG.normal(size=rows).round(4)
    newer = np.arange(rows) / rows
    y = (x * (1 - 2 * newer) * 5 + RNG.normal(0, 0.3, rows)).round(3)
    days = pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d").tolist()
    (found,) = [leak for leak in leaks_of(frame(x=x, day=days, y=y), "y") if leak.kind == "time_order"]
    assert (found.column, found.action) == ("day", "warned")
    assert found.evidence.count("R²") == 2


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "renamed"),
    [*((n, True) for n in sorted(TARGETS)), *((n, False) for n in sorted(TARGETS) if n[0] in "bdnt")],
)
def test_drops_the_leaks_of_real_tables_and_nothing_else(name: str, renamed: bool, shared_tables: Path) -> None:
    original = shared_table(shared_tables, name)[0].columns
    table, target = shared_table(shared_tables, name, renamed=renamed)
    leaking = {"bike_sharing_hourly/bikeshare.csv": {"casual", "registered"}, "nyc_taxis/taxis.csv": {"total"}}
    found = {original[list(table.columns).index(c)] for c in dropped(leaks_of(table, target))}
    assert found == leaking.get(name, set())


@pytest.mark.shared
def test_a_tip_and_its_total(shared_tables: Path) -> None:
    table, _ = shared_table(shared_tables, "nyc_taxis/taxis.csv")
    assert dropped(leaks_of(table, "tip")) == {"total": "sums_to_target"}
    assert not dropped(leaks_of(table, "fare", exclude=("tip", "tolls", "total")))
