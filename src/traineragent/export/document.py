"""Documents a bundle: runs its service, asks it in three languages, and writes the README, the card and the clients.

What the README shows as an answer is what the service said. Knows nothing of runs or agents.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..serve.manifest import FILE_NAME, Manifest, file_sha256, read_manifest
from ..store.files import write_json, write_text
from .card import model_card
from .interfaces import interface
from .markdown import table
from .running import Running
from .templates.render import render

_CLIENT_TIMEOUT_S = 30
_EXAMPLE_LINES = 40  # of example.json that the README shows


@dataclass(frozen=True)
class Call:
    """One client, with what it printed; `output` None where it could not be run here, `why` says why."""

    title: str
    language: str
    command: str
    source: str
    output: str | None
    why: str = ""


def document(bundle: Path, facts: Mapping[str, Any]) -> Manifest:
    """Writes README.md, MODEL_CARD.md, example.json and the clients into a bundle; returns its new manifest.

    `facts`: what is known of the model, each key optional: task (as task.json), request, score, evaluation, slices,
    groups, importance, requirements, profile, split, data, graph, model, environment. Raises TrainerError when the
    service does not start or a client that can run gets no answer."""
    manifest = read_manifest(bundle)
    example = {"rows": [manifest.facts.get("example", {})]}
    write_text(bundle / "example.json", json.dumps(example, indent=2, ensure_ascii=False) + "\n")
    for name in ("client.sh", "client.py", "client.js"):
        write_text(bundle / name, render(f"{name}.j2"))
    with Running(bundle) as service:
        calls = [_call(bundle, service.address, *c) for c in _CLIENTS]
        problem = _problem(service.address, manifest)
    write_text(bundle / "MODEL_CARD.md", model_card(manifest, facts))
    write_text(bundle / "README.md", _readme(manifest, example, calls, problem))
    return _finish(bundle, manifest, facts, calls)


def _finish(bundle: Path, manifest: Manifest, facts: Mapping[str, Any], calls: list[Call]) -> Manifest:
    """bundle.json last: it lists the card's checksum, so the service shows only what belongs to it."""
    more = {
        "metric": facts.get("score"),
        "requirements": facts.get("requirements", []),
        "executed_examples": [c.command for c in calls if c.output is not None],
    }
    files = {**manifest.files, "MODEL_CARD.md": file_sha256(bundle / "MODEL_CARD.md")}
    manifest = replace(manifest, files=files, facts={**manifest.facts, **more})
    write_json(bundle / FILE_NAME, manifest.to_json())
    return manifest


_CLIENTS = (
    ("curl", "sh", "client.sh", "curl"),
    ("Python", "python", "client.py", sys.executable),
    ("JavaScript", "js", "client.js", "node"),
)


def _call(bundle: Path, address: str, title: str, language: str, name: str, program: str) -> Call:
    source = (bundle / name).read_text(encoding="utf-8").strip()
    runner = {"client.sh": "sh", "client.py": "python", "client.js": "node"}[name]
    if shutil.which(program) is None:
        return Call(title, language, f"{runner} {name}", source, None, f"{program} is not installed on this machine")
    command = ["sh" if name == "client.sh" else program, str((bundle / name).absolute()), address]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_CLIENT_TIMEOUT_S, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        return Call(title, language, f"{runner} {name}", source, None, f"{program} failed ({type(error).__name__})")
    return Call(title, language, f"{runner} {name}", source, done.stdout.decode("utf-8", "replace").strip())


def _problem(address: str, manifest: Manifest) -> str:
    """What the service says to a row it cannot take."""
    row = interface(manifest).refused(manifest)
    body = json.dumps({"rows": [row]}).encode()
    request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_CLIENT_TIMEOUT_S) as reply:
            said = reply.read()
    except urllib.error.HTTPError as error:
        said = error.read()
    return json.dumps(json.loads(said), ensure_ascii=False, indent=2)


def _readme(manifest: Manifest, example: Any, calls: list[Call], problem: str) -> str:
    shown = json.dumps(example, indent=2, ensure_ascii=False).splitlines()
    return render(
        "README.md.j2",
        name=manifest.name,
        version=manifest.version,
        date=manifest.created[:10],
        target=manifest.target.name,
        answer_words=interface(manifest).answers(manifest),
        traineragent=True,
        example="\n".join(shown[:_EXAMPLE_LINES]),
        example_shown_whole=len(shown) <= _EXAMPLE_LINES,
        calls=calls,
        row=interface(manifest).row_words(manifest),
        answer_table=_answer_table(manifest),
        problem=problem,
        watch=_watch_table(manifest.name),
        files=table(("File", "What it is"), [(f"`{k}`", v) for k, v in _files(manifest).items()]),
    )


def _answer_table(manifest: Manifest) -> str:
    schema = interface(manifest).prediction_schema(manifest)["properties"]
    return table(("Field", "Meaning"), [(f"`{k}`", v.get("description", "")) for k, v in schema.items()])


def _watch_table(name: str) -> str:
    rows = (
        ("`/v2/health/live`, `/v2/health/ready`", "is the process alive, can it answer"),
        ("`/metrics`", "Prometheus: requests, times, rows; values that were missing, unknown or out of range"),
        (f"`/v2/models/{name}/infer`", "Open Inference Protocol v2, for KServe and Triton clients"),
        ("`/docs`, `/openapi.json`", "the interface, for people and for programs"),
        ("`/card`, `/try`", "the model card; a form to try the model"),
    )
    return table(("Address", "What for"), rows)


def _files(manifest: Manifest) -> dict[str, str]:
    return {**interface(manifest).files(manifest), **_FILES}


_FILES = {
    "bundle.json": "name, version, how rows are read and answers worded, checksums, measurements",
    "MODEL_CARD.md": "what it is for, how good it is, where it is weak",
    "openapi.json": "the interface, for programs",
    "serve.py, server/": "the server; needs only `requirements.txt`",
    "requirements.txt": "the versions it was verified with",
    "example.json": "a row to try",
    "client.sh, client.py, client.js": "clients, as shown above",
    "Dockerfile": "a container with the server and the model, running without privileges",
}
