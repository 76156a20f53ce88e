"""The model card: says what was measured, leaves out what is not known, and quotes data without running it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from serve.small import CHURN, COLUMNS, PRICE
from traineragent.agents.reporting import titled
from traineragent.domain.run import Decision
from traineragent.export.card import _called, _chosen, model_card, number
from traineragent.serve.manifest import Manifest
from traineragent.serve.markdown import to_html

from .conftest import FACTS

CLASSES = Manifest(
    "churn", "1", "2026-01-01T00:00:00", "tabular_classification", COLUMNS, CHURN, decision=Decision(0.3)
)
VALUE = Manifest("price", "1", "2026-01-01T00:00:00", "tabular_regression", COLUMNS, PRICE)


def card(facts: dict[str, Any], manifest: Manifest = CLASSES) -> str:
    return model_card(manifest, facts)


def test_says_what_was_measured() -> None:
    text = card(FACTS)
    for words in (
        "**0.91**, 95 % interval 0.89 to 0.93",
        "1,303 rows that were set aside",
        "looked at 2 times",
        "7,043 rows were read, 7,000 used",
        "exact duplicates",
        "empty for those who stay",
        "Where age is 20 to 30",
        "By sex, the share wrong",
        "**not met**",
        "`yes` is answered from a probability of 0.3 on",
        "off by 0.012 on average",
        "Look at people before acting.",
        "2.0e-07 on real rows",
        "Few held-out rows speak for `yes`",
    ):
        assert words in text, words


def test_the_most_important_column_comes_first() -> None:
    part = card(FACTS).partition("## What it looks at")[2]
    assert part.index("`city`") < part.index("`age`")


def test_names_files_without_their_folders() -> None:
    text = card(FACTS)
    assert "`customers.csv`" in text
    assert "someone" not in text


def test_words_of_people_stay_words() -> None:
    text = card(FACTS)
    assert r"\<b>leave\<b>" in text.replace(r"\</b>", r"\<b>")
    assert "&lt;b&gt;leave&lt;/b&gt;? | soon" in to_html(text)


def test_knows_nothing_and_says_so() -> None:
    for manifest in (CLASSES, VALUE):
        text = card({}, manifest)
        assert "It was not measured on held-out rows." in text
        assert "It was not looked for." in text
        assert "None" not in text
        assert "nan" not in text


def test_no_weakness_is_told_from_not_looked_for() -> None:
    assert "No value or range of a column stands out" in card({"slices": []})


def test_tells_which_way_each_metric_is_better_and_what_was_asked_for() -> None:
    others = [{"name": n, "value": 0.2} for n in ("wape", "rmspe", "bias", "r2")]
    evaluation = {"metric": {"name": "mape", "value": 0.1}, "others": others}
    lines = {}
    for stated in (True, False):
        facts = {"evaluation": evaluation, "task": {"metrics": [{"name": "mape", "stated": stated}]}}
        lines[stated] = [line for line in card(facts, VALUE).splitlines() if line.startswith("| `")][:5]
    assert ["lower" in line for line in lines[False]] == [True, True, True, True, False]
    assert ["asked for" in "".join(lines[said]) for said in (True, False)] == [True, False]


def test_values_have_errors_and_intervals() -> None:
    quantiles = {"0.05": -10.0, "0.25": -2.0, "0.75": 2.5, "0.95": 12.0}
    interval = {"goal": 0.9, "coverage": 0.912, "median_width": 20.0}
    text = card({"evaluation": {"residuals": {"quantiles": quantiles, "interval": interval}}}, VALUE)
    assert "Half of the errors lie between -2 and 2.5" in text
    assert "hold the truth in 90% of cases and did in 91.2%" in text
    assert "a number in EUR" in text


def test_tables_line_up() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", card(FACTS), re.MULTILINE):
        assert len({len(line) for line in block.splitlines()}) == 1, block


def test_every_section_has_something_in_it(documented: Path) -> None:
    for text in (card({}), card(FACTS), (documented / "MODEL_CARD.md").read_text()):
        assert not re.search(
            r"^#+ [^\n]+\n+(?=#|\Z)", re.sub(r"^## Data\n+(?=### )", "", text, flags=re.MULTILINE), re.MULTILINE
        )
        assert text.endswith("\n")


def test_numbers_for_people() -> None:
    assert [number(v) for v in (0.123456, 12, 1234.5, 7043, None, float("nan"), 1e-7)] == [
        "0.1235",
        "12",
        "1,234",
        "7,043",
        "–",
        "–",
        "1e-07",
    ]


def test_rows_that_hang_together_are_told_apart_from_columns_that_know_the_answer() -> None:
    order = {"column": "day", "kind": "time_order", "evidence": "the newest are harder", "action": "warned"}
    data = {**FACTS["data"], "leaks": [*FACTS["data"].get("leaks", []), order]}
    profile = {**FACTS.get("profile", {}), "leaks": []}
    text = card({**FACTS, "data": data, "profile": profile})
    assert text.index("How rows hang together") < text.index("the newest are harder")
    assert "the newest are harder" not in text[: text.index("How rows hang together")]


def test_the_card_says_why_the_threshold_is_where_it_is() -> None:
    graph = {"why": ["probabilities are left as they are", "from 0.258 on: highest f1 out of fold"]}
    assert _chosen(graph) == ": highest f1 out of fold"
    assert _chosen({}) == ""


def test_families_are_called_as_people_call_them() -> None:
    model = titled(
        {"family": "probe", "ensemble_of": [{"family": "probe", "weight": 0.6}, {"family": "mlp", "weight": 0.4}]}
    )
    assert _called(model) == "Linear on views"
    assert [_called(m) for m in model["ensemble_of"]] == ["Linear on views", "Neural network"]
    assert _called({"family": "extra_trees"}) == "extra trees"
