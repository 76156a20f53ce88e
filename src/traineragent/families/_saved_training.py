"""A training that may be killed at any moment: what it needs to go on, in one file of safetensors, whole or not at all.

Knows nothing of networks; needs torch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "checkpoint.safetensors"
EVERY_S, EVERY_SHARE = 15.0, 0.1  # of the training, whatever comes first


class SavedTraining:
    """The checkpoint of one training below `folder`; `belongs` (JSON) tells it from any other."""

    def __init__(self, folder: Path, belongs: Mapping[str, Any]) -> None:
        self._path = folder / NAME
        self._belongs = json.loads(json.dumps(dict(belongs)))
        self._saved, self._share = time.monotonic(), 0.0

    def due(self, share: float) -> bool:
        """Whether it is time to save, when so much of the training is done."""
        return time.monotonic() - self._saved > EVERY_S or share - self._share > EVERY_SHARE

    def save(self, share: float, tensors: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Replaces what was saved before."""
        from safetensors.torch import save_file

        self._saved, self._share = time.monotonic(), share
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        save_file(plain, temporary, {"facts": json.dumps({**facts, "belongs": self._belongs})})
        temporary.replace(self._path)

    def load(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """(tensors, facts) as they were saved; None where there is nothing, or nothing of this training."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="pt") as file:
                facts = json.loads(file.metadata()["facts"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None  # none, or a torn one; the training begins again
        return (tensors, facts) if facts.get("belongs") == self._belongs else None


def named(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Those whose names begin with "prefix.", without it."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}


def optimiser_tensors(optimiser: Any) -> dict[str, Any]:
    """The state of a torch optimiser as tensors by name."""
    states = optimiser.state_dict()["state"]
    return {f"optimiser.{number}.{key}": value for number, state in states.items() for key, value in state.items()}


def restore_optimiser(optimiser: Any, tensors: Mapping[str, Any]) -> None:
    """The inverse of `optimiser_tensors`."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in named(tensors, "optimiser").items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
