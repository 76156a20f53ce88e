"""TrainerAgent: from a sentence and some data to a trained, measured, documented, running model service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import InputError, Interrupted, MissingExtra, Paused, RowError, TrainerError

if TYPE_CHECKING:
    from .api import load, plan, refine, resume, train
    from .result import Model, Report

__version__ = "0.1.0"

_LAZY = {
    "train": "api",
    "plan": "api",
    "refine": "api",
    "resume": "api",
    "load": "api",
    "Report": "result",
    "Model": "result",
}


def __getattr__(name: str) -> Any:
    """Imports the public functions at first use, so that `import traineragent` loads nothing heavy."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "InputError",
    "Interrupted",
    "MissingExtra",
    "Model",
    "Paused",
    "Report",
    "RowError",
    "TrainerError",
    "load",
    "plan",
    "refine",
    "resume",
    "train",
]
