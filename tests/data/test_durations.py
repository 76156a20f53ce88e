"""Pairs of dates: which differences are worth a feature, which give the target away, and true days as features."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from traineragent.data.durations import date_pairs, difference_name, differences_of, duration_leaks
from traineragent.data.operations import Prepared, apply
from traineragent.data.target import target_of
from traineragent.domain.run import Operation
from traineragent.errors import InputError
from traineragent.export.derived import extend
from traineragent.serve.codecs.table import TableCodec

ROWS = 60
MINUTES = np.random.default_rng(0).integers(1, 90, ROWS)


def trips(start: datetime = datetime(2024, 3, 1, 8), step: timedelta = timedelta(hours=7)) -> pd.DataFrame:
    begins = [start + i * step for i in range(ROWS)]
    ends = [b + timedelta(minutes=int(m)) for b, m in zip(begins, MINUTES, strict=True)]
    columns = {"from": begins, "to": ends}
    return pd.DataFrame({n: [str(v) for v in values] for n, values in columns.items()} | {"y": ["1", "2"] * 30})


def prepared(data: pd.DataFrame, *more: tuple[str, dict[str, Any]]) -> Prepared:
    parse = [("parse_date", {"column": c}) for c in ("from", "to")]
    planned = [Operation("step", do, args, "why") for do, args in (*parse, *more)]
    return apply(planned, data, np.arange(len(data), dtype=float), target_of(data, "y", "number"))


def durations(data: pd.DataFrame) -> np.ndarray:
    done = prepared(data, ("derive_difference", {"first": "to", "second": "from"}))
    x = TableCodec(done.columns).encode_frame({c.name: done.frame[c.name] for c in done.columns})
    return extend(x, differences_of(done.columns, done.differences))[:, -1]


def test_a_pair_runs_from_the_earlier_to_the_later_date() -> None:
    (pair,) = date_pairs(trips(), ["from", "to"], np.zeros(ROWS))
    assert (pair["first"], pair["second"]) == ("to", "from")
    assert pair["median_days"] == pytest.approx(np.median(MINUTES) / 1440)
    assert pair["narrowness"] < 0.01
    assert difference_name((pair["first"], pair["second"])) == "to − from"


def test_a_difference_that_never_varies_or_is_never_known_is_no_pair() -> None:
    data = trips()
    data["to"] = data["from"]
    data["never"] = ["2024-01-01", *[""] * (ROWS - 1)]
    assert date_pairs(data, ["from", "to", "never"], np.zeros(ROWS)) == []


def test_the_narrowest_pairs_come_first_and_there_are_no_more_than_asked() -> None:
    data = trips()
    data["born"] = [str(datetime(1950 + 37 * i % 50, 1, 1 + i % 28)) for i in range(ROWS)]
    pairs = date_pairs(data, ["born", "from", "to"], np.zeros(ROWS), most=2)
    assert len(pairs) == 2
    assert {pairs[0]["first"], pairs[0]["second"]} == {"from", "to"}
    assert pairs[0]["narrowness"] < pairs[1]["narrowness"]


def test_a_target_that_is_the_difference_makes_the_later_date_a_leak() -> None:
    pairs = date_pairs(trips(), ["from", "to"], MINUTES * 60.0 + 3)
    (leak,) = duration_leaks(pairs)
    assert (leak.column, leak.kind, leak.action) == ("to", "holds_target", "dropped")
    assert duration_leaks(date_pairs(trips(), ["from", "to"], np.arange(ROWS, dtype=float))) == ()


def test_features_are_true_days_whatever_the_origins_of_the_columns() -> None:
    data = trips(datetime(2024, 3, 1, 23, 30))
    data["from"] = [str(datetime.fromisoformat(t) - timedelta(days=4000)) for t in data["from"]]
    np.testing.assert_allclose(durations(data), 4000 + MINUTES / 1440, atol=4e-4)


def test_dates_within_one_day_and_times_without_a_day_have_a_difference_too() -> None:
    data = trips(step=timedelta(minutes=5))
    np.testing.assert_allclose(durations(data) * 1440, MINUTES, atol=0.01)
    times = data.assign(**{c: data[c].str[11:] for c in ("from", "to")})
    np.testing.assert_allclose(durations(times) * 1440, MINUTES, atol=0.01)


def test_a_difference_is_given_up_with_either_of_its_columns() -> None:
    done = prepared(
        trips(), ("derive_difference", {"first": "to", "second": "from"}), ("drop_column", {"column": "to"})
    )
    assert done.differences == ()


def test_a_difference_of_what_is_no_date_is_refused() -> None:
    with pytest.raises(InputError, match="'y' is not"):
        prepared(trips(), ("derive_difference", {"first": "y", "second": "from"}))
