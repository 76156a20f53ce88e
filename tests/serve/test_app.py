"""POST /predict: the answers, every refusal in words, and limits that hold."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traineragent.domain.data import Column, Target
from traineragent.serve.app import Limits

from .small import COLUMNS, PRICE, ROW, Client, linear_graph, write_small


def test_answers_rows_in_order_with_name_and_version(client: Client) -> None:
    other = {**ROW, "age": 90, "note": "late late late"}
    reply = client.predict([ROW, other, ROW])
    assert reply.status == 200
    first, second, third = reply.json["predictions"]
    assert first == third != second
    assert set(first) == {"label", "probabilities"}
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert {k: reply.json[k] for k in ("model", "version")} == {"model": "churn-model", "version": "1"}
    assert "warnings" not in reply.json


def test_http_answers_are_those_of_python(client: Client, churn: Path) -> None:
    rows = [ROW, {**ROW, "age": 20}, {**ROW, "city": "Rome", "income": None}]
    assert client.predict(rows).json["predictions"] == client.service.predictor.predict(rows)


def test_a_value_comes_with_its_interval(price: Path) -> None:
    (answer,) = Client(price).predict([ROW]).json["predictions"]
    low, high = answer["interval"]
    assert low <= answer["value"] <= high
    assert low >= 0


@pytest.mark.parametrize(
    ("labels", "raw", "keys"),
    [
        ((0, 1), (("0",), ("1",)), ["0", "1"]),
        ((False, True), (("False",), ("True",)), ["False", "True"]),
        (("a % b", 'c"d', "é"), ((), (), ()), ["a % b", 'c"d', "é"]),
        ((1.5, 2.5, 3.5), ((), (), ()), ["1.5", "2.5", "3.5"]),
    ],
)
def test_labels_keep_their_json_type(tmp_path: Path, labels: Any, raw: Any, keys: list[str]) -> None:
    bundle = write_small(tmp_path, Target("t", "class", labels, raw, positive=None))
    (answer,) = Client(bundle).predict([ROW]).json["predictions"]
    assert list(answer["probabilities"]) == keys
    assert answer["label"] in labels
    assert type(answer["label"]) is type(labels[0])


def test_no_rows_give_no_predictions(client: Client) -> None:
    assert client.predict([]).json == {"predictions": [], "model": "churn-model", "version": "1"}


def test_unknown_columns_are_named_in_warnings(client: Client) -> None:
    reply = client.predict([{**ROW, "id": 7, "\ud800": 1}])
    assert reply.status == 200
    assert any("column 'id'" in w for w in reply.json["warnings"])


def test_a_bad_value_names_row_and_column(client: Client) -> None:
    reply = client.predict([ROW, {**ROW, "age": "abc"}])
    assert reply.status == 422
    error = reply.json["error"]
    assert (error["row"], error["column"], error["expected"], error["got"]) == (1, "age", "number", "abc")
    assert error["fix"]


@pytest.mark.parametrize("row", [17, None, "x", [], {}, {"no_such_column": "type"}])
def test_a_senseless_row_is_refused(client: Client, row: Any) -> None:
    reply = client.predict([row])
    assert reply.status == 422
    assert reply.json["error"]["row"] == 0


@pytest.mark.parametrize("body", [b"{}", b"[]", b"17", b"null", b'{"rows": {}}', b'{"row": []}', b'"x"'])
def test_json_without_rows_is_refused_like_a_bad_row(client: Client, body: bytes) -> None:
    reply = client.ask("POST", "/predict", body)
    assert reply.status == 422
    assert set(reply.json["error"]) == {"row", "column", "expected", "got", "fix"}


def test_rows_that_are_no_list_are_told_from_rows_that_are_not_there(client: Client) -> None:
    assert client.ask("POST", "/predict", b'{"rows": {"a": 1}}').json["error"]["got"] == '"rows" with an object'
    assert client.ask("POST", "/predict", b'{"data": [1]}').json["error"]["got"] == "an object with data"


def test_a_date_that_is_none_is_refused_also_where_dates_may_be_missing(client: Client) -> None:
    reply = client.predict([{**ROW, "since": "the day after"}])
    assert reply.status == 422
    assert (reply.json["error"]["column"], reply.json["error"]["expected"]) == ("since", "date")
    assert client.predict([{**ROW, "since": " "}]).status == 200


def test_nan_is_read_as_null_and_infinity_as_no_number(client: Client) -> None:
    body = json.dumps({"rows": [ROW]})
    reply = client.ask("POST", "/predict", body.replace('"age": 40', '"age": NaN').encode())
    assert reply.status == 200
    assert any("'age' was never empty" in w for w in reply.json["warnings"])
    assert client.ask("POST", "/predict", body.replace('"age": 40', '"age": -Infinity').encode()).status == 422


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b'{"rows": [}', "line 1, column 11"),
        (b"\xff\xfe\x00", "not"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"rows": [{"age": ' + b"9" * 5000 + b"}]}", "too long"),
    ],
)
def test_what_is_no_json_is_answered_with_400_in_words(client: Client, body: bytes, words: str) -> None:
    reply = client.ask("POST", "/predict", body)
    assert reply.status == 400
    assert words in reply.json["error"]["message"]


def test_too_many_rows_and_bytes_are_413(churn: Path) -> None:
    client = Client(churn, Limits(rows=2, body_bytes=2000))
    assert client.predict([ROW] * 3).status == 413
    assert client.predict([{**ROW, "note": "x" * 3000}]).status == 413
    assert client.ask("POST", "/predict", [b" " * 1500, b" " * 1500]).status == 413
    assert client.ask("POST", "/predict", b"{}", content_length="99999999999").status == 413


def test_a_body_in_pieces_is_put_together(client: Client) -> None:
    body = json.dumps({"rows": [ROW]}).encode()
    assert client.ask("POST", "/predict", [body[:10], body[10:20], body[20:]]).status == 200


def test_a_client_that_leaves_is_no_failure(client: Client) -> None:
    client.service.monitor.requests.clear()

    async def leave() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        head = {"type": "http", "method": "POST", "path": "/predict", "headers": [(b"host", b"localhost")]}
        await client.service(head, receive, send)
        return sent

    assert asyncio.run(leave()) == []
    assert client.service.monitor.in_flight == 0


def test_large_requests_wait_in_a_queue_that_ends(churn: Path) -> None:
    client = Client(churn, Limits(inline_bytes=10, queue=3, workers=1))
    body = json.dumps({"rows": [ROW] * 500}).encode()

    async def together() -> list[int]:
        replies = await asyncio.gather(*(client.aask("POST", "/predict", body) for _ in range(8)))
        assert all(r.headers.get("retry-after") == "1" for r in replies if r.status == 503)
        return sorted(r.status for r in replies)

    assert asyncio.run(together()) == [200] * 3 + [503] * 5


def test_too_much_in_flight_is_503(churn: Path) -> None:
    client = Client(churn, Limits(in_flight=0))
    reply = client.predict([ROW])
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")


def test_a_draining_service_is_not_ready_and_takes_no_more(client: Client) -> None:
    assert client.get("/v2/health/ready").json == {"ready": True}
    client.service.drain()
    assert client.get("/v2/health/ready").status == 503
    assert client.get("/v2/health/live").status == 200
    assert client.predict([ROW]).status == 503


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(client: Client, method: str) -> None:
    reply = client.ask(method, "/predict")
    assert reply.status == 405
    assert reply.json["error"]["message"]


@pytest.mark.parametrize("path", ["/nope", "/predict/x", "/v2/models", "/../bundle.json", "/model.onnx"])
def test_unknown_paths_are_404_in_json(client: Client, path: str) -> None:
    reply = client.get(path)
    assert reply.status == 404
    assert reply.json["error"]


def test_a_model_that_computes_nonsense_is_500_without_details(tmp_path: Path) -> None:
    columns = (Column("a", "number", nullable=True),)
    bundle = write_small(tmp_path, PRICE, columns, graph=linear_graph(1, 1))
    client = Client(bundle)
    client.service.predictor.graph.run = lambda feeds: feeds["x"] * float("nan")  # type: ignore[method-assign]
    reply = client.predict([{"a": 1}])
    assert reply.status == 500
    assert "no number" in reply.json["error"]["message"]
    assert "Traceback" not in reply.body.decode()
    assert str(bundle) not in reply.body.decode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
anything = st.one_of(
    json_values,
    st.fixed_dictionaries({"rows": st.lists(json_values, max_size=3)}),
    st.fixed_dictionaries(
        {"rows": st.lists(st.fixed_dictionaries({c.name: json_values for c in COLUMNS}), max_size=3)}
    ),
)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(anything)
def test_no_json_brings_the_service_down(churn: Path, value: Any) -> None:
    client = _shared_client(churn)
    reply = client.ask("POST", "/predict", json.dumps(value).encode())
    assert reply.status in (200, 422)
    assert ("error" in reply.json) == (reply.status == 422)


_clients: dict[Path, Client] = {}


def _shared_client(bundle: Path) -> Client:
    return _clients.setdefault(bundle, Client(bundle))
