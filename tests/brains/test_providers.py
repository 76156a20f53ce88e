"""Names become connections, whatever goes wrong becomes one kind of error in words, and no key ever comes out."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from chat import KEY, MODEL, NOTHING, Asked, Chat, Said, chatting
from patience import patience
from traineragent.brains.providers import CallFailed, Connection, Reply, is_loopback, parse, redacted, require, secrets
from traineragent.errors import InputError

SCHEMA = {"type": "object", "properties": {"operations": {"type": "array", "items": {}}}, "required": ["operations"]}


class Behaviour:
    """What the server of this module does next."""

    said = NOTHING


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    with chatting(lambda asked: Behaviour.said) as chat:
        yield chat


@pytest.fixture(scope="module")
def talk(chat: Chat) -> Connection:
    talk = Connection(MODEL, chat.environment)
    talk.ready()
    return talk


def ask(talk: Connection, said: Said, timeout_s: float = 20.0) -> Reply:
    Behaviour.said = said
    messages = [("system", "s"), ("user", "u"), ("assistant", "a"), ("user", "again")]
    return talk.ask(messages, SCHEMA, timeout_s=timeout_s, most_tokens=50, key="run/question/0")


def test_a_tool_call_and_a_text_are_both_replies(talk: Connection, chat: Chat) -> None:
    assert json.loads(ask(talk, NOTHING).text) == {"operations": []}
    assert ask(talk, Said(text="{}")) == Reply("{}", 100, 20)
    asked: Asked = chat.asked[-1]
    assert [m["role"] for m in asked.body["messages"]] == ["system", "user", "assistant", "user"]
    assert asked.body["max_completion_tokens"] == 50
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["idempotency-key"] == "run/question/0"


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (Said(status=429, raw=b"{}", headers={"Retry-After": "7"}), "busy", "busy"),
        (Said(status=503, raw=b"{}"), "busy", "503"),
        (Said(status=500, raw=b"oops"), "server", "500"),
        (Said(status=401, raw=b"{}"), "refused", "did not accept the key"),
        (Said(status=404, raw=b'{"error": {"message": "no such model"}}'), "refused", "no such model"),
        (Said(raw=b""), "reply", "could not be read"),
        (Said(raw=b"<html>hello</html>"), "reply", "could not be read"),
        (Said(raw=b'{"choices": []}'), "reply", "could not be read"),
        (Said(raw=b" " * 10_000_000), "reply", "larger than 2 MB"),
        (Said(raw=b"x", headers={"Content-Encoding": "gzip"}), "reply", "packed"),
        (Said(hang_up=True), "connection", "cannot be reached"),
    ],
    ids=["429", "503", "500", "401", "404", "empty", "html", "no choices", "10 MB", "packed", "hung up"],
)
def test_what_goes_wrong_is_said_in_words(talk: Connection, said: Said, kind: str, words: str) -> None:
    with pytest.raises(CallFailed, match=words) as failed:
        ask(talk, said)
    assert failed.value.kind == kind


def test_a_provider_says_when_to_come_again(talk: Connection) -> None:
    for value, low, high in (("7", 7, 7), (formatdate(time.time() + 30, usegmt=True), 20, 31), ("soon", None, None)):
        with pytest.raises(CallFailed) as failed:
            ask(talk, Said(status=429, raw=b"{}", headers={"Retry-After": value}))
        found = failed.value.retry_after_s
        assert found is None if low is None else low <= found <= high  # type: ignore[operator]


def test_a_slow_provider_is_left_in_time(talk: Connection) -> None:
    began = time.monotonic()
    with pytest.raises(CallFailed, match="no reply within") as failed:
        ask(talk, Said(wait_s=3.0), timeout_s=0.5)
    assert (failed.value.kind, failed.value.charged) == ("timeout", True)
    assert time.monotonic() - began < patience(2.5)


def test_nobody_at_the_address_is_a_failed_connection() -> None:
    talk = Connection(MODEL, {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"})
    with pytest.raises(CallFailed, match="cannot be reached"):
        ask(talk, NOTHING)


def test_a_key_that_is_echoed_comes_out_nowhere(talk: Connection) -> None:
    assert KEY not in ask(talk, Said(text=f"your key is {KEY}")).text
    for said in (
        Said(status=401, raw=json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()),
        Said(status=400, raw=json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()),
        Said(raw=f"not json {KEY}".encode()),
    ):
        with pytest.raises(CallFailed) as failed:
            ask(talk, said)
        assert KEY not in str(failed.value)


def test_secrets_are_known_by_the_names_of_variables_and_by_addresses() -> None:
    found = secrets(
        {
            "A_API_KEY": "abcdefgh1",
            "HF_TOKEN": "abcdefgh22",
            "PATH": "/bin",
            "URL": "http://u:pass1word@h/",
            "X_KEY": "s",
        }
    )
    assert found == ("abcdefgh22", "abcdefgh1", "pass1word")
    assert redacted('a "abcdefgh1" b', found) == 'a "•••" b'


@pytest.mark.parametrize("name", ["gpt-5", "openai:", "nobody:model", "openai"])
def test_a_name_that_is_no_brain_is_bad_usage(name: str) -> None:
    with pytest.raises(InputError, match="take --brain planner"):
        parse(name)


def test_a_brain_without_its_key_is_bad_usage() -> None:
    with pytest.raises(InputError, match="ANTHROPIC_API_KEY"):
        require("anthropic:some-model", {})
    require("ollama:some-model", {})
    require("openai:some-model", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})


def test_loopback_is_this_machine_alone() -> None:
    assert all(map(is_loopback, ("http://127.0.0.1:8099/v1", "http://localhost:1", "http://[::1]:5/")))
    assert not any(map(is_loopback, ("https://api.openai.com/v1", "http://10.0.0.1", "nonsense")))
