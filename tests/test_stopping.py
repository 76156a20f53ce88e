"""A signal ends a block in words, whatever a library makes of the interruption."""

from __future__ import annotations

import os
import signal

import pytest

from traineragent.errors import InputError, Interrupted
from traineragent.stopping import stopping_promptly


def interrupted_import() -> None:
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("a library could not be imported") from None


def test_an_error_made_of_the_interruption_is_told_as_one() -> None:
    with pytest.raises(Interrupted, match="go on"), stopping_promptly(lambda: "go on"):
        interrupted_import()


@pytest.mark.parametrize("error", [ValueError, InputError])
def test_other_errors_pass(error: type[Exception]) -> None:
    with pytest.raises(error, match="mine"), stopping_promptly(lambda: "go on"):
        raise error("mine")
