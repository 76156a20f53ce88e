"""The worker's protocol: one JSON line in, JSON lines out, nothing else ever on that pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from patience import patience
from traineragent.engine.worker import Worker

HERE = Path(__file__).parent


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    settings = {"data": str(tmp_path), "metric": "rmse", "seed": 0, "threads": 1}
    command = [sys.executable, "-P", "-m", "traineragent.engine.worker", str(os.getpid()), json.dumps(settings)]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env, start_new_session=True
    ) as p:
        yield p
        p.kill()


def ask(process: subprocess.Popen[str], message: Mapping[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())  # type: ignore[no-any-return]


def test_prints_of_libraries_stay_off_the_answers(process: subprocess.Popen[str]) -> None:
    answer = ask(process, {"do": "call", "function": "unruly:chatter", "args": {}})
    assert answer == {"value": "done"}
    assert ask(process, {"do": "call", "function": "unruly:answer", "args": {"what": "x"}})["value"]["answer"] == "x"


def test_ends_when_its_input_ends(process: subprocess.Popen[str]) -> None:
    ask(process, {"do": "call", "function": "unruly:answer", "args": {"what": "x"}})
    assert process.stdin is not None
    process.stdin.close()
    start = time.monotonic()
    assert process.wait(5) != 0
    assert time.monotonic() - start < patience(1)


def test_refuses_to_live_without_the_parent_it_was_given() -> None:
    command = [sys.executable, "-P", "-m", "traineragent.engine.worker", "1", "{}"]
    done = subprocess.run(command, stdin=subprocess.PIPE, capture_output=True, timeout=20, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("message", "type_name"),
    [
        ({"do": "dance"}, "KeyError"),
        ({"do": "call", "function": "no.such:thing", "args": {}}, "ModuleNotFoundError"),
        ({"do": "call", "function": "json:no_such", "args": {}}, "AttributeError"),
        ({"do": "call", "function": "json:dumps", "args": {"wrong": 1}}, "TypeError"),
        ({"do": "call", "function": "pathlib:Path", "args": {}}, "TypeError"),  # an answer that is no JSON
    ],
)
def test_every_fault_is_an_answer(message: dict[str, Any], type_name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[Mapping[str, Any]] = []

    def say(what: Mapping[str, Any]) -> None:
        json.dumps(what)
        said.append(what)

    Worker({}, say).do(message)
    assert [m["error"]["type"] for m in said] == [type_name]
    assert "Traceback" in capsys.readouterr().err
