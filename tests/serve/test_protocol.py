"""The Open Inference Protocol v2 as its clients use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .small import ROW, Client

INFER = "/v2/models/churn-model/infer"
TYPES = {int: "INT64", float: "FP64", bool: "BOOL", str: "BYTES"}


def tensors(row: dict[str, Any], copies: int = 1) -> list[dict[str, Any]]:
    return [{"name": k, "shape": [copies], "datatype": TYPES[type(v)], "data": [v] * copies} for k, v in row.items()]


def infer(client: Client, body: Any) -> Any:
    return client.ask("POST", INFER, json.dumps(body).encode())


def test_metadata_and_health(client: Client) -> None:
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2").json == {"name": "traineragent", "version": "1", "extensions": []}
    assert client.get("/v2/models/churn-model/ready").json == {"name": "churn-model", "ready": True}
    model = client.get("/v2/models/churn-model").json
    assert model["platform"] == "onnxruntime_onnx"
    assert [i["name"] for i in model["inputs"]] == list(ROW)
    assert [o["name"] for o in model["outputs"]] == ["label", "probabilities"]
    assert client.get("/v2/models/churn-model/versions/1").json == model


def test_infer_by_columns_gives_what_predict_gives(client: Client) -> None:
    reply = infer(client, {"id": "42", "inputs": tensors(ROW, 2)})
    assert reply.status == 200
    answer = reply.json
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("42", "churn-model", "1")
    label, probabilities = answer["outputs"]
    assert (label["datatype"], label["shape"]) == ("BYTES", [2])
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP64", [2, 2])
    (expected,) = client.predict([ROW]).json["predictions"]
    assert label["data"] == [expected["label"]] * 2
    assert probabilities["data"][:2] == pytest.approx(list(expected["probabilities"].values()), rel=1e-5)


def test_infer_by_matrix_gives_what_columns_give(client: Client) -> None:
    x = client.service.predictor.codec.decode([ROW])[0].x
    body = {"inputs": [{"name": "x", "shape": [1, x.shape[1]], "datatype": "FP32", "data": x.tolist()}]}
    assert infer(client, body).json["outputs"] == infer(client, {"inputs": tensors(ROW)}).json["outputs"]


def test_outputs_can_be_chosen(client: Client) -> None:
    reply = infer(client, {"inputs": tensors(ROW), "outputs": [{"name": "probabilities"}]})
    assert [o["name"] for o in reply.json["outputs"]] == ["probabilities"]


def test_values_come_with_intervals(price: Path) -> None:
    value, interval = infer(Client(price), {"inputs": tensors(ROW)}).json["outputs"]
    assert (value["name"], value["shape"], interval["shape"]) == ("value", [1], [1, 2])


def test_unknown_columns_are_named_in_parameters(client: Client) -> None:
    reply = infer(client, {"inputs": tensors({**ROW, "id": 7})})
    assert "column 'id'" in reply.json["parameters"]["warnings"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [7]}, "each input"),
        ({"inputs": [{"name": "age", "shape": [1], "datatype": "TEXT", "data": [1]}]}, "datatype"),
        ({"inputs": [{"name": "age", "shape": [2], "datatype": "INT64", "data": [1]}]}, "does not hold"),
        ({"inputs": [{"name": "age", "shape": "x", "datatype": "INT64", "data": [1]}]}, "shape"),
        ({"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}, "expected shape"),
        ({"inputs": [*tensors(ROW), *tensors({"more": 1}, 2)]}, "same length"),
        ({"inputs": tensors(ROW), "outputs": [{"name": "nope"}]}, "no output"),
        (
            {"inputs": [{"name": "age", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}}]},
            "binary",
        ),
    ],
)
def test_what_is_not_understood_is_400_in_words(client: Client, body: Any, words: str) -> None:
    reply = infer(client, body)
    assert reply.status == 400
    assert words in reply.json["error"]


def test_a_bad_value_is_named(client: Client) -> None:
    reply = infer(client, {"inputs": tensors({**ROW, "age": "abc"})})
    assert reply.status == 422
    assert "row 0, column 'age'" in reply.json["error"]


def test_another_model_is_404(client: Client) -> None:
    for method in ("GET", "POST"):
        reply = client.ask(method, "/v2/models/other/infer" if method == "POST" else "/v2/models/other")
        assert reply.status == 404
        assert "churn-model" in reply.json["error"]


@pytest.mark.parametrize(
    "asked",
    [
        {"inputs": [{"name": "age", "shape": [10**30], "datatype": "FP64", "data": []}]},
        {"inputs": [{"name": "age", "shape": [2**32, 2**32], "datatype": "FP64", "data": []}]},
        {
            "inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [1], "parameters": 5}],
            "outputs": [None],
        },
        {"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}], "outputs": "label"},
    ],
)
def test_odd_tensors_are_refused_and_never_a_defect(client: Client, asked: Any) -> None:
    assert infer(client, asked).status in (400, 422)


def test_only_outputs_with_a_name_can_be_asked_for(client: Client) -> None:
    assert infer(client, {"inputs": tensors(ROW), "outputs": [None]}).status == 400
    assert infer(client, {"inputs": tensors(ROW), "outputs": []}).status == 200
