"""Writes a bundle: the graph, its manifest, the server's own code and what is needed to start it anywhere.

The folder appears all at once under its final name. Documents are added by `document.py` when the model is accepted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ..domain.data import Column, Target
from ..domain.run import Decision, Interval
from ..errors import InputError
from ..serve.manifest import FILE_NAME, Manifest, file_sha256
from ..store.files import draft_of, room_checked, write_json
from .interfaces import interface
from .openapi import openapi
from .templates.render import render

SERVED_WITH = ("numpy", "onnxruntime", "starlette", "uvicorn", "uvloop", "httptools", "prometheus-client")
"""Packages a bundle needs; pinned in its requirements.txt to the versions it was verified with."""

READ_WITH = {"tokens": ("tokenizers",), "pixels": ("pillow",)}
"""Packages that the reading of a kind of rich input needs as well."""

GRAPH, TOKENIZER = "model.onnx", "tokenizer.json"
_SOURCE = Path(__file__).resolve().parents[1]
_CODE = ("errors.py", "domain/__init__.py", "domain/data.py", "domain/run.py")


def write_bundle(
    out: Path,
    *,
    name: str,
    version: str,
    task_type: str,
    columns: Sequence[Column],
    target: Target,
    files: Mapping[str, bytes | Path],
    codec: str = "table",
    settings: Mapping[str, Any] | None = None,
    decision: Decision | None = None,
    interval: Interval | None = None,
    facts: Mapping[str, Any] | None = None,
    created: str | None = None,
) -> Manifest:
    """Writes the bundle folder `out`, replacing an older one, and returns its manifest.

    `files`: what the server loads, as bytes or files; for tables "model.onnx", with input "x" and output "y" as in
    `ports.Fitted.graph`. `codec` and its `settings` say how rows are read and answers worded (`serve/served.py`).
    `facts`: further blocks of bundle.json (requirements, metric, model …), plain JSON."""
    manifest = Manifest(
        name=slug(name),
        version=version,
        created=created or datetime.now(UTC).isoformat(timespec="seconds"),
        task_type=task_type,
        columns=tuple(columns),
        target=target,
        codec=codec,
        settings=dict(settings or {}),
        graph=GRAPH if GRAPH in files else "",
        decision=decision or Decision(),
        interval=interval,
        facts=dict(facts or {}),
    )
    manifest = replace(manifest, facts={"example": interface(manifest).example(manifest), **manifest.facts})
    temporary = draft_of(out)
    with room_checked(out.name):
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            manifest = _fill(temporary, manifest, files)
            _swap(temporary, out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return manifest


def slug(name: str) -> str:
    """A name fit for an address: lower-case letters, digits and dashes."""
    text = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower())
    return "-".join(part for part in text.split("-") if part)[:60].strip("-") or "model"


def _fill(folder: Path, manifest: Manifest, loaded: Mapping[str, bytes | Path]) -> Manifest:
    folder.mkdir(parents=True, mode=0o755)
    files = {}
    for name, given in loaded.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(given, bytes):
            path.write_bytes(given)
        else:  # which may be larger than memory
            shutil.copyfile(given, path)
        if not path.stat().st_size:
            raise InputError("the exported graph is empty" if name == GRAPH else f"the exported file {name} is empty")
        files[name] = file_sha256(path)
    api = json.dumps(openapi(manifest), indent=1, ensure_ascii=False).encode() + b"\n"
    (folder / "openapi.json").write_bytes(api)
    manifest = replace(manifest, files={**files, "openapi.json": _sha256(api)})
    _copy_server(folder / "server")
    (folder / "serve.py").write_text(render("serve.py.j2"), encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements(_packages(manifest)), encoding="utf-8")
    (folder / "Dockerfile").write_text(render("Dockerfile.j2", name=manifest.name), encoding="utf-8")
    write_json(folder / FILE_NAME, manifest.to_json())
    return manifest


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _copy_server(folder: Path) -> None:
    """The code that serves, as a package of its own; it imports nothing of this one."""
    shutil.copytree(_SOURCE / "serve", folder / "serve", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    (folder / "domain").mkdir()
    (folder / "__init__.py").write_text('"""The server of this bundle. Start it with: python serve.py"""\n')
    for name in _CODE:
        shutil.copyfile(_SOURCE / name, folder / name)


def _packages(manifest: Manifest) -> tuple[str, ...]:
    """What this bundle needs beside the common packages."""
    rich = (p for i in manifest.inputs for p in READ_WITH.get(i.kind, ()))
    pieces = ("tokenizers",) if TOKENIZER in manifest.files else ()
    return tuple(dict.fromkeys((*interface(manifest).packages, *rich, *pieces)))


def requirements(more: Sequence[str] = ()) -> str:
    """The served packages, and `more` that this kind of bundle needs, pinned to the versions installed here."""
    lines = []
    for package in (*SERVED_WITH, *more):
        try:
            lines.append(f"{package}=={metadata.version(package)}")
        except metadata.PackageNotFoundError:  # uvloop where it does not exist
            continue
    return "\n".join(lines) + "\n"


def _swap(temporary: Path, out: Path) -> None:
    """Puts `temporary` in place of `out`. An older bundle is moved aside first and removed last."""
    old = out.with_name(f".{out.name}.{os.getpid()}.old")
    if out.exists():
        shutil.rmtree(old, ignore_errors=True)
        out.rename(old)
    temporary.rename(out)
    shutil.rmtree(old, ignore_errors=True)
