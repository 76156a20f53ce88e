"""The OpenAPI description: concrete, complete, and true of what the service answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serve.small import CHURN, PRICE, ROW, Client, write_small
from traineragent.domain.data import Column
from traineragent.export.interfaces.table import column_words


@pytest.fixture(params=[CHURN, PRICE], ids=["classes", "value"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_small(tmp_path, request.param)


def api(bundle: Path) -> Any:
    return json.loads((bundle / "openapi.json").read_text())


def resolve(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_reference_leads_somewhere(bundle: Path) -> None:
    document = api(bundle)
    refs = [part.split('"')[0] for part in json.dumps(document).split('"$ref": "#/components/schemas/')[1:]]
    assert refs
    assert set(refs) <= set(document["components"]["schemas"])


def test_every_path_is_served(bundle: Path) -> None:
    client = Client(bundle)
    (bundle / "MODEL_CARD.md").write_text("# Card\n")
    for path, methods in api(bundle)["paths"].items():
        for method in methods:
            assert client.ask(method.upper(), path).status in (200, 400, 422), (method, path)


def test_a_row_names_the_columns_and_which_must_be_there(bundle: Path) -> None:
    row = api(bundle)["components"]["schemas"]["Row"]
    assert list(row["properties"]) == list(ROW)
    assert row["required"] == ["age"]


def test_answers_are_as_described(bundle: Path) -> None:
    document = api(bundle)
    reply = Client(bundle).predict([ROW]).json
    described = resolve(document, document["components"]["schemas"]["Response"])
    assert set(described["required"]) <= set(reply)
    prediction = document["components"]["schemas"]["Prediction"]
    assert set(reply["predictions"][0]) == set(prediction["properties"]) == set(prediction["required"])


def test_errors_are_as_described(bundle: Path) -> None:
    document = api(bundle)
    problem = document["components"]["schemas"]["RowProblem"]["properties"]["error"]
    assert set(Client(bundle).predict([17]).json["error"]) == set(problem["properties"])


def test_the_example_is_accepted(bundle: Path) -> None:
    example = api(bundle)["components"]["schemas"]["Request"]["examples"][0]
    assert Client(bundle).ask("POST", "/predict", json.dumps(example).encode()).status == 200


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column("y", "number", integer=True, low=1900, high=2022), "A whole number, in training 1900 to 2022."),
        (Column("y", "number", integer=True, low=900, high=2022), "A whole number, in training 900 to 2,022."),
        (Column("y", "number", low=1900, high=2022), "A number, in training 1,900 to 2,022."),
        (Column("d", "date", date_formats=("%d.%m.%Y", "iso")), "A date, written like `31.01.2024` or `2024-01-31`."),
        (Column("d", "date", date_formats=("%b %d, %Y %H:%M",)), "A date, written like `Jan 31, 2024 14:30`."),
        (Column("d", "date", date_formats=("epoch_s",)), "A date, written like `1706711400 (seconds since 1970)`."),
    ],
)
def test_years_and_dates_are_shown_as_people_write_them(column: Column, words: str) -> None:
    assert column_words(column) == words
