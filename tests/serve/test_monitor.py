"""Metrics: what is counted is what happened, in Prometheus' own format."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from .small import ROW, Client


def metrics(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = client.get("/metrics").body.decode()
    return {
        (s.name, frozenset(s.labels.items())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
    }


def key(name: str, /, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_counts_requests_rows_errors_and_times(client: Client) -> None:
    client.predict([ROW, ROW])
    client.predict([17])
    client.get("/nope/" + "x" * 50)
    found = metrics(client)
    assert found[key("model_requests_total", path="/predict", status="200")] == 1
    assert found[key("model_requests_total", path="/predict", status="422")] == 1
    assert found[key("model_requests_total", path="other", status="404")] == 1
    assert found[key("model_request_errors_total", status="422")] == 1
    assert found[key("model_rows_total")] == 2
    assert found[key("model_request_seconds_count")] == 2
    assert found[key("model_requests_in_flight")] == 0
    assert found[key("model_info", name="churn-model", version="1", task="tabular_classification")] == 1


def test_counts_missing_unknown_and_out_of_range_values(client: Client) -> None:
    client.predict([{**ROW, "age": 91, "city": "Rome", "income": None, "since": None, "note": ""}])
    client.predict([{**ROW, "age": 90, "city": "01"}])
    found = metrics(client)
    missing = {c: found[key("model_values_missing_total", column=c)] for c in ROW}
    assert missing == {"age": 0, "income": 1, "city": 0, "member": 0, "since": 1, "note": 1}
    assert found[key("model_values_unknown_total", column="city")] == 1
    assert found[key("model_values_out_of_range_total", column="age")] == 1
    assert key("model_values_unknown_total", column="age") not in found


def test_counts_answers(client: Client, price: Path) -> None:
    client.predict([ROW] * 3)
    found = metrics(client)
    assert sum(v for (name, _), v in found.items() if name == "model_predictions_total") == 3
    values = Client(price)
    (answer,) = values.predict([ROW]).json["predictions"]
    found = metrics(values)
    assert found[key("model_predicted_value_count")] == 1
    assert abs(found[key("model_predicted_value_sum")] - answer["value"]) < 1e-4


def test_many_rows_are_looked_at_without_being_kept(client: Client) -> None:
    for _ in range(3):
        client.predict([{**ROW, "city": "Rome"}] * 1000)
    assert len(client.service.monitor._watch._kept) <= 1
    assert metrics(client)[key("model_values_unknown_total", column="city")] == 3000


def test_asking_for_metrics_twice_counts_nothing_twice(client: Client) -> None:
    client.predict([ROW])
    assert metrics(client)[key("model_rows_total")] == metrics(client)[key("model_rows_total")] == 1
