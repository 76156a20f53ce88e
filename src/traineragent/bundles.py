"""Finds the delivered bundle in a folder. Loads nothing heavy, so that a service starts at once."""

from __future__ import annotations

from pathlib import Path

from .errors import InputError


def bundle_of(path: Path) -> Path:
    """The bundle in a run folder, or the folder itself if it is one. Raises InputError where there is none."""
    for folder in (path, path / "bundle"):
        if (folder / "bundle.json").is_file():
            return folder
    if (path / "run.sqlite").exists():
        raise InputError(f"the run {path} has delivered no bundle; see: traineragent show {path}")
    raise InputError(f"{path} holds neither a run (run.sqlite) nor a bundle (bundle.json)")
