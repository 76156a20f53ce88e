"""`python -m traineragent` is the same program as `traineragent`."""

from __future__ import annotations

from .cli.main import main

main()
