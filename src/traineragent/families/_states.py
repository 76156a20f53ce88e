"""Networks in training on disk: written whole, found again by what they learned from. Knows nothing of training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..serve.inputs.parts import Part
from ..store.files import write_bytes

FOLDER = "networks"


@dataclass(frozen=True)
class Kept:
    """Weights by name, the share of the training that is over, the pixels a side that the network looks at, and how
    often each picture was learned from."""

    state: Mapping[str, Any]
    share: float
    side: int
    epochs: float


@dataclass(frozen=True)
class States:
    """Where the state of one training is kept; without a folder nothing is."""

    folder: Path | None
    key: str

    @classmethod
    def of(cls, folder: Path | None, rows: str, **recipe: Any) -> States:
        """The state of a training on `rows`, a `digest`, with these settings."""
        text = json.dumps({"rows": rows, **recipe}, sort_keys=True, default=str)
        return cls(None if folder is None else folder / FOLDER, hashlib.sha256(text.encode()).hexdigest()[:24])

    def read(self) -> Kept | None:
        """What was written last; None where there is nothing that can be read."""
        if self.folder is None or not self._path.exists():
            return None
        try:
            with safe_open(self._path, framework="pt") as file:
                said = file.metadata()
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
            return Kept(state, float(said["share"]), int(said["side"]), float(said["epochs"]))
        except (SafetensorError, OSError, KeyError, ValueError):
            return None

    def write(self, kept: Kept) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        said = {name: str(getattr(kept, name)) for name in ("share", "side", "epochs")}
        write_bytes(self._path, save(dict(kept.state), metadata=said))

    @property
    def _path(self) -> Path:
        assert self.folder is not None
        return self.folder / f"{self.key}.safetensors"


def digest(part: Part, y: NDArray[np.float64]) -> str:
    """What tells sets of pictures apart: their classes, and some pixels of each."""
    values = part.arrays()["values"]
    found = hashlib.sha256(np.ascontiguousarray(y).tobytes())
    found.update(np.ascontiguousarray(values[:, ::16, ::16]).tobytes())
    return found.hexdigest()
