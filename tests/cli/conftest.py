"""The program in this process: quick, and with everything it says caught."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from product import Said
from traineragent.cli.main import main

Program = Callable[..., Said]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    """`program("plan", "words", "--data", path)` gives the exit code and what was said."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["traineragent", *map(str, arguments)])
        monkeypatch.delenv("TRAINERAGENT_DEBUG", raising=False)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call
