"""What a later process needs to go on with a training: network, its moving average, optimiser, random state, progress.

Written whole or not at all; a torn file, or one of another training, counts as none. Needs torch and safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "checkpoint.safetensors"


def keep(
    folder: Path, facts: Mapping[str, Any], net: Any, mean: Mapping[str, Any], optimiser: Any, random: Any
) -> None:
    """Writes FILE into `folder`; `facts` are JSON and come back from `go_on`."""
    from safetensors.torch import save_file

    tensors = {f"net.{k}": v for k, v in net.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in mean.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{number}.{k}": v for k, v in state.items()}
    tensors["random"] = random.get_state()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = (folder / FILE).with_suffix(".tmp")
    save_file({k: v.contiguous().cpu().clone() for k, v in tensors.items()}, temporary, {"facts": json.dumps(facts)})
    temporary.replace(folder / FILE)


def go_on(
    folder: Path, same: Mapping[str, Any], net: Any, mean: dict[str, Any], optimiser: Any, random: Any
) -> dict[str, Any] | None:
    """Takes over FILE where its facts hold all of `same`, and gives its facts; None where there is nothing to go on
    from."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / FILE, framework="pt") as file:
            facts: dict[str, Any] = json.loads(file.metadata()["facts"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError, KeyError, ValueError, TypeError):
        return None
    if any(facts.get(k) != v for k, v in json.loads(json.dumps(dict(same))).items()):
        return None
    net.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("net.")})
    for name, value in tensors.items():
        if name.startswith("mean."):
            mean[name[5:]] = value.to(mean[name[5:]].device)
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".", 2)
            state.setdefault(int(number), {})[key] = value
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    random.set_state(tensors["random"])
    return facts
