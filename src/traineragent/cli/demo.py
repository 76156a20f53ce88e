"""`traineragent demo`: words and a real table to a service, asked once over HTTP, in about half a minute.

The table is the Breast Cancer Wisconsin (Diagnostic) set, 569 rows, CC BY 4.0 (Wolberg, Mangasarian, Street and Street,
1993), which scikit-learn ships.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from ..domain.messages import RunRequested
from ..errors import InputError, TrainerError
from ..result import Report
from ..store.journal import Journal
from ..store.runfolder import JOURNAL

REQUEST = "Tell malignant from benign tumours by their measurements. An answer must come in under 20 ms."
START_S = 30


def run_demo(
    out: Path, minutes: float, progress: Callable[[dict[str, Any]], None], show: Callable[[Report], int]
) -> int:
    """Trains, serves, asks one prediction, and says where the report is. Returns the exit code of the job."""
    from .. import api

    table = out.with_name(f"{out.name}-data.csv")
    _make_room(out, table)
    asked, truth = _write_table(table)
    typer.echo(f'traineragent train "{REQUEST}" --data {table} --minutes {minutes:g} --out {out}\n', err=True)
    report = api.train(REQUEST, table, minutes=minutes, out=out, progress=progress)
    code = show(report)
    if not report["bundle"]:
        return code
    _ask_service(out, asked, truth)
    typer.echo(f"\nThe report:   {(out / 'report.html').resolve()}")
    typer.echo(f"Serve it:     traineragent serve {out}")
    return code


def _make_room(out: Path, table: Path) -> None:
    """Takes away an earlier demo; anything else in the way, a run of another request above all, is left alone."""
    if out.exists() and not _is_demo(out):
        raise InputError(f"{out} exists and is no earlier demo; name another folder with --out")
    if table.exists() and not out.exists():
        raise InputError(f"{table} exists, and the demo would write its table there; name another folder with --out")
    if out.exists():
        shutil.rmtree(out)


def _is_demo(folder: Path) -> bool:
    """Whether the folder holds a run of the demo's own request, finished or not."""
    if not (folder / JOURNAL).is_file():
        return False
    journal = Journal(folder / JOURNAL)
    try:
        asked: RunRequested | None = journal.last(RunRequested)
        return asked is None or asked.request.words == REQUEST
    finally:
        journal.close()


def _write_table(path: Path) -> tuple[dict[str, Any], str]:
    """Writes all rows but one as CSV; returns the row kept back and its true label."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer(as_frame=True)
    frame = found.data.assign(diagnosis=[str(found.target_names[t]) for t in found.target])
    kept = frame.iloc[17]
    frame.drop(index=17).to_csv(path, index=False)
    return {k: float(v) for k, v in kept.drop("diagnosis").items()}, str(kept["diagnosis"])


def _ask_service(run: Path, row: dict[str, Any], truth: str) -> None:
    """Starts the service as a user would, asks one prediction, stops it with SIGTERM."""
    command = [sys.executable, "-m", "traineragent", "serve", str(run), "--port", "0"]
    service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        address = _address(service)
        body = json.dumps({"rows": [row]}).encode()
        request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
        started = time.perf_counter()
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        took = 1e3 * (time.perf_counter() - started)
        shown = ", ".join(f'"{k}": {v:g}' for k, v in list(row.items())[:3])
        typer.echo(f'\nPOST {address}/predict  {{"rows": [{{{shown}, … {len(row)} values}}]}}')
        typer.echo(f"{json.dumps(answer)}   ({took:.1f} ms; this row was kept back, its true label is {truth})")
    finally:
        service.terminate()
        service.wait(15)


def _address(service: subprocess.Popen[str]) -> str:
    """Reads the address from the line that the service prints when it is ready."""
    assert service.stderr is not None
    deadline = time.monotonic() + START_S
    said = ""
    while time.monotonic() < deadline and service.poll() is None:
        line = service.stderr.readline()
        said += line
        found = next((w.rstrip(").,") for w in line.split() if w.startswith("http://")), None)
        if found:
            return found.rstrip("/")
    raise TrainerError(f"the service did not start: {said.strip() or f'no answer in {START_S} s'}")
