"""Measuring: real numbers of a real service, which is gone afterwards whatever happened."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from serve.small import ROW, write_small
from traineragent.errors import TrainerError
from traineragent.export.measure import measure_service, rows_together, served_bytes

pytestmark = pytest.mark.slow


def children() -> set[int]:
    return {p.pid for p in psutil.Process().children(recursive=True)}


def test_measures_what_is_served(tmp_path: Path) -> None:
    bundle, before = write_small(tmp_path), children()
    found = measure_service(bundle, [ROW, {**ROW, "age": 20}], calls=50)
    assert found["calls"] == 50
    assert 0 < found["latency_ms_p50"] <= found["latency_ms_p95"] <= found["latency_ms_p99"]
    assert found["throughput_rows_s"] > 100
    assert 20 < found["memory_mb"] < 200
    assert found["size_mb"] == pytest.approx(served_bytes(bundle) / 1e6, abs=1e-4)
    assert 0 < found["ready_s"] < 20
    assert children() <= before


def test_the_size_is_that_of_the_files_the_server_loads(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    names = ("bundle.json", "model.onnx", "openapi.json")
    assert served_bytes(bundle) == sum((bundle / n).stat().st_size for n in names)


def test_a_row_that_is_refused_is_an_error_and_leaves_no_process(tmp_path: Path) -> None:
    bundle, before = write_small(tmp_path), children()
    with pytest.raises(TrainerError, match=r"refused a row.*age"):
        measure_service(bundle, [{**ROW, "age": "abc"}])
    assert children() <= before


def test_a_service_that_does_not_start_gives_its_last_words(tmp_path: Path) -> None:
    bundle = write_small(tmp_path)
    (bundle / "model.onnx").write_bytes(b"changed")
    with pytest.raises(TrainerError, match="checksum"):
        measure_service(bundle, [ROW])


@pytest.mark.parametrize(("each_ms", "rows"), [(0.2, 100), (1000.0, 10), (30_000.0, 1)])
def test_a_slow_model_is_measured_with_fewer_rows(each_ms: float, rows: int) -> None:
    assert rows_together(each_ms, cap_s=20.0) == rows
