"""How much faster a GPU draws and points than the same machine's processor, and whether both end where they should.

python benchmarks/accelerator.py [--data ../shared/data] [--models ../shared/weights] [--sets digits] [--minutes 5]

The product trains each set twice, from one sentence, in the same minutes: with the GPU hidden and with it. Printed
are the measured quality of both, the examples that each learned from a second, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tasks import HERE, JOBS, Job

FACTS = {"digits": "drawing.json", "cards": "grounding.json"}
HIDDEN = {"CUDA_VISIBLE_DEVICES": ""}


def main() -> None:
    o = _options()
    print(f"{'set':<8} {'on':<5} {'metric':<16} {'reached':>8} {'steps':>7} {'each':>5} {'examples/s':>11}")
    for name in o.sets.split(","):
        processor, gpu = (_trained(JOBS[name], FACTS[name], o, hidden) for hidden in (HIDDEN, {}))
        for found in (processor, gpu):
            _print(name, found)
        if gpu["device"] == "cpu":
            print(f"{name:<8} no GPU is seen by torch: both rows are the processor, and their ratio is noise")
        print(f"{name:<8} ratio of examples a second: {gpu['rate'] / processor['rate']:.2f}")


def _options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = HERE.parent.parent / "shared"
    p.add_argument("--data", default=beside / "data", type=Path)
    p.add_argument("--models", default=beside / "weights", type=Path)
    p.add_argument("--sets", default=",".join(FACTS))
    p.add_argument("--minutes", default=5.0, type=float)
    return p.parse_args()


def _trained(job: Job, facts: str, o: argparse.Namespace, environment: dict[str, str]) -> dict[str, Any]:
    """One run in a process of its own; what its longest training says of itself."""
    with tempfile.TemporaryDirectory(prefix="accelerator-") as folder:
        run = Path(folder) / "run"
        command = [sys.executable, "-m", "traineragent", "train", job.words, "--minutes", str(o.minutes)]
        command += [word for part in job.train for word in ("--data", str(o.data / part))]
        command += ["--models", str(o.models), "--out", str(run), "--no-ask"]
        done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 3):
            raise SystemExit(f"the run ended with {done.returncode}:\n{done.stderr}")
        metric = json.loads((run / "report.json").read_text())["metric"]
        trained = [json.loads(p.read_text()) for p in sorted(run.rglob(facts))]
    found = [t.get("facts", t) for t in trained]
    networks = [f for f in found if "batch" in f]
    if not networks:
        raise SystemExit(f"no network was trained within {o.minutes:g} minutes; give more with --minutes")
    most = max(networks, key=lambda f: float(f["steps trained"]))
    return {**most, "metric": metric, "rate": most["batch"] * most["steps trained"] / most["seconds trained"]}


def _print(name: str, found: dict[str, Any]) -> None:
    metric = found["metric"]
    print(
        f"{name:<8} {found['device']:<5} {metric['name']:<16} {metric['value']:>8.3f} {found['steps trained']:>7}"
        f" {found['batch']:>5} {found['rate']:>11.1f}"
    )


if __name__ == "__main__":
    main()
