"""Serving, as ratios in one run: a bundle's service against a bare framework with bare onnxruntime, on one graph.

Both run in one fresh environment that holds only the packages a bundle needs and FastAPI, each on core 0, asked in
turns by the same raw-socket client on the last core. Needs ../shared/data beside the project, or --data CSV.

    python benchmarks/serving.py [--seconds 2] [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "benchmarks" / "out" / "serving"
ADULT = ROOT.parent / "shared" / "data" / "tabular" / "adult_census"

BARE = '''
"""FastAPI around an onnxruntime session, as one would write it by hand."""
import json, os
import numpy as np, onnxruntime as ort
from fastapi import FastAPI, Request, Response

options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
plan = [(name, codes) for name, codes in json.load(open(os.environ["CODES"]))]
missing = float("nan")
app = FastAPI()


def encode(row):
    values = []
    for name, codes in plan:
        value = row.get(name)
        values.append(missing if value is None else codes.get(value, missing) if codes else value)
    return values


@app.post("/predict")
async def predict(request: Request):
    rows = json.loads(await request.body())["rows"]
    y = session.run(["y"], {"x": np.array([encode(r) for r in rows], dtype=np.float32)})[0]
    return Response(json.dumps({"predictions": y[:, 1].tolist()}), media_type="application/json")


@app.get("/v2/health/ready")
async def ready():
    return {"ready": True}
'''


@dataclass(frozen=True)
class Load:
    """What a client saw, and the processor time of the server for a request, which other load hardly changes."""

    p50_ms: float
    p99_ms: float
    requests_s: float
    cpu_us: float


# ---------------------------------------------------------------------------------------------- what is compared
def prepare(data: Path) -> None:
    """A default LightGBM on the census table as a bundle, the same graph for the bare server, and two bodies."""
    import numpy as np
    import pandas as pd

    from traineragent.domain.data import Column, Target
    from traineragent.export.bundle import write_bundle
    from traineragent.families.lightgbm import PLUGIN
    from traineragent.ports import Batch, FitContext
    from traineragent.serve.codecs.table import TableCodec

    frame = pd.read_csv(data)
    target = frame.pop(frame.columns[-1]).str.strip()
    columns = [
        Column(n, "number", nullable=True, example=float(frame[n].median()))
        if frame[n].dtype.kind in "if"
        else Column(n, "category", categories=tuple(sorted(frame[n].dropna().unique())), nullable=True)
        for n in frame
    ]
    x = TableCodec(columns).encode_frame(frame)
    labels = tuple(sorted(target.unique()))
    y = (target == labels[1]).to_numpy().astype(np.float64)
    levels = tuple(len(c.categories) for c in columns)
    context = FitContext(tuple(k for c in columns for k in c.feature_kinds), levels, 2, "roc_auc", 0, 1)
    params = {"rounds": 100, "learning_rate": 0.1, "num_leaves": 31, "categories": "sets"}
    graph = PLUGIN.fit(params, Batch(x, y), None, context).graph().SerializeToString()
    OUT.mkdir(parents=True, exist_ok=True)
    write_bundle(
        OUT / "bundle",
        name="adult",
        version="1",
        task_type="tabular_classification",
        columns=columns,
        target=Target("class", "class", labels, tuple((v,) for v in labels), positive=1),
        files={"model.onnx": graph},
    )
    (OUT / "bare.py").write_text(BARE)
    codes = [(c.name, {v: i for i, v in enumerate(c.categories)}) for c in columns]
    (OUT / "codes.json").write_text(json.dumps(codes))
    rows = json.loads(frame.head(100).to_json(orient="records"))
    (OUT / "rows.json").write_text(json.dumps(rows))


def environment() -> Path:
    """A virtual environment with the bundle's requirements and FastAPI; made once. Returns its Python."""
    python = OUT / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OUT / "venv")], check=True)
        wanted = ["-r", str(OUT / "bundle" / "requirements.txt"), "fastapi"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


@dataclass(frozen=True)
class Served:
    """A server that runs. `ready_s`: seconds from start until it was ready."""

    port: int
    process: psutil.Process
    ready_s: float

    @property
    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    @property
    def memory_mib(self) -> float:
        return float(self.process.memory_info().rss / 2**20)


@contextmanager
def server(command: list[str], port: int, **env: str) -> Iterator[Served]:
    """A server on core 0, ready."""
    started = time.perf_counter()
    with (OUT / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=OUT, env={**os.environ, "OMP_NUM_THREADS": "1", **env}, stdout=log, stderr=log
        )
    os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1).close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"a server did not start; see {OUT / 'server.log'}") from None
                time.sleep(0.01)
        yield Served(port, psutil.Process(process.pid), time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(15)


# ---------------------------------------------------------------------------------------------- the client
async def drive(served: Served, body: bytes, clients: int, seconds: float) -> Load:
    """Keep-alive clients that send `body` and wait for the answer, again and again."""
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request, times = head.encode() + body, list[float]()
    start, before = time.perf_counter(), served.cpu_s

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        while time.perf_counter() < start + seconds:
            asked = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"an answer was {answer[:40]!r}")
            field = answer.lower().index(b"content-length:") + 15
            await reader.readexactly(int(answer[field : answer.index(b"\r", field)]))
            times.append(time.perf_counter() - asked)
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    took = time.perf_counter() - start
    times.sort()
    cpu_us = (served.cpu_s - before) / len(times) * 1e6
    return Load(times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, len(times) / took, cpu_us)


def compare(servers: dict[str, Served], seconds: float, rounds: int) -> dict[str, dict[str, Load]]:
    """{case: {server: load}}, the median over rounds in which the servers take turns."""
    rows = json.loads((OUT / "rows.json").read_text())
    one, many = (json.dumps({"rows": r}).encode() for r in (rows[:1], rows))
    cases = {"1 client, 1 row": (one, 1), "8 clients, 1 row": (one, 8), "1 client, 100 rows": (many, 1)}
    found: dict[str, dict[str, list[Load]]] = {case: {name: [] for name in servers} for case in cases}
    for case, (body, clients) in cases.items():
        for turn in range(rounds + 1):
            for name, served in servers.items():
                load = asyncio.run(drive(served, body, clients, seconds if turn else 0.5))
                if turn:  # the first one warms up
                    found[case][name].append(load)
    return {case: {name: _median(loads) for name, loads in by.items()} for case, by in found.items()}


def _median(loads: list[Load]) -> Load:
    return Load(*(median(getattr(load, f) for load in loads) for f in ("p50_ms", "p99_ms", "requests_s", "cpu_us")))


# ---------------------------------------------------------------------------------------------- the report
def report(found: dict[str, dict[str, Load]], bare: Served, ours: Served) -> dict[str, Any]:
    """Prints both servers side by side and the aims; returns the aims with what was measured."""
    print(f"{'':22}{'server':>9}{'p50 ms':>9}{'p99 ms':>9}{'requests/s':>12}{'CPU us':>9}")
    for case, loads in found.items():
        for name, load in loads.items():
            print(f"{case:22}{name:>9}{load.p50_ms:9.3f}{load.p99_ms:9.3f}{load.requests_s:12.0f}{load.cpu_us:9.0f}")
    single, eight, batch = found.values()
    aims = {
        "one answer, ms more than bare (p50)": (single["ours"].p50_ms - single["bare"].p50_ms, "<=", 0.3),
        "requests/s against bare, 1 client": (single["ours"].requests_s / single["bare"].requests_s, ">=", 0.8),
        "requests/s against bare, 8 clients": (eight["ours"].requests_s / eight["bare"].requests_s, ">=", 0.8),
        "rows/s against bare, bodies of 100": (batch["ours"].requests_s / batch["bare"].requests_s, ">=", 0.7),
        "cold start, s": (ours.ready_s, "<=", 2.0),
        "resident memory, MiB": (ours.memory_mib, "<=", 150.0),
    }
    print(f"\nbare: ready in {bare.ready_s:.2f} s, {bare.memory_mib:.0f} MiB\n")
    out = {}
    for name, (value, sign, limit) in aims.items():
        met = value <= limit if sign == "<=" else value >= limit
        print(f"{'met ' if met else 'MISSED':7}{name:38}{value:9.3f}  {sign} {limit}")
        out[name] = {"measured": value, "limit": limit, "met": met}
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ADULT / "train.csv")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    prepare(options.data)
    python = str(environment())
    cores = os.sched_getaffinity(0)
    bare = [python, "-m", "uvicorn", "bare:app", "--port", "8201", "--no-access-log", "--log-level", "warning"]
    ours = [python, "bundle/serve.py", "--port", "8202"]
    files = {"MODEL": str(OUT / "bundle" / "model.onnx"), "CODES": str(OUT / "codes.json")}
    with server(bare, 8201, **files) as one, server(ours, 8202) as two:
        os.sched_setaffinity(0, {max(cores)})
        found = compare({"bare": one, "ours": two}, options.seconds, options.rounds)
        aims = report(found, one, two)
    if options.json:
        options.json.write_text(json.dumps(aims, indent=1) + "\n")
    return 0 if all(a["met"] for a in aims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
