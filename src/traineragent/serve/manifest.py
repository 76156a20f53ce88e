"""bundle.json: what a delivered model is called, takes, gives and consists of. Reads, checks and writes it.

Knows nothing of how a model was trained; nothing is loaded that is not listed here with its checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from ..domain.data import Column, NumberFormat, RichInput, Target
from ..domain.run import Decision, Interval
from ..errors import InputError

FORMAT_VERSION = 1
FILE_NAME = "bundle.json"


@dataclass(frozen=True)
class Manifest:
    """What bundle.json says. `codec`: what reads rows and words answers, with its own `settings`; `graph` is "" where
    there is none; `files`: name -> sha256 of every file the server loads; `facts`: the rest, for people."""

    name: str
    version: str
    created: str
    task_type: str
    columns: tuple[Column, ...]
    target: Target
    codec: str = "table"
    settings: Mapping[str, Any] = field(default_factory=dict)
    graph: str = "model.onnx"
    decision: Decision = field(default_factory=Decision)
    interval: Interval | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[RichInput, ...]:
        """The rich inputs of the graph, beside "x"."""
        return tuple(_build(RichInput, i) for i in self.settings.get("inputs", ()))

    @property
    def classifies(self) -> bool:
        return self.target.kind == "class"

    @property
    def probability_keys(self) -> tuple[str, ...]:
        """JSON keys of the labels: the text of the label, booleans as the training data spelled them."""
        keys = []
        for i, label in enumerate(self.target.labels):
            raw = self.target.raw_labels[i] if i < len(self.target.raw_labels) else ()
            keys.append(raw[0] if isinstance(label, bool) and raw else str(label))
        return tuple(keys)

    def to_json(self) -> dict[str, Any]:
        width = sum(len(c.features) for c in self.columns)
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "version": self.version,
            "created": self.created,
            "task_type": self.task_type,
            "codec": self.codec,
            **({"settings": self.settings} if self.settings else {}),
            "input": {"columns": [_lean(c) for c in self.columns]},
            "output": {
                "target": _lean(self.target),
                "decision": _lean(self.decision),
                "interval": None if self.interval is None else asdict(self.interval),
            },
            "graph": {"file": self.graph, "input": "x", "output": "y", "features": width}
            if self.codec == "table"
            else {"file": self.graph},
            "files": dict(self.files),
            **self.facts,
        }


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle, its files checked. Raises InputError that says what is wrong with the bundle."""
    path = folder / FILE_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"{folder.name}: no readable {FILE_NAME}; give the folder of a bundle or of a run") from None
    except ValueError as error:
        raise InputError(f"{folder.name}/{FILE_NAME} is not JSON ({error}); export the bundle again") from None
    if not isinstance(raw, dict) or raw.get("format_version") != FORMAT_VERSION:
        found = raw.get("format_version") if isinstance(raw, dict) else type(raw).__name__
        raise InputError(f"{FILE_NAME} has format_version {found!r}; this server reads {FORMAT_VERSION}")
    try:
        manifest = _manifest(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{FILE_NAME} lacks or misspells {error}; export the bundle again") from None
    check_files(folder, manifest)
    return manifest


_OWN = (
    "format_version",
    "name",
    "version",
    "created",
    "task_type",
    "codec",
    "settings",
    "input",
    "output",
    "graph",
    "files",
)


def _manifest(raw: dict[str, Any]) -> Manifest:
    output = raw["output"]
    interval = output.get("interval")
    return Manifest(
        name=raw["name"],
        version=raw["version"],
        created=raw["created"],
        task_type=raw["task_type"],
        codec=raw.get("codec", "table"),
        settings=dict(raw.get("settings") or {}),
        columns=tuple(_build(Column, c) for c in raw["input"]["columns"]),
        target=_build(Target, output["target"]),
        graph=raw["graph"]["file"],
        decision=_build(Decision, output.get("decision") or {}),
        interval=None if interval is None else _build(Interval, interval),
        files=dict(raw["files"]),
        facts={k: v for k, v in raw.items() if k not in _OWN},
    )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every listed file lies in the folder, is no link and is unchanged. Raises InputError naming the file."""
    for name in filter(None, (manifest.graph, *(f for i in manifest.inputs for f in i.files))):
        if name not in manifest.files:
            raise InputError(f"{FILE_NAME} gives no checksum for {name}; export the bundle again")
    for name, expected in manifest.files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts or _passes_link(folder, name):
            raise InputError(f"the bundle's file {name!r} leads outside the bundle; it is refused")
        if not path.is_file():
            raise InputError(f"the bundle lacks its file {name!r}; copy the whole folder")
        if file_sha256(path) != expected:
            raise InputError(f"the bundle's file {name!r} is not the one that was exported (checksum differs)")


def _passes_link(folder: Path, name: str) -> bool:
    path = folder
    for part in Path(name).parts:
        path = path / part
        if path.is_symlink():
            return True
    return False


def file_sha256(path: Path) -> str:
    """Checksum of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lean(value: Any) -> dict[str, Any]:
    """A dataclass as JSON, without the fields that have their default value."""
    out = {}
    for f in fields(value):
        now = getattr(value, f.name)
        default = f.default_factory() if f.default_factory is not MISSING else f.default
        if now != default or type(now) is not type(default):
            out[f.name] = _lean(now) if isinstance(now, NumberFormat) else now
    return out


def _build(kind: type[Any], raw: Mapping[str, Any]) -> Any:
    """A dataclass from its JSON: lists become tuples, unknown names are an error."""
    known = {f.name for f in fields(kind)}
    for name in raw:
        if name not in known:
            raise KeyError(f"{kind.__name__}.{name}")
    values = {k: _tuples(v) for k, v in raw.items()}
    if isinstance(values.get("number"), dict):
        values["number"] = NumberFormat(**values["number"])
    return kind(**values)


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(v) for v in value)
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value
