"""A bundle that marks texts: what it answers, what it refuses, and that its page and interface speak of texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from traineragent.domain.data import Column, Target
from traineragent.engine.spans.building import write_files
from traineragent.engine.spans.dataset import marked_texts
from traineragent.engine.spans.training import context_for
from traineragent.errors import RowError
from traineragent.export.bundle import write_bundle
from traineragent.families.linear_chain import PLUGIN
from traineragent.serve.served import Served, open_bundle

from ..small import Client

EXAMPLE = "fly to Rome"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("spans")
    names = ["Rome", "Oslo", "Bonn", "😀 Lima"]
    texts = [f"fly to {n}" for n in names] * 5 + ["good morning"] * 5
    spans = [[("city", 7, 7 + len(n))] for n in names] * 5 + [[] for _ in range(5)]
    data = marked_texts(texts, spans, ["city"], "words", np.zeros(len(texts), np.int8))
    model = PLUGIN.fit({"epochs": 12}, data, context_for(data, "span_f1", 0, 1))
    write_bundle(
        folder / "bundle",
        name="cities",
        version="1.0",
        task_type="token_classification",
        codec="spans",
        columns=(Column("text", "text", example=EXAMPLE),),
        target=Target("entities", "class", ("city",), (("city",),)),
        files=write_files(model, folder / "files"),
        settings={**model.settings(), "level": "words"},
    )
    return open_bundle(folder / "bundle")


@pytest.fixture
def client(served: Served) -> Client:
    return Client(served.folder)


def test_places_are_code_points_of_the_text_as_it_came(served: Served) -> None:
    texts = ["fly to Oslo", "  fly\tto\n Oslo!", "😀😀 fly to Oslo"]
    for text, answer in zip(texts, served.predict([{"text": t} for t in texts]), strict=True):
        (entity,) = answer["entities"]
        assert entity["label"] == "city"
        assert text[entity["start"] : entity["end"]] == entity["text"] == "Oslo"
        assert 0.5 < entity["score"] <= 1


@pytest.mark.parametrize("text", ["", "   \n", "good morning"])
def test_a_text_without_parts_has_no_entities(served: Served, text: str) -> None:
    assert served.predict([{"text": text}]) == [{"entities": []}]


def test_many_texts_are_answered_as_one_at_a_time(served: Served) -> None:
    rows = [{"text": t} for t in ("fly to Rome", "", "fly to Bonn now", "x")]
    assert served.predict(rows) == [served.predict([r])[0] for r in rows]


def test_a_long_text_is_marked_to_its_end(served: Served) -> None:
    text = "good morning . " * 700 + "fly to Rome"
    assert served.predict([{"text": text}])[0]["entities"][-1]["end"] == len(text)


def test_texts_beyond_a_portion_are_answered_in_order(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": f"fly to {n} " + "now " * i} for i, n in enumerate(("Rome", "Oslo", "Bonn"))]
    before = served.predict(rows)
    monkeypatch.setattr("traineragent.serve.spans.tagger.TOKENS_AT_ONCE", 4)
    assert served.predict(rows) == before


@pytest.mark.parametrize("row", [17, {}, {"text": None}, {"text": ["a"]}, {"text": "x" * 300_000}])
def test_what_is_no_text_is_refused_with_its_row(served: Served, row: Any) -> None:
    with pytest.raises(RowError) as refused:
        served.predict([{"text": "fly"}, row])
    assert refused.value.row == 1


def test_over_http_the_answer_has_the_shape_that_was_promised(client: Client) -> None:
    reply = client.predict([{"text": "fly to Rome", "mood": 1}])
    assert reply.status == 200
    assert [set(e) for e in reply.json["predictions"][0]["entities"]] == [{"label", "start", "end", "text", "score"}]
    assert "mood" in reply.json["warnings"][0]
    refused = client.predict([{"text": 3}])
    assert (refused.status, refused.json["error"]["column"]) == (422, "text")
    assert "entities" in json.dumps(client.get("/openapi.json").json)


def test_the_inference_protocol_takes_texts(client: Client) -> None:
    tensor = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["fly to Rome", "hello"]}
    reply = client.ask("POST", "/v2/models/cities/infer", json.dumps({"inputs": [tensor]}).encode())
    assert reply.status == 200, reply.body
    first, second = (json.loads(one) for one in reply.json["outputs"][0]["data"])
    assert first["entities"][0]["text"] == "Rome"
    assert second == {"entities": []}


def test_the_page_to_try_it_takes_a_text(client: Client) -> None:
    page = client.get("/try").body.decode()
    assert '<textarea id="text"' in page
    assert EXAMPLE in page


def test_a_bundle_holds_no_pickle_and_no_text(served: Served) -> None:
    for path in Path(served.folder).rglob("*"):
        assert path.suffix not in (".pkl", ".pt", ".joblib")
        if path.suffix in (".npy", ".onnx"):
            assert b"Oslo" not in path.read_bytes()
