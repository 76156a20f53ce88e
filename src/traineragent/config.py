"""What the surroundings say: folders and overrides, read once at the edge and then passed on as one frozen value."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError

OFF = ("off", "no", "0", "false")
OVERLAY_VARIABLE = "TRAINERAGENT_CONFIG"
SECRET_NAME = re.compile(r"(^|_)(KEY|TOKEN|PASS|PASSWD|CREDENTIALS?)$|SECRET|PASSWORD|APIKEY", re.IGNORECASE)
"""Names of variables that hold what nobody else may see."""
_LOGIN = re.compile(r"://[^/\s@]+:[^/\s@]+@")  # an address that carries a password


@dataclass(frozen=True)
class Config:
    """`overlay`: folder with the user's own knowledge: sops, policy, lexicon, prompts, metrics. `threads`: cores that a
    trial may use. `lessons`: folder of what earlier runs taught; None where it is switched off."""

    overlay: Path | None
    threads: int
    lessons: Path | None = None

    @staticmethod
    def from_environment(overlay: str | Path | None = None) -> Config:
        """`overlay`, else the folder that TRAINERAGENT_CONFIG names, else ~/.config/traineragent where there is one.
        Raises InputError when the folder that was named does not exist."""
        said = os.environ.get(OVERLAY_VARIABLE)
        by = "--config" if overlay is not None else OVERLAY_VARIABLE
        named = overlay if overlay is not None else said or None
        overlay = None if named is None else Path(named).expanduser()
        if overlay is not None and not overlay.is_dir():
            raise InputError(f"{by} names the folder {str(overlay)!r}, which does not exist")
        home = Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser() / "traineragent"
        chosen = overlay or (home if os.path.isdir(home) else None)  # False also where it may not be looked at
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        off = os.environ.get("TRAINERAGENT_MEMORY", "").casefold() in OFF
        return Config(chosen, max(1, min(cores, 8)), None if off else data_home())


def without_secrets(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a process that needs no key: free of all that looks like one."""
    return {k: v for k, v in environment.items() if not SECRET_NAME.search(k) and not _LOGIN.search(v)}


def data_home() -> Path:
    """Where what is kept across runs lies: TRAINERAGENT_HOME, or the user's folder for data of programs."""
    said = os.environ.get("TRAINERAGENT_HOME")
    if said:
        return Path(said).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "traineragent"
