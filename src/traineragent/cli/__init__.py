"""Arguments in, sentences out. Results go to stdout, progress, warnings and questions to stderr; no traceback ever."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
