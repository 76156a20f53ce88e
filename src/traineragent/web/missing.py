"""What is asked for under a name and is not there, or would lie elsewhere; a page says so with 404."""

from __future__ import annotations


class Missing(Exception):
    """Carries the name that was asked for."""
