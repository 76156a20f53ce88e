"""Loads the word lists: YAML files under `knowledge/lexicon` and `knowledge/policy`, one a subject.

A folder named by TRAINERAGENT_LEXICONS may hold files of the same names; what they list is added to ours. Knows
nothing of what the words are used for.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from ..errors import InputError

OVERLAY_VARIABLE = "TRAINERAGENT_LEXICONS"
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every scalar is a text: "no" and "1" are words here


def lexicon(name: str, folder: str = "lexicon") -> Any:
    """The parsed content of `<folder>/<name>.yaml`, merged with the user's file of that name. Cached."""
    return _load(name, folder, os.environ.get(OVERLAY_VARIABLE, ""))


@cache
def _load(name: str, folder: str, overlay: str) -> Any:
    path = resources.files(__package__).joinpath(folder, f"{name}.yaml")
    ours = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    extra = Path(overlay, folder, f"{name}.yaml") if overlay else None
    if extra is None or not extra.is_file():
        return ours
    try:
        return _merge(ours, yaml.load(extra.read_text(encoding="utf-8"), Loader=_LOADER))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{extra} is not valid YAML: {error}. Correct it or unset {OVERLAY_VARIABLE}.") from error


def _merge(ours: Any, theirs: Any) -> Any:
    """Mappings are merged key by key, lists are joined (the user's first), anything else is replaced."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {
            key: _merge(ours[key], theirs[key]) if key in ours and key in theirs else {**ours, **theirs}[key]
            for key in {**ours, **theirs}
        }
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*theirs, *ours]
    return ours if theirs is None else theirs
