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
LONG_S, MOST_SHARE = 1.0, 0.05  # that saving takes, from which it may take no more than this share of the time


class SavedTraining:
    """The checkpoint of one training below `folder`; `belongs` (JSON) tells it from any other."""

    def __init__(self, folder: Path, belongs: Mapping[str, Any]) -> None:
        self._path = folder / NAME
        self._belongs = json.loads(json.dumps(dict(belongs)))
        self._saved, self._share, self._took = time.monotonic(), 0.0, 0.0

    def due(self, share: float) -> bool:
        """Whether it is time to save, when so much of the training is done. What takes long is saved more rarely."""
        since = time.monotonic() - self._saved
        rarely = self._took > LONG_S and since * MOST_SHARE < self._took
        return not rarely and (since > EVERY_S or share - self._share > EVERY_SHARE)

    def keep(
        self,
        share: float,
        learned: Mapping[str, Any],
        mean: Mapping[str, Any],
        optimiser: Any,
        random: Any,
        **facts: Any,
    ) -> None:
        """Replaces what was saved before: weights by name, their moving average, the optimiser and the random state;
        `facts` (JSON) come back from `go_on`."""
        from safetensors.torch import save_file

        start, self._share = time.monotonic(), share
        tensors = {f"learned.{k}": v for k, v in learned.items()} | {f"mean.{k}": v for k, v in mean.items()}
        states = optimiser.state_dict()["state"]
        tensors |= {f"optimiser.{number}.{key}": v for number, state in states.items() for key, v in state.items()}
        tensors["random"] = random.get_state()
        plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        save_file(plain, temporary, {"facts": json.dumps({**facts, "belongs": self._belongs})})
        temporary.replace(self._path)
        self._saved = time.monotonic()
        self._took = self._saved - start

    def go_on(
        self, learned: Mapping[str, Any], mean: Mapping[str, Any], optimiser: Any, random: Any
    ) -> dict[str, Any] | None:
        """Puts everything back in place and gives the facts; None where there is nothing of this training."""
        import torch

        found = self._load()
        if found is None:
            return None
        tensors, facts = found
        with torch.no_grad():
            for prefix, live in (("learned", learned), ("mean", mean)):
                for name, value in _named(tensors, prefix).items():
                    live[name].copy_(value)
        state: dict[int, dict[str, Any]] = {}
        for name, value in _named(tensors, "optimiser").items():
            number, _, key = name.partition(".")
            state.setdefault(int(number), {})[key] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
        random.set_state(tensors["random"])
        return facts

    def _load(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """(tensors, facts) as they were saved."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, framework="pt") as file:
                facts = json.loads(file.metadata()["facts"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None  # none, or a torn one; the training begins again
        return (tensors, facts) if facts.get("belongs") == self._belongs else None


def _named(tensors: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Those whose names begin with "prefix.", without it."""
    return {name[len(prefix) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}
