"""TrainerAgent: from a sentence and some data to a trained, measured, documented, running model service."""

from __future__ import annotations

__version__ = "0.1.0"
